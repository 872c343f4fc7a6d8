"""The console: a page for operators and merchandisers, on nothing but the public GraphQL API."""

from pathlib import Path

from starlette.routing import Route

from graphql_api.shop import served
from recommender.settings import Settings

PAGE = Path(__file__).parent / "web" / "console" / "index.html"


def routes(settings: Settings) -> list[Route]:
    """The page at /console, if it is to be there."""
    return [Route("/console", served(PAGE), methods=["GET"])] if settings.shows_console else []

"""The console: a page for operators and merchandisers, on nothing but the public GraphQL API."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from graphql_api.html_page import ANY_PICTURES, html_page
from recommender.settings import Settings

PAGE = Path(__file__).parent / "web" / "console" / "index.html"


def routes(settings: Settings) -> list[Route]:
    """The page at /console, if it is to be there."""
    return [Route("/console", _page, methods=["GET"])] if settings.shows_console else []


async def _page(_request: Request) -> Response:
    return html_page(PAGE, ANY_PICTURES)

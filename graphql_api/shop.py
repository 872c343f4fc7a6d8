"""The demo shop's page: static files that use nothing but the public GraphQL API."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from graphql_api.html_page import ANY_PICTURES, html_page
from recommender.settings import Settings

PAGE = Path(__file__).parent / "web" / "shop" / "index.html"


def routes(settings: Settings) -> list[Route]:
    """The page at /, or what is there instead."""
    return [Route("/", _page if settings.shows_storefront else _instead, methods=["GET"])]


async def _page(_request: Request) -> Response:
    return html_page(PAGE, ANY_PICTURES)


async def _instead(_request: Request) -> Response:
    """Who opens the bare address wants to see something."""
    return RedirectResponse("/graphql")

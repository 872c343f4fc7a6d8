"""The demo shop's page: static files that use nothing but the public GraphQL API."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from recommender.settings import Settings

PAGE = Path(__file__).parent / "web" / "shop" / "index.html"

CONTENT_SECURITY_POLICY = (
    # A shop's pictures may be anywhere.
    "default-src 'self'; img-src 'self' data: https:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


def routes(settings: Settings) -> list[Route]:
    """The page at /, or what is there instead."""
    return [Route("/", served(PAGE) if settings.shows_storefront else _instead, methods=["GET"])]


def served(page: Path) -> Callable[[Request], Awaitable[Response]]:
    """What answers with a page of ours, which runs nothing but files of this server."""
    headers = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Cache-Control": "no-cache",
    }

    async def answer(_request: Request) -> Response:
        return FileResponse(page, headers=headers)

    return answer


async def _instead(_request: Request) -> Response:
    """Who opens the bare address wants to see something."""
    return RedirectResponse("/graphql")

"""The routes that are asked for again and again are found without a search."""

from collections.abc import Iterable

from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send


class Shortcuts:
    """Leads to a route at once, past Starlette's router and what stands around it, which take about
    as long as everything else between server and resolver."""

    def __init__(self, app: ASGIApp, routes: Iterable[Route]) -> None:
        """Shortcuts past an application.

        Args:
            app: that has all routes.
            routes: those with a shortcut. Their endpoints are applications that bound bodies and
                answer errors themselves, as Starlette does it for all others.
        """
        self._app = app
        self._routes = {route.path: route for route in routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go the short way, if there is one."""
        route = self._routes.get(scope["path"]) if scope["type"] == "http" else None
        if route is None or (route.methods and scope["method"] not in route.methods):
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        await route.endpoint(scope, receive, send)

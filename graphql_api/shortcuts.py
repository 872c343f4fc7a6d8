"""The doors that are asked for again and again are found without a search."""

from collections.abc import Mapping
from typing import NamedTuple

from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send


class Door(NamedTuple):
    """What answers requests of one method to one path."""

    route: Route
    """That leads there too."""
    app: ASGIApp
    """That bounds bodies and answers errors itself, as Starlette does it for all others."""


class Shortcuts:
    """Leads to a door at once, past Starlette's router and what stands around it, which take about
    as long as everything else between server and resolver."""

    def __init__(self, app: ASGIApp, doors: Mapping[tuple[str, str], Door]) -> None:
        """Shortcuts past an application.

        Args:
            app: that has all doors.
            doors: those with a shortcut, by method and path.
        """
        self._app = app
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go the short way, if there is one."""
        door = None
        if scope["type"] == "http":
            door = self._doors.get((scope["method"], scope["path"]))
        if door is None:
            await self._app(scope, receive, send)
        else:
            scope["route"] = door.route
            await door.app(scope, receive, send)

"""Around everything: each request gets an id, a place in the metrics, and a line in the log; each
answer gets the headers that all have.
"""

import re
import time

import structlog
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphql_api.exchange import Exchange, Transport, current
from graphql_api.logs import AccessLog
from graphql_api.security import AnswerHeaders
from recommender.facts.ids import new_id
from recommender.settings import Settings

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
"""Those that are called by name."""
OTHER = "other"
NO_ROUTE = "none"
"""In the place of a route: there is no such path, or a browser asked whether it may call us."""
REQUEST_ID = re.compile(rb"[A-Za-z0-9._:+/=@-]{1,128}")
SWITCHED, REFUSED = 101, 403
"""The status of a WebSocket that was accepted, and of one that was not."""


class Access:
    """Knows of every request."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._log = AccessLog(settings)
        self._headers = AnswerHeaders(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it through, and tell of it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id, transport = _said_by(scope)
        metrics = scope["state"]["context"].metrics
        exchange = Exchange(request_id, transport, metrics, self._log)
        answered_with = (b"x-request-id", request_id.encode())
        began, status, seconds = time.perf_counter(), 0, 0.0

        async def sending(message: Message) -> None:
            nonlocal status, seconds
            kind = message["type"]
            if kind == "http.response.start":
                status, seconds = message["status"], time.perf_counter() - began
                message["headers"] = self._headers.beside([*message["headers"], answered_with])
            elif kind == "websocket.accept":
                status, seconds = SWITCHED, time.perf_counter() - began
                message["headers"] = [*message.get("headers", ()), answered_with]
            elif kind == "websocket.close" and not status:
                status, seconds = REFUSED, time.perf_counter() - began
            await send(message)

        # The server makes a task for each request, so neither need be taken back.
        current.set(exchange)
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, sending)
        finally:
            exchange.answered(*_kind_of(scope), status, seconds)


def _said_by(scope: Scope) -> tuple[str, Transport]:
    """The id that a request came with, if it can be used, or a new one; and how it came."""
    given, transport = b"", Transport.HTTP
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value
        elif name == b"accept" and b"text/event-stream" in value:
            transport = Transport.SSE
    if scope["type"] == "websocket":
        transport = Transport.WEBSOCKET
    return given.decode() if REQUEST_ID.fullmatch(given) else new_id(), transport


def _kind_of(scope: Scope) -> tuple[str, str]:
    """The method and the route, each one of a few."""
    method, route = scope.get("method", "GET"), scope.get("route")
    path = route.path if isinstance(route, Mount | Route | WebSocketRoute) else NO_ROUTE
    return method if method in METHODS else OTHER, path

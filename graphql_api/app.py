"""Entry point. Builds the Starlette app; all plugging together happens here."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypedDict

from pymongo.errors import PyMongoError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL

from graphql_api import console, health, http, rest, shop
from graphql_api.access import Access
from graphql_api.context import Context
from graphql_api.errors import ErrorCode, logged
from graphql_api.http import GraphQLEndpoint
from graphql_api.keys import KeyRing
from graphql_api.schema import make_schema
from graphql_api.security import Cors, Guard, SecurityHeaders
from graphql_api.sockets import Sockets
from recommender.facts.errors import Forbidden, RecommenderError, Unauthenticated
from recommender.settings import Settings

WEB = Path(__file__).parent / "web"

OpenContext = Callable[[], AbstractAsyncContextManager[Context]]


class State(TypedDict):
    """What every request finds in its `state`."""

    context: Context


def create_app(settings: Settings, open_context: OpenContext) -> ASGIApp:
    """The application, which opens the context when it starts and closes it when it stops."""

    keys: KeyRing

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[State]:
        nonlocal keys
        async with open_context() as context:
            keys = context.keys
            yield {"context": context}

    schema = make_schema(settings)
    endpoint = GraphQLEndpoint(
        schema,
        settings,
        subscription_protocols=(GRAPHQL_SSE_PROTOCOL,),
    )
    routes: list[BaseRoute] = [
        *shop.routes(settings),
        *console.routes(settings),
        # It bounds its bodies itself, to refuse what is too long with a GraphQL error.
        Route("/graphql", Guard(endpoint, http.refusal), max_body_size=sys.maxsize),
        WebSocketRoute("/graphql", Sockets(schema, settings)),
        *rest.ROUTES,
        *health.routes(settings),
        Mount("/static", StaticFiles(directory=WEB)),
    ]
    media = settings.data_dir / "media"
    if media.is_dir():
        routes.append(Mount("/media", StaticFiles(directory=media)))
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        max_body_size=settings.largest_body_bytes,
        exception_handlers={
            HTTPException: _http_error,
            Unauthenticated: _refused,
            Forbidden: _refused,
            RecommenderError: _our_error,
            PyMongoError: _our_error,
            Exception: _our_error,
        },
    )
    # Around all of it, so that errors are answered with these headers too.
    return Access(SecurityHeaders(Cors(app, lambda: keys), settings), settings)


async def _http_error(_request: Request, error: Exception) -> Response:
    """404, 405, 413: said in the same form as every other problem."""
    if not isinstance(error, HTTPException):
        raise error
    response = rest.problem(error.status_code, error.detail, error.detail)
    response.headers.update(error.headers or {})
    return response


async def _refused(request: Request, error: Exception) -> Response:
    """401 and 403."""
    if not isinstance(error, RecommenderError):
        raise error
    return rest.refusal(request, error)


async def _our_error(_request: Request, error: Exception) -> Response:
    """What went wrong is in the log; the caller gets the id to find it by."""
    code, error_id = logged(error)
    if code is ErrorCode.UNAVAILABLE:
        return rest.problem(
            503,
            "Service unavailable",
            "The database cannot be reached. Try again.",
            error_id=error_id,
        )
    return rest.problem(500, "Internal error", "Unexpected error.", error_id=error_id)

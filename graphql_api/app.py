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
from graphql_api.http import GraphQLEndpoint
from graphql_api.keys import KeyRing
from graphql_api.schema import make_schema
from graphql_api.security import Cors, Guard
from graphql_api.shortcuts import Shortcuts
from graphql_api.sockets import Sockets
from recommender.facts.errors import RecommenderError
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
    # It bounds its bodies itself, to refuse what is too long with a GraphQL error.
    to_graphql = Route("/graphql", Guard(endpoint, http.refusal), max_body_size=sys.maxsize)
    routes: list[BaseRoute] = [
        *shop.routes(settings),
        *console.routes(settings),
        to_graphql,
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
            RecommenderError: _failure,
            PyMongoError: _failure,
            Exception: _failure,
        },
    )
    shortcuts = Shortcuts(app, (to_graphql, rest.TO_RECOMMENDATIONS))
    # Around all of it, so that errors are answered with their headers too.
    return Access(Cors(shortcuts, lambda: keys), settings)


async def _http_error(_request: Request, error: Exception) -> Response:
    """404, 405, 413: said in the same form as every other problem."""
    if not isinstance(error, HTTPException):
        raise error
    response = rest.problem(error.status_code, error.detail, error.detail)
    response.headers.update(error.headers or {})
    return response


async def _failure(request: Request, error: Exception) -> Response:
    return rest.failure(request, error)

"""Does the process live, can it serve, and how is it doing?"""

import orjson
from prometheus_client import CONTENT_TYPE_LATEST
from pymongo.errors import PyMongoError
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from graphql_api import rest
from graphql_api.context import Context
from graphql_api.keys import Scope
from graphql_api.security import Guard
from recommender.settings import Settings


async def healthy(request: Request) -> Response:
    """GET /healthy: the process answers. If it does not, start it again."""
    context: Context = request.state.context
    return _json({"status": "healthy", "access": "open" if context.keys.is_open else "keys"})


async def ready(request: Request) -> Response:
    """GET /ready: the database answers, and which model serves and how old it is.

    Before the first training we serve what is popular and new. That counts as ready: a new shop
    must be able to send the events that its first model learns from. READY_WITHOUT_MODEL=false
    makes it wait.
    """
    context: Context = request.state.context
    live = context.live
    trained = live.trained
    answer = {
        "status": "ready",
        "model": trained
        and {
            "version": trained.version,
            "trained_at": trained.trained_at.isoformat(),
            "age_seconds": round((context.now() - trained.trained_at).total_seconds()),
        },
        "products": len(live.row_of),
        "database": "reachable",
        # What went wrong since the start while following the catalogue and the model.
        "failures": dict(context.follower.failures),
    }
    try:
        await context.database.command("ping")
    except PyMongoError as error:
        answer |= {"status": "not ready", "database": f"cannot be reached: {type(error).__name__}"}
    if not context.has_its_model:
        answer |= {"status": "not ready"}
    return _json(answer, 200 if answer["status"] == "ready" else 503)


async def metrics(request: Request) -> Response:
    """GET /metrics: for Prometheus. See docs/operations.md."""
    context: Context = request.state.context
    if not context.settings.metrics_without_key:
        context.caller.require(Scope.METRICS)
    context.metrics.look_at(context)
    return Response(context.metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def routes(settings: Settings) -> list[BaseRoute]:
    """What operators and their tools ask."""
    guarded = [] if settings.metrics_without_key else [Middleware(Guard, refusal=rest.failure)]
    return [
        Route("/healthy", healthy, methods=["GET"]),
        Route("/ready", ready, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"], middleware=guarded),
    ]


def _json(body: object, status: int = 200) -> Response:
    return Response(
        orjson.dumps(body),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )

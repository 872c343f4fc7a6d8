"""python -m graphql_api: uvicorn with our defaults."""

import asyncio
import gc
import signal
import sys
from argparse import ArgumentParser

from threadpoolctl import threadpool_limits
from uvicorn.loops.auto import auto_loop_factory

from graphql_api.context import open_context
from graphql_api.logs import configure
from graphql_api.security import check_may_listen
from graphql_api.server import Server
from recommender.facts.errors import RecommenderError
from recommender.mongo.server import mongodb
from recommender.settings import Settings

GC_THRESHOLDS = 20_000, 20, 100
"""Next to nothing that a request makes is a cycle, and what it looks for again and again lives on:
with Python's own (700, 10, 10) a tenth of each request went into the search for garbage."""


def main() -> int:
    """Serve until told to stop; the exit code."""
    ArgumentParser(
        "python -m graphql_api",
        usage="python -m graphql_api (settings are environment variables, such as HOST and PORT)",
        description="Serve recommendations over GraphQL and REST. The README lists all settings.",
    ).parse_args()
    # uvicorn finishes what it is doing and sends itself the signal again, which by default would
    # kill us before the embedded MongoDB is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        settings = Settings.read()
        configure(settings)
        # One list is too little work to be shared: on a busy machine, threads that wait for one
        # another made lists of 1 ms take 20.
        threadpool_limits(1)
        with mongodb(settings) as uri, asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            return runner.run(_serve(uri, settings))
    except RecommenderError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 0


async def _serve(uri: str, settings: Settings) -> int:
    # Opened here and not by the application, which would make a traceback of what goes wrong.
    async with open_context(uri, settings) as context:
        check_may_listen(settings, context.keys)
        calm_garbage_collector()
        server = Server(settings, context)
        await server.serve()
        return 0 if server.started else 1


def calm_garbage_collector() -> None:
    """The catalogue and the model are there, and stay for long: it need not walk through them again
    and again (p99 of GraphQL with 16 connections: 55 ms instead of 98)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


if __name__ == "__main__":
    sys.exit(main())

"""What one recommendation is made of, each part in a plain loop: the engine, and the driver's read.

python -m benchmarks.serving_parts URI DATABASE SECONDS USER...
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from itertools import count, cycle

import uvloop
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.database import Database
from threadpoolctl import threadpool_limits

from graphql_api.database import open_database as open_async
from recommender.facts.events import History, shopper_of_user
from recommender.facts.placements import Placement
from recommender.facts.request import Request, Shelf
from recommender.mongo.connection import open_database
from recommender.mongo.documents import EVENTS, HISTORY_FIELDS, Document
from recommender.mongo.events import history
from recommender.mongo.models import load, version_in_service
from recommender.mongo.products import read_products
from recommender.serving.engine import recommend
from recommender.serving.live_model import LiveModel
from recommender.settings import Settings

AT_ONCE = 16
"""Reads under way at any time, as with that many connections."""


def engine_microseconds(
    database: Database[Document], settings: Settings, shoppers: Sequence[str], seconds: float
) -> dict[str, float]:
    """Of one `recommend`, with the model in service, the whole catalogue and real histories."""
    version = version_in_service(database)
    if version is None:
        raise LookupError("No model is in service.")
    live = LiveModel(load(database, version), read_products(database))
    histories = [history(database, s, settings.history_length) for s in shoppers]

    calls = engine_calls(live)
    return {name: _each(call, histories, seconds) for name, call in calls.items()}


def engine_calls(live: LiveModel) -> dict[str, Callable[[History], object]]:
    """What asks the engine for a shelf as the cases of serving do, by the name of the part."""

    def shelf(known: History, limit: int) -> Shelf:
        return recommend(Request(Placement.HOME, limit, at=datetime.now(UTC)), known, live)

    return {
        "engine_10": lambda known: shelf(known, 10),
        "engine_10_reasons": lambda known: [r.reasons for r in shelf(known, 10).recommendations],
        "engine_50": lambda known: shelf(known, 50),
    }


def _each(call: Callable[[History], object], histories: Sequence[History], seconds: float) -> float:
    """Microseconds for each, after one round to warm up."""
    for known in histories:
        call(known)
    start = time.perf_counter()
    rounds = 0
    while time.perf_counter() - start < seconds:
        for known in histories:
            call(known)
        rounds += 1
    return (time.perf_counter() - start) / (rounds * len(histories)) * 1e6


async def driver_microseconds(
    database: AsyncDatabase[Document],
    settings: Settings,
    shoppers: Sequence[str],
    seconds: float,
    at_once: int,
) -> float:
    """Of one read of a history as the API sends it, left as the documents that come back."""
    read_history, shopper = read_of(database, settings), cycle(shoppers)

    async def read() -> None:
        await read_history(next(shopper))

    await _many(read, 0.5, at_once)
    return await _many(read, seconds, at_once)


def read_of(
    database: AsyncDatabase[Document], settings: Settings
) -> Callable[[str], Awaitable[list[Document]]]:
    """The driver's read of a shopper's history."""
    events = database[EVENTS]

    async def read(shopper_id: str) -> list[Document]:
        return await events.find(
            {"shopper_id": shopper_id},
            HISTORY_FIELDS,
            sort=[("at", -1)],
            limit=settings.history_length,
            hint="history",
        ).to_list(None)

    return read


async def _many(read: Callable[[], Awaitable[None]], seconds: float, at_once: int) -> float:
    """Microseconds for each."""
    number = count()
    start = time.perf_counter()

    async def again_and_again() -> None:
        while time.perf_counter() - start < seconds:
            await read()
            next(number)

    await asyncio.gather(*(again_and_again() for _ in range(at_once)))
    return (time.perf_counter() - start) / next(number) * 1e6


async def _driver(
    uri: str, settings: Settings, shoppers: Sequence[str], seconds: float
) -> dict[str, float]:
    async with open_async(uri, settings) as database:
        return {
            name: await driver_microseconds(database, settings, shoppers, seconds, at_once)
            for name, at_once in (("driver", 1), ("driver_at_once", AT_ONCE))
        }


def main(uri: str, name: str, seconds: str, *users: str) -> None:
    """Measure each part for some seconds, and print them."""
    settings = Settings.read({"mongodb_uri": uri, "mongodb_database": name})
    shoppers = [shopper_of_user(user) for user in users]
    # As in the API.
    with open_database(settings) as database, threadpool_limits(1):
        engine = engine_microseconds(database, settings, shoppers, float(seconds))
    # The loop that uvicorn takes too.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        driver = runner.run(_driver(uri, settings, shoppers, float(seconds)))
    print(json.dumps({**engine, **driver}))


if __name__ == "__main__":
    main(*sys.argv[1:])

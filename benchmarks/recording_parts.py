"""What recording events cannot do without: the insert by the driver, in a plain loop.

python -m benchmarks.recording_parts URI DATABASE SECONDS EVENTS AT_ONCE
"""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from itertools import count
from uuid import uuid4

import uvloop

from benchmarks.recording import event_input
from graphql_api.database import open_database
from recommender.facts.events import Event, EventType, shopper_of_user
from recommender.facts.money import Money
from recommender.mongo.documents import EVENTS, Document, event_document
from recommender.settings import Settings


def document(number: int) -> Document:
    """What the API stores of `event_input(number)`."""
    given, now = event_input(number), datetime.now(UTC)
    price = given["unitPrice"]
    return event_document(
        Event(
            event_id=uuid4().hex,
            type=EventType[given["type"]],
            shopper_id=shopper_of_user(given["shopper"]["userId"]),
            product_id=given["productId"],
            at=datetime.fromisoformat(given["occurredAt"]),
            received_at=now,
            quantity=given["quantity"],
            unit_price=Money.of(price["amount"], price["currencyCode"]),
            recommendation_id=given["recommendationId"],
            rank=given["rank"],
        )
    )


async def events_each_second(
    uri: str, settings: Settings, seconds: float, events: int, at_once: int
) -> float:
    """Inserts of so many new events, so many of them under way at any time."""
    documents = [document(number) for number in range(events)]
    inserted = count()
    async with open_database(uri, settings) as database:
        collection = database[EVENTS]
        await collection.insert_many([{**d, "_id": uuid4().hex} for d in documents])
        start = time.perf_counter()

        async def again_and_again() -> None:
            while time.perf_counter() - start < seconds:
                new = [{**d, "_id": uuid4().hex} for d in documents]
                await collection.insert_many(new, ordered=False)
                next(inserted)

        await asyncio.gather(*(again_and_again() for _ in range(at_once)))
        return next(inserted) * events / (time.perf_counter() - start)


def main(uri: str, name: str, seconds: str, events: str, at_once: str) -> None:
    """Measure for some seconds, and print events each second."""
    settings = Settings.read({"mongodb_uri": uri, "mongodb_database": name})
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(
            events_each_second(uri, settings, float(seconds), int(events), int(at_once))
        )
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""How fast events come out of MongoDB for training, beside the floor: their raw bytes."""

import gc
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice

import numpy as np
from pymongo.database import Database

from benchmarks.processes import answer_of, peak_bytes
from benchmarks.results import Result
from recommender.learning.interactions import EventTable, interaction_matrix
from recommender.learning.training import Parameters
from recommender.mongo.connection import open_database
from recommender.mongo.documents import EVENTS, Document, event_document
from recommender.mongo.event_table import TRAINING_FIELDS, read_events
from recommender.mongo.events import EventWriter
from recommender.settings import Settings
from seed import shop, shoppers

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
DEMO_EVENTS, DEMO_SHOPPERS, DEMO_PRODUCTS, DEMO_DAYS = 100_000, 5_000, 2_400, 180
"""Of the demo shop whose events are stored again and again, each time under other event ids."""

BATCH = 100_000
"""Events in one batch from the server, as in `read_events`."""
RAW_BATCHES = (1_000, 2_000, 5_000, BATCH)
"""The floor is measured with several: PyMongo makes an object of each raw document, and a hundred
thousand of them at once keep the garbage collector busy."""
REPEATS = 3
"""The fastest counts, of ours as of floors: whatever else runs only ever slows down."""
WANTED = 0.6

_FIELDS = {"_id": 0, **dict.fromkeys(TRAINING_FIELDS, 1)}


def measure(uri: str, event_count: int, say: Callable[[str], None]) -> list[Result]:
    """Fill a database of its own on this server, and read it in several ways."""
    settings = _settings(uri)
    few = event_count // 4
    with open_database(settings) as database:
        documents = demo_documents()
        say(f"Reading: storing {event_count:,} events")
        with EventWriter(database) as writer:
            writer.write_documents(islice(documents, few))
        say("Reading: peak memory")
        peaks_few = _peaks(uri)
        with EventWriter(database) as writer:
            writer.write_documents(islice(documents, event_count - few))
        peaks = _peaks(uri)
        seconds = _fastest(database, say)
        columns_bytes = _bytes_of(read_events(database))
    rates = {what: event_count / of_it for what, of_it in seconds.items()}
    raw_rates = {size: rates[f"raw {size}"] for size in RAW_BATCHES}
    best = max(RAW_BATCHES, key=lambda size: raw_rates[size])
    floors: list[tuple[str, float, float | None]] = [
        (f"raw batches of {BATCH:,}, as we read", raw_rates[BATCH], WANTED),
        (f"raw batches of {best:,}, their fastest", raw_rates[best], WANTED),
        ("a plain cursor into dictionaries", rates["cursor"], None),
    ]
    results = [
        Result.of_rate(f"MongoDB to {what}", rates[what], "events/s", floor, rate, wanted)
        for what in ("columns", "matrix")
        for floor, rate, wanted in floors
    ]
    columns_each = columns_bytes / event_count
    for way, name in WAY_NAMES.items():
        growth = (peaks[way] - peaks_few[way]) / (event_count - few)
        what = f"memory for each further event, {name}"
        results.append(
            Result.of_cost(what, growth, "bytes", "the columns themselves", columns_each)
        )
    for way, name in WAY_NAMES.items():
        results.append(Result(f"peak of the whole process, {name}", peaks[way] / 1e6, "MB"))
    return results


def demo_documents() -> Iterator[Document]:
    """Documents of a demo shop's events, without end."""
    opened = UNTIL - timedelta(days=365)
    history = shoppers.events(
        shop.products(1, DEMO_PRODUCTS, opened=opened),
        until=UNTIL,
        days=DEMO_DAYS,
        count=DEMO_EVENTS,
        shoppers=DEMO_SHOPPERS,
        seed=1,
    )
    once = [event_document(event) for event in history]
    number = 0
    while True:
        number += 1
        for document in once:
            yield {**document, "_id": f"{document['_id']}-{number}"}


def _settings(uri: str) -> Settings:
    return Settings.read({"mongodb_uri": uri, "mongodb_database": "reading"})


def _fastest(database: Database[Document], say: Callable[[str], None]) -> dict[str, float]:
    """Seconds of each way to read; by turns, so that whatever else runs slows down all alike."""
    ways: dict[str, Callable[[], object]] = {
        **{f"raw {size}": partial(_read_raw, database, size) for size in RAW_BATCHES},
        "columns": partial(read_events, database),
        "matrix": partial(_matrix, database),
        "cursor": partial(_read_dictionaries, database),
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for repeat in range(REPEATS):
        say(f"Reading: round {repeat + 1} of {REPEATS}")
        for way, read in ways.items():
            gc.collect()
            start = time.perf_counter()
            read()
            seconds[way].append(time.perf_counter() - start)
    return {way: min(of_way) for way, of_way in seconds.items()}


def _read_raw(database: Database[Document], batch_size: int) -> int:
    batches = database[EVENTS].find_raw_batches({}, projection=_FIELDS, batch_size=batch_size)
    return sum(len(batch) for batch in batches)


def _read_dictionaries(database: Database[Document]) -> int:
    return sum(1 for _ in database[EVENTS].find({}, _FIELDS, batch_size=BATCH))


def _matrix(database: Database[Document]) -> object:
    return interaction_matrix(read_events(database), Parameters().half_life_days)


def _list(database: Database[Document]) -> object:
    return list(database[EVENTS].find({}, _FIELDS, batch_size=BATCH))


WAYS: dict[str, Callable[[Database[Document]], object]] = {
    "columns": read_events,
    "matrix": _matrix,
    "dictionaries": _list,
}
"""Ways to read whose peak memory is measured, each in a process of its own."""

WAY_NAMES = {
    "columns": "to columns",
    "matrix": "to matrix",
    "dictionaries": "to a list of dictionaries",
}


def _peaks(uri: str) -> dict[str, int]:
    """Bytes of each way."""
    return {way: int(answer_of(__name__, uri, way)["bytes"]) for way in WAYS}


def _bytes_of(table: EventTable) -> int:
    columns = (table.shopper, table.product, table.type, table.at, table.rating)
    return sum(np.asarray(column).nbytes for column in columns)


def main(uri: str, way: str) -> None:
    """Read once in this process, and print what it took."""
    with open_database(_settings(uri)) as database:
        kept = WAYS[way](database)
        print(json.dumps({"bytes": peak_bytes(), "kept": type(kept).__name__}))


if __name__ == "__main__":
    main(*sys.argv[1:])

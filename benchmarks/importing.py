"""How fast files come in, beside the floor: a bare insert of the same documents."""

import csv
import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from pymongo.database import Database

from recommender.mongo.documents import EVENTS, INDEXES, PRODUCTS, Document
from recommender.mongo.events import WRITE_BATCH
from seed.importers.online_retail import import_online_retail
from seed.importers.summary import ImportSummary
from seed.importers.tabular import import_tabular

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHOPPERS, PRODUCT_COUNT = 5_000, 2_000
REPEATS = 3
"""The fastest counts, of imports as of floors: whatever else runs only ever slows down."""


def measure(
    database: Database[Document],
    folder: Path,
    online_retail: Path | None = None,
    event_count: int = 200_000,
) -> dict[str, Any]:
    """Import generated events as CSV and, if its path is given, Online Retail.

    EMPTIES the products and the events of the database before, between and after.

    Args:
        database: one that nobody needs, with its indexes.
        folder: for the generated files; nothing is removed from it.
        online_retail: what `import_online_retail` takes.
        event_count: how many events are generated.

    Returns:
        For each of "csv" and "online_retail": events, import_events_per_second,
        floor_events_per_second, and share_of_floor.
    """
    products, events = write_files(folder, event_count)
    found = {
        "csv": beside_floor(
            database,
            lambda: import_tabular(
                database, NOW, rejects=folder / "rejects", products=products, events=events
            ),
        )
    }
    if online_retail is not None:
        found["online_retail"] = beside_floor(
            database,
            lambda: import_online_retail(online_retail, database, NOW, rejects=folder / "rejects"),
        )
    return found


def beside_floor(
    database: Database[Document], import_: Callable[[], ImportSummary]
) -> dict[str, Any]:
    """The fastest of a few imports, and of as many bare inserts of the same documents."""
    imports, floors = [], []
    count = 0
    for _ in range(REPEATS):
        _empty(database)
        imports.append(_seconds(import_))
        documents = list(database[EVENTS].find())
        count = len(documents)
        _empty(database)
        floors.append(_seconds(partial(_insert, database, documents)))
        # Half a million dicts would slow down the garbage collector in the next import.
        documents.clear()
    _empty(database)
    return {
        "events": count,
        "import_events_per_second": round(count / min(imports)),
        "floor_events_per_second": round(count / min(floors)),
        "share_of_floor": round(min(floors) / min(imports), 3),
    }


def write_files(folder: Path, event_count: int) -> tuple[Path, Path]:
    """A shop's products and events as CSV, the same each time; the events have no ids."""
    folder.mkdir(parents=True, exist_ok=True)
    products, events = folder / "products.csv", folder / "events.csv"
    random = Random(1)
    with products.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["product_id", "name", "categories", "price", "currency"])
        for number in range(PRODUCT_COUNT):
            writer.writerow([f"p{number}", f"Mug {number}", "Home > Mugs", "12.50", "EUR"])
    start = datetime(2025, 1, 1, tzinfo=UTC)
    with events.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["type", "user_id", "product_id", "at", "quantity", "price", "currency"])
        for number in range(event_count):
            writer.writerow(
                [
                    random.choice(("view", "view", "addtocart", "transaction")),
                    f"u{random.randrange(SHOPPERS)}",
                    f"p{random.randrange(PRODUCT_COUNT)}",
                    (start + timedelta(seconds=60 * number)).isoformat(),
                    1 + number % 3,
                    "12.50",
                    "EUR",
                ]
            )
    return products, events


def _empty(database: Database[Document]) -> None:
    for collection in (EVENTS, PRODUCTS):
        database[collection].drop()
        database[collection].create_indexes(INDEXES[collection])


def _insert(database: Database[Document], documents: list[Document]) -> None:
    for first in range(0, len(documents), WRITE_BATCH):
        database[EVENTS].insert_many(documents[first : first + WRITE_BATCH], ordered=False)


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start

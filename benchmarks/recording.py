"""How many events a second are recorded over GraphQL, beside a bare insert by the driver."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.load import CannotMeasure, find_wrk, under_load
from benchmarks.processes import Cores, answer_of
from benchmarks.results import Result
from benchmarks.serving import answer, serving
from recommender.facts.catalog import Product
from recommender.facts.events import EventType
from recommender.mongo.connection import open_database
from recommender.mongo.documents import EVENTS
from recommender.mongo.products import upsert_products
from recommender.settings import Settings

PRODUCTS, SHOPPERS = 1_000, 500
REQUESTS = 50
"""Different ones, asked in turn, with ids that are new each time."""
SINGLE = """mutation Record($input: RecordEventInput!) {
  recordEvent(input: $input) { accepted userErrors { message } }
}"""
BATCH = """mutation RecordMany($input: RecordEventsInput!) {
  recordEvents(input: $input) { acceptedCount userErrors { message } }
}"""


@dataclass(frozen=True, slots=True)
class Case:
    """One way to send events."""

    events: int
    """In one request."""
    connections: int
    wanted: float | None = None


CASES = (Case(1, 1), Case(1, 16), Case(500, 1, 0.5), Case(500, 4, 0.5))


def measure(
    uri: str, folder: Path, seconds: int, cores: Cores, say: Callable[[str], None]
) -> list[Result]:
    """Serve a small shop from a database of its own, and tell it what shoppers do.

    The insert is of the same documents into the same collection, with its indexes, by as many
    tasks as there are connections, and acknowledged in the same way.

    Raises:
        CannotMeasure: if there is no wrk, or an event was not recorded.
    """
    find_wrk()
    given = {"mongodb_uri": uri, "mongodb_database": "recording", "data_dir": str(folder / "data")}
    settings = Settings.read(given)
    with open_database(settings) as database:
        products = [Product(_product(n), f"Product {n}") for n in range(PRODUCTS)]
        upsert_products(database, products, datetime.now(UTC))
        found: list[Result] = []
        with serving({name.upper(): value for name, value in given.items()}, cores) as port:
            for case in CASES:
                say(f"Events: {case.events} a request, {case.connections} connections")
                lines = [_line(case, n) for n in range(REQUESTS)]
                _check(case, answer(port, re.sub("UNIQUE", lambda _: uuid4().hex, lines[0])))
                before = database[EVENTS].estimated_document_count()
                load = under_load(port, lines, folder, case.connections, seconds, cores.client)
                stored = database[EVENTS].estimated_document_count() - before
                if stored < case.events * seconds * 1e6 / load.each:
                    raise CannotMeasure(f"Only {stored} events were stored: {load}.")
                bare = answer_of(
                    "benchmarks.recording_parts",
                    *(uri, "recording", str(seconds)),
                    *(str(case.events), str(case.connections)),
                    core=cores.server,
                )
                found.append(
                    Result.of_rate(
                        f"{case.events} in a request, {case.connections} at a time",
                        case.events * 1e6 / load.each,
                        "events/s",
                        "bare insert of the same documents",
                        bare,
                        case.wanted,
                    )
                )
    return found


def event_input(number: int) -> dict[str, Any]:
    """As a shop sends it. UNIQUE is for wrk.lua."""
    types = EventType.VIEW, EventType.CLICK, EventType.ADD_TO_CART, EventType.PURCHASE
    return {
        "eventId": "UNIQUE",
        "type": types[number % len(types)].name,
        "shopper": {"userId": f"shopper-{number % SHOPPERS}"},
        "productId": _product(number % PRODUCTS),
        "recommendationId": f"list-{number}",
        "rank": 1 + number % 10,
        "quantity": 2,
        "unitPrice": {"amount": "12.50", "currencyCode": "EUR"},
        "occurredAt": "2026-11-20T12:00:00Z",
    }


def _product(number: int) -> str:
    return f"product-{number}"


def _line(case: Case, number: int) -> str:
    events = [event_input(case.events * number + n) for n in range(case.events)]
    single, batch = {"event": events[0]}, {"events": events, "idempotencyKey": "UNIQUE"}
    query, given = (SINGLE, single) if case.events == 1 else (BATCH, batch)
    return "POST /graphql " + json.dumps({"query": query, "variables": {"input": given}})


def _check(case: Case, data: bytes) -> None:
    """Raises CannotMeasure unless every event was recorded."""
    found = json.loads(data).get("data") or {}
    recorded = (found.get("recordEvent") or {}).get("accepted")
    many = (found.get("recordEvents") or {}).get("acceptedCount")
    if not (recorded if case.events == 1 else many == case.events):
        raise CannotMeasure(f"Events were not recorded: {data[:500]!r}")

"""What tests need of a shop, in few words."""

import asyncio
import itertools
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from pymongo.database import Database

from graphql_api.context import Context, open_context
from graphql_api.server import Server
from recommender.facts.catalog import Product
from recommender.facts.events import Act, Event, EventType, History, shopper_of_user
from recommender.facts.keys import Key, KeyKind
from recommender.facts.money import Money
from recommender.facts.shopper_attributes import Attributes
from recommender.learning.interactions import EventTable
from recommender.learning.training import Parameters, train
from recommender.model.trained_model import TrainedModel
from recommender.mongo.documents import Document, event_document
from recommender.mongo.keys import add_key
from recommender.mongo.products import upsert_products
from recommender.settings import Settings

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SMALL = Parameters(factors=16, epochs=15)
"""Enough to tell two tastes apart, in a blink."""

CARD: dict[str, Any] = {
    "trained_through": NOW,
    "algorithm": "lightfm hybrid",
    "shopper_count": 40,
    "product_count": 24,
    "interaction_count": 200,
    "training_seconds": 1.5,
    "metrics": {"lightfm hybrid": {"ndcg@10": 0.5}},
}
"""What `publish` wants to know of a model beside its arrays."""

_numbers = itertools.count(1)


def a_product(product_id: str, **more: Any) -> Product:
    known: dict[str, Any] = {
        "name": product_id.replace("-", " ").title(),
        "price": Money.of("9.50", "EUR"),
        "created_at": NOW - timedelta(days=100),
        "updated_at": NOW,
    }
    return Product(product_id, **{**known, **more})


def an_event(
    user: str, product_id: str, type_: EventType = EventType.VIEW, days_ago: float = 0, **more: Any
) -> Event:
    at = NOW - timedelta(days=days_ago)
    known: dict[str, Any] = {
        "event_id": f"event-{next(_numbers)}",
        "shopper_id": shopper_of_user(user),
        "at": at,
        "received_at": at,
    }
    return Event(type=type_, product_id=product_id, **{**known, **more})


def an_act(
    product_id: str,
    type_: EventType = EventType.VIEW,
    days_ago: float = 0,
    rating: float | None = None,
) -> Act:
    return Act(product_id, type_, NOW - timedelta(days=days_ago), rating)


def a_history(*acts: Act) -> History:
    return History.of(sorted(acts, key=lambda act: act.at, reverse=True))


def two_tastes(
    shoppers: int = 40, products: int = 12, seed: int = 1
) -> tuple[dict[str, Product], list[Event]]:
    """A shop where half of the shoppers buy kitchen things and half garden things.

    Products are kitchen-0, kitchen-1, ..., garden-0, ...; users cook-0, ..., gardener-0, ...
    """
    rng = np.random.default_rng(seed)
    catalogue = {
        f"{kind}-{n}": a_product(
            f"{kind}-{n}",
            name=f"{kind} {word} {n}",
            categories=(f"Home > {kind.title()}",),
            brand=f"{kind} works",
        )
        for kind, word in (("kitchen", "pan"), ("garden", "spade"))
        for n in range(products)
    }
    events = [
        an_event(f"{person}-{n}", f"{kind}-{item}", EventType.PURCHASE, days_ago=float(day))
        for person, kind in (("cook", "kitchen"), ("gardener", "garden"))
        for n in range(shoppers // 2)
        for item, day in zip(
            rng.choice(products, 5, replace=False), rng.uniform(0, 60, 5), strict=True
        )
    ]
    return catalogue, sorted(events, key=lambda event: event.at)


def countries(events: Sequence[Event]) -> dict[str, Attributes]:
    """Cooks live in France, gardeners in Italy."""
    return {
        e.shopper_id: (("Country", "France" if "cook" in e.shopper_id else "Italy"),)
        for e in events
    }


def trained_on(
    catalogue: Mapping[str, Product],
    events: Sequence[Event],
    version: str = "v1",
    said: Mapping[str, Attributes] | None = None,
) -> TrainedModel:
    table = replace(EventTable.of(events), shopper_attributes=said or {})
    return train(table, catalogue, version=version, trained_at=NOW, parameters=SMALL)


def stock(
    database: Database[Document], products: Sequence[Product], events: Sequence[Event] = ()
) -> None:
    """Put products and events into a database."""
    upsert_products(database, products, NOW)
    if events:
        database["events"].insert_many([event_document(e) for e in events])


def with_key(
    database: Database[Document], kind: KeyKind = KeyKind.SECRET, **more: Any
) -> dict[str, str]:
    """Make a key, called after its kind if nothing is said; the header that shows it."""
    key, text = Key.make(more.pop("name", kind.value), kind, datetime.now(UTC), **more)
    add_key(database, key)
    if kind is KeyKind.SECRET:
        return {"Authorization": f"Bearer {text}"}
    return {"X-Recs-Key": text}


async def until(condition: Callable[[], Any], seconds: float = 10) -> Any:
    """Wait until the condition gives something true, and give it back."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.01)


async def until_it_answers(client: httpx.AsyncClient) -> None:
    """Wait for a server that was just started."""

    async def answers() -> bool:
        try:
            return (await client.get("/healthy")).status_code == 200
        except httpx.TransportError:
            return False

    await until(answers, seconds=30)


async def ask(api: httpx.AsyncClient, query: str, **variables: Any) -> Any:
    """The data of a GraphQL answer without errors."""
    response = await api.post("/graphql", json={"query": query, "variables": variables})
    answer = response.json()
    assert "errors" not in answer, answer
    return answer["data"]


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def settings_for(mongodb_uri: str, name: str, folder: Path, **more: str) -> Settings:
    return Settings.read(
        {
            "MONGODB_URI": mongodb_uri,
            "MONGODB_DATABASE": name,
            "DATA_DIR": str(folder),
            **more,
        }
    )


@asynccontextmanager
async def serving(
    settings: Settings, context: Context | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A server on a free port, and a client that knows it."""
    opened = nullcontext(context) if context else open_context(settings.mongodb_uri, settings)
    async with opened as context:
        server = Server(settings, context, port=0, grace_seconds=2)
        task = asyncio.create_task(server._serve())
        while not server.started:
            if task.done():
                task.result()
                raise RuntimeError("The server did not start.")
            await asyncio.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            base_url = f"http://127.0.0.1:{port}"
            async with httpx.AsyncClient(base_url=base_url, timeout=30) as client:
                yield client
        finally:
            server.should_exit = True
            await task


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """What a process of its own needs to find the same shop."""
    return {
        "MONGODB_URI": settings.mongodb_uri,
        "MONGODB_DATABASE": settings.mongodb_database,
        "DATA_DIR": str(settings.data_dir),
        "PATH": os.environ["PATH"],
        **more,
    }


@asynccontextmanager
async def api_process(
    settings: Settings, port: int, **more: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient]]:
    """The API as operators run it: a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "graphql_api"),
        env=environment(settings, PORT=str(port), MONGODB_TIMEOUT_SECONDS="1", **more),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            await until_it_answers(client)
            yield process, client
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()

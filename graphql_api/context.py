"""What a resolver can reach."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from graphql_api.database import make_indexes, model_files, open_database, watch
from recommender.mongo.documents import Document
from recommender.mongo.events import Events
from recommender.mongo.follow import Follower
from recommender.mongo.models import Models
from recommender.mongo.products import Products
from recommender.mongo.shoppers import Shoppers
from recommender.serving.live_model import LiveModel
from recommender.settings import Settings


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """One for the whole process."""

    settings: Settings
    database: AsyncDatabase[Document]
    events: Events
    products: Products
    shoppers: Shoppers
    follower: Follower
    now: Callable[[], datetime] = _now

    @property
    def live(self) -> LiveModel:
        """Model and catalogue as they are now. Take it once for each answer: it is swapped."""
        return self.follower.live


@asynccontextmanager
async def open_context(uri: str, settings: Settings) -> AsyncIterator[Context]:
    """Everything connected and followed, while in the block.

    Raises:
        ServerUnavailable: if the database cannot be reached.
        InvalidSetting: if MONGODB_URI is not an address.
    """
    async with open_database(uri, settings) as database:
        await make_indexes(database)
        follower = Follower(
            database,
            Models(database, model_files(database)),
            partial(watch, database),
            popular_events=settings.popular_events,
            poll_seconds=settings.poll_seconds,
        )
        following = asyncio.create_task(follower.run())
        try:
            # Requests that come before the catalogue was read would get empty shelves.
            await _either(follower.loaded(), following)
            yield Context(
                settings=settings,
                database=database,
                events=Events(database, settings.history_length),
                products=Products(database),
                shoppers=Shoppers(database),
                follower=follower,
            )
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


async def _either(wanted: Coroutine[Any, Any, None], running: asyncio.Task[None]) -> None:
    """Wait for the one; if the other ends before, it has failed, and so do we."""
    waiting = asyncio.create_task(wanted)
    try:
        await asyncio.wait((waiting, running), return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            await running
    finally:
        waiting.cancel()

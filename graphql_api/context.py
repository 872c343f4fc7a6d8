"""What a resolver can reach."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from graphql_api.database import make_indexes, model_files, open_database, watch
from graphql_api.keys import ANYBODY, Caller
from graphql_api.shopper_input import ShopperInput
from recommender.facts.errors import InvalidInput
from recommender.facts.events import History, shopper_of_session, shopper_of_user
from recommender.mongo.answers import Answers
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
    """What a process has one of, and who asks."""

    settings: Settings
    database: AsyncDatabase[Document]
    events: Events
    products: Products
    shoppers: Shoppers
    answers: Answers
    follower: Follower
    now: Callable[[], datetime] = _now
    caller: Caller = ANYBODY

    @property
    def live(self) -> LiveModel:
        """Model and catalogue as they are now. Take it once for each answer: it is swapped."""
        return self.follower.live

    def of(self, caller: Caller) -> "Context":
        """The same for what this caller asks."""
        return self if caller is self.caller else replace(self, caller=caller)

    def shopper_of(self, shopper: ShopperInput) -> str:
        """The shopper that is named; no other way leads from an input to a shopper's id.

        Raises:
            InvalidInput: if the id is empty or too long.
        """
        if shopper.user_id is not None:
            return shopper_of_user(str(shopper.user_id.value))
        if shopper.session_id is not None:
            return shopper_of_session(str(shopper.session_id.value))
        raise InvalidInput("shopper", "must have a userId or a sessionId")

    async def history_of(self, shopper_id: str) -> History:
        """What the shopper did, as it is in the database at this moment."""
        if not self.live.goes_by_attributes:
            return await self.events.history(shopper_id)
        history, attributes = await asyncio.gather(
            self.events.history(shopper_id), self.shoppers.attributes_of(shopper_id)
        )
        return replace(history, attributes=attributes)


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
                answers=Answers(database, settings.answers_kept_hours),
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

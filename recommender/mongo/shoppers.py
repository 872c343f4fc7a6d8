"""What is held of shoppers, in MongoDB: what the shop says of them, and all that is to be shown to
them or forgotten.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

import structlog
from pymongo import ReplaceOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pymongo.results import BulkWriteResult

from recommender.facts.shopper_attributes import Attributes, ShopperAttributes
from recommender.mongo.documents import (
    EVENTS,
    FORGOTTEN,
    FROZEN_LISTS,
    LISTS,
    SHOPPERS,
    Document,
    shopper_document,
    shopper_of,
    utc,
)
from recommender.mongo.joins import SETTLE_AFTER, Joins
from recommender.mongo.products import WRITE_BATCH, Upserted

log = structlog.get_logger(__name__)


def upsert_shoppers(
    database: Database[Document], shoppers: Iterable[ShopperAttributes]
) -> Upserted:
    """Store what is said of each shopper, in the place of all that was said before."""
    done = Upserted()
    shoppers = iter(shoppers)
    while batch := list(islice(shoppers, WRITE_BATCH)):
        stored = _upserted(database[SHOPPERS].bulk_write(_writes(batch), ordered=False))
        done.created += stored.created
        done.updated += stored.updated
        done.unchanged += stored.unchanged
    return done


def read_shoppers(database: Database[Document]) -> Iterator[ShopperAttributes]:
    """Every shopper of whom something is said."""
    return map(shopper_of, database[SHOPPERS].find())


def attributes_of(database: Database[Document], shopper_id: str) -> Attributes:
    """The same as `Shoppers.attributes_of`, for the worker."""
    return _attributes(database[SHOPPERS].find_one({"_id": shopper_id}))


OF_SHOPPERS = {EVENTS: "received_at", LISTS: "at", FROZEN_LISTS: "at"}
"""Collections whose documents say in `shopper_id` whose they are and in `at` from when; and the
field that says when they were stored."""
SETTLE_SECONDS = 5.0
"""How often it is looked for what is to be settled."""
REMOVED_AT_ONCE = 1_000
"""Documents in one write, so that none takes longer than a call to the database may."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of what is held of a shopper ends."""

    collection: str
    at: datetime
    """UTC."""
    document_id: str


@dataclass(frozen=True, slots=True)
class Held:
    """A page of what is held of a shopper."""

    documents: Sequence[tuple[str, Document]]
    """Collection and document, oldest first in each collection."""
    end: Place | None
    """Where the next page begins; None if there is none."""


class Shoppers:
    """What is held of shoppers, as the API needs it."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        joins: Joins | None = None,
        *,
        settle_after: timedelta = SETTLE_AFTER,
        changed: Callable[[Set[str]], None] = lambda _: None,
    ) -> None:
        """Shoppers of a database.

        Args:
            database: the shop's.
            joins: of their sessions.
            settle_after: longer than anything can be on its way into the database.
            changed: told of whom something is held or said no more, or now, before that is
                acknowledged.
        """
        self._database = database
        self._shoppers = database[SHOPPERS]
        self._forgotten = database[FORGOTTEN]
        self._settle_after = settle_after
        self._changed = changed
        self.joins = joins or Joins(database)

    async def forget(self, shopper_id: str, now: datetime) -> int:
        """Remove all that is held of the shopper; how many events that were.

        If this process dies in between, another one finishes it, or doing it again does. What is
        on its way into the database meanwhile is removed a little later. What is sent from now on
        is a new beginning.
        """
        known = {"at": now, "settle_at": now + self._settle_after, "done": False}
        await self._forgotten.update_one({"_id": shopper_id}, {"$set": known}, upsert=True)
        removed = await self._forget(shopper_id, now)
        await self._forgotten.update_one({"_id": shopper_id, "at": now}, {"$set": {"done": True}})
        return removed

    async def _forget(self, shopper_id: str, now: datetime) -> int:
        # What is under their sessions and has not reached them is theirs, too.
        for join in await self.joins.of_user(shopper_id):
            await self.joins.hand_over_all(join)
        await self._shoppers.delete_one({"_id": shopper_id})
        removed = await self._remove(shopper_id, now)
        # Last, since it is what leads to the sessions.
        await self.joins.forget(shopper_id)
        return removed

    async def _remove(self, shopper_id: str, until: datetime) -> int:
        """Remove what was stored until then; how many events."""
        removed = Counter[str]()
        for name, stored_at in OF_SHOPPERS.items():
            documents = self._database[name]
            which = {"shopper_id": shopper_id, stored_at: {"$lte": until}}
            while found := await _ids(documents, which, REMOVED_AT_ONCE):
                done = await documents.delete_many({**which, "_id": {"$in": found}})
                removed[name] += done.deleted_count
        self._changed({shopper_id})
        return removed[EVENTS]

    async def settle(self, now: datetime) -> int:
        """Finish what was begun and can be on its way no more: joins, and what was forgotten."""
        settled = await self.joins.settle(now)
        due = await self._forgotten.find({"settle_at": {"$lte": now}}).to_list(None)
        for forgotten in due:
            finish = self._remove if forgotten["done"] else self._forget
            await finish(forgotten["_id"], utc(forgotten["at"]))
            await self._forgotten.delete_one({"_id": forgotten["_id"], "at": forgotten["at"]})
        return settled + len(due)

    async def run(self) -> None:
        """Settle until cancelled."""
        while True:
            await asyncio.sleep(SETTLE_SECONDS)
            try:
                await self.settle(datetime.now(UTC))
            except PyMongoError as error:
                log.warning("not_settled", error=type(error).__name__)

    async def held(self, shopper_id: str, after: Place | None, count: int) -> Held:
        """What is held of the shopper beside attributes and sessions, a page at a time."""
        if after is None:
            # Pages that go on asking for the session get lists that are the user's.
            for join in await self.joins.of_user(shopper_id):
                await self.joins.hand_over_lists(join)
        found: list[tuple[str, Document]] = []
        names = list(OF_SHOPPERS)
        for name in names[names.index(after.collection) if after else 0 :]:
            which: Document = {"shopper_id": shopper_id}
            if after and name == after.collection:
                later = {"at": {"$gt": after.at}}
                which["$or"] = [later, {"at": after.at, "_id": {"$gt": after.document_id}}]
            # One more than fits tells whether there is a next page.
            room = count + 1 - len(found)
            page = self._database[name].find(which, sort=[("at", 1), ("_id", 1)], limit=room)
            found += [(name, document) for document in await page.to_list(None)]
            if len(found) > count:
                name, last = found[count - 1]
                return Held(found[:count], Place(name, utc(last["at"]), last["_id"]))
        return Held(found, None)

    async def attributes_of(self, shopper_id: str) -> Attributes:
        """What is said of the shopper; nothing of one who is not there."""
        [found] = await self.attributes_of_each([shopper_id])
        return found

    async def attributes_of_each(self, shopper_ids: Sequence[str]) -> list[Attributes]:
        """The same of different shoppers."""
        found = await self._shoppers.find({"_id": {"$in": list(shopper_ids)}}).to_list(None)
        documents = {document["_id"]: document for document in found}
        return [_attributes(documents.get(shopper_id)) for shopper_id in shopper_ids]

    async def upsert(self, shoppers: Sequence[ShopperAttributes]) -> Upserted:
        """Store what is said of each shopper, in the place of all that was said before."""
        if not shoppers:
            return Upserted()
        try:
            return _upserted(await self._shoppers.bulk_write(_writes(shoppers), ordered=False))
        finally:
            self._changed({shopper.shopper_id for shopper in shoppers})


def _writes(shoppers: Iterable[ShopperAttributes]) -> list[ReplaceOne[Document]]:
    # Of two that speak of the same shopper the last one counts, as if they had come one by one.
    latest = {shopper.shopper_id: shopper for shopper in shoppers}
    return [
        ReplaceOne({"_id": shopper_id}, shopper_document(shopper), upsert=True)
        for shopper_id, shopper in latest.items()
    ]


def _upserted(result: BulkWriteResult) -> Upserted:
    return Upserted(
        created=result.upserted_count,
        updated=result.modified_count,
        unchanged=result.matched_count - result.modified_count,
    )


def _attributes(document: Document | None) -> Attributes:
    return shopper_of(document).attributes if document else ()


async def _ids(documents: AsyncCollection[Document], which: Document, count: int) -> list[str]:
    found = await documents.find(which, {"_id": 1}, limit=count).to_list(None)
    return [document["_id"] for document in found]

"""Events in MongoDB: appended by the API, streamed in by the seed, read back for one shopper."""

import asyncio
from collections.abc import Callable, Iterable, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from types import TracebackType
from typing import Any, Self

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.database import Database
from pymongo.errors import AutoReconnect, BulkWriteError
from pymongo.read_concern import ReadConcern

from recommender.facts.events import MOST_AHEAD, VERDICTS, WEIGHTS, Event, History
from recommender.mongo.aggregation import aggregated
from recommender.mongo.documents import (
    EVENTS,
    HISTORY_FIELDS,
    SPEAKING_TYPES,
    Document,
    acts_of,
    event_document,
    event_of,
)
from recommender.mongo.joins import SESSION, Joins

DUPLICATE_KEY = 11000
WRITE_BATCH = 5_000
"""Documents in one bulk insert. Larger ones gained nothing."""
DRAWN_TYPES = [t.value for t, weight in WEIGHTS.items() if weight > 0]
"""Acts that speak for a product."""
BATCHES_AHEAD = 2
"""Bulk inserts under way while the next documents are made."""


class Outcome(StrEnum):
    """What became of one event that was sent."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"


class Events:
    """Events as the API needs them."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        history_length: int,
        changed: Callable[[Set[str]], None] = lambda _: None,
    ) -> None:
        """Events of a database.

        Args:
            database: the shop's.
            history_length: the latest acts that a history has.
            changed: told whose histories changed, before that is acknowledged.
        """
        self._database = database
        self._events = database[EVENTS]
        self._joins = Joins(database, changed=changed)
        self._history_length = history_length
        self._changed = changed

    async def append(self, events: Sequence[Event]) -> list[Outcome]:
        """Store the events, each at most once, and only then say so.

        A majority of the replica set has them when this returns. Whatever goes wrong with one
        does not keep the others from being stored, and sending all of them again is harmless.
        Those of a session that somebody signed in on are then that user's.
        """
        if not events:
            return []
        sessions = {e.shopper_id for e in events if e.shopper_id.startswith(SESSION)}
        if not sessions:
            return await self._insert(events)
        # Asked while the events are stored, so that nobody waits for it. A join that comes too
        # late to be found here finds the events, now or when it is settled.
        outcomes, joins = await asyncio.gather(self._insert(events), self._joins.of(sessions))
        for join in joins:
            await self._joins.carry_out(join)
        return outcomes

    async def _insert(self, events: Sequence[Event]) -> list[Outcome]:
        outcomes = [Outcome.RECORDED] * len(events)
        try:
            await self._events.insert_many([event_document(e) for e in events], ordered=False)
        except BulkWriteError as error:
            for position in _duplicates(error):
                outcomes[position] = Outcome.DUPLICATE
        finally:
            # Also of a batch that failed: some of it may be stored.
            self._changed({event.shopper_id for event in events})
        return outcomes

    async def stored(self, event_ids: Sequence[str]) -> list[Event]:
        """The events of these ids that are there."""
        documents = await self._events.find({"_id": {"$in": list(event_ids)}}).to_list(None)
        return [event_of(document) for document in documents]

    async def history(self, shopper_id: str) -> History:
        """What the shopper did last, and all they ever bought or turned away from."""
        [found] = await self.histories([shopper_id])
        return found

    async def histories(self, shopper_ids: Sequence[str]) -> list[History]:
        """Those of different shoppers, in one round trip unless one did more than a history has."""
        if len(shopper_ids) == 1:
            found = [await self._acts(shopper_ids[0])]
        else:
            found = await self._acts_of_each(shopper_ids)
        long = [
            shopper_id
            for shopper_id, acts in zip(shopper_ids, found, strict=True)
            if len(acts) >= self._history_length
        ]
        verdicts = dict(zip(long, await asyncio.gather(*map(self._verdicts, long)), strict=True))
        return [
            _history(acts, verdicts.get(shopper_id))
            for shopper_id, acts in zip(shopper_ids, found, strict=True)
        ]

    async def _verdicts(self, shopper_id: str) -> list[Document]:
        return await self._events.find(
            _verdicts_of(shopper_id), HISTORY_FIELDS, sort=_LATEST_ACTS
        ).to_list(None)

    async def _acts_of_each(self, shopper_ids: Sequence[str]) -> list[list[Document]]:
        found: dict[str, list[Document]] = {shopper_id: [] for shopper_id in shopper_ids}
        pipeline = acts_of_each(shopper_ids, self._history_length)
        for act in await aggregated(self._events, pipeline):
            found[act["shopper_id"]].append(act)
        return list(found.values())

    async def _acts(self, shopper_id: str) -> list[Document]:
        """The latest ones, in one round trip and without a cursor, which costs a fifth more; with
        sixteen reads at once, half as much again."""
        wanted = _acts_of(shopper_id)
        try:
            answer = await self._database.command(
                {
                    "find": EVENTS,
                    "filter": wanted,
                    "projection": HISTORY_FIELDS,
                    "sort": dict(_LATEST_ACTS),
                    "limit": self._history_length,
                    "singleBatch": True,
                }
            )
        except AutoReconnect:
            # The driver tries a cursor's first command a second time, and no other one.
            return await self._events.find(
                wanted, HISTORY_FIELDS, sort=_LATEST_ACTS, limit=self._history_length
            ).to_list(None)
        acts: list[Document] = answer["cursor"]["firstBatch"]
        return acts

    async def popular_lately(self, count: int) -> dict[str, float]:
        """What the latest events received say for each product; for while nothing is trained."""
        documents = self._events.find({}, _POPULAR_FIELDS, sort=_LATEST, limit=count)
        return _popularity(await documents.to_list(None))

    async def shoppers_drawn_since(self, since: datetime) -> dict[str, int]:
        """How many shoppers did something since then that speaks for each product."""
        drawn = await aggregated(
            self._events,
            [
                {
                    "$match": {
                        # By this clock there is an index; no act is further ahead of it.
                        "received_at": {"$gte": since - MOST_AHEAD},
                        "at": {"$gte": since},
                        "type": {"$in": DRAWN_TYPES},
                    }
                },
                {"$group": {"_id": {"product": "$product_id", "shopper": "$shopper_id"}}},
                {"$group": {"_id": "$_id.product", "shoppers": {"$sum": 1}}},
            ],
        )
        return {d["_id"]: d["shoppers"] for d in drawn}


def history(database: Database[Document], shopper_id: str, length: int) -> History:
    """The same as `Events.history`, for the worker."""
    events = database[EVENTS]
    documents = events.find(
        _acts_of(shopper_id), HISTORY_FIELDS, sort=_LATEST_ACTS, limit=length
    ).to_list()
    verdicts = events.find(_verdicts_of(shopper_id), HISTORY_FIELDS, sort=_LATEST_ACTS).to_list()
    return _history(documents, verdicts)


_LATEST_ACTS = [("at", -1)]


def _acts_of(shopper_id: str) -> Document:
    return {"shopper_id": shopper_id, "type": {"$in": SPEAKING_TYPES}}


def acts_of_each(shopper_ids: Sequence[str], most: int) -> list[Document]:
    """The pipeline to the latest acts of different shoppers, each read from the index as if alone.

    Args:
        shopper_ids: one or more.
        most: acts of each.
    """
    alone: list[list[Document]] = [
        [
            {"$match": _acts_of(shopper_id)},
            {"$sort": dict(_LATEST_ACTS)},
            {"$limit": most},
            {"$project": {**HISTORY_FIELDS, "shopper_id": 1}},
        ]
        for shopper_id in shopper_ids
    ]
    joined = [{"$unionWith": {"coll": EVENTS, "pipeline": other}} for other in alone[1:]]
    return [*alone[0], *joined]


def _verdicts_of(shopper_id: str) -> Document:
    return {"shopper_id": shopper_id, "type": {"$in": [t.value for t in VERDICTS]}}


def _history(documents: list[Document], verdicts: list[Document] | None = None) -> History:
    acts = acts_of(documents)
    return History.of(acts, acts if verdicts is None else acts_of(verdicts))


def popular_lately(database: Database[Document], count: int) -> dict[str, float]:
    """The same as `Events.popular_lately`, for the worker."""
    return _popularity(database[EVENTS].find({}, _POPULAR_FIELDS, sort=_LATEST, limit=count))


_POPULAR_FIELDS = {"_id": 0, "shopper_id": 1, "product_id": 1, "type": 1}
_LATEST = [("received_at", -1)]


def _popularity(documents: Iterable[Document]) -> dict[str, float]:
    """Each shopper counts once for a product, by their strongest act."""
    strongest: dict[tuple[str, str], float] = {}
    for document in documents:
        weight = _WEIGHT_OF_TYPE.get(document["type"], 0.0)
        if weight > 0:
            pair = document["product_id"], document["shopper_id"]
            strongest[pair] = max(weight, strongest.get(pair, 0.0))
    counted: dict[str, float] = {}
    for (product_id, _), weight in strongest.items():
        counted[product_id] = counted.get(product_id, 0.0) + weight
    return counted


_WEIGHT_OF_TYPE = {t.value: weight for t, weight in WEIGHTS.items()}


@dataclass
class Written:
    """How many events a writer has stored, and how many were there already."""

    recorded: int = 0
    duplicate: int = 0


class EventWriter:
    """Streams events in, in bulk, while the caller makes the next ones.

    Use it in a `with` block: leaving it waits until a majority has everything.
    Of two events with one id it keeps either, if they come close together.

    Raises:
        pymongo.errors.PyMongoError: from `write`, or on leaving, if the database refused
            anything but a duplicate.
    """

    def __init__(self, database: Database[Document]) -> None:
        self._events = database[EVENTS]
        # With one thread the server is idle while it waits for the interpreter, which the caller
        # keeps busy: an import of CSV takes 1.4 times as long.
        self._threads = ThreadPoolExecutor(BATCHES_AHEAD, thread_name_prefix="event-writer")
        self._under_way: list[Future[Written]] = []
        self.written = Written()

    def write(self, events: Iterable[Event]) -> None:
        """Store the events. Those that are there already are counted and left alone."""
        self.write_documents(map(event_document, events))

    def write_documents(self, documents: Iterable[Document]) -> None:
        """The same for events that are documents already."""
        documents = iter(documents)
        while batch := list(islice(documents, WRITE_BATCH)):
            if len(self._under_way) >= BATCHES_AHEAD:
                self._wait_for_one()
            self._under_way.append(self._threads.submit(self._insert, batch))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            while self._under_way:
                self._wait_for_one()
        finally:
            self._threads.shutdown()

    def _wait_for_one(self) -> None:
        done = self._under_way.pop(0).result()
        self.written.recorded += done.recorded
        self.written.duplicate += done.duplicate

    def _insert(self, batch: list[Document]) -> Written:
        # An insert that the server refuses costs far more than a look-up: without this a second
        # import of Online Retail takes 17 s, with it 4 s. So if one of a few ids is there, look
        # for all, and insert what is missing. There is what a majority has; for what comes in
        # between, the server still has the last word.
        events = self._events.with_options(read_concern=ReadConcern("majority"))
        ids = [document["_id"] for document in batch]
        new = batch
        if events.find_one({"_id": {"$in": ids[:: 1 + len(ids) // 10]}}, {"_id": 1}):
            there = {d["_id"] for d in events.find({"_id": {"$in": ids}}, {"_id": 1})}
            new = [document for document in batch if document["_id"] not in there]
        recorded = len(new)
        try:
            if new:
                self._events.insert_many(new, ordered=False)
        except BulkWriteError as error:
            recorded -= len(_duplicates(error))
        return Written(recorded, len(batch) - recorded)


def _duplicates(error: BulkWriteError) -> list[int]:
    """Positions of the events that were there already.

    Raises:
        BulkWriteError: if anything else went wrong.
    """
    details: Any = error.details or {}
    failures = details.get("writeErrors", [])
    if details.get("writeConcernErrors") or any(f["code"] != DUPLICATE_KEY for f in failures):
        raise error
    return [f["index"] for f in failures]

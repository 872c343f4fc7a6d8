"""The log of all lists that were served, in MongoDB.

It costs a request next to nothing: lists wait in memory, and are written in batches.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice

import structlog
from pymongo import UpdateOne, WriteConcern
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError, PyMongoError

from recommender.facts.events import EventType
from recommender.facts.request import Shelf
from recommender.mongo.documents import (
    EVENTS,
    LISTS,
    Document,
    list_document,
    utc,
)

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 1.0
"""How long a list waits at most before it is written."""
BATCH = 1_000
"""Lists in one write; so many that wait are written at once."""
DUPLICATE_KEY = 11000
MOST_LISTS_BACK = 200
"""The latest lists of a shopper that tell what was shown to them lately."""
MOST_IMPRESSIONS_BACK = 1_000


class ListLog:
    """Remembers every list that was served, while `run` runs."""

    def __init__(
        self, database: AsyncDatabase[Document], *, kept: timedelta, room: int = 10_000
    ) -> None:
        """Begin with nothing to write.

        Args:
            database: the shop's.
            kept: how long a list is kept. Zero: none is.
            room: how many lists may wait to be written. More are lost, and counted.
        """
        # A log: it need not wait until a majority has it.
        self._lists = database[LISTS].with_options(write_concern=WriteConcern(w=1))
        self._events = database[EVENTS]
        self._kept = kept
        self._room = room
        self._waiting: deque[Document] = deque()
        self._writing: list[Document] = []
        self._walked: dict[str, int] = {}
        self._enough = asyncio.Event()
        self.written = 0
        """Lists that were recorded since then."""
        self.lost = 0
        """Lists that could not be recorded since the process began."""

    @property
    def waiting(self) -> int:
        """Lists that are yet to be recorded."""
        return len(self._waiting) + len(self._writing)

    def served(self, shelf: Shelf, shopper_id: str | None) -> None:
        """Remember a list and what it shows."""
        if not self._kept:
            return
        if len(self._waiting) >= self._room:
            self.lost += 1
            return
        self._waiting.append(list_document(shelf, shopper_id, shelf.generated_at + self._kept))
        if len(self._waiting) >= BATCH:
            self._enough.set()

    async def served_now(self, shelf: Shelf, shopper_id: str | None) -> None:
        """Put a list on the log at once, for which `walked` may follow from any process."""
        if self._kept:
            document = list_document(shelf, shopper_id, shelf.generated_at + self._kept)
            await self._write([document], {})

    def walked(self, recommendation_id: str, rank: int) -> None:
        """Remember that a list was shown further, up to this rank."""
        if self._kept and len(self._walked) < self._room:
            self._walked[recommendation_id] = max(rank, self._walked.get(recommendation_id, 0))

    async def shown_lately(self, shopper_id: str, since: datetime) -> dict[str, datetime]:
        """When each product was last shown to a shopper: on a list, or as the shop says.

        What this process served counts at once, what others served when they have written it.
        """
        documents, impressions = await asyncio.gather(
            self._lists.find(
                {"shopper_id": shopper_id, "at": {"$gte": since}},
                {"_id": 0, "at": 1, "products": 1, "shown": 1},
                sort=[("at", -1)],
                limit=MOST_LISTS_BACK,
            ).to_list(None),
            self._events.find(
                {
                    "shopper_id": shopper_id,
                    "at": {"$gte": since},
                    "type": EventType.IMPRESSION.value,
                },
                {"_id": 0, "at": 1, "product_id": 1},
                sort=[("at", -1)],
                limit=MOST_IMPRESSIONS_BACK,
            ).to_list(None),
        )
        shown = {d["product_id"]: utc(d["at"]) for d in reversed(impressions)}
        mine = [
            d
            for d in (*self._writing, *self._waiting)
            if d.get("shopper_id") == shopper_id and d["at"] >= since
        ]
        for document in (*reversed(documents), *mine):
            at = utc(document["at"])
            for product_id in document["products"][: document.get("shown")]:
                shown[product_id] = max(at, shown.get(product_id, at))
        return shown

    async def run(self) -> None:
        """Write what waits, again and again until cancelled; `flush` writes the last of it."""
        while True:
            try:
                async with asyncio.timeout(FLUSH_SECONDS):
                    await self._enough.wait()
            except TimeoutError:
                pass
            self._enough.clear()
            await self.flush()

    async def flush(self) -> None:
        """Write all that waits. What cannot be written now waits on, as long as there is room."""
        before = self.lost
        try:
            while self._waiting or self._walked:
                await self._write_some()
        except PyMongoError as error:
            log.warning("lists_not_written", waiting=len(self._waiting), error=type(error).__name__)
        if self.lost > before:
            log.error("lists_lost", lost=self.lost - before, since_start=self.lost)

    async def close(self) -> None:
        """Write all that waits, for the last time."""
        await self.flush()
        if self._waiting:
            self.lost += len(self._waiting)
            log.error("lists_lost", lost=len(self._waiting), since_start=self.lost)

    async def _write_some(self) -> None:
        self._writing = list(islice(self._waiting, BATCH))
        for _ in self._writing:
            self._waiting.popleft()
        walked, self._walked = self._walked, {}
        try:
            await self._write(self._writing, walked)
        except BaseException:
            # Cancelled, or not written: it is sent again, which is harmless.
            self._waiting.extendleft(reversed(self._writing))
            self._walked = {**walked, **self._walked}
            raise
        finally:
            self._writing = []

    async def _write(self, documents: Sequence[Document], walked: dict[str, int]) -> None:
        if documents:
            try:
                await self._lists.insert_many(documents, ordered=False)
            except BulkWriteError as error:
                failures = (error.details or {}).get("writeErrors", [])
                # What was sent again, since the answer was lost, is there already.
                lost = sum(f["code"] != DUPLICATE_KEY for f in failures)
                self.lost += lost
                self.written -= lost
            self.written += len(documents)
        if walked:
            await self._lists.bulk_write(
                [
                    UpdateOne({"_id": id_, "shown": {"$lt": rank}}, {"$set": {"shown": rank}})
                    for id_, rank in walked.items()
                ],
                ordered=False,
            )

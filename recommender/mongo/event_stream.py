"""Says whose history changed, on whatever process, and up to which moment it knows of all changes.

One task reads a change stream of its own, batch by batch: what the Follower does with a model must
not hold up a shopper's click. Each batch is asked for from the primary, and holds every change that
a majority had when it was asked for. So one that is not full proves that nothing acknowledged
before it was asked for is missing: that is how old what we know can be. See decision record 0011.

Whenever the stream breaks, anybody's history may have changed meanwhile. That is said once the next
one is open, so nothing has to be resumed.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence, Set
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import structlog
from pymongo.errors import OperationFailure, PyMongoError

from recommender.mongo.documents import EVENTS, SHOPPERS, SPEAKING_TYPES, Document
from recommender.mongo.follow import NO_REPLICA_SET

log = structlog.get_logger(__name__)

MOST_BEHIND_SECONDS = 0.1
"""An act that another process acknowledged longer ago than this is never missing from what is
taken from memory."""
ROUND_SECONDS = 0.04
"""How long it may take, while somebody asks how current we are, from asking for a batch to having
it. What a round proves is used until the end of the next one: so two must fit into
MOST_BEHIND_SECONDS, with room for one that takes longer than the last."""
LEAST_PATIENCE_SECONDS = 0.005
IDLE_PATIENCE_SECONDS = 1.0
"""How long the server may wait for a change while nobody asks. It is told at once either way."""
IDLE_AFTER_SECONDS = 1.0
RETRY_SECONDS = 0.5

Change = dict[str, Any]
Changed = Callable[[Set[str] | None], None]
"""Told whose histories changed, by shopper id; None: anybody's may have."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What the change stream gives at once."""

    changes: Sequence[Change]
    is_full: bool
    """Whether there may be more that a majority had when it was asked for."""


NextBatch = Callable[[float], Awaitable[Batch]]
"""Gives the next batch: at once if there are changes, an empty one after so many seconds."""
OpenStream = Callable[[list[Document]], AbstractAsyncContextManager[NextBatch]]
"""A change stream of the database from now on. The drivers differ here."""

PIPELINE: list[Document] = [
    {
        "$match": {
            "ns.coll": {"$in": [EVENTS, SHOPPERS]},
            # Impressions are no part of a history. What is not inserted has no document here.
            "fullDocument.type": {"$in": [*SPEAKING_TYPES, None]},
        }
    },
    {
        "$project": {
            "operationType": 1,
            "ns.coll": 1,
            "documentKey._id": 1,
            "fullDocument.shopper_id": 1,
            "updateDescription.updatedFields.shopper_id": 1,
            "updateDescription.updatedFields.joined_from": 1,
        }
    },
]


class EventStream:
    """Tells whose history changed, while `run` runs."""

    def __init__(
        self,
        open_stream: OpenStream,
        changed: Changed,
        *,
        poll_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.failures: Counter[str] = Counter()
        """How often the stream broke, by error."""
        self.is_open = False
        """Whether changes are told as they happen."""
        self._open_stream = open_stream
        self._changed = changed
        self._poll_seconds = poll_seconds
        self._clock = clock
        self._current_as_of = -math.inf
        self._asked_at = -math.inf
        self._way_seconds = 0.0
        """What the last round took, but for the server's wait."""

    def is_current(self) -> bool:
        """Whether every change acknowledged more than MOST_BEHIND_SECONDS ago was told."""
        self._asked_at = self._clock()
        return self._asked_at - self._current_as_of <= MOST_BEHIND_SECONDS

    @property
    def lag_seconds(self) -> float:
        """How old what we know may be: infinite while the stream is not open, and up to
        IDLE_PATIENCE_SECONDS and a round while nobody asks.
        """
        return self._clock() - self._current_as_of

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                await self._follow()
            except OperationFailure as error:
                if error.code == NO_REPLICA_SET:
                    await self._poll()
                self._failed(error)
            except PyMongoError as error:
                self._failed(error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self) -> None:
        try:
            async with self._open_stream(PIPELINE) as next_batch:
                self.is_open = True
                self._changed(None)
                while True:
                    asked_for_at, patience = self._clock(), self._patience()
                    batch = await next_batch(patience)
                    if batch.changes:
                        self._changed(shoppers_of(batch.changes))
                    else:
                        self._way_seconds = max(0.0, self._clock() - asked_for_at - patience)
                    if not batch.is_full:
                        self._current_as_of = asked_for_at
        finally:
            self.is_open = False
            self._current_as_of = -math.inf

    def _patience(self) -> float:
        if self._clock() - self._asked_at > IDLE_AFTER_SECONDS:
            return IDLE_PATIENCE_SECONDS
        # The busier we are, the longer is the way, and the less the server may wait.
        return max(LEAST_PATIENCE_SECONDS, ROUND_SECONDS - self._way_seconds)

    async def _poll(self) -> None:
        """Where there are no change streams, all we know is that time has passed."""
        log.warning("no_event_stream", remedy="run MongoDB as a replica set that is not sharded")
        while True:
            await asyncio.sleep(self._poll_seconds)
            self._changed(None)

    def _failed(self, error: PyMongoError) -> None:
        self.failures[type(error).__name__] += 1
        log.error("event_stream_broke", error=f"{type(error).__name__}: {error}"[:500])


def shoppers_of(changes: Iterable[Change]) -> Set[str] | None:
    """Whose histories these changes touch; None where they do not tell."""
    shoppers: set[str] = set()
    for change in changes:
        collection, kind = change["ns"].get("coll"), change["operationType"]
        fields = change.get("updateDescription", {}).get("updatedFields", {})
        if collection == SHOPPERS and "documentKey" in change:
            shoppers.add(str(change["documentKey"]["_id"]))
        elif collection == EVENTS and kind == "insert":
            shoppers.add(str(change["fullDocument"].get("shopper_id")))
        elif collection == EVENTS and fields.keys() >= {"shopper_id", "joined_from"}:
            shoppers |= {str(fields["shopper_id"]), str(fields["joined_from"])}
        else:
            # Removed, corrected, dropped: rare enough to begin anew.
            return None
    return shoppers

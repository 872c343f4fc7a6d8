"""Says whose history changed, on whatever process, and up to which moment it knows of all changes.

A change stream of its own, which is read batch by batch: what the Follower does with a model must
not hold up a shopper's click. Each batch is asked for from the primary, and holds every change that
a majority had when it was asked for. So one that is not full proves that nothing acknowledged
before it was asked for is missing: that is how old what we know can be. See decision record 0011.

Whenever the stream breaks, anybody's history may have changed meanwhile. That is said once the next
one is open, so nothing has to be resumed.
"""

import asyncio
import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from threading import Event
from typing import Any, NamedTuple

import structlog
from pymongo.errors import OperationFailure, PyMongoError

from recommender.mongo.connection import client_of
from recommender.mongo.documents import EVENTS, SHOPPERS, SPEAKING_TYPES, Document
from recommender.mongo.follow import NO_REPLICA_SET
from recommender.settings import Settings

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
LARGEST_BATCH = 1_000
"""Changes asked for at once. They are small: no batch ends early for its bytes."""

Change = dict[str, Any]
Changed = Callable[[Set[str] | None], None]
"""Told whose histories changed, by shopper id; None: anybody's may have."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What the change stream gives at once."""

    changes: Sequence[Change]
    is_full: bool
    """Whether there may be more that a majority had when it was asked for."""


NextBatch = Callable[[float], Batch]
"""Gives the next batch: at once if there are changes, an empty one after so many seconds."""
OpenStream = Callable[[list[Document]], AbstractContextManager[NextBatch]]
"""A change stream of the database from now on."""

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


class Heard(NamedTuple):
    """What the stream says."""

    shoppers: Set[str] | None
    """Whose histories changed; None: anybody's may have."""
    is_open: bool
    current_as_of: float = -math.inf
    """Up to when all is told, once this is."""


Hear = Callable[[Heard], None]
NOBODY: Set[str] = frozenset()


class EventStream:
    """Tells whose history changed, while `run` runs.

    A thread reads the stream, since an event loop with lists to make is late for longer than we may
    be behind. What the thread has heard is told on the event loop, and at the latest before anybody
    is told how current that is.
    """

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
        self._heard: deque[Heard] = deque()
        """By the thread, and not told yet."""
        self._current_as_of = -math.inf
        self._asked_at = -math.inf

    def is_current(self) -> bool:
        """Whether every change acknowledged more than MOST_BEHIND_SECONDS ago was told."""
        self._tell()
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
        loop, over = asyncio.get_running_loop(), Event()

        def call(told: Callable[..., None], *args: object) -> None:
            with suppress(RuntimeError):  # the loop has ended, and so does the thread
                loop.call_soon_threadsafe(told, *args)

        thread = ThreadPoolExecutor(1, "event-stream")
        try:
            await loop.run_in_executor(thread, self._read, call, over)
        finally:
            over.set()
            # It ends with the batch that it waits for.
            thread.shutdown(wait=False)

    def _tell(self) -> None:
        """Tell what the thread has heard."""
        while self._heard:
            heard = self._heard.popleft()
            self.is_open = heard.is_open
            if heard.shoppers is None or heard.shoppers:
                self._changed(heard.shoppers)
            self._current_as_of = heard.current_as_of

    def _failed(self, error: PyMongoError) -> None:
        self.failures[type(error).__name__] += 1
        log.error("event_stream_broke", error=f"{type(error).__name__}: {error}"[:500])

    def _read(self, call: Callable[..., None], over: Event) -> None:
        """In the thread: hear until it is over.

        Args:
            call: has something called on the event loop.
            over: whether to stop.
        """

        def hear(heard: Heard) -> None:
            self._heard.append(heard)
            call(self._tell)

        while not over.is_set():
            try:
                self._follow(hear, over)
            except PyMongoError as error:
                if isinstance(error, OperationFailure) and error.code == NO_REPLICA_SET:
                    self._poll(hear, over)
                if not over.is_set():
                    call(self._failed, error)
            over.wait(RETRY_SECONDS)

    def _follow(self, hear: Hear, over: Event) -> None:
        as_of, way_seconds = -math.inf, 0.0
        try:
            with self._open_stream(PIPELINE) as next_batch:
                hear(Heard(None, is_open=True))
                while not over.is_set():
                    asked_for_at, patience = self._clock(), self._patience(way_seconds)
                    batch = next_batch(patience)
                    if not batch.changes:
                        way_seconds = max(0.0, self._clock() - asked_for_at - patience)
                    if not batch.is_full:
                        as_of = asked_for_at
                    hear(Heard(shoppers_of(batch.changes), is_open=True, current_as_of=as_of))
        finally:
            hear(Heard(NOBODY, is_open=False))

    def _patience(self, way_seconds: float) -> float:
        """How long the server may wait for a change, if all else takes so long."""
        if self._clock() - self._asked_at > IDLE_AFTER_SECONDS:
            return IDLE_PATIENCE_SECONDS
        # The busier we are, the longer is the way, and the less the server may wait.
        return max(LEAST_PATIENCE_SECONDS, ROUND_SECONDS - way_seconds)

    def _poll(self, hear: Hear, over: Event) -> None:
        """Where there are no change streams, all we know is that time has passed."""
        log.warning("no_event_stream", remedy="run MongoDB as a replica set that is not sharded")
        while not over.wait(self._poll_seconds):
            hear(Heard(None, is_open=False))


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


@contextmanager
def open_stream(uri: str, settings: Settings, pipeline: list[Document]) -> Iterator[NextBatch]:
    """A change stream of the shop's database from now on, over a connection of its own.

    Not by the driver's `watch`: it hands out one change at a time, does not tell whether there are
    more, and stays with a server that is no longer the primary.

    Raises:
        InvalidSetting: if MONGODB_URI is not an address.
        pymongo.errors.OperationFailure: with the code NO_REPLICA_SET where there cannot be one that
            tells how current it is. Of several shards each has a clock of its own.
    """
    # timeoutMS would overrule how long we want the server to wait for a change.
    most_ms = int(1000 * (settings.mongodb_timeout_seconds + IDLE_PATIENCE_SECONDS))
    with (
        client_of(uri, settings, socketTimeoutMS=most_ms) as client,
        client.start_session(causal_consistency=False) as session,
    ):
        database = client[settings.mongodb_database]
        if database.command("hello").get("msg") == "isdbgrid":
            raise OperationFailure("The database is sharded.", NO_REPLICA_SET)
        stages = [{"$changeStream": {}}, *pipeline]
        opened = database.command(
            {"aggregate": 1, "pipeline": stages, "cursor": {}}, session=session
        )

        def next_batch(patience_seconds: float) -> Batch:
            answer = database.command(
                {
                    "getMore": opened["cursor"]["id"],
                    "collection": "$cmd.aggregate",
                    "batchSize": LARGEST_BATCH,
                    "maxTimeMS": int(patience_seconds * 1000),
                },
                session=session,
            )
            changes = answer["cursor"]["nextBatch"]
            return Batch(changes, is_full=len(changes) >= LARGEST_BATCH)

        yield next_batch

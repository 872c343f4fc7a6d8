"""Keeps a process's LiveModel as the database has it: the catalogue, and the model in service.

One task follows a change stream (it polls where the server is no replica set) and does one thing
after the other, so nothing here needs a lock. A new model is loaded beside the old one, checked,
and swapped in one assignment. Stale answers beat no answers: if anything fails, the old state goes
on answering, the failure is logged and counted, and we try again.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import structlog
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure, PyMongoError

from recommender.facts.errors import RecommenderError
from recommender.model.trained_model import TrainedModel
from recommender.mongo.documents import JOBS, MODELS, PRODUCTS, SERVING, Document
from recommender.mongo.events import Events
from recommender.mongo.models import Models, checked
from recommender.mongo.products import Products, usable
from recommender.serving.live_model import LiveModel

log = structlog.get_logger(__name__)

Change = dict[str, Any]
Watch = Callable[[list[Document], Any], AbstractAsyncContextManager[AsyncIterator[Change]]]
"""(pipeline, resume token) -> the change stream of the database. The drivers differ here."""


class Followed(Enum):
    """What a process follows."""

    MODEL = "model"
    """The one that answers."""
    CATALOGUE = "catalogue"
    TRAININGS = "trainings"
    """What is known of models, and of those to come."""


NO_REPLICA_SET = 40573
"""MongoDB's code for a change stream on a server that cannot have one."""
RETRY_SECONDS = 1.0
RECOUNT_SECONDS = 30.0
"""How often popularity is counted anew while no model is trained."""
OVERLAP = timedelta(seconds=10)
"""Polling looks this much further back, since clocks of those who write differ."""

_WATCHED: list[Document] = [
    {"$match": {"ns.coll": {"$in": [PRODUCTS, SERVING, MODELS, JOBS]}}},
    {"$project": {"ns": 1, "operationType": 1, "documentKey": 1, "fullDocument": 1}},
]


class Follower:
    """Holds the LiveModel of a process, and keeps it current while `run` runs."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        models: Models,
        watch: Watch,
        *,
        popular_events: int,
        poll_seconds: float,
        changed: Callable[[Followed], None] = lambda _: None,
    ) -> None:
        self.live = LiveModel()
        self.failures: Counter[str] = Counter()
        """How often what went wrong."""
        self._products = Products(database)
        self._events = Events(database, history_length=1)
        self._models = models
        self._watch = watch
        self._popular_events = popular_events
        self._poll_seconds = poll_seconds
        self._changed = changed
        self._loaded = asyncio.Event()
        self._resume_token: Any = None
        self._looked_at = datetime(1970, 1, 1, tzinfo=UTC)

    async def loaded(self) -> None:
        """Wait until the catalogue was read once."""
        await self._loaded.wait()

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            tasks.create_task(self._recount())

    async def _follow(self) -> None:
        while True:
            try:
                await self._follow_stream()
            except OperationFailure as error:
                if error.code == NO_REPLICA_SET:
                    log.warning("no_change_streams", remedy="run MongoDB as a replica set")
                    await self._poll()
                # The oplog no longer reaches back to our token, or the stream was invalidated.
                self._resume_token = None
                self._failed("change_stream", error)
            except PyMongoError as error:
                self._failed("change_stream", error)
            except Exception as error:
                # Whatever it was, following must go on; reading everything anew is always right.
                self._resume_token = None
                self._failed("follow", error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _recount(self) -> None:
        """Before the first training, what is popular is what shoppers did lately."""
        while True:
            await asyncio.sleep(RECOUNT_SECONDS)
            if self.live.trained is None and self._loaded.is_set():
                try:
                    self.live.count(await self._events.popular_lately(self._popular_events))
                except PyMongoError as error:
                    self._failed("recount", error)

    async def _follow_stream(self) -> None:
        async with self._watch(_WATCHED, self._resume_token) as stream:
            if self._resume_token is None:
                # The stream is open, so whatever changes while we read the state comes after.
                await self._read_everything()
            async for change in stream:
                await self._apply(change)
                self._resume_token = change["_id"]
        self._resume_token = None

    async def _apply(self, change: Change) -> None:
        if change["operationType"] not in ("insert", "update", "replace", "delete"):
            # Dropped or renamed: read what there is now.
            await self._read_everything()
        elif change["ns"]["coll"] in (MODELS, JOBS):
            self._changed(Followed.TRAININGS)
        elif change["ns"]["coll"] == SERVING:
            self._changed(Followed.TRAININGS)
            await self._follow_pointer()
        elif change["operationType"] == "delete" or change.get("fullDocument") is None:
            self.live.remove(change["documentKey"]["_id"])
            self._changed(Followed.CATALOGUE)
        else:
            self._put(change["fullDocument"])

    async def _poll(self) -> None:
        """Where there are no change streams. Products that were deleted go on the full reads."""
        rounds = 0
        while True:
            try:
                if rounds % 60 == 0:
                    await self._read_everything()
                else:
                    began = datetime.now(UTC)
                    changed = await self._products.changed_since(self._looked_at - OVERLAP)
                    self._put(*changed)
                    await self._follow_pointer()
                    self._looked_at = began
                rounds += 1
            except Exception as error:
                self._failed("poll", error)
            await asyncio.sleep(self._poll_seconds)

    async def _read_everything(self) -> None:
        began = datetime.now(UTC)
        trained = await self._model_to_serve(self.live.trained)
        await self._lay_out(trained)
        self._looked_at = began
        self._loaded.set()

    async def _follow_pointer(self) -> None:
        trained = await self._model_to_serve(self.live.trained)
        if trained is not self.live.trained:
            await self._lay_out(trained)

    async def _lay_out(self, trained: TrainedModel | None) -> None:
        """Build the new state beside the old one, and swap."""
        documents = await self._products.all()
        counted = {} if trained else await self._events.popular_lately(self._popular_events)

        def build() -> LiveModel:
            return LiveModel(trained, usable(documents, self._unusable), counted).laid_out()

        # In a thread, so that requests are answered meanwhile.
        self.live = await asyncio.to_thread(build)
        self._changed(Followed.MODEL)
        log.info("serving", model=self.live.version, products=len(self.live))

    async def _model_to_serve(self, current: TrainedModel | None) -> TrainedModel | None:
        """The model in service; the current one if that cannot be had."""
        try:
            version = await self._models.version_in_service()
            if version is None or (current is not None and current.version == version):
                return current
            data, card = await self._models.file(version)
            return await asyncio.to_thread(checked, data, card)
        except RecommenderError as error:
            self._failed("model", error)
            return current

    def _put(self, *documents: Document) -> None:
        for product in usable(documents, self._unusable):
            self.live.put(product)
            self._changed(Followed.CATALOGUE)

    def _unusable(self, product_id: str, error: Exception) -> None:
        self._failed("product", error, product_id=product_id)

    def _failed(self, what: str, error: Exception, **where: str) -> None:
        self.failures[what] += 1
        log.error(
            "follow_failed", what=what, error=f"{type(error).__name__}: {error}"[:500], **where
        )

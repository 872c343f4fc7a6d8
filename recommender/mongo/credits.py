"""Acts credited to lists, in MongoDB: each once, whoever does the crediting and however often.

Events come in first and are credited a moment later, in the order in which we heard of them. Up to
which moment is remembered; what lies shortly before it is looked at again, since the clocks of
those who write differ. A credit's id is derived from what it credits, so doing it twice changes
nothing.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

import structlog
from pymongo import ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError

from recommender.facts.attribution import (
    CREDITED,
    WITHIN_WINDOW,
    Credit,
    ServedList,
    ShownProduct,
    credits_of,
)
from recommender.facts.events import Event
from recommender.facts.placements import Placement, Strategy
from recommender.mongo.documents import (
    CREDITING,
    CREDITS,
    EVENTS,
    LISTS,
    Document,
    event_of,
    money_document,
    utc,
)

log = structlog.get_logger(__name__)

SETTLING = timedelta(seconds=5)
"""How long an event waits until it is credited: the list that it names may be written after it."""
OVERLAP = timedelta(minutes=1)
"""How far behind what was credited already is looked at again."""
BATCH = 2_000
TAKEN = timedelta(seconds=30)
"""How long others leave the crediting to whoever has taken it. Two at once would only do the same
work twice."""
DUPLICATE_KEY = 11000

_LIST_FIELDS = {"scores": 0, "expires_at": 0}
_NAMING_A_LIST = {
    "recommendation_id": {"$exists": True},
    "type": {"$in": [t.value for t in CREDITED]},
}
_VALUES_WITHIN_WINDOW = [t.value for t in WITHIN_WINDOW]
_STRATEGIES = {s.value: s for s in Strategy}


class Crediting:
    """Keeps the credits of a shop up to date."""

    def __init__(
        self, database: AsyncDatabase[Document], window: timedelta, now: Callable[[], datetime]
    ) -> None:
        """Begin where crediting stands.

        Args:
            database: the shop's.
            window: how long after it showed a product a list may be credited with acts that name
                none.
            now: our clock.
        """
        self._events = database[EVENTS]
        self._lists = database[LISTS]
        self._credits = database[CREDITS]
        self._state = database[CREDITING]
        self._window = window
        self._now = now

    async def run(self, every_seconds: float) -> None:
        """Credit what came in, again and again until cancelled."""
        while True:
            await asyncio.sleep(every_seconds)
            try:
                await self.catch_up()
            except PyMongoError as error:
                log.warning("not_credited", error=type(error).__name__)

    async def credited_through(self) -> datetime | None:
        """Every event that we heard of before this moment is credited; None: nothing was yet."""
        state = await self._state.find_one({"_id": "credits"})
        return utc(state["through"]) if state and "through" in state else None

    async def catch_up(self) -> int:
        """Credit what came in since; how many credits were given. 0 if somebody else is at it."""
        if not await self._take():
            return 0
        given = 0
        try:
            until = self._now() - SETTLING
            since, last_id = await self._begin(), ""
            while since is not None and since < until:
                events = await self._heard_of(since, last_id, until)
                given += await self._credit(events)
                if len(events) == BATCH:
                    since, last_id = events[-1].received_at, events[-1].event_id
                else:
                    since = until
                await self._state.update_one(
                    {"_id": "credits"},
                    {"$max": {"through": since}, "$set": {"taken_until": self._now() + TAKEN}},
                )
        finally:
            await self._state.update_one({"_id": "credits"}, {"$unset": {"taken_until": 1}})
        return given

    async def _take(self) -> bool:
        now = self._now()
        try:
            await self._state.find_one_and_update(
                {
                    "_id": "credits",
                    "$or": [{"taken_until": {"$exists": False}}, {"taken_until": {"$lt": now}}],
                },
                {"$set": {"taken_until": now + TAKEN}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:
            return False
        return True

    async def _begin(self) -> datetime | None:
        """From when on events are to be looked at; None while no list was ever served."""
        through = await self.credited_through()
        if through is not None:
            return through - OVERLAP
        oldest = await self._lists.find_one({}, {"at": 1}, sort=[("at", 1)])
        return utc(oldest["at"]) if oldest else None

    async def _heard_of(self, since: datetime, last_id: str, until: datetime) -> list[Event]:
        """The next ones that may be credited, those of one moment by their ids."""
        documents = await self._events.find(
            {
                "received_at": {"$gte": since, "$lte": until},
                "$and": [
                    {"$or": [{"received_at": {"$gt": since}}, {"_id": {"$gt": last_id}}]},
                    {"$or": [_NAMING_A_LIST, {"type": {"$in": _VALUES_WITHIN_WINDOW}}]},
                ],
            },
            sort=[("received_at", 1), ("_id", 1)],
            limit=BATCH,
        ).to_list(None)
        return [event_of(d) for d in documents]

    async def _credit(self, events: Sequence[Event]) -> int:
        if not events:
            return 0
        named = await self._named({e.recommendation_id for e in events if e.recommendation_id})
        unnamed = [e for e in events if e.type in WITHIN_WINDOW]
        shown_to = await self._shown_to(unnamed) if unnamed else {}
        found = {c.credit_id: c for c in credits_of(events, named, shown_to, self._window)}
        if not found:
            return 0
        try:
            written = await self._credits.insert_many(
                [_document(c) for c in found.values()], ordered=False
            )
        except BulkWriteError as error:
            details = error.details or {}
            if any(e["code"] != DUPLICATE_KEY for e in details.get("writeErrors", ())):
                raise
            return int(details.get("nInserted", 0))
        return len(written.inserted_ids)

    async def _named(self, ids: Iterable[str]) -> dict[str, ServedList]:
        documents = await self._lists.find({"_id": {"$in": list(ids)}}, _LIST_FIELDS).to_list(None)
        return {d["_id"]: _served(d) for d in documents}

    async def _shown_to(self, events: Sequence[Event]) -> dict[str, list[ServedList]]:
        """Lists by shopper, latest first."""
        documents = await self._lists.find(
            {
                "shopper_id": {"$in": list({e.shopper_id for e in events})},
                "at": {
                    "$gte": min(e.at for e in events) - self._window,
                    "$lte": max(e.at for e in events),
                },
                "products": {"$in": list({e.product_id for e in events})},
            },
            _LIST_FIELDS,
            sort=[("at", -1)],
        ).to_list(None)
        found: dict[str, list[ServedList]] = {}
        for document in documents:
            found.setdefault(document["shopper_id"], []).append(_served(document))
        return found


def _served(document: Document) -> ServedList:
    """A list, as far as it was shown."""
    shown = document["products"][: document.get("shown")]
    strategies = document.get("strategies") or [document["strategy"]] * len(shown)
    fillers = document.get("fillers") or [False] * len(shown)
    return ServedList(
        recommendation_id=document["_id"],
        shopper_id=document.get("shopper_id"),
        at=utc(document["at"]),
        placement=Placement(document["placement"]),
        model_version=document.get("model_version"),
        products={
            product_id: ShownProduct(place + 1, _STRATEGIES[strategies[place]], fillers[place])
            for place, product_id in enumerate(shown)
        },
    )


def _document(credit: Credit) -> Document:
    # Without the shopper: what was earned stays true when somebody is forgotten.
    document: Document = {
        "_id": credit.credit_id,
        "type": credit.type.value,
        "way": credit.way.value,
        "at": credit.at,
        "product_id": credit.product_id,
        "rank": credit.shown.rank,
        "strategy": credit.shown.strategy.value,
        "is_filler": credit.shown.is_filler,
        "recommendation_id": credit.served.recommendation_id,
        "placement": credit.served.placement.value,
    }
    if credit.served.model_version is not None:
        document["model_version"] = credit.served.model_version
    if credit.revenue is not None:
        document["revenue"] = money_document(credit.revenue)
    return document

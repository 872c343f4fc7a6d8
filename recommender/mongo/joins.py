"""Sessions that somebody signed in on: what was done there counts for that user.

The rule, also for a device that several people use: who signs in first gets what the session did
before, since it was nobody else's. What the session does after a sign-in is that user's, until
somebody else signs in on it, who gets only what happens from then on. Time is when the shopper
acted.

A join is one document, and all the rest follows from it: events that are under the session are
moved to the user by whoever sees some. An event that is on its way into the database at the moment
of the join may be missed by the one that moves and not know of the join; so each join is settled
once more a little later. That also finishes one whose process died.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from recommender.facts.errors import InvalidInput
from recommender.mongo.documents import (
    EVENTS,
    FROZEN_LISTS,
    JOINS,
    LISTS,
    SHOPPERS,
    Document,
    utc,
)

SESSION = "session:"
"""What the shopper ids of sessions begin with."""
MOST_TURNS = 100
"""Sign-ins of different users, one after the other, that one session can have."""
MOVED_AT_ONCE = 1_000
"""Events in one write, so that none takes longer than a call to the database may."""
SETTLED_AT_ONCE = 100
"""Joins that are settled in one go."""
SETTLE_AFTER = timedelta(minutes=1)
"""Longer than an event can be on its way into the database."""


@dataclass(frozen=True, slots=True)
class Move:
    """Documents of one session that are somebody's."""

    which: Document
    """As a filter."""
    user: str
    """Whose: a shopper id."""


def moves(join: Document) -> Iterator[Move]:
    """What follows from a join for all that is still under the session."""
    turns = join["turns"]
    for place, turn in enumerate(turns):
        which: Document = {"shopper_id": join["_id"]}
        if place > 0:
            which["at"] = {"$gte": turn["since"]}
        if place + 1 < len(turns):
            which.setdefault("at", {})["$lt"] = turns[place + 1]["since"]
        if turn["user"] is not None:
            yield Move(which, turn["user"])


class Joins:
    """Joins as the API needs them."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        *,
        kept: timedelta = timedelta(days=90),
        settle_after: timedelta = SETTLE_AFTER,
        changed: Callable[[Set[str]], None] = lambda _: None,
    ) -> None:
        """Joins of a database.

        Args:
            database: the shop's.
            kept: how long after its last sign-in a session's late events count for the user.
            settle_after: longer than an event can be on its way into the database.
            changed: told whose histories changed, before that is acknowledged.
        """
        self._joins = database[JOINS]
        self._events = database[EVENTS]
        self._lists = database[LISTS]
        self._frozen_lists = database[FROZEN_LISTS]
        self._shoppers = database[SHOPPERS]
        self._kept = kept
        self._settle_after = settle_after
        self._changed = changed

    async def join(self, session: str, user: str, now: datetime) -> int:
        """Let what the session did, and does from now on, count for the user.

        When this returns, the user's history has all of it. Doing it again changes nothing.

        Returns:
            How many events became the user's.

        Raises:
            InvalidInput: if the session had too many sign-ins before.
        """
        joined = await self._signed_in(session, user, now)
        await self._hand_over_attributes(joined)
        await self.hand_over_lists(joined)
        return await self.carry_out(joined)

    async def of(self, sessions: Iterable[str]) -> list[Document]:
        """The joins of those sessions that have one."""
        return await self._joins.find({"_id": {"$in": list(sessions)}}).to_list(None)

    async def carry_out(self, join: Document) -> int:
        """Move what is under the session to whom it belongs; how many events there were."""
        return sum([await self._move(move) for move in moves(join)])

    async def hand_over_lists(self, join: Document) -> None:
        """What was shown on the session was shown to whom it belongs."""
        await self._hand_over(self._lists, join)

    async def hand_over_all(self, join: Document) -> None:
        """Move whatever is under the session to whom it belongs, so that it can be forgotten.

        Lists that somebody on the session is walking cannot be walked further then.
        """
        await self.carry_out(join)
        await self._hand_over(self._lists, join)
        await self._hand_over(self._frozen_lists, join)

    async def settle(self, now: datetime) -> int:
        """Carry out once more what was joined a while ago; how many joins there were."""
        due = self._joins.find(
            {"settle_at": {"$lte": now}}, sort=[("settle_at", 1)], limit=SETTLED_AT_ONCE
        )
        joins = await due.to_list(None)
        for join in joins:
            await self.carry_out(join)
            await self.hand_over_lists(join)
            # Not if somebody signed in again meanwhile: that is to be settled later.
            await self._joins.update_one(
                {"_id": join["_id"], "settle_at": join["settle_at"]}, {"$unset": {"settle_at": 1}}
            )
        return len(joins)

    async def forget(self, shopper_id: str) -> None:
        """Let nothing tell which sessions were the user's, nor whose the session was.

        What a forgotten user did on a session that others sign in on becomes nobody else's.
        """
        await self._joins.delete_one({"_id": shopper_id})
        of_user = {"turns.user": shopper_id}
        ids = [join["_id"] for join in await self._joins.find(of_user, {"_id": 1}).to_list(None)]
        # First those that have nobody else: a repetition finds what is left of them.
        others = {"$elemMatch": {"user": {"$nin": [shopper_id, None]}}}
        await self._joins.delete_many({"_id": {"$in": ids}, "turns": {"$not": others}})
        await self._joins.update_many(
            {"_id": {"$in": ids}},
            {"$set": {"turns.$[turn].user": None}},
            array_filters=[{"turn.user": shopper_id}],
        )

    async def of_user(self, user: str) -> list[Document]:
        """The joins of the sessions that the user signed in on."""
        return await self._joins.find({"turns.user": user}, sort=[("_id", 1)]).to_list(None)

    async def _signed_in(self, session: str, user: str, now: datetime) -> Document:
        """The join with the user as the last one, which it may be already."""
        later = {"settle_at": now + self._settle_after, "expires_at": now + self._kept}
        while True:
            found = await self._joins.find_one({"_id": session})
            turns = found["turns"] if found else []
            if turns and turns[-1]["user"] == user:
                change: Document = {"$set": later}
            elif len(turns) >= MOST_TURNS:
                raise InvalidInput(
                    "session_id",
                    f"had {MOST_TURNS} sign-ins already: begin a new session when somebody signs "
                    "out",
                )
            else:
                # Clocks of those who write differ, and turns come one after the other.
                since = max([now, *(utc(turn["since"]) for turn in turns)])
                change = {"$set": later, "$push": {"turns": {"user": user, "since": since}}}
            # Only what was read is changed; of two sign-ins at once, one looks again.
            unchanged = {"_id": session, "turns": turns or {"$exists": False}}
            try:
                done = await self._joins.find_one_and_update(
                    unchanged, change, upsert=not turns, return_document=True
                )
            except DuplicateKeyError:
                continue
            if done is not None:
                return done

    async def _hand_over_attributes(self, join: Document) -> None:
        """What the shop said of the session is true of who signed in first, unless it said more."""
        first = join["turns"][0]["user"]
        said = await self._shoppers.find_one({"_id": join["_id"]})
        if said and first is not None:
            known = {"attributes": said["attributes"]}
            await self._shoppers.update_one({"_id": first}, {"$setOnInsert": known}, upsert=True)
            await self._shoppers.delete_one({"_id": join["_id"]})
            self._changed({join["_id"], first})

    async def _move(self, move: Move) -> int:
        session = move.which["shopper_id"]
        # The change stream tells what was set, and nothing of what was there before.
        mine = {"shopper_id": move.user, "joined_from": session}
        moved = 0
        async for count in _set_in_parts(self._events, move.which, mine):
            moved += count
            self._changed({session, move.user})
        return moved

    @staticmethod
    async def _hand_over(documents: AsyncCollection[Document], join: Document) -> None:
        for move in moves(join):
            async for _ in _set_in_parts(documents, move.which, {"shopper_id": move.user}):
                pass


async def _set_in_parts(
    documents: AsyncCollection[Document], which: Document, values: Document
) -> AsyncIterator[int]:
    """Set values in all of these, which are then none of these; how many there were, by parts."""
    while True:
        found = await documents.find(which, {"_id": 1}, limit=MOVED_AT_ONCE).to_list(None)
        if found:
            these = {**which, "_id": {"$in": [document["_id"] for document in found]}}
            yield (await documents.update_many(these, {"$set": values})).modified_count
        if len(found) < MOVED_AT_ONCE:
            return

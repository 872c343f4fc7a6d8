"""Keys in MongoDB."""

from collections.abc import Iterable
from datetime import datetime

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.database import Database

from recommender.facts.errors import InvalidInput, KeyConflict
from recommender.facts.keys import Key
from recommender.mongo.documents import KEYS, Document, key_document, key_of

MOST_LIVE = 2
"""Keys of a name that live at once: the old one, and the one that follows it."""


def add_key(database: Database[Document], key: Key) -> None:
    """Store a new key.

    Raises:
        KeyConflict: if as many of its name live as can, or one of the other kind.
    """
    live = [k for k in all_keys(database) if k.name == key.name and k.is_live(key.created_at)]
    if any(k.kind is not key.kind for k in live):
        raise KeyConflict(f"{key.name!r} is the name of a {live[0].kind} key: choose another one.")
    if len(live) >= MOST_LIVE:
        raise KeyConflict(
            f"{MOST_LIVE} keys are called {key.name!r} already: revoke {live[0].key_id}, the "
            "older one, first, or choose another name."
        )
    database[KEYS].insert_one(key_document(key))


def all_keys(database: Database[Document]) -> list[Key]:
    """Every key there ever was, oldest first."""
    return [key_of(d) for d in database[KEYS].find().sort({"created_at": 1})]


def revoke_keys(database: Database[Document], name_or_id: str, now: datetime) -> list[Key]:
    """Revoke the key of that id, or all of that name; those that lived until now.

    They stay in the database, so that what they did can be told, and so that a shop whose last key
    is revoked is closed and not open to all.

    Raises:
        InvalidInput: if there is no such key.
    """
    called = [k for k in all_keys(database) if name_or_id in (k.key_id, k.name)]
    if not called:
        raise InvalidInput("key", f"must be the name or the id of a key, not {name_or_id[:80]!r}")
    live = [k for k in called if k.is_live(now)]
    database[KEYS].update_many(
        {"_id": {"$in": [k.key_id for k in live]}}, {"$set": {"revoked_at": now}}
    )
    return live


class Keys:
    """Keys as the API needs them."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._keys = database[KEYS]

    async def all(self) -> list[Key]:
        """Every key there ever was."""
        return [key_of(d) async for d in self._keys.find()]

    async def note_use(self, key_ids: Iterable[str], at: datetime) -> None:
        """Remember that these were used."""
        await self._keys.update_many(
            {"_id": {"$in": list(key_ids)}}, {"$max": {"last_used_at": at}}
        )

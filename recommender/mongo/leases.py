"""Leases: one process at a time does a thing, and one that dies does not block it for long."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, PyMongoError

from recommender.facts.errors import LeaseTaken
from recommender.facts.ids import new_id
from recommender.mongo.documents import LEASES, Document


@dataclass(frozen=True, slots=True)
class Lease:
    """What one process holds, unless it slept for so long that another one took it."""

    leases: Collection[Document]
    name: str
    token: str
    """Whose it is. New for every holder, and so never twice the same."""
    seconds: float

    def still_held(self) -> bool:
        """Whether it is ours to this moment; if so it is renewed. Whoever is to publish asks."""
        # No upsert: once another one came and went, what we know is out of date for good.
        found = self.leases.update_one(
            {"_id": self.name, "token": self.token}, {"$set": {"until": self.from_now()}}
        )
        return found.matched_count == 1

    def from_now(self) -> datetime:
        """Until when it lasts if it is taken or renewed now. UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.seconds)


@contextmanager
def lease(database: Database[Document], name: str, seconds: float) -> Iterator[Lease]:
    """Hold the lease `name` while in the block, renewed by a thread every third of its time.

    Raises:
        LeaseTaken: if another process holds it, saying which and until when.
    """
    held = Lease(database[LEASES], name, new_id(), seconds)
    done = threading.Event()

    def renew() -> None:
        while not done.wait(seconds / 3):
            try:
                if not held.still_held():
                    return
            except PyMongoError:
                continue  # the lease outlives two failed renewals

    renewal = threading.Thread(target=renew, name=f"lease-{name}", daemon=True)
    # Taken inside the block that gives it back: a signal may come as soon as the server has it.
    try:
        _take(held)
        renewal.start()
        try:
            yield held
        finally:
            done.set()
            renewal.join()
    finally:
        held.leases.delete_one({"_id": name, "token": held.token})


def _take(wanted: Lease) -> None:
    """Take a lease that nobody holds any more."""
    holder = f"{socket.gethostname()} process {os.getpid()}"
    try:
        wanted.leases.update_one(
            {"_id": wanted.name, "until": {"$lt": datetime.now(UTC)}},
            {"$set": {"token": wanted.token, "holder": holder, "until": wanted.from_now()}},
            upsert=True,
        )
    except DuplicateKeyError:
        other = wanted.leases.find_one({"_id": wanted.name}) or {}
        raise LeaseTaken(
            f"Another process is doing this: {other.get('holder', 'unknown')}, until "
            f"{other.get('until', 'now')} UTC at least. Try again when it is done."
        ) from None

"""First answers to batches, kept for a while: a retry with the same key gets the same answer.

An answer holds counts, places in the batch and what is wrong there, and nothing of a shopper: what
else there is to say is read off the batch, which a retry brings along.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError
from pymongo.write_concern import WriteConcern

from recommender.facts.errors import KeyTaken
from recommender.mongo.documents import ANSWERS, Document


@dataclass(frozen=True, slots=True)
class Batch:
    """What a key stands for."""

    sender: str
    """Which key of the API it came with; each has idempotency keys of its own."""
    operation: str
    idempotency_key: str
    digest: str
    """Of all that was sent."""

    @property
    def answer_id(self) -> str:
        """What its answer is kept under."""
        return f"{self.operation}/{self.sender}/{self.idempotency_key}"


class Answers:
    """The answers that are kept."""

    def __init__(self, database: AsyncDatabase[Document], kept_hours: float) -> None:
        self._answers = database[ANSWERS]
        # A claim that is lost with the server that took it loses nothing that was answered.
        self._claims = self._answers.with_options(write_concern=WriteConcern(1))
        self._kept = timedelta(hours=kept_hours)

    async def once(
        self, batch: Batch, work: Callable[[], Awaitable[Document]], now: datetime
    ) -> Document:
        """The first answer to this batch: that of `work`, or one that was given before.

        Whoever dies before the answer is stored leaves a claim, and a retry does the work again:
        so the work must be harmless to repeat. Of two that do it at once, one answer is the first.

        Raises:
            KeyTaken: if the key came before, with something else.
        """
        key = {"_id": batch.answer_id}
        claim = {"digest": batch.digest, "expires_at": now + self._kept}
        found = await self._claims.find_one_and_update(
            key, {"$setOnInsert": claim}, upsert=True, return_document=ReturnDocument.AFTER
        )
        if (answer := _answer(found, batch)) is not None:
            return answer
        answer = await work()
        try:
            await self._answers.update_one(
                {**key, "digest": batch.digest, "answer": {"$exists": False}},
                {"$set": {"answer": answer, "expires_at": claim["expires_at"]}},
                upsert=True,
            )
        except DuplicateKeyError:
            first = _answer(await self._answers.find_one(key), batch)
            return answer if first is None else first
        return answer


def _answer(document: Document | None, batch: Batch) -> Document | None:
    if document is None:
        return None
    if document["digest"] != batch.digest:
        raise KeyTaken(
            f"The key {batch.idempotency_key!r} came with another {batch.operation} before. Take a "
            "new key for each batch, and the same one only to send the same batch again."
        )
    answer: Document | None = document.get("answer")
    return answer

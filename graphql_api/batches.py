"""What batches share: an idempotency key, a longest length, and an answer for each item."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import strawberry

from graphql_api.context import Context
from graphql_api.user_errors import UserError
from recommender.facts.ids import checked_id
from recommender.mongo.answers import Batch
from recommender.mongo.documents import Document

KEY_DESCRIPTION = (
    "Chosen by the sender, new for each batch. A retry with the same key gets the first answer "
    "back, as long as the server keeps it; the key together with another batch is a CONFLICT."
)


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the items of a batch, in a form that can be kept."""

    counts: Mapping[str, int] = field(default_factory=dict)
    places: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Items that have something in common, by their places."""
    rejected: Mapping[int, UserError] = field(default_factory=dict)
    """Place -> what is wrong with the item."""

    def to_document(self) -> Document:
        """For the answers that are kept."""
        return {
            "counts": dict(self.counts),
            "places": {name: list(places) for name, places in self.places.items()},
            "rejected": [
                {"place": place, **error.to_document()} for place, error in self.rejected.items()
            ],
        }

    @classmethod
    def from_document(cls, document: Document) -> "Told":
        """The other way."""
        rejected = {d["place"]: UserError.from_document(d) for d in document["rejected"]}
        return cls(document["counts"], document["places"], rejected)


async def told_once(
    context: Context,
    operation: str,
    input_: Any,
    work: Callable[[], Awaitable[Told]],
) -> Told:
    """The answer of `work`, or the one that was given when the same input came before.

    Raises:
        KeyTaken: if another input came with its idempotency key.
        InvalidInput: if the key cannot be one.
    """
    batch = Batch(
        sender=context.caller.name,
        operation=operation,
        idempotency_key=checked_id("idempotency_key", input_.idempotency_key),
        digest=hashlib.sha256(orjson.dumps(input_, default=_plain)).hexdigest(),
    )

    async def told() -> Document:
        return (await work()).to_document()

    return Told.from_document(await context.answers.once(batch, told, context.now()))


def _plain(value: object) -> object:
    return value.value if isinstance(value, strawberry.Some) else str(value)

"""What batches share: an idempotency key, a longest length, and an answer for each item."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson
import strawberry

from graphql_api.context import Context
from graphql_api.user_errors import UserError
from graphql_api.values import camel
from recommender.facts.errors import InvalidInput, KeyTaken
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
    refusal: UserError | None = None
    """Why nothing was done at all. Not kept: it can be put right and tried again."""

    @property
    def user_errors(self) -> list[UserError]:
        """What is wrong, with the batch or with its items."""
        return [self.refusal] if self.refusal else list(self.rejected.values())

    def rejected_count(self, size: int) -> int:
        """How many items of a batch of this size nothing was done with."""
        return size if self.refusal else len(self.rejected)

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
    items: str,
    work: Callable[[], Awaitable[Told]],
) -> Told:
    """The answer of `work`, or the one that was given when the same input came before.

    Args:
        context: of the request.
        operation: the name of the mutation.
        input_: all that was sent, with an idempotency key and the items.
        items: the name of their field.
        work: what there is to do; harmless to repeat.
    """
    size, most = len(getattr(input_, items)), context.settings.largest_batch
    if size > most:
        return Told(refusal=UserError.too_many(size, most, "input", camel(items)))

    async def told() -> Document:
        return (await work()).to_document()

    try:
        batch = Batch(
            sender=context.caller.name,
            operation=operation,
            idempotency_key=checked_id("idempotency_key", input_.idempotency_key),
            digest=_digest(input_),
        )
        return Told.from_document(await context.answers.once(batch, told, context.now()))
    except (KeyTaken, InvalidInput) as error:
        return Told(refusal=UserError.of(error, "input"))


def _digest(input_: Any) -> str:
    # orjson's own way with dataclasses takes five times as long.
    sent = orjson.dumps(input_, default=_plain, option=orjson.OPT_PASSTHROUGH_DATACLASS)
    return hashlib.sha256(sent).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, strawberry.Some):
        return [value.value]  # null is something else than nothing
    return str(value) if isinstance(value, Decimal) else vars(value)

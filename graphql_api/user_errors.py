"""Mistakes in an input that its sender can put right, as mutations tell them."""

from collections.abc import Sequence
from enum import Enum

import strawberry

from graphql_api.values import camel
from recommender.facts.errors import (
    InvalidInput,
    KeyTaken,
    NoModel,
    RecommenderError,
    TooManyJobs,
    UnknownProduct,
)


@strawberry.enum(description="What is wrong with an input.")
class UserErrorCode(Enum):
    INVALID = strawberry.enum_value("invalid", description="A value is out of bounds.")
    NOT_FOUND = strawberry.enum_value("not_found", description="There is no such thing.")
    TOO_MANY = strawberry.enum_value(
        "too_many", description="More than the server takes at once. Send it in parts."
    )
    CONFLICT = strawberry.enum_value(
        "conflict",
        description="The key or id was used before, for something else; or the state forbids it.",
    )


@strawberry.type(description="A mistake in the input that the caller can put right.")
class UserError:
    message: str = strawberry.field(description="What is wrong, and what would be right.")
    code: UserErrorCode = strawberry.field(description="For programs.")
    field: list[str] | None = strawberry.field(
        description='The path to the argument, such as ["input", "events", "3", "productId"].'
    )

    @classmethod
    def of(cls, error: RecommenderError, *path: str) -> "UserError":
        """The same mistake, as the schema has it, in the input at this path."""
        message, code, field = str(error), UserErrorCode.INVALID, list(path)
        if isinstance(error, InvalidInput):
            inner = _PATHS.get(error.field) or camel(error.field).split(".")
            message = f"{inner[-1]} {error.problem}"
            field = [*path, *inner]
        elif isinstance(error, UnknownProduct):
            code, field = UserErrorCode.NOT_FOUND, [*path, "productId"]
        elif isinstance(error, NoModel):
            code = UserErrorCode.NOT_FOUND
        elif isinstance(error, TooManyJobs):
            code = UserErrorCode.TOO_MANY
        elif isinstance(error, KeyTaken):
            code, field = UserErrorCode.CONFLICT, [*path, "idempotencyKey"]
        return cls(message=message, code=code, field=field)

    @classmethod
    def too_many(cls, found: int, most: int, *path: str) -> "UserError":
        """A batch is longer than the server takes."""
        message = f"{path[-1]} must be at most {most}, not {found}"
        return cls(message=message, code=UserErrorCode.TOO_MANY, field=list(path))

    def to_document(self) -> dict[str, object]:
        """For the answers that are kept."""
        return {"message": self.message, "code": self.code.value, "field": self.field}

    @classmethod
    def from_document(cls, document: dict[str, object]) -> "UserError":
        """The other way."""
        field = document["field"]
        return cls(
            message=str(document["message"]),
            code=UserErrorCode(document["code"]),
            field=[str(step) for step in field] if isinstance(field, Sequence) else None,
        )


_PATHS = {
    "user_id": ["shopper", "userId"],
    "session_id": ["shopper", "sessionId"],
    "at": ["occurredAt"],
}
"""Where our field names stand in the input, if not under the same name."""

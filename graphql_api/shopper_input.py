"""How a caller names a shopper."""

from typing import Self

import strawberry


@strawberry.input(one_of=True, description="Who the list is for: exactly one of the three.")
class ShopperInput:
    user_id: strawberry.Maybe[strawberry.ID] = strawberry.field(
        description="Somebody signed in, by the shop's own id."
    )
    signed_user_id: strawberry.Maybe[strawberry.ID] = strawberry.field(
        description="Somebody signed in, by an id that the shop's server signed, so that nobody "
        "can ask as somebody else: userId.expires.signature."
    )
    session_id: strawberry.Maybe[strawberry.ID] = strawberry.field(
        description="Somebody anonymous, by an id that lasts as long as the shop wants."
    )

    @classmethod
    def of_user(cls, user_id: str) -> Self:
        """Somebody signed in."""
        return cls._of(user_id=user_id)

    @classmethod
    def of_signed_user(cls, signed_user_id: str) -> Self:
        """Somebody signed in, for whom the shop's server vouches."""
        return cls._of(signed_user_id=signed_user_id)

    @classmethod
    def of_session(cls, session_id: str) -> Self:
        """Somebody anonymous."""
        return cls._of(session_id=session_id)

    @classmethod
    def _of(cls, **given: str) -> Self:
        ids = {name: strawberry.Some(strawberry.ID(text)) for name, text in given.items()}
        return cls(**{"user_id": None, "signed_user_id": None, "session_id": None, **ids})

"""How a caller names a shopper."""

from typing import Self

import strawberry


@strawberry.input(one_of=True, description="Who the list is for: exactly one of the two.")
class ShopperInput:
    user_id: strawberry.Maybe[strawberry.ID] = strawberry.field(
        description="Somebody signed in, by the shop's own id."
    )
    session_id: strawberry.Maybe[strawberry.ID] = strawberry.field(
        description="Somebody anonymous, by an id that lasts as long as the shop wants."
    )

    @classmethod
    def of_user(cls, user_id: str) -> Self:
        """Somebody signed in."""
        return cls(user_id=strawberry.Some(strawberry.ID(user_id)), session_id=None)

    @classmethod
    def of_session(cls, session_id: str) -> Self:
        """Somebody anonymous."""
        return cls(user_id=None, session_id=strawberry.Some(strawberry.ID(session_id)))

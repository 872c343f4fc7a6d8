"""What the shop says of its shoppers, in the schema."""

from typing import Annotated

import strawberry

from graphql_api.context import Context
from graphql_api.keys import Scope
from graphql_api.products import Info
from graphql_api.shopper_input import ShopperInput
from graphql_api.user_errors import UserError
from recommender.facts.errors import InvalidInput
from recommender.facts.shopper_attributes import ShopperAttributes


@strawberry.input(description="A property, such as country: France.")
class AttributeInput:
    name: str = strawberry.field(description="Such as country.")
    value: str = strawberry.field(description="Such as France.")


@strawberry.input(description="What the shop says of one shopper.")
class ShopperAttributesInput:
    shopper: ShopperInput = strawberry.field(description="Of whom.")
    attributes: list[AttributeInput] = strawberry.field(
        description="Country, segment, age or whatever may tell tastes apart; in the place of all "
        "that was said before. Reasons show names and values to the shopper."
    )

    def to_shopper(self, context: Context) -> ShopperAttributes:
        """What this says.

        Raises:
            InvalidInput: naming what is out of bounds.
        """
        return ShopperAttributes(
            context.shopper_of(self.shopper), tuple((a.name, a.value) for a in self.attributes)
        )


@strawberry.input(description="What the shop says of many shoppers.")
class UpsertShoppersInput:
    shoppers: list[ShopperAttributesInput] = strawberry.field(
        description="At most the server's LARGEST_BATCH, 500 unless set."
    )


@strawberry.type(description="What became of each shopper of a batch.")
class UpsertShoppersPayload:
    created_count: int = strawberry.field(description="Of whom nothing was said before.")
    updated_count: int = strawberry.field(description="Of whom something else was said before.")
    unchanged_count: int = strawberry.field(description="Of whom the same was said before.")
    rejected_count: int = strawberry.field(description="With a mistake in what is said.")
    user_errors: list[UserError] = strawberry.field(
        description="One for each rejected shopper, with the place in the batch."
    )


@strawberry.type
class ShopperMutations:
    @strawberry.mutation(
        description="Say what is known of shoppers beside what they do. The next training learns "
        "from it what shoppers like them take to; from then on it speaks for those who did little "
        "yet. One mistake keeps none of the others out, and sending again is harmless."
    )
    async def upsert_shoppers(
        self,
        info: Info,
        input: Annotated[UpsertShoppersInput, strawberry.argument(description="The shoppers.")],  # noqa: A002
    ) -> UpsertShoppersPayload:
        info.context.caller.require(Scope.SHOPPERS)
        most = info.context.settings.largest_batch
        if len(input.shoppers) > most:
            raise InvalidInput("shoppers", f"must be at most {most}, not {len(input.shoppers)}")
        shoppers: list[ShopperAttributes] = []
        errors: list[UserError] = []
        for place, said in enumerate(input.shoppers):
            try:
                shoppers.append(said.to_shopper(info.context))
            except InvalidInput as error:
                errors.append(UserError.of(error, "input", "shoppers", str(place)))
        stored = await info.context.shoppers.upsert(shoppers)
        return UpsertShoppersPayload(
            created_count=stored.created,
            updated_count=stored.updated,
            unchanged_count=stored.unchanged,
            rejected_count=len(errors),
            user_errors=errors,
        )

"""Whole pages in one call, and why a product is not on a shelf, in the schema."""

from collections.abc import Sequence
from typing import Annotated, Self, Unpack

import strawberry

from graphql_api.keys import Scope
from graphql_api.products import Info, ProductIdArgument
from graphql_api.recommendations import RecommendationShelf, lists_for
from graphql_api.shelf_input import (
    ContextArgument,
    Controls,
    PlacementArgument,
    RecommendationContextInput,
    ShelfInput,
    ShelvesArgument,
    Shopper,
    with_controls,
)
from graphql_api.shelves import why_not_for
from graphql_api.shopper_input import ShopperInput
from recommender.facts import fates
from recommender.facts.ids import checked_id
from recommender.facts.placements import Strategy
from recommender.facts.request import Request, checked_limit


@strawberry.type(description="Where one product stands when a shelf is filled.")
class WhyNot:
    product_id: strawberry.ID = strawberry.field(description="The shop's own id.")
    fate: fates.Fate = strawberry.field(
        description="SHOWN, or the first rule that keeps it off the shelf."
    )
    place: int | None = strawberry.field(
        description="Its place on the shelf, from 1, where it is shown."
    )
    strategy: Strategy | None = strawberry.field(
        description="What it was scored by: the first strategy of the shelf that may show it and "
        "has something to say about it."
    )
    score: float | None = strawberry.field(description="By that strategy.")
    rank_among_all: int | None = strawberry.field(
        description="From 1, among all products of the shop, by the score with boosts and rotation."
    )
    rank_among_eligible: int | None = strawberry.field(
        description="The same among those that no rule keeps out; null where a rule does."
    )

    @classmethod
    def of(cls, found: fates.WhyNot) -> Self:
        """The same, as the schema has it."""
        return cls(
            product_id=strawberry.ID(found.product_id),
            fate=found.fate,
            place=found.place,
            strategy=found.strategy,
            score=found.score,
            rank_among_all=found.rank_among_all,
            rank_among_eligible=found.rank_among_eligible,
        )


async def page_for(
    info: Info,
    shopper: ShopperInput,
    shelves: Sequence[ShelfInput],
    context: RecommendationContextInput | None,
) -> list[RecommendationShelf]:
    """All shelves of a page: one look at the shopper, and no product on two of them."""
    info.context.caller.require(Scope.READ)
    shopper_id = info.context.shopper_of(shopper)
    return await lists_for(
        info, requests_of(info, shelves, context), shopper_id, RecommendationShelf
    )


def requests_of(
    info: Info, shelves: Sequence[ShelfInput], context: RecommendationContextInput | None
) -> list[Request]:
    """What the shelves of a page ask for.

    Raises:
        InvalidInput: if there are too many, or naming what is out of bounds.
    """
    checked_limit("shelves", len(shelves), info.context.settings.most_shelves)
    return [shelf.request_on(info.context, context) for shelf in shelves]


@strawberry.type
class PageQueries:
    @strawberry.field(
        description="All shelves of a page in one call, in the order asked for. No product is on "
        "two of them: the earlier shelf has it. Each can be walked further with "
        "recommendations(after:) and the same arguments."
    )
    async def page(
        self,
        info: Info,
        shopper: Shopper,
        shelves: ShelvesArgument,
        context: ContextArgument = None,
    ) -> list[RecommendationShelf] | None:
        return await page_for(info, shopper, shelves, context)

    @strawberry.field(
        description="Why a product is not on a shelf: ask as for the shelf itself. The answer "
        "comes from filling that very shelf."
    )
    @with_controls
    async def why_not(
        self,
        info: Info,
        shopper: Shopper,
        product_id: ProductIdArgument,
        placement: PlacementArgument = "home",
        context: ContextArgument = None,
        before: Annotated[
            list[ShelfInput] | None,
            strawberry.argument(description="Shelves of the same page that come before this one."),
        ] = None,
        **controls: Unpack[Controls],
    ) -> WhyNot | None:
        info.context.caller.require(Scope.READ)
        shelf = ShelfInput(placement=placement, **controls)
        requests = requests_of(info, [*(before or ()), shelf], context)
        asked_about = checked_id("productId", str(product_id))
        shopper_id = info.context.shopper_of(shopper)
        return WhyNot.of(await why_not_for(info.context, asked_about, requests, shopper_id))

"""One shopper looked at, in the schema: what they did, and the lists they would get after more."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import strawberry

from graphql_api.keys import Scope
from graphql_api.pages import requests_of
from graphql_api.products import Attribute, Info, Product, product_of
from graphql_api.recommendations import RecommendationShelf, look_of
from graphql_api.shelf_input import ContextArgument, ShelvesArgument, Shopper
from graphql_api.shelves import made_for
from recommender.facts import events as facts
from recommender.facts.errors import InvalidInput
from recommender.facts.ids import checked_id
from recommender.facts.request import checked_limit

DEFAULT_ACTS = 50
"""Acts of a history for which no number was asked."""
MOST_SUPPOSED = 50
"""Acts that can be supposed at a time."""
APART = timedelta(milliseconds=1)
"""From one supposed act to the next: the last of them is the latest."""


@strawberry.type(description="One act of a shopper, as lists take it into account.")
class ShopperAct:
    type: facts.EventType = strawberry.field(description="What was done.")
    at: datetime = strawberry.field(description="When, by the shop's clock.")
    product_id: strawberry.ID = strawberry.field(description="To what, by the shop's own id.")
    product: Product | None = strawberry.field(
        description="The product; null if the catalogue no longer has it."
    )
    rating: float | None = strawberry.field(description="Stars from 1 to 5, of a rating.")


@strawberry.type(description="What lists know of a shopper.")
class ShopperHistory:
    history: strawberry.Private[facts.History]
    bought_count: int = strawberry.field(
        description="Products that the shopper ever bought or rated."
    )
    turned_away_count: int = strawberry.field(
        description="Products of which the latest that the shopper said is against them."
    )
    attributes: list[Attribute] = strawberry.field(
        description="What the shop says of the shopper, if the model in service goes by that."
    )

    @strawberry.field(
        description="The latest acts, latest first, as far as the server's HISTORY_LENGTH goes. "
        "Impressions are no part of it."
    )
    def acts(
        self,
        info: Info,
        limit: Annotated[
            int, strawberry.argument(description="At most so many, up to LONGEST_PAGE.")
        ] = DEFAULT_ACTS,
    ) -> list[ShopperAct]:
        count = checked_limit("limit", limit, info.context.settings.longest_page)
        return [
            ShopperAct(
                type=act.type,
                at=act.at,
                product_id=strawberry.ID(act.product_id),
                product=product_of(info.context, act.product_id),
                rating=act.rating,
            )
            for act in self.history.acts[:count]
        ]


@strawberry.input(description="An act that is only supposed. Nothing of it is stored.")
class SupposedActInput:
    type: facts.EventType = strawberry.field(description="What would be done.")
    product_id: strawberry.ID = strawberry.field(description="To what, by the shop's own id.")
    rating: float | None = strawberry.field(
        default=None, description="Stars from 1 to 5, for acts of type RATING."
    )


def supposed(acts: Sequence[SupposedActInput], now: datetime) -> list[facts.Act]:
    """The acts as if they were being done now one after the other, latest first.

    Raises:
        InvalidInput: naming what is out of bounds.
    """
    if len(acts) > MOST_SUPPOSED:
        raise InvalidInput("acts", f"must be at most {MOST_SUPPOSED}, not {len(acts)}")
    found = []
    for n, act in enumerate(reversed(acts)):
        if (act.type is facts.EventType.RATING) != (act.rating is not None):
            raise InvalidInput("rating", "belongs to acts of type RATING, and to each of them")
        rating = None if act.rating is None else facts.checked_rating(act.rating)
        product_id = checked_id("productId", str(act.product_id))
        found.append(facts.Act(product_id, act.type, now - n * APART, rating))
    # Impressions are no part of a history.
    return [act for act in found if act.type is not facts.EventType.IMPRESSION]


@strawberry.type
class ExplorerQueries:
    @strawberry.field(
        description="What lists know of a shopper. exportShopper has all that is held of them. "
        "Needs a secret key."
    )
    async def shopper_history(self, info: Info, shopper: Shopper) -> ShopperHistory | None:
        info.context.caller.require(Scope.SHOPPERS)
        history = await info.context.history_of(info.context.shopper_of(shopper))
        return ShopperHistory(
            history=history,
            bought_count=len(history.bought),
            turned_away_count=len(history.turned_away),
            attributes=[Attribute(name=n, value=v) for n, v in history.attributes],
        )

    @strawberry.field(
        description="The shelves of a page as they would be if the shopper did something more. "
        "Nothing is stored: no act, and no list, so that none can be credited or walked further. "
        "Without acts: the shelves as they are. Needs a secret key."
    )
    async def what_if(
        self,
        info: Info,
        shopper: Shopper,
        acts: Annotated[
            list[SupposedActInput],
            strawberry.argument(
                description=f"What the shopper would do, the latest last; at most {MOST_SUPPOSED}."
            ),
        ],
        shelves: ShelvesArgument,
        context: ContextArgument = None,
    ) -> list[RecommendationShelf] | None:
        info.context.caller.require(Scope.SHOPPERS)
        shopper_id = info.context.shopper_of(shopper)
        requests = requests_of(info, shelves, context)
        then = supposed(acts, info.context.now())
        made = await made_for(info.context, requests, shopper_id, acts=then)
        look, base_url = look_of(info)._replace(walks=False), info.context.settings.base_url
        return [RecommendationShelf.of(shelf, base_url, look) for shelf in made]

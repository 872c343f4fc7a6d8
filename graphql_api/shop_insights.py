"""What the shop's own data say, in the schema."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Self, TypeVar

import strawberry

from graphql_api.insights import TimeRangeInput, amount, amounts
from graphql_api.keys import Scope
from graphql_api.products import Info, Money, Product, product_of
from recommender.facts.events import EventType
from recommender.facts.insights import Range
from recommender.facts.request import checked_limit
from recommender.insights import funnel as facts
from recommender.insights.baskets import FEWEST_TOGETHER, BasketSizes, Repeats
from recommender.insights.changes import FALSE_SHARE, FEWEST, Change
from recommender.insights.shop import ShopInsights as Computed
from recommender.insights.shop import period_before

MOST = 100
"""Entries of each list."""

Found = TypeVar("Found")

Limit = Annotated[int, strawberry.argument(description=f"How many, at most {MOST}.")]


@strawberry.type(description="Events of one type.")
class EventCount:
    type: EventType = strawberry.field(description="The type.")
    count: int = strawberry.field(description="How many there were.")


@strawberry.type(description="A product that rises or falls.")
class ProductChange:
    product_id: strawberry.ID = strawberry.field(description="The shop's own id.")
    product: Product | None = strawberry.field(
        description="The product; null if it has just left the catalogue."
    )
    shoppers: int = strawberry.field(description="Whom it drew, each once.")
    shoppers_before: int = strawberry.field(description="The same in the time before, as long.")
    change: float | None = strawberry.field(
        description="1 for twice as many, -0.5 for half as many; null where there were none before."
    )

    @classmethod
    def of(cls, found: Change, info: Info) -> Self:
        """The same, as the schema has it."""
        return cls(
            product_id=strawberry.ID(found.key),
            product=product_of(info.context, found.key),
            shoppers=found.shoppers,
            shoppers_before=found.before,
            change=found.change,
        )


@strawberry.type(description="A category that rises or falls.")
class CategoryChange:
    category: str = strawberry.field(description='Its path, such as "Home > Kitchen".')
    shoppers: int = strawberry.field(description="Whom its products drew, each once.")
    shoppers_before: int = strawberry.field(description="The same in the time before, as long.")
    change: float | None = strawberry.field(
        description="1 for twice as many, -0.5 for half as many; null where there were none before."
    )

    @classmethod
    def of(cls, found: Change) -> Self:
        """The same, as the schema has it."""
        return cls(
            category=found.key,
            shoppers=found.shoppers,
            shoppers_before=found.before,
            change=found.change,
        )


@strawberry.type(
    description="How far shoppers come. Each counts once, and whoever is counted further down is "
    "counted above too."
)
class Funnel:
    viewed: int = strawberry.field(description="Shoppers who viewed or clicked something.")
    added_to_cart: int = strawberry.field(
        description="Of these, those who put something into a cart; who bought is taken to have."
    )
    purchased: int = strawberry.field(description="Of these, those who bought something.")
    purchased_unseen: int = strawberry.field(
        description="Shoppers who bought something and of whom we were told no view. Not counted "
        "above."
    )
    cart_rate: float | None = strawberry.field(
        description="Added to cart over viewed; null while nobody viewed."
    )
    purchase_rate: float | None = strawberry.field(
        description="Purchased over viewed; null while nobody viewed."
    )

    @classmethod
    def of(cls, found: facts.Funnel) -> Self:
        """The same, as the schema has it."""
        return cls(
            viewed=found.viewed,
            added_to_cart=found.carted,
            purchased=found.bought,
            purchased_unseen=found.bought_unseen,
            cart_rate=found.cart_rate,
            purchase_rate=found.purchase_rate,
        )


@strawberry.type(description="How far shoppers come in one category.")
class CategoryFunnel:
    category: str = strawberry.field(description='Its path, such as "Home > Kitchen".')
    funnel: Funnel = strawberry.field(description="With any of its products.")


@strawberry.type(description="How far shoppers come with products that cost about the same.")
class PriceBandFunnel:
    from_: Money = strawberry.field(name="from", description="The lowest price of the band.")
    below: Money = strawberry.field(description="The lowest price that is above the band.")
    funnel: Funnel = strawberry.field(description="With any of its products.")


@strawberry.type(description="What baskets are worth that were paid in one currency.")
class BasketValues:
    baskets: int = strawberry.field(description="How many were.")
    total: Money = strawberry.field(description="All of them together.")
    mean: Money = strawberry.field(description="A basket on average.")
    median: Money = strawberry.field(description="Half of the baskets are worth less.")


@strawberry.type(
    description="What is bought at once: the lines of one order, or else purchases of one shopper "
    "with less than an hour from each to the next."
)
class Baskets:
    count: int = strawberry.field(description="How many there were.")
    mean_products: float | None = strawberry.field(
        description="Different products of a basket; null while there are no baskets."
    )
    median_products: float | None = strawberry.field(
        description="Half of the baskets have fewer; null while there are none."
    )
    mean_pieces: float | None = strawberry.field(
        description="Pieces of a basket; null while there are no baskets."
    )
    values: list[BasketValues] = strawberry.field(
        description="One entry for each currency. Only what came with a secret key: anybody can "
        "make up a purchase in a browser."
    )

    @classmethod
    def of(cls, found: BasketSizes) -> Self:
        """The same, as the schema has it."""
        return cls(
            count=found.count,
            mean_products=found.mean_products,
            median_products=found.median_products,
            mean_pieces=found.mean_pieces,
            values=[
                BasketValues(
                    baskets=values.baskets,
                    total=amount(values.total, currency),
                    mean=amount(values.mean, currency),
                    median=amount(values.median, currency),
                )
                for currency, values in found.values.items()
            ],
        )


@strawberry.type(description="Two products that are bought together.")
class ProductPair:
    product_ids: list[strawberry.ID] = strawberry.field(description="The shop's own ids, two.")
    products: list[Product] = strawberry.field(
        description="Those of the two that the catalogue still has."
    )
    support: int = strawberry.field(description="Baskets with both.")
    lift: float = strawberry.field(
        description="How many times more often the two share a basket than if neither cared for "
        "the other."
    )


@strawberry.type(description="Whether shoppers come back within the time that is asked for.")
class RepeatPurchases:
    buyers: int = strawberry.field(description="Shoppers who bought something.")
    returning: int = strawberry.field(description="Of these, those with two baskets or more.")
    returning_share: float | None = strawberry.field(
        description="Returning over buyers; null while there are no buyers."
    )
    days_between: list[float] = strawberry.field(
        description="Days from one basket of a shopper to the next: a quarter of the times are "
        "shorter than the first number, half of them than the second, three quarters than the "
        "third. Empty while nobody returned."
    )
    bought_again_share: float | None = strawberry.field(
        description="Of all shoppers with each product they bought, the share in which they had it "
        "in two baskets or more; null while nothing was bought."
    )

    @classmethod
    def of(cls, found: Repeats) -> Self:
        """The same, as the schema has it."""
        return cls(
            buyers=found.buyers,
            returning=found.returning,
            returning_share=found.returning_share,
            days_between=list(found.days_between or ()),
            bought_again_share=found.bought_again_share,
        )


@strawberry.type(description="A product that is wanted and not for sale now.")
class WantedProduct:
    product_id: strawberry.ID = strawberry.field(description="The shop's own id.")
    product: Product | None = strawberry.field(
        description="The product; null if it has just left the catalogue."
    )
    viewed: int = strawberry.field(description="Shoppers who viewed or clicked it.")
    added_to_cart: int = strawberry.field(description="Shoppers who put it into a cart.")


@strawberry.type(description="What the shop's data say of some time.")
class ShopInsights:
    found: strawberry.Private[Computed]

    @strawberry.field(description="What was told of that time, by type.")
    def events(self) -> list[EventCount]:
        return [EventCount(type=t, count=count) for t, count in self.found.events.items()]

    @strawberry.field(description="Shoppers who did anything, each once.")
    def shoppers(self) -> int:
        return self.found.shoppers

    @strawberry.field(
        description="What purchases brought in, one entry for each currency. Only what came with a "
        "secret key: anybody can make up a purchase in a browser."
    )
    def revenue(self) -> list[Money]:
        return amounts(self.found.revenue)

    @strawberry.field(
        description="What rising and falling is counted by: shoppers who bought; in a shop that "
        "tells of no purchases who put into a cart; else who viewed or clicked."
    )
    def changes_counted_by(self) -> EventType:
        return self.found.counted_by

    @strawberry.field(
        description="Products that draw more shoppers than in the time before, and rose more than "
        "the shop did, each beyond chance: with so many shown that chance is expected to account "
        f"for {FALSE_SHARE:.0%} of them, and {FEWEST} shoppers in both times together at least. "
        "First what rose most for sure."
    )
    async def rising_products(self, info: Info, limit: Limit = 10) -> list[ProductChange]:
        found = await _first(limit, lambda: self.found.product_changes.rising)
        return [ProductChange.of(change, info) for change in found]

    @strawberry.field(description="Products that fall, likewise. First what fell most for sure.")
    async def falling_products(self, info: Info, limit: Limit = 10) -> list[ProductChange]:
        found = await _first(limit, lambda: self.found.product_changes.falling)
        return [ProductChange.of(change, info) for change in found]

    @strawberry.field(
        description="Categories that rise, likewise; at every level. First what rose most for sure."
    )
    async def rising_categories(self, limit: Limit = 10) -> list[CategoryChange]:
        found = await _first(limit, lambda: self.found.category_changes.rising)
        return [CategoryChange.of(change) for change in found]

    @strawberry.field(
        description="Categories that fall, likewise; at every level. First what fell most for sure."
    )
    async def falling_categories(self, limit: Limit = 10) -> list[CategoryChange]:
        found = await _first(limit, lambda: self.found.category_changes.falling)
        return [CategoryChange.of(change) for change in found]

    @strawberry.field(description="How far shoppers come, in the whole shop.")
    async def funnel(self) -> Funnel:
        return Funnel.of(await asyncio.to_thread(lambda: self.found.funnel))

    @strawberry.field(
        description="How far shoppers come in each category, at every level: who viewed one mug "
        "and bought another went all the way of mugs. First the one with the most shoppers."
    )
    async def funnel_by_category(self, limit: Limit = 20) -> list[CategoryFunnel]:
        found = await _first(limit, lambda: self.found.funnel_by_category)
        return [CategoryFunnel(category=f.key, funnel=Funnel.of(f.funnel)) for f in found]

    @strawberry.field(
        description="How far shoppers come by what products cost now, in bands that begin at 1, 2, "
        "5, 10, 20, 50 and so on. By currency, the lowest first."
    )
    async def funnel_by_price(self, limit: Limit = MOST) -> list[PriceBandFunnel]:
        found = await _first(limit, lambda: self.found.funnel_by_price)
        return [
            PriceBandFunnel(
                from_=amount(f.key.low.minor_units, f.key.low.currency),
                below=amount(f.key.high.minor_units, f.key.high.currency),
                funnel=Funnel.of(f.funnel),
            )
            for f in found
        ]

    @strawberry.field(description="How large baskets are, and what they are worth.")
    async def baskets(self) -> Baskets:
        return Baskets.of(await asyncio.to_thread(lambda: self.found.basket_sizes))

    @strawberry.field(
        description=f"What is bought together, in {FEWEST_TOGETHER} baskets at least and "
        "more often than by chance. First the strongest, by the geometric mean of lift and support."
    )
    async def bought_together(self, info: Info, limit: Limit = 10) -> list[ProductPair]:
        found = await _first(limit, lambda: self.found.pairs)
        return [
            ProductPair(
                product_ids=[strawberry.ID(pair.first), strawberry.ID(pair.second)],
                products=[
                    product
                    for id_ in (pair.first, pair.second)
                    if (product := product_of(info.context, id_))
                ],
                support=pair.support,
                lift=pair.lift,
            )
            for pair in found
        ]

    @strawberry.field(description="Whether shoppers come back.")
    async def repeat_purchases(self) -> RepeatPurchases:
        return RepeatPurchases.of(await asyncio.to_thread(lambda: self.found.repeats))

    @strawberry.field(
        description="Products that shoppers viewed or put into carts, and that are not for sale "
        "now. First the most carted, then the most viewed."
    )
    async def wanted_out_of_stock(self, info: Info, limit: Limit = 10) -> list[WantedProduct]:
        found = await _first(limit, lambda: self.found.wanted)
        return [
            WantedProduct(
                product_id=strawberry.ID(w.product_id),
                product=product_of(info.context, w.product_id),
                viewed=w.viewed,
                added_to_cart=w.carted,
            )
            for w in found
        ]


async def _first(limit: int, compute: Callable[[], Sequence[Found]]) -> Sequence[Found]:
    """The first of what is computed, beside all else that the server does.

    Raises:
        InvalidInput: if that many are too many.
    """
    limit = checked_limit("limit", limit, MOST)
    return (await asyncio.to_thread(compute))[:limit]


@strawberry.type
class ShopInsightQueries:
    @strawberry.field(
        description="What the shop's own data say: products and categories that rise and fall, how "
        "far shoppers come, baskets, repeat purchases, and what is wanted but out of stock. By the "
        "shop's clock, UTC. Needs a secret key."
    )
    async def shop_insights(
        self,
        info: Info,
        range: Annotated[  # noqa: A002
            TimeRangeInput,
            strawberry.argument(
                description="When shoppers acted. What rises and falls is measured against the "
                "time just before, as long."
            ),
        ],
    ) -> ShopInsights | None:
        context = info.context
        context.caller.require(Scope.INSIGHTS)
        within = range.to_range()
        before = period_before(within)
        acts = await context.acts.read(Range(before.start, within.end))
        live = context.live
        products = {id_: live.products[row] for id_, row in live.row_of.items()}
        return ShopInsights(found=await asyncio.to_thread(Computed, within, acts, products))

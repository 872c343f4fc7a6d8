"""What recommendations earn, in the schema."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Self

import strawberry

from graphql_api.keys import Scope
from graphql_api.products import Info, Money, Product, product_of
from graphql_api.shelf_input import placement_named
from graphql_api.values import CurrencyCode, utc
from recommender.facts import insights as facts
from recommender.facts.errors import InvalidInput
from recommender.facts.money import MINOR_DIGITS
from recommender.facts.request import checked_limit
from recommender.mongo.insights import Insights as Counted

LONGEST_RANGE = timedelta(days=800)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""No event is older."""
MOST_POINTS = 1_000
"""Entries of a series."""
MOST_PRODUCTS = 100

_SECONDS = {
    facts.Granularity.HOUR: 3_600,
    facts.Granularity.DAY: 86_400,
    facts.Granularity.WEEK: 604_800,
}


@strawberry.input(description="Some time, by the shop's clock.")
class TimeRangeInput:
    from_: datetime = strawberry.field(name="from", description="Its first moment.")
    to: datetime = strawberry.field(description="The first moment after it.")

    def to_range(self) -> facts.Range:
        """The same in UTC.

        Raises:
            InvalidInput: if it ends before it begins, or is too long or too long ago.
        """
        start, end = utc(self.from_, "from"), utc(self.to, "to")
        if start < EARLIEST:
            raise InvalidInput("from", f"must be {EARLIEST.isoformat()} or later")
        if not start < end:
            raise InvalidInput("to", f"must be later than from, not {end.isoformat()}")
        if end - start > LONGEST_RANGE:
            raise InvalidInput("to", f"must be at most {LONGEST_RANGE.days} days after from")
        return facts.Range(start, end)


@strawberry.type(description="What was served, and what shoppers did with it.")
class InsightTotals:
    lists: int = strawberry.field(description="Lists served.")
    empty_lists: int = strawberry.field(description="Lists with no product on them.")
    filler_share: float | None = strawberry.field(
        description="The share of places that the list's own strategy left to another one, from 0 "
        "to 1; null while there are no places."
    )
    impressions: int = strawberry.field(
        description="Products of lists that were on a screen, each once for each list."
    )
    clicks: int = strawberry.field(description="Products of lists that were clicked, likewise.")
    add_to_carts: int = strawberry.field(description="Acts that named the list they came from.")
    purchases: int = strawberry.field(description="Likewise.")
    click_through_rate: float | None = strawberry.field(
        description="Clicks over impressions; null while there are no impressions."
    )
    conversion_rate: float | None = strawberry.field(
        description="Purchases over clicks; null while there are no clicks."
    )
    attributed_revenue: list[Money] = strawberry.field(
        description="What those purchases brought in, one entry for each currency. Only what came "
        "with a secret key: anybody can make up a purchase in a browser."
    )
    add_to_carts_within_window: int = strawberry.field(
        description="Acts that named no list, on products that a list had shown to the shopper "
        "within the server's ATTRIBUTION_WINDOW_HOURS before. Not counted in addToCarts."
    )
    purchases_within_window: int = strawberry.field(
        description="Likewise. Not counted in purchases."
    )
    revenue_within_window: list[Money] = strawberry.field(
        description="What those brought in. Not counted in attributedRevenue."
    )

    @classmethod
    def of(cls, totals: facts.Totals) -> Self:
        """The same, as the schema has it."""
        direct, window = totals.direct, totals.within_window
        return cls(
            lists=totals.lists,
            empty_lists=totals.empty_lists,
            filler_share=totals.filler_share,
            impressions=direct.impressions,
            clicks=direct.clicks,
            add_to_carts=direct.add_to_carts,
            purchases=direct.purchases,
            click_through_rate=totals.click_through_rate,
            conversion_rate=totals.conversion_rate,
            attributed_revenue=amounts(direct.revenue),
            add_to_carts_within_window=window.add_to_carts,
            purchases_within_window=window.purchases,
            revenue_within_window=amounts(window.revenue),
        )


def amount(minor_units: int, currency: str) -> Money:
    """A sum of money, which may be larger than one price may be."""
    return Money(
        amount=Decimal(minor_units).scaleb(-MINOR_DIGITS.get(currency, 2)),
        currency_code=CurrencyCode(currency),
    )


def amounts(revenue: Mapping[str, int]) -> list[Money]:
    """One entry for each currency, in the order of their names."""
    return [amount(minor_units, currency) for currency, minor_units in sorted(revenue.items())]


@strawberry.type(description="One hour, day or week.")
class InsightPoint:
    at: datetime = strawberry.field(description="When it begins; weeks on Monday, UTC.")
    totals: InsightTotals = strawberry.field(description="What came of the lists in it.")


@strawberry.type(description="One shelf.")
class PlacementInsight:
    placement: str = strawberry.field(description="Its name.")
    totals: InsightTotals = strawberry.field(description="What came of its lists.")


@strawberry.type(description="One way to choose products.")
class StrategyInsight:
    strategy: str = strawberry.field(description="Its name, in capitals as in the enum.")
    totals: InsightTotals = strawberry.field(
        description="What came of its places. A list counts for each strategy with a place on it."
    )


@strawberry.type(description="One model.")
class ModelInsight:
    model_version: str | None = strawberry.field(
        description="Which; null for lists from before the first training."
    )
    totals: InsightTotals = strawberry.field(description="What came of its lists.")


@strawberry.type(description="One product.")
class ProductInsight:
    product_id: strawberry.ID = strawberry.field(description="The shop's own id.")
    product: Product | None = strawberry.field(
        description="The product; null if the catalogue no longer has it."
    )
    totals: InsightTotals = strawberry.field(
        description="What shoppers did with it on lists. lists, emptyLists and fillerShare are not "
        "counted here."
    )


@strawberry.type(description="What came of the lists of some time.")
class Insights:
    credited_through: datetime | None = strawberry.field(
        description="Every act that we heard of before this moment is counted; null if nothing was "
        "ever credited."
    )
    counted: strawberry.Private[Counted]

    @strawberry.field(description="Over all of it.")
    async def totals(self) -> InsightTotals:
        return InsightTotals.of(await self.counted.totals())

    @strawberry.field(
        description="One entry for each hour, day or week in which there was something."
    )
    async def series(
        self,
        granularity: Annotated[
            facts.Granularity, strawberry.argument(description="How finely.")
        ] = facts.Granularity.DAY,
    ) -> list[InsightPoint]:
        within = self.counted.within
        points = (within.end - within.start).total_seconds() / _SECONDS[granularity]
        if points > MOST_POINTS:
            raise InvalidInput(
                "granularity",
                f"must be coarser: {points:.0f} entries would be more than {MOST_POINTS}",
            )
        found = await self.counted.series(granularity)
        return [InsightPoint(at=at, totals=InsightTotals.of(t)) for at, t in found.items()]

    @strawberry.field(description="Shelf by shelf, in the order of their names.")
    async def by_placement(self) -> list[PlacementInsight]:
        found = sorted((await self.counted.by_placement()).items())
        return [PlacementInsight(placement=p, totals=InsightTotals.of(t)) for p, t in found]

    @strawberry.field(description="By what chose the product, in the order of their names.")
    async def by_strategy(self) -> list[StrategyInsight]:
        found = sorted((await self.counted.by_strategy()).items())
        return [StrategyInsight(strategy=s.upper(), totals=InsightTotals.of(t)) for s, t in found]

    @strawberry.field(description="Model by model, the newest first.")
    async def by_model(self) -> list[ModelInsight]:
        found = await self.counted.by_model()
        versions = sorted(found, key=lambda version: version or "", reverse=True)
        return [ModelInsight(model_version=v, totals=InsightTotals.of(found[v])) for v in versions]

    @strawberry.field(description="What earned most, then what was bought and clicked most.")
    async def top_products(
        self,
        info: Info,
        limit: Annotated[
            int, strawberry.argument(description=f"How many, at most {MOST_PRODUCTS}.")
        ] = 10,
    ) -> list[ProductInsight]:
        found = await self.counted.top_products(checked_limit("limit", limit, MOST_PRODUCTS))
        return [
            ProductInsight(
                product_id=strawberry.ID(p),
                product=product_of(info.context, p),
                totals=InsightTotals.of(totals),
            )
            for p, totals in found.items()
        ]

    @strawberry.field(
        description="The share of the catalogue, as it is now, that was shown at least once, from "
        "0 to 1; null while the catalogue is empty."
    )
    async def catalogue_coverage(self, info: Info) -> float | None:
        count = len(info.context.live.row_of)
        return min(await self.counted.products_shown() / count, 1.0) if count else None


@strawberry.type
class InsightQueries:
    @strawberry.field(
        description="What came of the lists that were served: acts that named one, and labelled as "
        "such, acts shortly after it that named none. Needs a secret key."
    )
    async def insights(
        self,
        info: Info,
        range: Annotated[  # noqa: A002
            TimeRangeInput, strawberry.argument(description="When lists were served and acts done.")
        ],
        placement: Annotated[
            str | None, strawberry.argument(description="One shelf; all if nothing is said.")
        ] = None,
    ) -> Insights | None:
        context = info.context
        context.caller.require(Scope.INSIGHTS)
        within = range.to_range()
        shelf = placement_named(placement).value if placement is not None else None
        await context.crediting.catch_up()
        return Insights(
            credited_through=await context.crediting.credited_through(),
            counted=Counted(context.database, within, shelf),
        )

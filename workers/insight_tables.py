"""What the shop's data say, and what recommendations earned, as tables: for files and for pages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from recommender.facts.catalog import Product
from recommender.facts.insights import Totals
from recommender.facts.money import MINOR_DIGITS
from recommender.insights.changes import Change
from recommender.insights.funnel import Funnel
from recommender.insights.shop import ShopInsights

Cell = str | int | float | Decimal | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings."""

    name: str
    """What a file is called."""
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def as_dicts(self) -> list[dict[str, Cell]]:
        """A dictionary for each row."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


FUNNEL = ("viewed", "added_to_cart", "purchased", "purchased_unseen", "purchase_rate")
EARNED = (
    *("lists", "empty_lists", "filler_share", "impressions", "clicks", "click_through_rate"),
    *("add_to_carts", "purchases", "conversion_rate"),
    *("add_to_carts_within_window", "purchases_within_window"),
)


def insight_tables(
    insights: ShopInsights, products: Mapping[str, Product], most: int
) -> list[Table]:
    """What the data say; no table longer than `most` rows."""
    sizes, repeats = insights.basket_sizes, insights.repeats
    counted = f"shoppers by {insights.counted_by}, each once"

    def name(product_id: str) -> str:
        product = products.get(product_id)
        return product.name if product else ""

    def changed(found: Iterable[Change]) -> Sequence[Sequence[Cell]]:
        return [(c.key, name(c.key), c.shoppers, c.before, c.change) for c in found][:most]

    def categories(found: Iterable[Change]) -> Sequence[Sequence[Cell]]:
        return [(c.key, c.shoppers, c.before, c.change) for c in found][:most]

    drew = ("shoppers", "shoppers_before", "change")
    days: Sequence[Cell] = repeats.days_between or (None, None, None)
    return [
        Table("events", "Events by type", ("type", "events"), list(insights.events.items())),
        Table(
            "sales",
            "Sales by currency",
            ("currency", "sales"),
            [(c, money(amount, c)) for c, amount in insights.revenue.items()],
        ),
        Table(
            "rising-products",
            f"Products that rise ({counted})",
            ("product_id", "name", *drew),
            changed(insights.product_changes.rising),
        ),
        Table(
            "falling-products",
            f"Products that fall ({counted})",
            ("product_id", "name", *drew),
            changed(insights.product_changes.falling),
        ),
        Table(
            "rising-categories",
            f"Categories that rise ({counted})",
            ("category", *drew),
            categories(insights.category_changes.rising),
        ),
        Table(
            "falling-categories",
            f"Categories that fall ({counted})",
            ("category", *drew),
            categories(insights.category_changes.falling),
        ),
        Table("funnel", "How far shoppers come", FUNNEL, [_steps(insights.funnel)]),
        Table(
            "funnel-by-category",
            "How far shoppers come, by category",
            ("category", *FUNNEL),
            [(f.key, *_steps(f.funnel)) for f in insights.funnel_by_category[:most]],
        ),
        Table(
            "funnel-by-price",
            "How far shoppers come, by price",
            ("currency", "from", "below", *FUNNEL),
            [
                (f.key.low.currency, f.key.low.amount, f.key.high.amount, *_steps(f.funnel))
                for f in insights.funnel_by_price[:most]
            ],
        ),
        Table(
            "baskets",
            "How large baskets are",
            ("baskets", "mean_products", "median_products", "mean_pieces"),
            [(sizes.count, sizes.mean_products, sizes.median_products, sizes.mean_pieces)],
        ),
        Table(
            "basket-values",
            "What baskets are worth",
            ("currency", "baskets", "total", "mean", "median"),
            [
                (c, v.baskets, *(money(amount, c) for amount in (v.total, v.mean, v.median)))
                for c, v in sizes.values.items()
            ],
        ),
        Table(
            "bought-together",
            "What is bought together",
            ("product_id", "name", "with_product_id", "with_name", "baskets", "lift"),
            [
                (p.first, name(p.first), p.second, name(p.second), p.support, p.lift)
                for p in insights.pairs[:most]
            ],
        ),
        Table(
            "repeat-purchases",
            "Who comes back, and after how many days",
            (
                *("buyers", "returning", "returning_share", "bought_again_share"),
                *("days_lower_quartile", "days_median", "days_upper_quartile"),
            ),
            [
                (
                    *(repeats.buyers, repeats.returning, repeats.returning_share),
                    *(repeats.bought_again_share, *days),
                )
            ],
        ),
        Table(
            "wanted-out-of-stock",
            "Wanted, and not for sale now (shoppers, each once)",
            ("product_id", "name", "viewed", "added_to_cart"),
            [
                (w.product_id, name(w.product_id), w.viewed, w.carted)
                for w in insights.wanted[:most]
            ],
        ),
    ]


def earned_table(name: str, caption: str, by: str, found: Mapping[Any, Totals]) -> Table:
    """What came of lists, group by group."""
    currencies = sorted(
        {c for t in found.values() for acts in (t.direct, t.within_window) for c in acts.revenue}
    )
    return Table(
        name,
        caption,
        (
            by,
            *EARNED,
            *(f"revenue_{c}" for c in currencies),
            *(f"revenue_within_window_{c}" for c in currencies),
        ),
        [
            (
                key if key is None else str(key),
                *_earned(totals),
                *(money(totals.direct.revenue.get(c, 0), c) for c in currencies),
                *(money(totals.within_window.revenue.get(c, 0), c) for c in currencies),
            )
            for key, totals in found.items()
        ],
    )


def money(minor_units: int, currency: str) -> Decimal:
    """In the currency's main unit, with all its digits. A sum may be larger than a price may."""
    return Decimal(minor_units).scaleb(-MINOR_DIGITS.get(currency, 2))


def _steps(funnel: Funnel) -> tuple[Cell, ...]:
    return (
        *(funnel.viewed, funnel.carted, funnel.bought, funnel.bought_unseen),
        funnel.purchase_rate,
    )


def _earned(totals: Totals) -> tuple[Cell, ...]:
    direct, window = totals.direct, totals.within_window
    return (
        *(totals.lists, totals.empty_lists, totals.filler_share, direct.impressions),
        *(direct.clicks, totals.click_through_rate, direct.add_to_carts, direct.purchases),
        *(totals.conversion_rate, window.add_to_carts, window.purchases),
    )

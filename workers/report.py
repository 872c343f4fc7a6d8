"""One page that tells people how the shop and its recommendations are doing."""

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pymongo.asynchronous.database import AsyncDatabase

from recommender.facts.catalog import Product, category_levels
from recommender.facts.events import EventType
from recommender.facts.insights import Granularity, Range, Totals
from recommender.insights.acts import TYPES, ActTable
from recommender.insights.groups import Groups
from recommender.insights.shop import ShopInsights, period_before
from recommender.mongo.acts import ActReader
from recommender.mongo.connection import connected, connected_async
from recommender.mongo.documents import LISTS, Document, utc
from recommender.mongo.insights import Insights
from recommender.mongo.models import ModelCard, read_cards, version_in_service
from recommender.mongo.products import read_products
from recommender.mongo.server import mongodb
from recommender.settings import Settings
from workers.insight_tables import Cell, Table, insight_tables, money
from workers.insights import Period, earned_tables
from workers.report_plots import (
    Line,
    Plot,
    by_length,
    long_tail,
    look,
    over_time,
    shares,
    small_multiples,
    versions,
)

try:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
except ImportError as error:
    from recommender.facts.errors import InvalidInput

    raise InvalidInput(
        "report", "needs the package jinja2: pip install 'shop-recommender[plots]'"
    ) from error

HERE = Path(__file__).parent
HISTORY_DAYS = 730
"""How far plots over time look back."""
MOST_POINTS = 105
"""Of a line: days are drawn up to so many, then weeks, then spans of four weeks."""
SPANS = (1, 7, 28)
MOST_CATEGORIES = 6
MOST_VERSIONS = 20
MOST_ROWS = 10
"""Of a table."""
MEASURE, CUTOFF = "ndcg", 10
SURE = 1.96
"""Standard deviations on either side that hold 95 %."""
LEFT_OUT = ("empty_lists", "filler_share", "add_to_carts_within_window")
"""Columns that would make a table too wide for a page; the files have them."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: plots, tables, or why there are none."""

    id: str
    title: str
    lead: str
    plots: Sequence[Plot] = ()
    tables: Sequence[Table] = ()
    nothing: str = ""
    """Said plainly where there is nothing to show."""


@dataclass(frozen=True, slots=True)
class Findings:
    """All that the page is made from."""

    shop: str
    now: datetime
    insights: ShopInsights
    """Of the days that tables are about."""
    history: ActTable
    """As far back as plots look."""
    span: Range
    """The time of the history."""
    products: Mapping[str, Product]
    cards: Sequence[ModelCard]
    """The oldest first."""
    in_service: str | None
    earned: Sequence[Table]
    totals: Totals
    by_placement: Mapping[str, Totals]
    series: Mapping[datetime, Totals]
    step: Granularity
    places: Mapping[str, int]
    """Product -> lists that it was on."""


def report(settings: Settings, period: Period, now: datetime) -> str:
    """The page, as HTML."""
    return page(find(settings, period, now))


def find(settings: Settings, period: Period, now: datetime) -> Findings:
    """Everything that the page is made from.

    Args:
        settings: where the shop is, and how long a list is credited.
        period: which days tables are about.
        now: UTC.
    """

    async def found(uri: str) -> Findings:
        async with connected_async(uri, settings) as client:
            history = await ActReader(client).read(span)
            oldest = await _first_list(client, span)
            lists = Range(max(span.start, oldest or span.start), span.end)
            step = (
                Granularity.DAY
                if (lists.end - lists.start).days <= MOST_POINTS
                else Granularity.WEEK
            )
            tables = await earned_tables(client, settings, within, now)
            earned = Insights(client, within)
            return Findings(
                shop=settings.mongodb_database,
                now=now,
                insights=ShopInsights(within, history, products),
                history=history,
                span=span,
                products=products,
                cards=cards,
                in_service=in_service,
                earned=tables,
                totals=await earned.totals(),
                by_placement=await earned.by_placement(),
                series=await Insights(client, lists).series(step),
                step=step,
                places=await earned.places_of_products(),
            )

    with mongodb(settings) as uri, connected(uri, settings) as database:
        within = period.within(database, now)
        start = min(within.end - timedelta(days=HISTORY_DAYS), period_before(within).start)
        span = Range(start, within.end)
        products = {p.product_id: p for p in read_products(database)}
        cards = read_cards(database)[-MOST_VERSIONS:]
        in_service = version_in_service(database)
        return asyncio.run(found(uri))


async def _first_list(client: AsyncDatabase[Document], span: Range) -> datetime | None:
    within = {"at": {"$gte": span.start, "$lt": span.end}}
    first = await client[LISTS].find_one(within, {"at": 1}, sort=[("at", 1)])
    return utc(first["at"]) if first else None


def page(found: Findings) -> str:
    """The page: whole in itself, and nothing in it is run or fetched."""
    css = (HERE / "report.css").read_text("utf-8")
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"heading": _heading, "cell": _cell, "is_text": _is_text}
    with look():
        sections = list(_sections(found))
    return environment.get_template("report.html.jinja").render(
        css=css,
        # The one style of the page may be applied, and nothing else may be done at all.
        css_hash=b64encode(hashlib.sha256(css.encode()).digest()).decode(),
        found=found,
        within=found.insights.within,
        last_day=found.insights.within.end - timedelta(days=1),
        figures=list(_figures(found)),
        sections=sections,
    )


def _figures(found: Findings) -> Iterator[tuple[str, str]]:
    """What the page begins with."""
    insights, totals = found.insights, found.totals
    yield "shoppers", f"{insights.shoppers:,}"
    yield "events", f"{sum(insights.events.values()):,}"
    for currency, sales in insights.revenue.items():
        yield f"sales, {currency}", _cell(money(sales, currency), "")
    yield "lists served", f"{totals.lists:,}"
    if totals.click_through_rate is not None:
        yield "clicks on what was seen", f"{totals.click_through_rate:.1%}"
    for currency, revenue in sorted(totals.direct.revenue.items()):
        yield f"earned by lists, {currency}", _cell(money(revenue, currency), "")
    serving = next((c for c in found.cards if c.version == found.in_service), None)
    if serving and (quality := _quality(serving)) is not None:
        yield f"NDCG@{CUTOFF} of the model", f"{quality:.3f}"


def _sections(found: Findings) -> Iterator[Section]:
    yield _events_and_sales(found)
    yield _categories(found)
    yield _tail(found)
    yield _models(found)
    yield _earned(found)
    yield from _shop_tables(found)


def _events_and_sales(found: Findings) -> Section:
    section = Section("time", "Events and sales over time", "")
    buckets = _Buckets.of(found)
    if buckets is None:
        return replace(section, nothing=_NO_EVENTS)
    types = sorted({int(code) for code in np.unique(found.history.type)})
    counts = [
        Line(TYPES[code].replace("_", " "), buckets.count(found.history.type == code))
        for code in types
    ]
    plots = [
        small_multiples(
            "events",
            f"Events by type, {buckets.each}",
            "; ".join(f"{line.name}: {int(line.values.sum()):,} in all" for line in counts) + ".",
            buckets.starts,
            counts,
            f"events {buckets.each}",
            "Each type by a scale of its own." if len(counts) > 1 else "",
            alike=False,
        )
    ]
    for row, currency in enumerate(found.history.currencies):
        paid = (found.history.currency == row) & (
            found.history.type == TYPES.index(EventType.PURCHASE)
        )
        if paid.any():
            sales = buckets.count(paid, found.history.revenue) * float(money(1, currency))
            plots.append(
                over_time(
                    f"sales-{row}",
                    f"Sales in {currency}, {buckets.each}",
                    f"{sales.sum():,.0f} {currency} in all, between {sales.min():,.0f} and "
                    f"{sales.max():,.0f} {buckets.each}.",
                    buckets.starts,
                    [Line(currency, sales)],
                    f"{currency} {buckets.each}",
                )
            )
    lead = f"From {buckets.starts[0]:%d %B %Y} to {_last_day(found.span):%d %B %Y}."
    return replace(section, lead=lead, plots=plots)


def _categories(found: Findings) -> Section:
    section = Section("categories", "Category trends", "")
    buckets = _Buckets.of(found)
    groups = Groups.by(_wide_category(found.products), found.history.products, found.products)
    if buckets is None:
        return replace(section, nothing=_NO_EVENTS)
    if not groups.keys:
        return replace(section, nothing="No product that was acted on has a category.")
    counted_by = found.insights.counted_by
    acts = found.history.of_type(counted_by)
    each = [groups.shoppers_of(groups.shopper_groups(part.shopper_products()))
            for part in buckets.split(acts)]  # fmt: skip
    counts = np.array(each, float)
    best = np.argsort(-counts.sum(axis=0), kind="stable")[:MOST_CATEGORIES]
    lines = [Line(groups.keys[n], counts[:, n]) for n in best]
    plot = small_multiples(
        "categories-lines",
        f"Shoppers with a {_words(counted_by)} by category, {buckets.each}",
        "; ".join(
            f"{line.name}: {line.values[0]:,.0f} at first, {line.values[-1]:,.0f} at last"
            for line in lines
        )
        + ".",
        buckets.starts,
        lines,
        "shoppers",
        f"The {len(lines)} of {len(groups.keys)} categories with the most shoppers.",
    )
    tables = [t for t in _insight_tables(found) if t.name.endswith("-categories") and t.rows]
    lead = _changes_lead(found) if tables else "No category rose or fell beyond chance lately."
    return replace(section, lead=lead, plots=[plot], tables=tables)


def _tail(found: Findings) -> Section:
    section = Section(
        "tail",
        "The long tail",
        "How sales and places on lists are shared out among all products of the catalogue. The "
        "further a curve sags, the fewer products have most of it: a Gini of 0 if all have alike, "
        "towards 1 if one has everything.",
    )
    row_of = {id_: row for row, id_ in enumerate(found.products)}
    sold = np.zeros(len(row_of), np.int64)
    bought = found.history.of_type(EventType.PURCHASE)
    pieces = np.bincount(bought.product, bought.quantity, len(bought.products)).astype(np.int64)
    for id_, count in zip(bought.products, pieces.tolist(), strict=True):
        if id_ in row_of:
            sold[row_of[id_]] += count
    shown = np.zeros(len(row_of), np.int64)
    for id_, count in found.places.items():
        if id_ in row_of:
            shown[row_of[id_]] += count
    curves = {"pieces sold": sold, "places on lists": shown}
    curves = {what: counts for what, counts in curves.items() if counts.any()}
    if not curves:
        return replace(section, lead="", nothing="Nothing was sold or recommended yet.")
    note = "" if len(curves) == 2 else f"Only {next(iter(curves))}: of the other there are none."
    plots = [long_tail("lorenz", "Who has how much of it", curves, note)]
    return replace(section, plots=plots)


def _models(found: Findings) -> Section:
    section = Section("models", "Model quality", "")
    measured = [card for card in found.cards if card.metrics]
    if not measured:
        return replace(
            section, nothing="No model was measured yet: python -m workers retrain does it."
        )
    latest = measured[-1]
    shown = next((card for card in measured if card.version == found.in_service), latest)
    plots = [
        versions("versions", "Quality over versions, beside baselines", measured, MEASURE, CUTOFF)
    ]
    if shown.curves:
        plots.append(by_length("lengths", "Precision and recall by length of the list", shown))
    coverage = {
        model: (value, value, value)
        for model, values in shown.metrics.items()
        if (value := values.get(f"coverage@{CUTOFF}")) is not None
    }
    if found.products and found.places:
        share = len(found.places.keys() & found.products.keys()) / len(found.products)
        coverage["lists that were served"] = (share, share, share)
    if coverage:
        plots.append(
            shares(
                "coverage",
                "Coverage",
                coverage,
                f"share of the catalogue in anybody's list of {CUTOFF}",
                "Of the lists that were served: share of the catalogue on any of them.",
            )
        )
    table = Table(
        "models",
        "Models, the latest first",
        ("model", "trained", f"NDCG@{CUTOFF}", "95 % interval", "shoppers", "products"),
        [
            (
                card.version + (" (in service)" if card.version == found.in_service else ""),
                f"{card.trained_at:%Y-%m-%d %H:%M}",
                *_quality_cells(card),
                card.shopper_count,
                card.product_count,
            )
            for card in reversed(measured)
        ][:MOST_ROWS],
    )
    return replace(
        section,
        lead="Measured on the latest part of the events, which none of them had seen.",
        plots=plots,
        tables=[table],
    )


def _earned(found: Findings) -> Section:
    section = Section("earned", "What recommendations earned", "")
    if not found.series:
        return replace(
            section,
            nothing="No list was served in this time, or lists are not recorded "
            "(KEPT_LISTS_DAYS=0).",
        )
    each = f"per {found.step}"
    at = list(found.series)
    acts = [totals.direct for totals in found.series.values()]
    lines = {
        "clicks": [a.clicks for a in acts],
        "added to cart": [a.add_to_carts for a in acts],
        "purchases": [a.purchases for a in acts],
    }
    plots = [
        over_time(
            "earned-acts",
            f"Acts that lists led to, {each}",
            "; ".join(f"{name}: {sum(values):,} in all" for name, values in lines.items()) + ".",
            at,
            [Line(name, np.array(values, float)) for name, values in lines.items()],
            f"acts {each}",
        )
    ]
    for currency, total in sorted(found.totals.direct.revenue.items()):
        unit = float(money(1, currency))
        values = np.array([a.revenue.get(currency, 0) for a in acts], float) * unit
        plots.append(
            over_time(
                f"earned-{currency}",
                f"Earned by lists, in {currency}, {each}",
                f"{total * unit:,.2f} {currency} in all.",
                at,
                [Line(currency, values)],
                f"{currency} {each}",
            )
        )
    rates = {
        _words(placement): _wilson(t.direct.clicks, t.direct.impressions)
        for placement, t in sorted(found.by_placement.items())
        if t.direct.impressions
    }
    if rates:
        plots.append(
            shares(
                "earned-placements",
                "Clicks by shelf",
                rates,
                "share of products seen that were clicked",
                "With 95 % intervals.",
            )
        )
    lead = (
        "Acts count that named the list they came from, each once. Those within the window named "
        "none, and followed a list that had shown the product to the shopper: they may have "
        "happened anyway, and are counted apart."
    )
    tables = [_without(table, LEFT_OUT) for table in found.earned if table.rows]
    return replace(section, lead=lead, plots=plots, tables=tables)


def _shop_tables(found: Findings) -> Iterator[Section]:
    tables = {table.name: table for table in _insight_tables(found)}

    def section(id_: str, title: str, lead: str, names: Sequence[str], nothing: str) -> Section:
        shown = [tables[name] for name in names if _says_something(tables[name])]
        return Section(id_, title, lead if shown else "", (), shown, "" if shown else nothing)

    yield section(
        "changes",
        "What rises and what falls",
        _changes_lead(found),
        ("rising-products", "falling-products"),
        "Nothing rose or fell beyond chance, or there is nothing to compare with.",
    )
    yield section(
        "funnel",
        "How far shoppers come",
        "Shoppers, each once: who viewed, who of these put something into a cart, who of these "
        "bought. Who bought without a view that we were told of is counted apart.",
        ("funnel", "funnel-by-category", "funnel-by-price"),
        "The shop told of no views, carts or purchases in these days.",
    )
    yield section(
        "baskets",
        "Baskets",
        "What was bought at once. Lift: how many times more often two products share a basket than "
        "if neither cared for the other.",
        ("baskets", "basket-values", "bought-together"),
        "Nothing was bought in these days.",
    )
    yield section(
        "repeats",
        "Repeat purchases",
        "Within these days; who comes back later than that is not seen.",
        ("repeat-purchases",),
        "Nothing was bought in these days.",
    )
    yield section(
        "wanted",
        "Wanted, and out of stock",
        "Products that are not for sale now, by the shoppers who put them into carts or viewed "
        "them in these days.",
        ("wanted-out-of-stock",),
        "Nothing that is out of stock was viewed or put into a cart.",
    )


_NO_EVENTS = "There are no events in this time."


class _Buckets:
    """Spans of the same length, counted back from the end, so that none of them is cut short."""

    def __init__(self, starts: Sequence[datetime], days: int, acts: ActTable) -> None:
        self.starts = starts
        self.each = {1: "per day", 7: "per week", 28: "per four weeks"}[days]
        edges = [round(start.timestamp() * 1000) for start in starts]
        self._edges = np.array([*edges, edges[-1] + days * 86_400_000])
        self._place: NDArray[np.intp] = np.searchsorted(self._edges, acts.at, "right") - 1

    @classmethod
    def of(cls, found: Findings) -> "_Buckets | None":
        """Those that the history fills; None where there are no events."""
        if not len(found.history):
            return None
        oldest = int(found.history.at.min()) / 1000
        age = (found.span.end.timestamp() - oldest) / 86_400
        days = next((d for d in SPANS if age / d <= MOST_POINTS), SPANS[-1])
        # A first day is a day. A first week that the shop did not have all of is none.
        count = max(int(age // days) + (days == 1), 1)
        starts = [found.span.end - timedelta(days=days * n) for n in range(count, 0, -1)]
        return cls(starts, days, found.history)

    def count(
        self, chosen: NDArray[np.bool_], weights: NDArray[np.int64] | None = None
    ) -> NDArray[np.float64]:
        """(n_buckets,) how many of the chosen events of the history are in each, or their sum."""
        there = chosen & (self._place >= 0) & (self._place < len(self.starts))
        of_each = None if weights is None else weights[there]
        counts = np.bincount(self._place[there], of_each, len(self.starts))
        return counts.astype(np.float64)

    def split(self, acts: ActTable) -> Iterator[ActTable]:
        """Some events, bucket by bucket."""
        place = np.searchsorted(self._edges, acts.at, "right") - 1
        for n in range(len(self.starts)):
            yield acts.where(place == n)


def _wide_category(products: Mapping[str, Product]) -> "_Category":
    """By the first level of the first path, or by the second where all shops begin alike."""
    paths = [category_levels(p.categories[0]) for p in products.values() if p.categories]
    return _Category(0 if len({path[0] for path in paths}) > 2 else 1)


@dataclass(frozen=True, slots=True)
class _Category:
    """The category of a product at one level, or at its deepest."""

    level: int

    def __call__(self, product: Product) -> list[str]:
        """One, or none."""
        if not product.categories:
            return []
        levels = category_levels(product.categories[0])
        return [levels[min(self.level, len(levels) - 1)].rpartition(" > ")[2]]


def _insight_tables(found: Findings) -> list[Table]:
    return insight_tables(found.insights, found.products, MOST_ROWS)


def _changes_lead(found: Findings) -> str:
    within = found.insights.within
    days = (within.end - within.start).days
    return (
        f"The last {days} days against the {days} before. Shown is only what changed beyond "
        "chance, and more than the shop as a whole did; first what changed most for sure."
    )


def _says_something(table: Table) -> bool:
    return any(cell for row in table.rows for cell in row if not isinstance(cell, str))


def _without(table: Table, columns: Sequence[str]) -> Table:
    kept = [n for n, column in enumerate(table.columns) if column not in columns]
    return replace(
        table,
        columns=[table.columns[n] for n in kept],
        rows=[[row[n] for n in kept] for row in table.rows],
    )


def _quality(card: ModelCard) -> float | None:
    """Of the engine, which is measured first."""
    ours = next(iter(card.metrics.values()), {})
    return ours.get(f"{MEASURE}@{CUTOFF}")


def _quality_cells(card: ModelCard) -> tuple[str | None, str | None]:
    quality = _quality(card)
    curve = next(iter(card.curves.values()), {}).get(MEASURE)
    between = (
        f"{curve['low'][CUTOFF - 1]:.4f} to {curve['high'][CUTOFF - 1]:.4f}" if curve else None
    )
    return (f"{quality:.4f}" if quality is not None else None), between


def _wilson(part: int, whole: int) -> tuple[float, float, float]:
    """A share with its 95 % interval (Wilson 1927), which stays within 0 and 1.

    >>> [round(bound, 3) for bound in _wilson(1, 10)]
    [0.1, 0.018, 0.404]
    """
    # An act may be told of without the impression before it.
    share = min(part / whole, 1.0)
    middle = (share + SURE**2 / (2 * whole)) / (1 + SURE**2 / whole)
    half = SURE / (1 + SURE**2 / whole)
    half *= (share * (1 - share) / whole + SURE**2 / (4 * whole**2)) ** 0.5
    return share, max(middle - half, 0.0), min(middle + half, 1.0)


def _last_day(span: Range) -> datetime:
    return span.end - timedelta(days=1)


def _words(name: str) -> str:
    return name.replace("_", " ")


SHARES = ("change", "rate", "share")
"""What columns end with whose numbers are shares."""


def _heading(column: str) -> str:
    return _words(column)


def _is_text(column: str) -> bool:
    """Whether a column is words, which stand on the left."""
    names = ("id", "name", "category", "currency", "type", "model", "version", "trained")
    return column.endswith((*names, "placement", "strategy", "scope"))


def _cell(value: Cell, column: str) -> str:
    """As people read it.

    >>> _cell(0.125, "purchase_rate"), _cell(-0.5, "change"), _cell(1234, ""), _cell(None, "")
    ('12.5 %', '-50 %', '1,234', '-')
    """
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal | int):
        return f"{value:,}"
    if column.endswith("change"):
        return f"{value:+,.0%}".replace("%", " %")
    if column.endswith(SHARES):
        return f"{value:.1%}".replace("%", " %")
    return f"{value:,.1f}"

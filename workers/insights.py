"""What the shop's data say, and what recommendations earned, as files."""

import asyncio
import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.database import Database

from recommender.facts.errors import InvalidInput
from recommender.facts.insights import Range
from recommender.insights.shop import ShopInsights, period_before
from recommender.mongo.acts import ActReader
from recommender.mongo.connection import connected, connected_async
from recommender.mongo.credits import Crediting
from recommender.mongo.documents import EVENTS, Document, utc
from recommender.mongo.insights import Insights
from recommender.mongo.products import read_products
from recommender.mongo.server import mongodb
from recommender.settings import Settings
from workers.insight_tables import Cell, Table, earned_table, insight_tables

MOST_ROWS = 1_000
"""Of one table."""
DAY = timedelta(days=1)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula."""


@dataclass(frozen=True, slots=True)
class Period:
    """Which days are asked for. Checks itself."""

    days: int
    until: datetime | None = None
    """UTC, exclusive; None: until the end of the day of the newest event."""

    def __post_init__(self) -> None:
        if not 1 <= self.days <= 3_650:
            raise InvalidInput("--days", f"must be 1 to 3650, not {self.days}")

    @classmethod
    def read(cls, days: int, until: str | None) -> "Period":
        """As a command line tells it.

        Raises:
            InvalidInput: for what is no date.
        """
        if until is None:
            return cls(days)
        try:
            return cls(days, datetime.fromisoformat(until).replace(tzinfo=UTC) + DAY)
        except (ValueError, OverflowError):
            raise InvalidInput(
                "--until", f"must be a day such as 2026-11-25, not {until[:40]!r}"
            ) from None

    def within(self, database: Database[Document], now: datetime) -> Range:
        """The same as moments. A shop that imported its past has its latest days long ago."""
        end = self.until
        if end is None:
            newest = database[EVENTS].find_one({}, {"at": 1}, sort=[("at", -1)])
            last = min(utc(newest["at"]), now) if newest else now
            end = last.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
        return Range(end - timedelta(days=self.days), end)


def run(settings: Settings, period: Period, now: datetime) -> tuple[Range, list[Table]]:
    """Everything there is to tell of some time.

    Args:
        settings: where the shop is, and how long a list is credited.
        period: which days.
        now: UTC.
    """

    async def told(uri: str) -> list[Table]:
        async with connected_async(uri, settings) as client:
            acts = await ActReader(client).read(Range(period_before(within).start, within.end))
            insights = ShopInsights(within, acts, products)
            earned = await earned_tables(client, settings, within, now)
            return [*insight_tables(insights, products, MOST_ROWS), *earned]

    with mongodb(settings) as uri, connected(uri, settings) as database:
        within = period.within(database, now)
        products = {p.product_id: p for p in read_products(database)}
        return within, asyncio.run(told(uri))


async def earned_tables(
    client: AsyncDatabase[Document], settings: Settings, within: Range, now: datetime
) -> list[Table]:
    """What recommendations earned, once all that came in is credited."""
    window = timedelta(hours=settings.attribution_window_hours)
    await Crediting(client, window, lambda: now).catch_up()
    earned = Insights(client, within)
    found = (
        ("earned", "What recommendations earned", "scope", {"all": await earned.totals()}),
        ("earned-by-placement", "By shelf", "placement", await earned.by_placement()),
        (
            "earned-by-strategy",
            "By what chose the products",
            "strategy",
            await earned.by_strategy(),
        ),
        ("earned-by-model", "By model", "model_version", await earned.by_model()),
    )
    return [
        earned_table(name, caption, by, dict(sorted(totals.items(), key=lambda t: str(t[0]))))
        for name, caption, by, totals in found
    ]


def write(
    tables: Sequence[Table], within: Range, folder: Path, format_: Literal["json", "csv"]
) -> list[Path]:
    """Write the tables, and give back where they are: one file of JSON, or one CSV for each."""
    folder.mkdir(parents=True, exist_ok=True)
    if format_ == "json":
        path = folder / "insights.json"
        said = {
            "from": within.start.isoformat(),
            "to": within.end.isoformat(),
            **{table.name.replace("-", "_"): table.as_dicts() for table in tables},
        }
        path.write_text(json.dumps(said, indent=1, default=str, ensure_ascii=False), "utf-8")
        return [path]
    written = []
    for table in tables:
        path = folder / f"{table.name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(table.columns)
            rows.writerows(_harmless(row) for row in table.rows)
        written.append(path)
    return written


def _harmless(row: Iterable[Cell]) -> list[Cell]:
    """What a product is called must not become a formula in whoever's spreadsheet."""
    return [f"'{c}" if isinstance(c, str) and c.startswith(FORMULA) else c for c in row]

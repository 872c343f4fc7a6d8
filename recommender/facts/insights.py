"""What came of the lists of some time, in numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Granularity(StrEnum):
    """How finely time is divided."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Acts:
    """How often shoppers did something, and what it brought in."""

    impressions: int = 0
    clicks: int = 0
    add_to_carts: int = 0
    purchases: int = 0
    revenue: Mapping[str, int] = field(default_factory=dict)
    """Currency -> minor units."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What was served, and what shoppers did with it."""

    lists: int = 0
    products: int = 0
    """Places on those lists."""
    fillers: int = 0
    """Places that the list's own strategy left empty."""
    empty_lists: int = 0
    direct: Acts = Acts()
    """Acts that named the list."""
    within_window: Acts = Acts()
    """Acts that named none, on products that the shopper had been shown shortly before."""

    @property
    def click_through_rate(self) -> float | None:
        """Clicks over impressions; None while there are no impressions."""
        return _share(self.direct.clicks, self.direct.impressions)

    @property
    def conversion_rate(self) -> float | None:
        """Purchases that named the list over clicks; None while there are no clicks."""
        return _share(self.direct.purchases, self.direct.clicks)

    @property
    def filler_share(self) -> float | None:
        """Places filled by another strategy over all places; None while there are none."""
        return _share(self.fillers, self.products)


@dataclass(frozen=True, slots=True)
class Range:
    """Some time, by the shop's clock."""

    start: datetime
    """UTC, inclusive."""
    end: datetime
    """UTC, exclusive."""


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None

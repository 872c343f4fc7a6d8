"""The shelves a page can show, and the algorithms that fill each."""

from datetime import timedelta
from enum import StrEnum


class Strategy(StrEnum):
    """An algorithm that picks products."""

    PERSONALIZED = "personalized"
    SIMILAR = "similar"
    BOUGHT_TOGETHER = "bought_together"
    BECAUSE_YOU_VIEWED = "because_you_viewed"
    TRENDING = "trending"
    POPULAR = "popular"
    NEWEST = "newest"
    RECENTLY_VIEWED = "recently_viewed"
    BUY_AGAIN = "buy_again"
    NEXT_BASKET = "next_basket"


class Placement(StrEnum):
    """A shelf on a page."""

    HOME = "home"
    SIMILAR = "similar"
    BOUGHT_TOGETHER = "bought_together"
    BECAUSE_YOU_VIEWED = "because_you_viewed"
    TRENDING = "trending"
    POPULAR = "popular"
    NEWEST = "newest"
    RECENTLY_VIEWED = "recently_viewed"
    BUY_AGAIN = "buy_again"
    NEXT_BASKET = "next_basket"


_FOR_YOU = (Strategy.PERSONALIZED, Strategy.POPULAR, Strategy.NEWEST)
_FOR_ANYBODY = (Strategy.POPULAR, Strategy.NEWEST)

ALGORITHMS_OF = {
    Placement.HOME: _FOR_YOU,
    Placement.SIMILAR: (Strategy.SIMILAR, *_FOR_ANYBODY),
    Placement.BOUGHT_TOGETHER: (Strategy.BOUGHT_TOGETHER, Strategy.SIMILAR, *_FOR_ANYBODY),
    Placement.BECAUSE_YOU_VIEWED: (Strategy.BECAUSE_YOU_VIEWED, *_FOR_YOU),
    Placement.TRENDING: (Strategy.TRENDING, *_FOR_ANYBODY),
    Placement.POPULAR: _FOR_ANYBODY,
    Placement.NEWEST: (Strategy.NEWEST,),
    Placement.RECENTLY_VIEWED: (Strategy.RECENTLY_VIEWED, *_FOR_YOU),
    Placement.BUY_AGAIN: (Strategy.BUY_AGAIN, *_FOR_YOU),
    Placement.NEXT_BASKET: (Strategy.NEXT_BASKET, Strategy.BUY_AGAIN, *_FOR_ANYBODY),
}
"""First what the shelf is for; each next one only fills the places still empty."""

NEEDS_PRODUCTS = frozenset({Placement.SIMILAR, Placement.BOUGHT_TOGETHER})
"""Shelves that go by what is on the page or in the cart."""

OFFERS_BOUGHT = frozenset({Strategy.RECENTLY_VIEWED, Strategy.BUY_AGAIN, Strategy.NEXT_BASKET})
"""Strategies that may offer what the shopper bought already: that is what they are for. Those
that only fill up their shelves may not."""

EXPLORING = frozenset({Placement.HOME, Placement.SIMILAR})
"""Shelves that keep some places for young products, where the shop wants that."""


class TrendingWindow(StrEnum):
    """How far back the acts go that something rises by."""

    LAST_24_HOURS = "last_24_hours"
    LAST_7_DAYS = "last_7_days"
    LAST_30_DAYS = "last_30_days"


LENGTH_OF = {
    TrendingWindow.LAST_24_HOURS: timedelta(hours=24),
    TrendingWindow.LAST_7_DAYS: timedelta(days=7),
    TrendingWindow.LAST_30_DAYS: timedelta(days=30),
}

"""The shelves a page can show, and the algorithms that fill each."""

from enum import StrEnum


class Strategy(StrEnum):
    """An algorithm that picks products."""

    PERSONALIZED = "personalized"
    SIMILAR = "similar"
    POPULAR = "popular"
    NEWEST = "newest"


class Placement(StrEnum):
    """A shelf on a page."""

    HOME = "home"
    SIMILAR = "similar"
    POPULAR = "popular"
    NEWEST = "newest"


ALGORITHMS_OF = {
    Placement.HOME: (Strategy.PERSONALIZED, Strategy.POPULAR, Strategy.NEWEST),
    Placement.SIMILAR: (Strategy.SIMILAR, Strategy.POPULAR, Strategy.NEWEST),
    Placement.POPULAR: (Strategy.POPULAR, Strategy.NEWEST),
    Placement.NEWEST: (Strategy.NEWEST,),
}
"""First what the shelf is for; each next one only fills the places still empty."""

"""What becomes of a product when a shelf is filled."""

from dataclasses import dataclass
from enum import StrEnum

from recommender.facts.placements import Strategy


class Fate(StrEnum):
    """Whether a product is on a shelf, and if not, the first rule that kept it out.

    In the order in which the rules apply.
    """

    UNKNOWN_PRODUCT = "unknown_product"
    NOT_AVAILABLE = "not_available"
    EXCLUDED = "excluded"
    ON_PAGE = "on_page"
    OTHER_SHELF = "other_shelf"
    ALREADY_BOUGHT = "already_bought"
    TURNED_AWAY = "turned_away"
    FILTERED = "filtered"
    NOT_SCORED = "not_scored"
    BELOW_MINIMUM_RELEVANCE = "below_minimum_relevance"
    VARIANT_ALREADY_SHOWN = "variant_already_shown"
    BRAND_CAP = "brand_cap"
    CATEGORY_CAP = "category_cap"
    ROTATED = "rotated"
    RANKED_LOWER = "ranked_lower"
    SHOWN = "shown"


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Where one product stands when a shelf is filled."""

    product_id: str
    fate: Fate
    place: int | None = None
    """Its place on the shelf, from 1, where it is shown."""
    strategy: Strategy | None = None
    """What it was scored by. None where no strategy of the shelf has anything to say about it."""
    score: float | None = None
    """By that strategy."""
    rank_among_all: int | None = None
    """From 1, by the score with boosts, among all products of the shop."""
    rank_among_eligible: int | None = None
    """The same among those that no rule keeps out; None where a rule keeps it out."""

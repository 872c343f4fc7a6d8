"""What a page asks for, and what it gets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from recommender.facts.catalog import Product
from recommender.facts.errors import InvalidInput
from recommender.facts.filters import Boost, Filter
from recommender.facts.ids import new_id
from recommender.facts.phrases import Phrase
from recommender.facts.placements import Placement, Strategy, TrendingWindow


def checked_limit(name: str, value: int, most: int) -> int:
    """The value, if a list may be that long.

    Raises:
        InvalidInput: with the bounds.
    """
    if not 1 <= value <= most:
        raise InvalidInput(name, f"must be 1 to {most}, not {value}")
    return value


LONGEST_ROTATION_HOURS = 24.0 * 30


@dataclass(frozen=True, slots=True)
class Rotation:
    """What was shown to the shopper lately makes room for something else."""

    hours: float = 2.0
    """How long ago lately is. What was shown recovers over that time."""
    strength: float = 1.0
    """0: it may be shown again at once. 1: not again while there is anything else. In between it
    is pushed down: at 0.5 by one spread (standard deviation) of the scores, at 0.75 by three."""

    def __post_init__(self) -> None:
        if not 0 < self.hours <= LONGEST_ROTATION_HOURS:
            most = f"{LONGEST_ROTATION_HOURS:g}"
            raise InvalidInput(
                "rotation", f"hours must be more than 0, at most {most}, not {self.hours}"
            )
        if not 0 <= self.strength <= 1:
            raise InvalidInput("rotation", f"strength must be 0 to 1, not {self.strength}")


@dataclass(frozen=True, slots=True)
class Request:
    """One shelf, for one shopper, now."""

    placement: Placement
    limit: int
    at: datetime
    """UTC: when the list is made."""
    product_ids: Sequence[str] = ()
    """What the shopper is looking at, or has in the cart. Neither they nor their variants are
    recommended. Similar products are those like the first; bought together goes by all."""
    category: str | None = None
    """A path such as "Home > Kitchen": its products come first, others only fill up."""
    search_query: str = ""
    """What the shopper searched for: products that answer it are lifted."""
    exclude: frozenset[str] = frozenset()
    """Products that must not be on the shelf."""
    offer_bought_again: bool = False
    """Whether the shelf may hold what the shopper bought already."""
    diversity: float = 0.0
    """0: the best products, however alike. 1: as different from one another as can be."""
    filter: Filter | None = None
    """Only products that match it, fillers too. None: any product."""
    boosts: Sequence[Boost] = ()
    """What the shop wants to show more of, or less. Those that match a product add up."""
    minimum_relevance: float = 0.0
    """0: whatever there is. 1: only what suits as well as the best product of the catalogue. 0.5:
    what is at least halfway to it from the product in the middle. Boosts do not count."""
    strict: bool = False
    """Whether the places that the shelf's own strategy leaves empty stay empty."""
    window: TrendingWindow | None = None
    """How far back what is trending goes. None: as far as the model's short memory."""
    shoppers_drawn: Mapping[str, int] = field(default_factory=dict)
    """How many shoppers were drawn to each product in that window."""
    rotation: Rotation | None = None
    """Whether what was shown lately makes room."""
    shown_lately: Mapping[str, datetime] = field(default_factory=dict)
    """When each product was last shown to the shopper, as far back as the rotation goes."""
    elsewhere: frozenset[str] = frozenset()
    """What other shelves of the same page show. Neither it nor its variants are shown twice."""
    recommendation_id: str = field(default_factory=new_id)
    """Of the list that answers. Events carry it back."""

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise InvalidInput("limit", f"must be 1 or more, not {self.limit}")
        if not 0 <= self.diversity <= 1:
            raise InvalidInput("diversity", f"must be 0 to 1, not {self.diversity}")
        if not 0 <= self.minimum_relevance <= 1:
            raise InvalidInput("minimum_relevance", f"must be 0 to 1, not {self.minimum_relevance}")


class ReasonKind(StrEnum):
    """What speaks for a product."""

    BECAUSE_YOU_VIEWED = "because_you_viewed"
    BECAUSE_YOU_BOUGHT = "because_you_bought"
    BECAUSE_YOU_LIKED = "because_you_liked"
    UNLIKE_WHAT_YOU_DISLIKED = "unlike_what_you_disliked"
    SHARED_ATTRIBUTE = "shared_attribute"
    SIMILAR_TO = "similar_to"
    BOUGHT_WITH = "bought_with"
    TIME_TO_BUY_AGAIN = "time_to_buy_again"
    TRENDING = "trending"
    SHOPPERS_LIKE_YOU = "shoppers_like_you"
    POPULAR = "popular"
    NEW_ARRIVAL = "new_arrival"
    BOOSTED = "boosted"
    MATCHES_SEARCH = "matches_search"


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a product's score, in a form a page can show."""

    kind: ReasonKind
    phrase: Phrase
    contribution: float
    """What it adds to the score. Those of all reasons of a product add up to its score."""
    weight: float
    """Its share of all that speaks for the product, from 0 to 1."""
    product: Product | None = None
    """The product the reason points at, where there is one."""

    @property
    def text(self) -> str:
        """A short sentence in English."""
        return self.phrase.text()


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One product on a shelf."""

    product: Product
    rank: int
    """From 1."""
    score: float
    """Comparable only with products of the same shelf and strategy."""
    strategy: Strategy
    is_filler: bool
    """Whether it fills a place that the shelf's own strategy left empty."""
    explain: Callable[[], Sequence[Reason]] = field(compare=False, repr=False)
    """Works the reasons out, which costs more than the choice and not every page shows."""

    @property
    def reasons(self) -> Sequence[Reason]:
        """Strongest first."""
        return self.explain()


@dataclass(frozen=True, slots=True)
class Shelf:
    """The answer to a request."""

    recommendation_id: str
    placement: Placement
    strategy: Strategy
    """What chose the first product: the shelf's own strategy, or what stood in for it."""
    model_version: str | None
    generated_at: datetime
    recommendations: Sequence[Recommendation]
    short_reason: str | None
    """Why there are fewer products than asked for; None where there are as many."""
    rest: Sequence[Recommendation] = ()
    """What comes after, where the list is to be walked further."""

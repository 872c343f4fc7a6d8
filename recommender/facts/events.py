"""What shoppers do, and how much each act tells us about taste."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from recommender.facts.errors import InvalidInput
from recommender.facts.ids import checked_id
from recommender.facts.money import Money

MOST_AHEAD = timedelta(days=1)
"""How far a shop's clock may be ahead of ours. An act from a future further off is a mistake that
would make everything else look old."""
BASKET_BREAK = timedelta(hours=1)
"""Purchases of one shopper with less than this from each to the next are one basket."""


class EventType(StrEnum):
    """The acts a shop can tell us of."""

    IMPRESSION = "impression"
    CLICK = "click"
    VIEW = "view"
    ADD_TO_CART = "add_to_cart"
    REMOVE_FROM_CART = "remove_from_cart"
    PURCHASE = "purchase"
    LIKE = "like"
    DISLIKE = "dislike"
    DISMISS = "dismiss"
    RATING = "rating"


WEIGHTS = {
    EventType.IMPRESSION: 0.0,
    EventType.CLICK: 1.0,
    EventType.VIEW: 1.0,
    EventType.ADD_TO_CART: 4.0,
    EventType.REMOVE_FROM_CART: -2.0,
    EventType.PURCHASE: 10.0,
    EventType.LIKE: 6.0,
    EventType.DISLIKE: -8.0,
    EventType.DISMISS: -3.0,
    EventType.RATING: 0.0,
}
"""How much one act says for (or against) the product. A rating's weight is in its value."""

WEIGHT_OF_A_STAR = 4.0
"""What each star above three says for a product, and each one below against it."""

LOWEST_RATING, HIGHEST_RATING = 1, 5


def weight_of(type_: EventType, rating: float | None = None) -> float:
    """How much an act says for the product; negative speaks against it.

    >>> weight_of(EventType.PURCHASE)
    10.0
    >>> weight_of(EventType.RATING, 1)
    -8.0
    """
    if type_ is EventType.RATING and rating is not None:
        return (rating - 3) * WEIGHT_OF_A_STAR
    return WEIGHTS[type_]


def shopper_of_user(user_id: str) -> str:
    """The shopper id of somebody signed in. Users and sessions never collide.

    >>> shopper_of_user("12347")
    'user:12347'
    """
    return "user:" + checked_id("user_id", user_id)


def shopper_of_session(session_id: str) -> str:
    """The shopper id of somebody anonymous."""
    return "session:" + checked_id("session_id", session_id)


ORDER, UNPROVEN_ORDER = "order:", "unproven-order:"
"""What the event ids of the lines of an order begin with. One that anybody could have made up has
ids of its own, so that it cannot stand in the way of the real one."""


def order_line_id(order_id: str, line: int, *, trusted: bool) -> str:
    """The event id of a line of an order, counted from 1: the same whenever the order is sent.

    >>> order_line_id("2026-17", 1, trusted=True)
    'order:2026-17:1'
    """
    return f"{ORDER if trusted else UNPROVEN_ORDER}{order_id}:{line}"


def checked_rating(rating: float) -> float:
    """The value, if it can be a rating.

    Raises:
        InvalidInput: with the bounds.
    """
    if not LOWEST_RATING <= rating <= HIGHEST_RATING:
        raise InvalidInput("rating", f"must be {LOWEST_RATING} to {HIGHEST_RATING}, not {rating}")
    return rating


@dataclass(frozen=True, slots=True)
class Event:
    """One act of one shopper on one product."""

    event_id: str
    """Chosen by the shop. Sending the same id twice counts once."""
    type: EventType
    shopper_id: str
    """From `shopper_of_user` or `shopper_of_session`."""
    product_id: str
    at: datetime
    """UTC by the shop's clock: when the shopper acted. May be late or backfilled."""
    received_at: datetime
    """UTC by our clock: when we heard of it. What a retrain's window goes by."""
    quantity: int = 1
    rating: float | None = None
    """1 to 5 stars; for ratings only, and always there for them."""
    unit_price: Money | None = None
    order_id: str | None = None
    """What was bought together carries the same one."""
    recommendation_id: str | None = None
    """The list that the shopper acted on."""
    rank: int | None = None
    """The product's place in that list, from 1."""
    trusted: bool = True
    """Whether it counts as earned. A purchase that anybody could have made up does not: lists learn
    from it, sums do not have it."""

    def __post_init__(self) -> None:
        checked_id("event_id", self.event_id)
        checked_id("product_id", self.product_id)
        for name in ("order_id", "recommendation_id"):
            if (value := getattr(self, name)) is not None:
                checked_id(name, value)
        if (self.type is EventType.RATING) != (self.rating is not None):
            raise InvalidInput(
                "rating",
                f"must be {LOWEST_RATING} to {HIGHEST_RATING} for a rating event"
                if self.rating is None
                else f"belongs to rating events, not to {self.type} events",
            )
        if self.rating is not None:
            checked_rating(self.rating)
        if not 1 <= self.quantity <= 1_000_000:
            raise InvalidInput("quantity", f"must be 1 to 1000000, not {self.quantity}")
        if self.rank is not None and not 1 <= self.rank <= 10_000:
            raise InvalidInput("rank", f"must be 1 to 10000, not {self.rank}")
        if self.at.tzinfo is not UTC or self.received_at.tzinfo is not UTC:
            raise InvalidInput("at", f"must be in UTC, not {self.at.tzinfo}")
        if not 1970 <= self.at.year <= 9000:
            raise InvalidInput("at", f"must be a date after 1970, not {self.at.isoformat()}")
        if self.at > self.received_at + MOST_AHEAD:
            raise InvalidInput("at", f"must not lie in the future: {self.at.isoformat()}")


# A tuple: of a history that is read there may be a thousand, and each takes a fifth of the time.
class Act(NamedTuple):
    """What serving needs to know of an event."""

    product_id: str
    type: EventType
    at: datetime
    rating: float | None = None

    @property
    def weight(self) -> float:
        """How much it says for the product; negative speaks against it."""
        return weight_of(self.type, self.rating)


VERDICTS = frozenset(
    {
        EventType.PURCHASE,
        EventType.LIKE,
        EventType.DISLIKE,
        EventType.DISMISS,
        EventType.RATING,
    }
)
"""Acts that say something for good; the latest of them on a product is what counts."""


@dataclass(frozen=True, slots=True)
class History:
    """What one shopper did, as far as serving looks back."""

    acts: Sequence[Act] = ()
    """Latest first."""
    bought: frozenset[str] = field(default_factory=frozenset)
    """Every product the shopper ever bought or rated, also where the acts do not reach back that
    far: who rates a product knows it."""
    turned_away: frozenset[str] = field(default_factory=frozenset)
    """Every product of which the shopper's latest verdict is negative."""
    purchases: Sequence[Act] = ()
    """Every purchase, latest first, also where the acts do not reach back that far."""
    attributes: tuple[tuple[str, str], ...] = ()
    """Name and value of what the shop says of the shopper."""

    @classmethod
    def of(cls, acts: Sequence[Act], verdicts: Sequence[Act] | None = None) -> "History":
        """A history.

        Args:
            acts: latest first.
            verdicts: every act of the types in VERDICTS, latest first; None if they are all
                among the acts.
        """
        among = acts if verdicts is None else verdicts
        verdicts = [act for act in among if act.type in VERDICTS]
        latest = {act.product_id: act for act in reversed(verdicts)}
        return cls(
            acts,
            frozenset(
                a.product_id for a in verdicts if a.type in (EventType.PURCHASE, EventType.RATING)
            ),
            frozenset(product_id for product_id, act in latest.items() if act.weight < 0),
            [act for act in verdicts if act.type is EventType.PURCHASE],
        )

    def then(self, acts: Sequence[Act]) -> "History":
        """The same history after further acts, latest first.

        >>> mug = Act("mug", EventType.PURCHASE, datetime(2026, 11, 1, tzinfo=UTC))
        >>> History().then([mug]).bought
        frozenset({'mug'})
        """
        more = History.of(acts)
        overruled = {act.product_id for act in acts if act.type in VERDICTS}
        return replace(
            self,
            acts=[*acts, *self.acts],
            bought=self.bought | more.bought,
            turned_away=(self.turned_away - overruled) | more.turned_away,
            purchases=[*more.purchases, *self.purchases],
        )

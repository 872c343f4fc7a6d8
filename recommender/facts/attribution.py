"""Which acts are credited to which lists: what recommendations earn."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from recommender.facts.events import Event, EventType
from recommender.facts.money import MOST_MINOR_UNITS, Money
from recommender.facts.placements import Placement, Strategy

CREDITED = frozenset(
    {EventType.IMPRESSION, EventType.CLICK, EventType.ADD_TO_CART, EventType.PURCHASE}
)
"""Acts that are credited to the list they name."""

WITHIN_WINDOW = frozenset({EventType.ADD_TO_CART, EventType.PURCHASE})
"""Acts that may be credited to a list that they do not name."""

ONCE = frozenset({EventType.IMPRESSION, EventType.CLICK})
"""Acts that count once for each product of a list, however often they are told."""


class Way(StrEnum):
    """How an act came to be credited."""

    DIRECT = "direct"
    """It named the list."""
    WITHIN_WINDOW = "within_window"
    """It named none, but the shopper had been shown the product on the list shortly before."""


@dataclass(frozen=True, slots=True)
class ShownProduct:
    """One product of a list that was served."""

    rank: int
    strategy: Strategy
    is_filler: bool


@dataclass(frozen=True, slots=True)
class ServedList:
    """A list as it was served."""

    recommendation_id: str
    shopper_id: str | None
    at: datetime
    placement: Placement
    model_version: str | None
    products: Mapping[str, ShownProduct]
    """What was shown of it, by product id."""


@dataclass(frozen=True, slots=True)
class Credit:
    """One act that is credited to one list."""

    credit_id: str
    """The same whenever the same act is credited, so that it counts once."""
    type: EventType
    way: Way
    at: datetime
    """When the shopper acted."""
    product_id: str
    shown: ShownProduct
    served: ServedList
    revenue: Money | None
    """What a purchase brought in; None for other acts, and for purchases that anybody could have
    made up."""


def credits_of(
    events: Iterable[Event],
    named: Mapping[str, ServedList],
    shown_to: Mapping[str, Sequence[ServedList]],
    window: timedelta,
) -> list[Credit]:
    """The credits that events give rise to, at most one each.

    An event is credited to the list it names, if that list showed the product. One that names
    none (or one that cannot be) is credited to the list that showed the product to the shopper
    last, within the window before it, and labelled so. Whoever names a list that never showed the
    product earns it nothing.

    Args:
        events: in any order.
        named: lists by their ids.
        shown_to: lists by shopper, latest first.
        window: how long after it was shown an act may be credited to a list that it does not name.
    """
    found: list[Credit] = []
    for event in events:
        if event.type not in CREDITED:
            continue
        way = Way.DIRECT
        served = named.get(event.recommendation_id) if event.recommendation_id else None
        if served is None or event.product_id not in served.products:
            way = Way.WITHIN_WINDOW
            served = _shown_before(event, shown_to.get(event.shopper_id, ()), window)
        if served is not None:
            found.append(
                Credit(
                    credit_id=_credit_id(event, served),
                    type=event.type,
                    way=way,
                    at=event.at,
                    product_id=event.product_id,
                    shown=served.products[event.product_id],
                    served=served,
                    revenue=_revenue(event),
                )
            )
    return found


def _shown_before(
    event: Event, lists: Sequence[ServedList], window: timedelta
) -> ServedList | None:
    if event.type not in WITHIN_WINDOW:
        return None
    return next(
        (
            served
            for served in lists
            if event.at - window <= served.at <= event.at and event.product_id in served.products
        ),
        None,
    )


def _credit_id(event: Event, served: ServedList) -> str:
    if event.type in ONCE:
        return f"{served.recommendation_id}:{event.type}:{event.product_id}"
    return event.event_id


def _revenue(event: Event) -> Money | None:
    if event.type is not EventType.PURCHASE or event.unit_price is None or not event.trusted:
        return None
    whole = event.unit_price.minor_units * event.quantity
    # More than any shop turns over is a mistake, and one such act must not hold up the others.
    return Money(whole, event.unit_price.currency) if whole <= MOST_MINOR_UNITS else None

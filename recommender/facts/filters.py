"""Which products a caller wants, and which it wants to see more of."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from math import isfinite

from recommender.facts.errors import InvalidInput

STRONGEST_BOOST = 100.0
"""How many spreads of the scores a product may be lifted, or pushed down."""


class Field(StrEnum):
    """What every product has, or may have."""

    CATEGORY = "category"
    """A path. A product is in the categories it names and in all that lie above them."""
    BRAND = "brand"
    TAG = "tag"
    ITEM_GROUP = "item_group"
    PRODUCT_ID = "product_id"
    AVAILABLE = "available"
    """Whether it can be bought now: "true" or "false"."""
    PRICE = "price"
    """In the main unit of its currency, whichever that is."""
    CREATED_AT = "created_at"
    """When the shop began to sell it."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A field that the shop gave a name of its own, such as colour."""

    name: str


LABELLED = frozenset({*Field} - {Field.PRICE, Field.CREATED_AT})
"""Fields that have values one can list. Attributes have, too."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """The field has one of these values. With one value: equality. With none: no product."""

    field: Field | Attribute
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Between:
    """The field lies between the two, both included; None: no bound on that side.

    A product without the field lies nowhere. Of an attribute, only values that are numbers count,
    and one of them is enough.
    """

    field: Field | Attribute
    least: Decimal | datetime | float | None
    most: Decimal | datetime | float | None


@dataclass(frozen=True, slots=True)
class All:
    """Every one of these holds. With none: every product."""

    filters: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Any:
    """At least one of these holds. With none: no product."""

    filters: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """This does not hold."""

    filter: "Filter"


Filter = OneOf | Between | All | Any | Not
"""Hashable: the same question asked again can be remembered."""


@dataclass(frozen=True, slots=True)
class Boost:
    """Products to lift above others, or to push below them."""

    filter: Filter
    factor: float
    """How far, in spreads (standard deviations) of the scores of the shelf's strategy. Added, so
    that it lifts a product whatever the sign of its score; below zero it pushes down."""

    def __post_init__(self) -> None:
        # Refuses NaN too, which compares with nothing.
        if not (isfinite(self.factor) and abs(self.factor) <= STRONGEST_BOOST):
            raise InvalidInput(
                "factor", f"must be -{STRONGEST_BOOST:g} to {STRONGEST_BOOST:g}, not {self.factor}"
            )


def walk(root: Filter, depth: int = 1) -> "Iterator[tuple[Filter, int]]":
    """The filter and all filters in it, each with its depth."""
    yield root, depth
    match root:
        case All(filters) | Any(filters):
            for inner in filters:
                yield from walk(inner, depth + 1)
        case Not(inner):
            yield from walk(inner, depth + 1)


def check_size(given: Filter, most_values: int, deepest: int) -> None:
    """Refuse a filter that would take long to answer.

    Raises:
        InvalidInput: with the limit and how much there is.
    """
    values = 0
    for inner, depth in walk(given):
        if depth > deepest:
            raise InvalidInput("filter", f"must be at most {deepest} levels deep")
        values += len(inner.values) if isinstance(inner, OneOf) else 1
    if values > most_values:
        raise InvalidInput(
            "filter", f"must have at most {most_values} values and conditions, not {values}"
        )


def without(given: Filter, field: Field | Attribute) -> Filter:
    """The filter less what it asks of one field: alone, or as one of several that must all hold."""
    match given:
        case OneOf(asked, _) | Between(asked, _, _) if asked == field:
            return All(())
        case All(filters):
            return All(tuple(without(inner, field) for inner in filters))
        case _:
            return given


def number_in(text: str) -> float | None:
    """The number that a value of an attribute is, if it is one.

    >>> number_in("12.5"), number_in("large"), number_in("nan")
    (12.5, None, None)
    """
    try:
        number = float(text)
    except ValueError:
        return None
    # Python reads 1_000, which nobody else takes for a number.
    return number if isfinite(number) and "_" not in text else None

"""Which products a caller wants, in the schema."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypeVar

import strawberry

from graphql_api.values import utc
from recommender.facts.errors import InvalidInput
from recommender.facts.filters import (
    STRONGEST_BOOST,
    All,
    Any,
    Attribute,
    Between,
    Boost,
    Field,
    Filter,
    Not,
    OneOf,
    check_size,
)
from recommender.settings import Settings

Bound = TypeVar("Bound", Decimal, datetime, float)

EVERYTHING = All(())
"""The filter that leaves nothing out."""


@strawberry.input(
    description="What an attribute must be. Where both are given, one of the values and the range."
)
class AttributeFilterInput:
    name: str = strawberry.field(description="Such as colour.")
    values: list[str] | None = strawberry.field(
        default=None, description="One of these, such as red. An empty list is no condition."
    )
    min: float | None = strawberry.field(
        default=None, description="A number, and at least this one."
    )
    max: float | None = strawberry.field(
        default=None, description="A number, and at most this one."
    )

    def conditions(self) -> Iterator[Filter]:
        """What this asks for."""
        field = Attribute(self.name)
        if self.values:
            yield OneOf(field, frozenset(self.values))
        yield from _between(field, "min", self.min, "max", self.max)


@strawberry.input(
    description="Which products are wanted: those for which all holds that is said here. "
    "What is null, or an empty list, is no condition. A filter works on the whole catalogue before "
    "anything is ranked, so that a filtered list is as long as the catalogue allows."
)
class ProductFilterInput:
    categories: list[str] | None = strawberry.field(
        default=None,
        description='In one of these categories or below it: "Home > Kitchen" has '
        '"Home > Kitchen > Mugs" in it.',
    )
    brands: list[str] | None = strawberry.field(default=None, description="By one of these brands.")
    tags: list[str] | None = strawberry.field(default=None, description="With one of these tags.")
    item_group_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="A variant of one of these products."
    )
    product_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="One of these, by the shop's own ids."
    )
    exclude_product_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="None of these, by the shop's own ids."
    )
    min_price: Decimal | None = strawberry.field(
        default=None,
        description="Costs at least this, in whatever currency. What has no price does not match.",
    )
    max_price: Decimal | None = strawberry.field(
        default=None,
        description="Costs at most this, in whatever currency. What has no price does not match.",
    )
    available_for_sale: bool | None = strawberry.field(
        default=None,
        description="Whether it can be bought now. Recommendations never show what cannot.",
    )
    created_after: datetime | None = strawberry.field(
        default=None, description="The shop began to sell it then or later."
    )
    created_before: datetime | None = strawberry.field(
        default=None, description="The shop began to sell it then or earlier."
    )
    attributes: list[AttributeFilterInput] | None = strawberry.field(
        default=None, description="All of these hold of its attributes."
    )
    all: list["ProductFilterInput"] | None = strawberry.field(
        default=None, description="All of these hold."
    )
    any: list["ProductFilterInput"] | None = strawberry.field(
        default=None, description="At least one of these holds."
    )
    not_: "ProductFilterInput | None" = strawberry.field(
        name="not", default=None, description="This does not hold."
    )

    def to_filter(self) -> Filter | None:
        """The filter this means; None if it leaves nothing out.

        Raises:
            InvalidInput: naming what is out of bounds.
        """
        conditions = tuple(self._conditions())
        if len(conditions) > 1:
            return All(conditions)
        return conditions[0] if conditions else None

    def _conditions(self) -> Iterator[Filter]:
        for field, values in (
            (Field.CATEGORY, self.categories),
            (Field.BRAND, self.brands),
            (Field.TAG, self.tags),
            (Field.ITEM_GROUP, self.item_group_ids),
            (Field.PRODUCT_ID, self.product_ids),
        ):
            if values:
                yield OneOf(field, frozenset(map(str, values)))
        if self.exclude_product_ids:
            yield Not(OneOf(Field.PRODUCT_ID, frozenset(map(str, self.exclude_product_ids))))
        if self.available_for_sale is not None:
            yield OneOf(Field.AVAILABLE, frozenset({str(self.available_for_sale).lower()}))
        yield from _between(
            Field.PRICE,
            "minPrice",
            _finite("minPrice", self.min_price),
            "maxPrice",
            _finite("maxPrice", self.max_price),
        )
        yield from _between(
            Field.CREATED_AT,
            "createdAfter",
            self.created_after and utc(self.created_after, "created_after"),
            "createdBefore",
            self.created_before and utc(self.created_before, "created_before"),
        )
        for attribute in self.attributes or ():
            yield from attribute.conditions()
        yield from (inner.to_filter() or EVERYTHING for inner in self.all or ())
        if self.any:
            yield Any(tuple(inner.to_filter() or EVERYTHING for inner in self.any))
        if self.not_:
            yield Not(self.not_.to_filter() or EVERYTHING)


@strawberry.input(description="Products to lift above others, or to push below them.")
class BoostInput:
    filter: ProductFilterInput = strawberry.field(description="Which products.")
    factor: float = strawberry.field(
        description="How far, in standard deviations of the scores of the list's strategy: 1 "
        "lifts clearly, 3 brings nearly to the top, below 0 pushes down. From "
        f"-{STRONGEST_BOOST:g} to {STRONGEST_BOOST:g}. Boosts that match the same product add up."
    )

    def to_boost(self) -> Boost:
        """The boost this means.

        Raises:
            InvalidInput: naming what is out of bounds.
        """
        return Boost(self.filter.to_filter() or EVERYTHING, self.factor)


FilterArgument = Annotated[
    ProductFilterInput | None, strawberry.argument(description="Only products that match.")
]
BoostsArgument = Annotated[
    list[BoostInput] | None,
    strawberry.argument(description="What the shop wants to show more of, or less."),
]


def filter_in(given: ProductFilterInput | None, settings: Settings) -> Filter | None:
    """The filter that an argument means; None if it leaves nothing out.

    Raises:
        InvalidInput: naming what is out of bounds.
    """
    found = given.to_filter() if given else None
    if found is not None:
        check_size(found, settings.most_filter_values, settings.deepest_filter)
    return found


def boosts_in(given: Sequence[BoostInput] | None, settings: Settings) -> tuple[Boost, ...]:
    """The boosts that an argument means.

    Raises:
        InvalidInput: naming what is out of bounds.
    """
    boosts = tuple(boost.to_boost() for boost in given or ())
    if boosts:
        # Together they cost what one filter with all of them in it would.
        whole = Any(tuple(boost.filter for boost in boosts))
        check_size(whole, settings.most_filter_values, settings.deepest_filter + 1)
    return boosts


def _between(
    field: Field | Attribute,
    least_name: str,
    least: Bound | None,
    most_name: str,
    most: Bound | None,
) -> Iterator[Filter]:
    """The range, if there is one."""
    if least is None and most is None:
        return
    if least is not None and most is not None and least > most:
        raise InvalidInput(least_name, f"must not be above {most_name}: {least} > {most}")
    yield Between(field, least, most)


def _finite(name: str, amount: Decimal | None) -> Decimal | None:
    if amount is not None and not amount.is_finite():
        raise InvalidInput(name, f"must be a decimal number such as 12.50, not {amount}")
    return amount

"""By what products are found: which match a filter, in which order, with which words.

What has values one can list is kept as the rows of each value, what has an order as a column, so
that a filter takes microseconds. All is kept current while products come, change and go; orders and
words are laid out when they are first asked for.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import chain
from typing import NamedTuple, TypeVar, assert_never

import numpy as np
from numpy.typing import NDArray

from recommender.facts.catalog import Product, category_levels
from recommender.facts.filters import (
    All,
    Any,
    Attribute,
    Between,
    Field,
    Filter,
    Not,
    OneOf,
    number_in,
)
from recommender.facts.listing import ProductSort
from recommender.facts.money import MOST_MINOR_UNITS
from recommender.serving.orders import PLACE_IN, SMALLEST_PRICES, Order, Place, price_steps
from recommender.serving.words import WordIndex

Kind = TypeVar("Kind", bound=np.generic)
Mask = NDArray[np.bool_]
Places = NDArray[np.intp]

NO_PRICE = -1


class Numbers(NamedTuple):
    """The values of an attribute that are numbers, in order."""

    values: NDArray[np.float64]
    rows: Places


class Coded(NamedTuple):
    """Every value of a field at every product that has it."""

    values: list[str]
    codes: Places
    """Places in `values`."""
    rows: Places


class CatalogueIndex:
    """The products by what can be asked of them. Kept current by `put` and `remove`."""

    def __init__(
        self,
        products: Sequence[Product],
        rows: Iterable[int],
        popularity_of: Callable[[int], float],
    ) -> None:
        """Index a catalogue.

        Args:
            products: by row.
            rows: those that the shop has.
            popularity_of: a row.
        """
        self._popularity_of = popularity_of
        self._count = len(products)
        room = self._count + 64
        self._present = np.zeros(room, bool)
        self._available = np.zeros(room, bool)
        self._prices = np.zeros(room, np.int64)
        """In thousandths of the main unit."""
        self._created = np.zeros(room)
        self._products: dict[int, Product] = {}
        self._rows: dict[Field | Attribute, dict[str, set[int]]] = {}
        # Made when asked for, dropped when a product changes them.
        self._places: dict[tuple[Field | Attribute, str], Places] = {}
        self._numbers: dict[Attribute, Numbers] = {}
        self._coded: dict[Field | Attribute, Coded] = {}
        self._orders: dict[ProductSort, Order] = {}
        self._words: WordIndex | None = None
        for row in rows:
            self.put(row, products[row])

    def put(self, row: int, product: Product) -> None:
        """Index a product, in the place of what was in the row before."""
        if row >= len(self._present):
            self._grow(2 * row)
        self._count = max(self._count, row + 1)
        self._relabel(row, self._products.get(row), product)
        self._reorder(row, product)
        self._products[row] = product
        self._present[row] = True
        self._available[row] = product.available_for_sale
        self._prices[row] = price_steps(product.price) if product.price else NO_PRICE
        self._created[row] = product.created_at.timestamp()
        if self._words is not None:
            self._words.put(row, product)

    def remove(self, row: int) -> None:
        """Let no filter match the product any more."""
        self._relabel(row, self._products[row], None)
        self._reorder(row, None)
        del self._products[row]
        self._present[row] = False
        if self._words is not None:
            self._words.remove(row)

    def recount(self) -> None:
        """Take note that popularity was counted anew."""
        self._orders.pop(ProductSort.POPULARITY, None)

    def matching(self, wanted: Filter) -> Mask:
        """(n_rows,) which products match. No row of a removed product does."""
        mask = self._mask(wanted)
        mask &= self._present[: self._count]
        return mask

    def counts(self, field: Field | Attribute, among: Mask) -> Iterator[tuple[str, int]]:
        """Values of a field that some of the products have, and how many do."""
        coded = self._coded_by(field)
        counts = np.bincount(coded.codes[among[coded.rows]], minlength=len(coded.values))
        for code in np.flatnonzero(counts).tolist():
            yield coded.values[code], int(counts[code])

    def ordered(self, sort: ProductSort) -> Places:
        """Rows of all products of the shop, in an order."""
        if sort not in self._orders:
            self._orders[sort] = Order((self.place(sort, row), row) for row in self._products)
        return self._orders[sort].rows

    def place(self, sort: ProductSort, row: int) -> Place:
        """Where a product stands in an order."""
        return PLACE_IN[sort](self._products[row], self._popularity_of(row))

    def lay_out(self) -> None:
        """Lay out orders and words now."""
        for sort in ProductSort:
            self.ordered(sort)
        # The first search sorts the words.
        self.words.scores("a", self._count)

    @property
    def words(self) -> WordIndex:
        """The words of the products."""
        if self._words is None:
            self._words = WordIndex(self._products.items())
        return self._words

    def _mask(self, wanted: Filter) -> Mask:
        """(n_rows,) rows of removed products may be in it."""
        match wanted:
            case OneOf(Field.AVAILABLE, values):
                available = self._available[: self._count]
                return (available & ("true" in values)) | (~available & ("false" in values))
            case OneOf(field, values):
                mask = np.zeros(self._count, bool)
                for value in values:
                    mask[self._rows_with(field, value)] = True
                return mask
            case Between():
                return self._between(wanted)
            case All(filters):
                mask = np.ones(self._count, bool)
                for inner in filters:
                    mask &= self._mask(inner)
                return mask
            case Any(filters):
                mask = np.zeros(self._count, bool)
                for inner in filters:
                    mask |= self._mask(inner)
                return mask
            case Not(inner):
                return ~self._mask(inner)
        assert_never(wanted)

    def _between(self, wanted: Between) -> Mask:
        field, least, most = wanted.field, wanted.least, wanted.most
        if isinstance(field, Attribute):
            mask = np.zeros(self._count, bool)
            numbers = self._numbers_of(field)
            start = numbers.values.searchsorted(_number(least, -np.inf), "left")
            end = numbers.values.searchsorted(_number(most, np.inf), "right")
            mask[numbers.rows[start:end]] = True
            return mask
        if field is Field.PRICE:
            prices = self._prices[: self._count]
            return (prices >= _steps(least, 0, ROUND_CEILING)) & (
                prices <= _steps(most, MOST_STEPS, ROUND_FLOOR)
            )
        created = self._created[: self._count]
        return (created >= _seconds(least, -np.inf)) & (created <= _seconds(most, np.inf))

    def _rows_with(self, field: Field | Attribute, value: str) -> Places:
        if field is Field.CATEGORY:
            value = category_levels(value)[-1]
        found = self._places.get((field, value))
        if found is None:
            rows = self._rows.get(field, {}).get(value, ())
            found = np.fromiter(rows, np.intp, len(rows))
            if len(rows):
                # What no product has is not kept: callers may ask for anything.
                self._places[field, value] = found
        return found

    def _numbers_of(self, attribute: Attribute) -> Numbers:
        if attribute not in self._numbers:
            found = [
                (number, row)
                for value, rows in self._rows.get(attribute, {}).items()
                if (number := number_in(value)) is not None
                for row in rows
            ]
            found.sort()
            numbers = Numbers(
                np.array([number for number, _ in found]),
                np.array([row for _, row in found], np.intp),
            )
            if not found:
                return numbers
            self._numbers[attribute] = numbers
        return self._numbers[attribute]

    def _coded_by(self, field: Field | Attribute) -> Coded:
        if field is Field.AVAILABLE:
            rows = np.flatnonzero(self._present[: self._count])
            return Coded(["false", "true"], self._available[rows].astype(np.intp), rows)
        if field not in self._coded:
            by_value = self._rows.get(field, {})
            numbers = [len(rows) for rows in by_value.values()]
            coded = Coded(
                list(by_value),
                np.repeat(np.arange(len(numbers)), numbers),
                np.fromiter(chain.from_iterable(by_value.values()), np.intp, sum(numbers)),
            )
            if not numbers:
                return coded
            self._coded[field] = coded
        return self._coded[field]

    def _relabel(self, row: int, before: Product | None, now: Product | None) -> None:
        """File the row under what the product is now, and no longer under what it was."""
        had = set(_labels(before)) if before else set()
        has = set(_labels(now)) if now else set()
        for field, value in had - has:
            rows = self._rows[field]
            rows[value].discard(row)
            if not rows[value]:
                del rows[value]
        for field, value in has - had:
            self._rows.setdefault(field, {}).setdefault(value, set()).add(row)
        for field, value in had ^ has:
            self._places.pop((field, value), None)
            self._coded.pop(field, None)
            if isinstance(field, Attribute):
                self._numbers.pop(field, None)

    def _reorder(self, row: int, now: Product | None) -> None:
        """Move the row from the places of what the product was to those of what it is now."""
        for sort, order in self._orders.items():
            before = self.place(sort, row) if row in self._products else None
            order.move(row, before, PLACE_IN[sort](now, self._popularity_of(row)) if now else None)

    def _grow(self, room: int) -> None:
        self._present = _longer(self._present, room)
        self._available = _longer(self._available, room)
        self._prices = _longer(self._prices, room)
        self._created = _longer(self._created, room)


def _labels(product: Product) -> Iterator[tuple[Field | Attribute, str]]:
    """What a product is filed under."""
    yield Field.PRODUCT_ID, product.product_id
    if product.brand:
        yield Field.BRAND, product.brand
    if product.item_group_id:
        yield Field.ITEM_GROUP, product.item_group_id
    for path in product.categories:
        for level in category_levels(path):
            yield Field.CATEGORY, level
    for tag in product.tags:
        yield Field.TAG, tag
    for name, value in product.attributes:
        yield Attribute(name), value


MOST_STEPS = MOST_MINOR_UNITS * SMALLEST_PRICES
"""No price is higher."""


def _steps(bound: object, default: int, rounding: str) -> int:
    """A bound of prices in thousandths; one beyond all prices becomes the nearest that is."""
    if bound is None:
        return default
    if not isinstance(bound, Decimal):
        raise TypeError(f"a price lies between decimals, not {bound!r}")
    # Asked before anything is computed: int() of 1e300000 takes seconds.
    if bound > MOST_MINOR_UNITS:
        return MOST_STEPS + 1
    if bound < 0:
        return -1 if rounding == ROUND_FLOOR else 0
    return int((bound * SMALLEST_PRICES).to_integral_value(rounding))


def _number(bound: object, default: float) -> float:
    if bound is None:
        return default
    if not isinstance(bound, int | float):
        raise TypeError(f"an attribute lies between numbers, not {bound!r}")
    return bound


def _seconds(bound: object, default: float) -> float:
    if bound is None:
        return default
    if not isinstance(bound, datetime):
        raise TypeError(f"a moment lies between moments, not {bound!r}")
    return bound.timestamp()


def _longer(array: NDArray[Kind], length: int) -> NDArray[Kind]:
    longer = np.zeros((length, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer

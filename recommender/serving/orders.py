"""The products of the shop in an order that stays right while they come, change and go."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from recommender.facts.catalog import Product
from recommender.facts.listing import ProductSort
from recommender.facts.money import Money
from recommender.serving.words import folded

Place = tuple[str | int | float, ...]
"""Where a product stands in an order: what that goes by, and the product's id at the end. It means
the same in every process, and whatever became of the product."""

SMALLEST_PRICES = 1_000
"""No currency has a smaller unit than a thousandth."""


def price_steps(price: Money) -> int:
    """In thousandths of the main unit, so that prices of all currencies are whole numbers."""
    return int(price.amount * SMALLEST_PRICES)


PLACE_IN: Mapping[ProductSort, Callable[[Product, float], Place]] = {
    ProductSort.RELEVANCE: lambda product, _: (product.product_id,),
    ProductSort.NAME: lambda product, _: (folded(product.name), product.product_id),
    ProductSort.PRICE_ASC: lambda product, _: (
        product.price is None,
        price_steps(product.price) if product.price else 0,
        product.product_id,
    ),
    ProductSort.PRICE_DESC: lambda product, _: (
        product.price is None,
        -price_steps(product.price) if product.price else 0,
        product.product_id,
    ),
    ProductSort.NEWEST: lambda product, _: (-product.created_at.timestamp(), product.product_id),
    ProductSort.POPULARITY: lambda product, popularity: (-popularity, product.product_id),
}
"""From a product and its popularity to its place; a smaller one comes first."""


KINDS_IN: Mapping[ProductSort, tuple[type, ...]] = {
    sort: tuple(type(part) for part in place(Product("sample", "Sample"), 0.0))
    for sort, place in PLACE_IN.items()
}
"""What places of an order are made of."""


class Order:
    """Rows in the order of their products' places."""

    def __init__(self, places: Iterable[tuple[Place, int]]) -> None:
        self._entries = sorted(places)
        self._rows: NDArray[np.intp] | None = None

    @property
    def rows(self) -> NDArray[np.intp]:
        """(n_products,) without those that were removed."""
        if self._rows is None:
            self._rows = np.fromiter((row for _, row in self._entries), np.intp)
        return self._rows

    def move(self, row: int, before: Place | None, now: Place | None) -> None:
        """Move a row from one place to another. None: from or to nowhere."""
        if before == now:
            return
        if before is not None:
            del self._entries[bisect_left(self._entries, (before, row))]
        if now is not None:
            insort(self._entries, (now, row))
        self._rows = None

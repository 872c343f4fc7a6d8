"""What a listing finds: pages of it, and how many products have what."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.facts.catalog import Product
from recommender.facts.filters import All, Attribute, Field, Filter, without
from recommender.facts.listing import Listing, ProductSort
from recommender.serving.live_model import LiveModel
from recommender.serving.orders import KINDS_IN, Place

KINDS_BY_WORDS = (float, float, str)


def kinds_in(listing: Listing) -> tuple[type, ...]:
    """What places in a listing are made of."""
    return KINDS_BY_WORDS if listing.by_words else KINDS_IN[listing.sort]


class Page(NamedTuple):
    """Neighbours in a listing."""

    rows: list[int]
    has_next: bool
    has_previous: bool


class Found:
    """The products that a listing asks for, as they are now: to be used up at once."""

    def __init__(self, listing: Listing, live: LiveModel) -> None:
        self._listing = listing
        self._live = live
        self._searches = bool(listing.query.strip())

    def __len__(self) -> int:
        return len(self._rows)

    def product(self, row: int) -> Product:
        """The product in a row."""
        return self._live.products[row]

    def place(self, row: int) -> Place:
        """Where a product stands in this listing; good for another page of it at any time."""
        if not self._listing.by_words:
            return self._live.index.place(self._listing.sort, row)
        popularity = float(self._live.popularity[row])
        return -float(self._scores[row]), -popularity, self.product(row).product_id

    def page(
        self,
        first: int | None = None,
        after: Place | None = None,
        last: int | None = None,
        before: Place | None = None,
    ) -> Page:
        """The first or the last so many products between two places.

        A place lies between products, so it stays good when its own product has moved or is gone.
        """
        start = 0 if after is None else self._cut(bisect_right, after)
        end = len(self) if before is None else self._cut(bisect_left, before)
        end = max(start, end)
        if first is not None:
            end = min(end, start + first)
        if last is not None:
            start = max(start, end - last)
        return Page(self._rows[start:end].tolist(), end < len(self), start > 0)

    def counts(self, field: Field | Attribute) -> list[tuple[str, int]]:
        """How many of the products have each value of a field, the most frequent value first.

        What the filter asks of this very field does not count: who chose one brand still sees how
        many products there are of the others, to choose those as well.
        """
        wanted = without(self._listing.filter, field) if self._listing.filter else None
        counts = self._live.index.counts(field, self._matching(wanted))
        return sorted(counts, key=lambda found: (-found[1], found[0]))

    def _cut(self, bisect: Callable[..., int], place: Place) -> int:
        return bisect(self._rows, place, key=self.place)

    def _matching(self, wanted: Filter | None) -> NDArray[np.bool_]:
        matching = self._live.matching(wanted or All(()))
        return matching & (self._scores > 0) if self._searches else matching

    @cached_property
    def _scores(self) -> NDArray[np.float64]:
        """(n_products,) how well each answers the query."""
        return self._live.index.words.scores(self._listing.query, len(self._live))

    @cached_property
    def _rows(self) -> NDArray[np.intp]:
        """Those found, in order."""
        by_words = self._listing.by_words
        matching = self._matching(self._listing.filter)
        ordered = self._live.index.ordered(
            ProductSort.POPULARITY if by_words else self._listing.sort
        )
        rows: NDArray[np.intp] = ordered[matching[ordered]]
        # What answers as well stays in the order of its popularity.
        return rows[np.argsort(-self._scores[rows], kind="stable")] if by_words else rows

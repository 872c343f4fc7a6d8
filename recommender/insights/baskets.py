"""What shoppers buy at once, what it is worth, what goes together, and when they come back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recommender.facts.events import BASKET_BREAK, EventType
from recommender.facts.ids import Rows
from recommender.insights.acts import ActTable

if TYPE_CHECKING:
    from scipy import sparse

FEWEST_TOGETHER = 5
"""Baskets that two products must share to be shown as a pair."""
DOUBT = 2.0
"""Shared baskets for half of what they say to be believed, as for the shelf "bought together"."""
LARGEST = 500
"""Different products in the largest basket that pairs are looked for in: a reseller's order says
little about what goes together, and its pairs grow with the square of its size."""
MOST_PAIRS = 100
BLOCK = 500
"""Products that are paired at once: memory does not grow with the square of the catalogue."""

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Values:
    """What baskets are worth, in one currency."""

    baskets: int
    total: int
    """Minor units, as are the others."""
    mean: int
    median: int


@dataclass(frozen=True, slots=True)
class BasketSizes:
    """How large baskets are."""

    count: int = 0
    mean_products: float | None = None
    """Different products; None while there are no baskets."""
    median_products: float | None = None
    mean_pieces: float | None = None
    values: Mapping[str, Values] = field(default_factory=dict)
    """Currency -> what those baskets are worth that were paid in it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two products that are bought together."""

    first: str
    second: str
    support: int
    """Baskets with both."""
    lift: float
    """How many times more often the two share a basket than if neither cared for the other."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """Whether shoppers come back within the period."""

    buyers: int = 0
    returning: int = 0
    """Those with two baskets or more."""
    days_between: tuple[float, float, float] | None = None
    """From one basket of a shopper to the next: a quarter of the times are shorter than the first,
    half of them than the second, three quarters than the third. None while nobody returned."""
    bought_products: int = 0
    """Shoppers with each product they bought."""
    bought_again: int = 0
    """Of these, those with the same product in two baskets or more."""

    @property
    def returning_share(self) -> float | None:
        """Of the buyers; None while there are none."""
        return self.returning / self.buyers if self.buyers else None

    @property
    def bought_again_share(self) -> float | None:
        """Of shoppers with each product they bought; None while there are none."""
        return self.bought_again / self.bought_products if self.bought_products else None


class Baskets:
    """The purchases of some time, put into baskets."""

    def __init__(self, acts: ActTable) -> None:
        """Put them into baskets: lines of one order, or else purchases of one shopper with less
        than BASKET_BREAK from each to the next."""
        bought = acts.of_type(EventType.PURCHASE)
        by_time = np.lexsort((bought.at, bought.order, bought.shopper))
        self._products = acts.products
        self._currencies = acts.currencies
        self._product = bought.product[by_time]
        self._quantity = bought.quantity[by_time]
        self._revenue = bought.revenue[by_time]
        self._currency = bought.currency[by_time]
        shopper, order, at = bought.shopper[by_time], bought.order[by_time], bought.at[by_time]
        starts = np.ones(len(at), bool)
        later = np.diff(at) >= BASKET_BREAK.total_seconds() * 1000
        starts[1:] = (np.diff(shopper) != 0) | (np.diff(order) != 0) | ((order[1:] < 0) & later)
        self._basket: Rows = (np.cumsum(starts) - 1).astype(np.int32)
        self._shopper_of = shopper[starts]
        self._began_at = at[starts]
        self.count = int(starts.sum())

    def sizes(self) -> BasketSizes:
        """How large they are, and what they are worth."""
        if not self.count:
            return BasketSizes()
        products = np.diff(self._matrix().indptr)
        pieces = np.bincount(self._basket, self._quantity, self.count)
        return BasketSizes(
            self.count,
            float(products.mean()),
            float(np.median(products)),
            float(pieces.mean()),
            dict(sorted(self._values())),
        )

    def pairs(self, limit: int = MOST_PAIRS) -> list[Pair]:
        """What is bought together more often than by chance; the strongest first.

        Ranked by the IS measure, as the shelf "bought together" is: the geometric mean of lift and
        support, which neither two chance meetings win nor what is in every basket (Tan, Kumar and
        Srivastava 2002), less where few baskets say so.
        """
        matrix = self._matrix()
        in_baskets = np.asarray(matrix.sum(axis=0)).ravel()
        sizes = np.diff(matrix.indptr)
        shared = matrix[(sizes > 1) & (sizes <= LARGEST)].tocsc()
        found: list[tuple[float, int, int, float]] = []
        for start in range(0, len(in_baskets), BLOCK):
            both = (shared[:, start : start + BLOCK].T @ shared).tocoo()
            first, second, support = both.row + start, both.col, both.data
            enough = (first < second) & (support >= FEWEST_TOGETHER)
            first, second, support = first[enough], second[enough], support[enough]
            expected = in_baskets[first] * in_baskets[second]
            strength = support / np.sqrt(expected) * (support / (support + DOUBT))
            lift = support * self.count / expected
            strength[lift <= 1] = 0
            best = np.lexsort((second, first, -strength))[:limit]
            columns = (strength[best], first[best], second[best], support[best])
            found += zip(*(column.tolist() for column in columns), strict=True)
            found = sorted(found, key=lambda f: (-f[0], f[1], f[2]))[:limit]
        return [
            Pair(
                self._products[first],
                self._products[second],
                int(support),
                float(support * self.count / (in_baskets[first] * in_baskets[second])),
            )
            for strength, first, second, support in found
            if strength > 0
        ]

    def repeats(self) -> Repeats:
        """Whether shoppers come back."""
        if not self.count:
            return Repeats()
        by_time = np.lexsort((self._began_at, self._shopper_of))
        shopper, at = self._shopper_of[by_time], self._began_at[by_time]
        same = np.diff(shopper) == 0
        days = np.diff(at)[same] / DAY_MS
        baskets = np.bincount(shopper)
        matrix = self._matrix().tocoo()
        pairs = self._shopper_of[matrix.row].astype(np.int64) * len(self._products) + matrix.col
        times = np.unique(pairs, return_counts=True)[1]
        quartiles = np.quantile(days, [0.25, 0.5, 0.75]).tolist() if len(days) else None
        return Repeats(
            buyers=int((baskets > 0).sum()),
            returning=int((baskets > 1).sum()),
            days_between=(quartiles[0], quartiles[1], quartiles[2]) if quartiles else None,
            bought_products=len(times),
            bought_again=int((times > 1).sum()),
        )

    def _matrix(self) -> "sparse.csr_matrix":
        """(n_baskets, n_products) float64, 1 for what is in a basket."""
        # The API does without scipy until somebody asks for insights.
        from scipy import sparse

        matrix = sparse.csr_matrix(
            (np.ones(len(self._basket)), (self._basket, self._product)),
            shape=(self.count, len(self._products)),
        )
        matrix.sum_duplicates()
        matrix.data[:] = 1
        return matrix

    def _values(self) -> Iterator[tuple[str, Values]]:
        for currency, name in enumerate(self._currencies):
            paid = self._currency == currency
            baskets, place = np.unique(self._basket[paid], return_inverse=True)
            if not len(baskets):
                continue
            # Whole numbers all the way: money is exact.
            worth: NDArray[np.int64] = np.zeros(len(baskets), np.int64)
            np.add.at(worth, place, self._revenue[paid])
            total = int(worth.sum())
            median = round(float(np.median(worth)))
            yield name, Values(len(baskets), total, round(total / len(baskets)), median)


def revenue_of(acts: ActTable) -> Mapping[str, int]:
    """Currency -> what purchases brought in, in minor units."""
    bought = acts.of_type(EventType.PURCHASE)
    revenue = bought.revenue
    found = {
        name: int(revenue[bought.currency == row].sum())
        for row, name in enumerate(acts.currencies)
        if (bought.currency == row).any()
    }
    return dict(sorted(found.items()))

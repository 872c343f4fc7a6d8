"""All that the shop's data say of some time, each figure computed when it is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recommender.facts.catalog import Product
from recommender.facts.events import EventType
from recommender.facts.insights import Range
from recommender.insights.acts import SEEN, TYPES, ActTable, Pairs
from recommender.insights.baskets import Baskets, BasketSizes, Pair, Repeats, revenue_of
from recommender.insights.changes import Changes, changes
from recommender.insights.funnel import Funnel, FunnelOf, funnels, whole_funnel
from recommender.insights.groups import Groups, PriceBand, categories_of, price_bands_of

STRONGEST_FIRST = ((EventType.PURCHASE,), (EventType.ADD_TO_CART,), SEEN)
"""What changes are counted by: the first of these that the shop tells of."""


def period_before(within: Range) -> Range:
    """The time just before, as long."""
    return Range(within.start - (within.end - within.start), within.start)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A product that shoppers want and cannot buy."""

    product_id: str
    viewed: int
    """Shoppers who viewed it."""
    carted: int
    """Shoppers who put it into a cart."""


class ShopInsights:
    """What the events of some time say."""

    def __init__(self, within: Range, acts: ActTable, products: Mapping[str, Product]) -> None:
        """Nothing is computed yet.

        Args:
            within: the time.
            acts: of that time and of the one before; others are left aside.
            products: the catalogue as it is now.
        """
        self.within = within
        self._products = products
        self.acts = acts.within(within)
        self._acts_before = acts.within(period_before(within))

    @cached_property
    def shoppers(self) -> int:
        """How many did anything."""
        return len(np.unique(self.acts.shopper))

    @cached_property
    def events(self) -> Mapping[EventType, int]:
        """How many there are of each type; the types in their own order."""
        counts = np.bincount(self.acts.type, minlength=len(TYPES)).tolist()
        return {t: count for t, count in zip(TYPES, counts, strict=True) if count}

    @cached_property
    def revenue(self) -> Mapping[str, int]:
        """Currency -> what purchases brought in, in minor units."""
        return revenue_of(self.acts)

    @property
    def counted_by(self) -> EventType:
        """The type of act that changes are counted by; VIEW stands for clicks too."""
        return self._counted_types[0]

    @cached_property
    def product_changes(self) -> Changes:
        """Products that rise and fall, among those that are still in the catalogue.

        Measured against all of the shop's shoppers with each product.
        """
        now, before = self._drawn
        n = len(self.acts.products)
        found = changes(
            self.acts.products,
            _of_products(now, n),
            _of_products(before, n),
            (len(now), len(before)),
        )
        there = self._products
        return Changes(
            [c for c in found.rising if c.key in there],
            [c for c in found.falling if c.key in there],
        )

    @cached_property
    def category_changes(self) -> Changes:
        """Categories that rise and fall, at every level; against all of the shop's shoppers."""
        groups = self._categories
        now, before = (groups.shoppers_of(groups.shopper_groups(p)) for p in self._drawn)
        n = max(len(self.acts.products), 1)
        shoppers = [float(len(np.unique(pairs // n))) for pairs in self._drawn]
        return changes(groups.keys, now, before, (shoppers[0], shoppers[1]))

    @cached_property
    def funnel(self) -> Funnel:
        """How far shoppers come, in the whole shop."""
        return whole_funnel(self.acts)

    @cached_property
    def funnel_by_category(self) -> Sequence[FunnelOf[str]]:
        """The same in each category, at every level; first the one with the most shoppers."""
        return funnels(self.acts, self._categories)

    @cached_property
    def funnel_by_price(self) -> Sequence[FunnelOf[PriceBand]]:
        """The same in each band of prices, as they are now; by currency, the lowest first."""
        bands = Groups.by(price_bands_of, self.acts.products, self._products)
        found = funnels(self.acts, bands)
        return sorted(found, key=lambda f: (f.key.low.currency, f.key.low.minor_units))

    @cached_property
    def basket_sizes(self) -> BasketSizes:
        """How large baskets are, and what they are worth."""
        return self._baskets.sizes()

    @cached_property
    def pairs(self) -> Sequence[Pair]:
        """What is bought together, the strongest first; MOST_PAIRS at most."""
        return self._baskets.pairs()

    @cached_property
    def repeats(self) -> Repeats:
        """Whether shoppers come back."""
        return self._baskets.repeats()

    @cached_property
    def _baskets(self) -> Baskets:
        return Baskets(self.acts)

    @cached_property
    def wanted(self) -> Sequence[Wanted]:
        """Products that are not for sale now, and were wanted; the most carted, then viewed ones
        first."""
        n = len(self.acts.products)
        viewed, carted = (
            _of_products(self.acts.of_type(*types).shopper_products(), n)
            for types in (SEEN, (EventType.ADD_TO_CART,))
        )
        found = [
            Wanted(id_, int(viewed[row]), int(carted[row]))
            for row, id_ in enumerate(self.acts.products)
            if (product := self._products.get(id_)) and not product.available_for_sale
        ]
        wanted = [w for w in found if w.viewed or w.carted]
        return sorted(wanted, key=lambda w: (-w.carted, -w.viewed, w.product_id))

    @cached_property
    def _counted_types(self) -> tuple[EventType, ...]:
        told = self.events
        return next((t for t in STRONGEST_FIRST if told.keys() & set(t)), STRONGEST_FIRST[0])

    @cached_property
    def _drawn(self) -> tuple[Pairs, Pairs]:
        """Shoppers with products, by what changes are counted by; now and before."""
        types = self._counted_types
        return (
            self.acts.of_type(*types).shopper_products(),
            self._acts_before.of_type(*types).shopper_products(),
        )

    @cached_property
    def _categories(self) -> Groups[str]:
        return Groups.by(categories_of, self.acts.products, self._products)


def _of_products(pairs: Pairs, n_products: int) -> Pairs:
    """(n_products,) how many shoppers each has among these pairs."""
    return np.bincount(pairs % max(n_products, 1), minlength=n_products).astype(np.int64)

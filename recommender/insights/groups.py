"""Products in groups: categories, and bands of prices."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from recommender.facts.catalog import Product, category_levels
from recommender.facts.ids import Rows
from recommender.facts.money import Money
from recommender.insights.acts import Pairs

STEPS = (1, 2, 5)
"""Where bands begin: 1, 2, 5, 10, 20, 50 and so on, which people can read and no outlier moves."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class PriceBand:
    """Prices that are alike."""

    low: Money
    """Inclusive."""
    high: Money
    """Exclusive."""

    @classmethod
    def of(cls, price: Money) -> "PriceBand":
        """The band that the price is in.

        >>> band = PriceBand.of(Money.of("12.50", "EUR"))
        >>> str(band.low), str(band.high)
        ('10.00 EUR', '20.00 EUR')
        """
        if not price.minor_units:
            return cls(price, Money(1, price.currency))
        power: int = 10 ** (len(str(price.minor_units)) - 1)
        low = max(step * power for step in STEPS if step * power <= price.minor_units)
        high = next((s * power for s in STEPS if s * power > low), 10 * power)
        return cls(Money(low, price.currency), Money(high, price.currency))


@dataclass(frozen=True, slots=True)
class Groups(Generic[Key]):
    """Which groups each product is in."""

    keys: Sequence[Key]
    """The meaning of the group rows."""
    starts: Rows
    """(n_products + 1,) where the groups of each product begin."""
    rows: Rows
    """Group rows, product after product."""

    @classmethod
    def by(
        cls,
        of_product: Callable[[Product], Sequence[Key]],
        product_ids: Sequence[str],
        products: Mapping[str, Product],
    ) -> "Groups[Key]":
        """Put products into groups; one that the catalogue no longer has is in none."""
        row_of: dict[Key, int] = {}
        rows: list[int] = []
        starts = [0]
        for product_id in product_ids:
            if product := products.get(product_id):
                keys = dict.fromkeys(of_product(product))
                rows += [row_of.setdefault(key, len(row_of)) for key in keys]
            starts.append(len(rows))
        return cls(list(row_of), np.array(starts, np.int32), np.array(rows, np.int32))

    def shopper_groups(self, pairs: Pairs) -> Pairs:
        """Each shopper with each group once: shopper * n_groups + group.

        Args:
            pairs: as ActTable.shopper_products gives them.
        """
        shopper, product = np.divmod(pairs, max(len(self.starts) - 1, 1))
        counts = self.starts[product + 1] - self.starts[product]
        # The place of each group of each pair: where its product's begin, and how many on.
        first = np.repeat(self.starts[product] - (np.cumsum(counts) - counts), counts)
        group = self.rows[first + np.arange(len(first))]
        return np.unique(np.repeat(shopper, counts) * len(self.keys) + group)

    def shoppers_of(self, pairs: Pairs) -> Pairs:
        """(n_groups,) how many shoppers each has.

        Args:
            pairs: as `shopper_groups` gives them.
        """
        groups = pairs % max(len(self.keys), 1)
        return np.bincount(groups, minlength=len(self.keys)).astype(np.int64)


def categories_of(product: Product) -> list[str]:
    """Every category that the product is in, at every level."""
    return [level for path in product.categories for level in category_levels(path)]


def price_bands_of(product: Product) -> list[PriceBand]:
    """The one band that the product's price is in now; none where it has no price."""
    return [PriceBand.of(product.price)] if product.price else []

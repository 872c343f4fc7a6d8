"""Products -> features: category path, brand, price band, tags, words of the name.

Each product is described by a short list of named features, such as "brand:Harrow" or
"word:mug", weighted by how rare they are (tf-idf) and scaled so that together they have length
one. Training adds an identity feature beside them; a product without interactions has these only.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from recommender.facts.catalog import Product, category_levels

GROUP_WEIGHTS = {
    "category": 1.0,
    "brand": 1.0,
    "tag": 1.0,
    "word": 1.0,
    "price": 0.5,
}
"""How much a feature of each group counts beside its rarity."""

FEWEST_PRODUCTS = 2
"""A feature of a single product says no more than the product's identity does."""
LARGEST_SHARE = 0.5
"""A feature of more products than this tells nothing apart."""
MOST_KEPT = 12
"""Features of one product that likeness goes by: the rest hardly matters."""
PRICE_BANDS = 8
"""Bands of equally many products, for each currency."""

_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class FeatureSpace:
    """Which features exist, what each weighs, and how to read them off a product."""

    row_of: Mapping[str, int]
    """Feature name -> row, such as "word:mug" -> 17."""
    weights: NDArray[np.float32]
    """(n_features,) group weight times inverse document frequency."""
    price_edges: Mapping[str, Sequence[int]]
    """Currency -> minor units between one price band and the next."""
    names: Sequence[str] = field(init=False, compare=False, repr=False)
    """Every feature, by row."""

    def __post_init__(self) -> None:
        # Reasons look several of them up for each product.
        object.__setattr__(self, "names", list(self.row_of))

    @classmethod
    def of(cls, products: Sequence[Product]) -> "FeatureSpace":
        """The features worth having for these products: neither unique nor everywhere."""
        edges = _price_edges(products)
        count = Counter(name for p in products for name in set(_names(p, edges)))
        most = max(FEWEST_PRODUCTS, LARGEST_SHARE * len(products))
        kept = sorted(name for name, n in count.items() if FEWEST_PRODUCTS <= n <= most)
        weights = [
            GROUP_WEIGHTS[name.partition(":")[0]] * (1 + log(len(products) / count[name]))
            for name in kept
        ]
        return cls(
            {name: row for row, name in enumerate(kept)}, np.array(weights, np.float32), edges
        )

    def __len__(self) -> int:
        return len(self.row_of)

    def describe(self, product: Product) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The product's features that exist here.

        Returns:
            rows, values: values have length one together, or are empty.
        """
        count = Counter(
            row
            for name in _names(product, self.price_edges)
            if (row := self.row_of.get(name)) is not None
        )
        rows = np.fromiter(count.keys(), np.int32, len(count))
        values = self.weights[rows] * np.sqrt(np.fromiter(count.values(), np.float32, len(count)))
        length = sqrt(float(values @ values))
        return rows, (values / length if length else values)

    def to_json(self) -> str:
        """For the model's file."""
        return json.dumps(
            {
                "names": list(self.names),
                "weights": [float(w) for w in self.weights],
                "price_edges": {c: list(e) for c, e in self.price_edges.items()},
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "FeatureSpace":
        """The other way."""
        data = json.loads(text)
        return cls(
            {name: row for row, name in enumerate(data["names"])},
            np.array(data["weights"], np.float32),
            data["price_edges"],
        )


def strongest(
    rows: NDArray[np.int32], values: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The features that say most of a product, in as many places for every product.

    Returns:
        rows, values: (MOST_KEPT,) zeros where there are fewer; values have length one again.
    """
    best = np.argsort(-values, kind="stable")[:MOST_KEPT]
    kept_rows, kept = np.zeros(MOST_KEPT, np.int32), np.zeros(MOST_KEPT, np.float32)
    kept_rows[: len(best)], kept[: len(best)] = rows[best], values[best]
    return kept_rows, kept / max(float(np.linalg.norm(kept)), 1e-9)


def _names(product: Product, price_edges: Mapping[str, Sequence[int]]) -> list[str]:
    names = [f"word:{word}" for word in _WORD.findall(product.name.lower())]
    for path in product.categories:
        names += [f"category:{level}" for level in category_levels(path)]
    if product.brand:
        names.append(f"brand:{product.brand}")
    names += [f"tag:{tag.lower()}" for tag in product.tags]
    names += [f"tag:{name.lower()}={value.lower()}" for name, value in product.attributes]
    if product.price and (edges := price_edges.get(product.price.currency)):
        band = int(np.searchsorted(edges, product.price.minor_units))
        names.append(f"price:{product.price.currency} {band + 1} of {len(edges) + 1}")
    return names


def _price_edges(products: Sequence[Product]) -> dict[str, list[int]]:
    prices: dict[str, list[int]] = {}
    for product in products:
        if product.price:
            prices.setdefault(product.price.currency, []).append(product.price.minor_units)
    shares = np.linspace(0, 1, PRICE_BANDS + 1)[1:-1]
    return {
        currency: sorted({int(edge) for edge in np.quantile(amounts, shares)})
        for currency, amounts in prices.items()
    }

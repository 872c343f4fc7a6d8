"""For whom, and for what, lists are good: parts of the judged shoppers, and of what they took."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.evaluation.metrics import Lists, Truth, judge
from recommender.evaluation.splits import Split
from recommender.facts.catalog import category_levels

FEWEST_SHOPPERS = 5
"""Who take part in a segment; smaller ones are left out."""
MOST_CATEGORIES = 8
"""The categories that most of the truth lies in."""
RARE = 10
"""Products that fewer shoppers of the training took to are cold."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the judged shoppers, and what of their truth counts in it."""

    kind: str
    """What the segments are of: "shoppers", "products" or "category"."""
    name: str
    places: NDArray[np.int64]
    """Of the shoppers, in `Split.shoppers`."""
    truth: Truth
    """For each of them; one product at least."""


def segments_of(split: Split) -> list[Segment]:
    """Light, medium and heavy shoppers; warm and cold products; the largest categories.

    Shoppers are light to heavy by how many products are known of them: a third of them each, as
    far as equal numbers go. Of products only that part of the truth counts.
    """
    return [
        segment
        for segment in [*_by_history(split), *_by_warmth(split), *_by_category(split)]
        if len(segment.places) >= FEWEST_SHOPPERS
    ]


def judge_segment(segment: Segment, lists: Lists, k: int) -> dict[str, float]:
    """The means of every measure at k, over the shoppers of the segment."""
    found = judge(lists[segment.places], segment.truth, n_products=1, cutoffs=[k])
    return {name: float(values.mean()) for name, values in found.of_shopper.items()}


def _by_history(split: Split) -> list[Segment]:
    n = len(split.known.products)
    pairs = np.unique(split.known.shopper.astype(np.int64) * n + split.known.product)
    sizes = np.bincount(pairs // n, minlength=len(split.known.shoppers))[list(split.shoppers)]
    low, high = np.quantile(sizes, [1 / 3, 2 / 3], method="lower").tolist()
    parts = {
        f"light (up to {low} products known)": sizes <= low,
        f"medium ({low + 1} to {high})": (sizes > low) & (sizes <= high),
        f"heavy (more than {high})": sizes > high,
    }
    return [
        Segment("shoppers", name, places, [split.truth[n] for n in places.tolist()])
        for name, chosen in parts.items()
        for places in [np.flatnonzero(chosen)]
    ]


def _by_warmth(split: Split) -> list[Segment]:
    n = len(split.train.products)
    drawn = split.train.weights > 0
    pairs = np.unique(split.train.shopper[drawn].astype(np.int64) * n + split.train.product[drawn])
    cold = np.bincount(pairs % n, minlength=n) < RARE
    return [
        _of_products(split, "products", f"warm (taken by {RARE} shoppers or more)", ~cold),
        _of_products(split, "products", f"cold (taken by fewer than {RARE})", cold),
    ]


def _by_category(split: Split) -> list[Segment]:
    """By the topmost level of the first path."""
    names = np.array(
        [
            category_levels(product.categories[0])[0] if product and product.categories else ""
            for product in map(split.products.get, split.train.products)
        ],
        object,
    )
    count = Counter(names[np.concatenate(split.truth)].tolist())
    del count[""]
    return [
        _of_products(split, "category", name, names == name)
        for name, _ in sorted(count.most_common(MOST_CATEGORIES), key=lambda c: (-c[1], c[0]))
    ]


def _of_products(split: Split, kind: str, name: str, chosen: NDArray[np.bool_]) -> Segment:
    counted = [wanted[chosen[wanted]] for wanted in split.truth]
    places = np.flatnonzero([len(wanted) for wanted in counted])
    return Segment(kind, name, places, [counted[n] for n in places.tolist()])

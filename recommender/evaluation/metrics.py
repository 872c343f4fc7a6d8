"""How good a list is, given what its shopper went on to take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CUTOFFS = (10, 20)
"""Lengths at which a list is judged."""
MEASURES = ("precision", "recall", "f1", "map", "ndcg", "hit_rate", "coverage")
"""What is measured at each of them."""

Lists = NDArray[np.int32]
"""(n_shoppers, longest cutoff) product rows, best first; -1 where a list is short."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the lists of one model are."""

    of_shopper: Mapping[str, NDArray[np.float64]]
    """(n_shoppers,) of each measure, such as "ndcg@10"."""
    coverage: Mapping[str, float]
    """Share of the catalogue that anybody was shown, such as "coverage@10"."""

    @property
    def means(self) -> dict[str, float]:
        """Every measure, averaged over shoppers."""
        averages = {name: float(values.mean()) for name, values in self.of_shopper.items()}
        return {**averages, **self.coverage}


def judge(lists: Lists, truth: Sequence[NDArray[np.int32]], n_products: int) -> Quality:
    """Compare lists with what shoppers went on to take.

    Precision divides by k; recall by the length of the truth; average precision by the smaller
    of the two; NDCG has binary gains and the ideal of that smaller length; F1 is the harmonic
    mean of a shopper's precision and recall.
    """
    hits = np.zeros(lists.shape, bool)
    for n, wanted in enumerate(truth):
        hits[n] = np.isin(lists[n], wanted)
    sizes = np.array([len(wanted) for wanted in truth])
    gains = 1 / np.log2(np.arange(lists.shape[1]) + 2)
    ideal = np.concatenate([[0.0], np.cumsum(gains)])
    found: dict[str, NDArray[np.float64]] = {}
    coverage: dict[str, float] = {}
    for k in CUTOFFS:
        at_k = hits[:, :k]
        count = at_k.sum(axis=1)
        best = np.minimum(sizes, k)
        precision, recall = count / k, count / sizes
        ranks = np.arange(1, k + 1)
        found[f"precision@{k}"] = precision
        found[f"recall@{k}"] = recall
        found[f"f1@{k}"] = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
        found[f"map@{k}"] = (at_k * np.cumsum(at_k, axis=1) / ranks).sum(axis=1) / best
        found[f"ndcg@{k}"] = (at_k * gains[:k]).sum(axis=1) / ideal[best]
        found[f"hit_rate@{k}"] = (count > 0).astype(float)
        shown = np.unique(lists[:, :k])
        coverage[f"coverage@{k}"] = float((shown >= 0).sum() / max(n_products, 1))
    return Quality(found, coverage)

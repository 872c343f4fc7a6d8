"""How good a list is, given what its shopper went on to take; and what else is to be said of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.evaluation.intervals import intervals

CUTOFFS = (10, 20)
"""Lengths at which a list is judged, where nothing else is asked for."""
MEASURES = ("precision", "recall", "f1", "map", "ndcg", "hit_rate", "mrr", "coverage")
"""What is measured at each of them."""
CHARACTER = ("coverage", "gini", "novelty", "diversity", "serendipity")
"""What `describe` tells of lists beside their accuracy."""

Lists = NDArray[np.int32]
"""(n_shoppers, longest cutoff) product rows, best first; -1 where a list is short."""
Truth = Sequence[NDArray[np.int32]]
"""For each shopper, the rows of the products that a good list holds; one at least."""


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

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """Where each mean over shoppers lies with 95 % confidence: low, high."""
        found = intervals(np.column_stack(list(self.of_shopper.values())))
        return {name: (i.low, i.high) for name, i in zip(self.of_shopper, found, strict=True)}


def judge(lists: Lists, truth: Truth, n_products: int, cutoffs: Sequence[int] = CUTOFFS) -> Quality:
    """Compare lists with what shoppers went on to take.

    Precision divides by k; recall by the length of the truth; average precision by the smaller
    of the two; NDCG has binary gains and the ideal of that smaller length; F1 is the harmonic
    mean of a shopper's precision and recall; MRR is one by the place of the first hit.
    """
    hits = hits_of(lists, truth)
    sizes = np.array([len(wanted) for wanted in truth])
    gains = 1 / np.log2(np.arange(lists.shape[1]) + 2)
    ideal = np.concatenate([[0.0], np.cumsum(gains)])
    found: dict[str, NDArray[np.float64]] = {}
    coverage: dict[str, float] = {}
    for k in cutoffs:
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
        found[f"mrr@{k}"] = (at_k / ranks).max(axis=1)
        shown = np.unique(lists[:, :k])
        coverage[f"coverage@{k}"] = float((shown >= 0).sum() / max(n_products, 1))
    return Quality(found, coverage)


def hits_of(lists: Lists, truth: Truth) -> NDArray[np.bool_]:
    """(n_shoppers, longest cutoff) whether the product in the place was taken."""
    hits = np.zeros(lists.shape, bool)
    for n, wanted in enumerate(truth):
        hits[n] = np.isin(lists[n], wanted)
    return hits


@dataclass(frozen=True, slots=True)
class Background:
    """What lists are seen against."""

    on_offer: NDArray[np.bool_]
    """(n_products,) what a list may hold."""
    shoppers_of: NDArray[np.int64]
    """(n_products,) how many shoppers of the training took to each."""
    n_shoppers: int
    """Of the training."""
    attributes: sparse.csr_matrix
    """(n_products, n_features) of length one, or zero where nothing is known of a product."""
    popular: Lists
    """What popularity shows each of the shoppers."""


def describe(
    lists: Lists, truth: Truth, background: Background, cutoffs: Sequence[int] = CUTOFFS
) -> Quality:
    """What lists are like, beside accurate.

    coverage: share of the products on offer that anybody was shown.
    gini: how unevenly places are shared out among the products on offer; 0: all alike.
    novelty: mean self-information of a shown product in bits, -log2 of the share of shoppers who
        took to it (Zhou et al. 2010). A product of nobody counts as one of a single shopper.
    diversity: mean of 1 - cosine of attributes, over all pairs of a list (Ziegler et al. 2005).
        Not told in a shop whose products have none.
    serendipity: share of places with a hit that popularity would not have shown (Ge et al. 2010).
    """
    n_offered = int(background.on_offer.sum())
    share = np.maximum(background.shoppers_of, 1) / max(background.n_shoppers, 1)
    bits = np.append(-np.log2(share), 0.0)  # so that the row -1, no product, has none
    hits = hits_of(lists, truth)
    found: dict[str, NDArray[np.float64]] = {}
    of_all: dict[str, float] = {}
    for k in cutoffs:
        at_k = lists[:, :k]
        there = at_k >= 0
        length = there.sum(axis=1)
        shown = np.bincount(at_k[there], minlength=len(background.on_offer))
        of_all[f"coverage@{k}"] = float((shown > 0).sum() / max(n_offered, 1))
        of_all[f"gini@{k}"] = gini(shown[background.on_offer])
        found[f"novelty@{k}"] = bits[at_k].sum(axis=1) / np.maximum(length, 1)
        if background.attributes.nnz:
            found[f"diversity@{k}"] = _diversity(at_k, background.attributes)
        expected = np.array(
            [
                np.isin(row, popular)
                for row, popular in zip(at_k, background.popular[:, :k], strict=True)
            ]
        )
        found[f"serendipity@{k}"] = (hits[:, :k] & ~expected).sum(axis=1) / k
    return Quality(found, of_all)


def gini(counts: NDArray[np.int64]) -> float:
    """How unequal counts are: 0 where all are alike, towards 1 where one has everything.

    >>> gini(np.array([2, 2])), gini(np.array([0, 0, 0, 8]))
    (0.0, 0.75)
    """
    if not counts.sum():
        return 0.0
    ordered = np.sort(counts)
    places = np.arange(1, len(ordered) + 1)
    return float(((2 * places - len(ordered) - 1) * ordered).sum() / (len(ordered) * ordered.sum()))


def _diversity(lists: Lists, attributes: sparse.csr_matrix) -> NDArray[np.float64]:
    """(n_shoppers,) by the length of the sum of a list's unit vectors, without forming pairs."""
    there = lists >= 0
    length = there.sum(axis=1)
    held = sparse.csr_matrix(
        (np.ones(int(there.sum())), lists[there], np.r_[0, np.cumsum(length)]),
        shape=(len(lists), attributes.shape[0]),
    )
    lengths = np.asarray(attributes.multiply(attributes).sum(axis=1)).ravel()
    summed = held @ attributes
    alike = np.asarray(summed.multiply(summed).sum(axis=1)).ravel() - held @ lengths
    diversity: NDArray[np.float64] = 1 - alike / np.maximum(length * (length - 1), 1)
    return np.where(length > 1, diversity, 0.0)

"""Learns what shoppers are drawn to of whom the shop says the same."""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.facts.shopper_attributes import NO_FEATURES, Attributes, ShopperSpace
from recommender.model.trained_model import Floats

L2 = 10.0
"""What so many shoppers have in common is believed half. With 2 or 50 lists were as good."""


class Tastes(NamedTuple):
    """What shoppers are drawn to, as points among the products' vectors."""

    space: ShopperSpace
    typical: Floats
    """(n_factors,) of a shopper without any of the features."""
    of_features: Floats
    """(n_features, n_factors) what each feature adds."""


def learn_tastes(said: Sequence[Attributes], met: sparse.csr_matrix, vectors: Floats) -> Tastes:
    """Ridge regression of shoppers' tastes, folded in much as serving does it, on their features.

    As user features of LightFM the same attributes made lists of strangers as good, and those of
    shoppers with three acts or more 1 to 2 % worse than without: what the attributes explain the
    products' vectors no longer have to, and serving folds shoppers in from these. Where the
    features do not tell tastes of shoppers apart that they were not learned from, there are none.

    Args:
        said: what the shop says of each shopper; two or more of them.
        met: (n_shoppers, n_products) how strongly each is drawn to each product; no row is empty.
        vectors: (n_products, n_factors) of the products.
    """
    tastes = (met @ vectors.astype(np.float64)) / np.asarray(met.sum(axis=1)).reshape(-1, 1)
    space = ShopperSpace.of(said)
    has = _features(space, said)
    if len(space) and _tell_apart(has, tastes):
        return Tastes(space, *_fit(has, tastes))
    nothing = np.zeros((0, vectors.shape[1]), np.float32)
    return Tastes(NO_FEATURES, tastes.mean(axis=0).astype(np.float32), nothing)


def _features(space: ShopperSpace, said: Sequence[Attributes]) -> sparse.csr_matrix:
    """(n_shoppers, n_features) 1 where the shopper has the feature."""
    rows = [list(space.describe(attributes)) for attributes in said]
    starts = np.cumsum([0, *map(len, rows)])
    columns = np.fromiter(chain.from_iterable(rows), np.int32, starts[-1])
    return sparse.csr_matrix((np.ones(starts[-1]), columns, starts), shape=(len(said), len(space)))


def _fit(has: sparse.csr_matrix, tastes: NDArray[np.float64]) -> tuple[Floats, Floats]:
    """Typical taste, and what each feature adds."""
    share, mean = np.asarray(has.mean(axis=0)).ravel(), tastes.mean(axis=0)
    spread = (has.T @ has).toarray() - len(tastes) * np.outer(share, share)
    adds = np.linalg.solve(spread + L2 * np.identity(len(share)), has.T @ (tastes - mean))
    return (mean - share @ adds).astype(np.float32), adds.astype(np.float32)


def _tell_apart(has: sparse.csr_matrix, tastes: NDArray[np.float64]) -> bool:
    """Whether tastes are nearer to what the features say than to the mean, in unseen halves."""
    halves = np.arange(len(tastes)) % 2
    gain = 0.0
    for half in (0, 1):
        seen, unseen = halves != half, halves == half
        typical, adds = _fit(has[seen], tastes[seen])
        off = tastes[unseen] - (typical + has[unseen] @ adds)
        without = tastes[unseen] - tastes[seen].mean(axis=0)
        gain += float((without**2).sum() - (off**2).sum())
    return gain > 0

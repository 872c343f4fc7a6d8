"""Simple things that a model has to beat."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.preprocessing import normalize

from recommender.evaluation.metrics import CUTOFFS, Lists
from recommender.evaluation.splits import Split
from recommender.events import EventType
from recommender.interactions import interaction_matrix, popularity

NEIGHBOURS = 20
"""Of each product, in the item-kNN baseline."""


def popularity_lists(split: Split, half_life_days: float) -> Lists:
    """The same list for everybody, less what they bought: what sells these days."""
    scores = popularity(split.train, half_life_days)
    return _best_lists(split, lambda _: scores)


def item_knn_lists(split: Split) -> Lists:
    """Cosine between the columns of the interaction matrix (Sarwar et al. 2001)."""
    drawn = (interaction_matrix(split.train, half_life_days=1e9) > 0).astype(np.float32).tocsr()
    columns = normalize(drawn, axis=0)
    nearest = sparse.vstack(
        [
            _strongest((columns[:, start : start + 1000].T @ columns).tocsr(), start)
            for start in range(0, columns.shape[1], 1000)
        ],
        format="csr",
    )
    judged = {shopper: n for n, shopper in enumerate(split.shoppers)}
    scores = drawn[list(split.shoppers)] @ nearest.T
    return _best_lists(split, lambda shopper: scores[judged[shopper]].toarray().ravel())


def _strongest(similarities: sparse.csr_matrix, first_row: int) -> sparse.csr_matrix:
    """Keep the NEIGHBOURS largest of each row, the product itself aside."""
    rows = []
    for n in range(similarities.shape[0]):
        row = similarities[n]
        others = row.indices != first_row + n
        data, indices = row.data[others], row.indices[others]
        if len(data) > NEIGHBOURS:
            top = np.argpartition(-data, NEIGHBOURS)[:NEIGHBOURS]
            data, indices = data[top], indices[top]
        rows.append(sparse.csr_matrix((data, indices, [0, len(data)]), shape=row.shape))
    kept: sparse.csr_matrix = sparse.vstack(rows, format="csr")
    return kept


def _best_lists(split: Split, scores_for: Callable[[int], NDArray[np.float32]]) -> Lists:
    """Ranked lists, without what the shopper bought and what the shop did not sell."""
    longest = max(CUTOFFS)
    lists = np.full((len(split.shoppers), longest), -1, np.int32)
    sold = np.array([p in split.products for p in split.train.products], bool)
    bought = split.train.where(split.train.is_type(EventType.PURCHASE))
    order = np.argsort(bought.shopper, kind="stable")
    ends = np.searchsorted(bought.shopper[order], np.arange(len(split.train.shoppers) + 1))
    for n, shopper in enumerate(split.shoppers):
        scores = np.where(sold, scores_for(shopper), -np.inf)
        scores[bought.product[order[ends[shopper] : ends[shopper + 1]]]] = -np.inf
        rows = np.argsort(-scores, kind="stable")[:longest]
        rows = rows[scores[rows] > 0]
        lists[n, : len(rows)] = rows
    return lists

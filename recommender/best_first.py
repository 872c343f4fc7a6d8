"""Scores -> product rows, best first."""

import numpy as np
from numpy.typing import NDArray

from recommender.trained_model import Floats


def best_first(scores: Floats, eligible: NDArray[np.bool_], count: int) -> NDArray[np.int64]:
    """Rows of the best eligible products, at most `count`; of equal scores the lower row first.

    Args:
        scores: (n_products,) -inf for a product the algorithm has nothing to say about.
        eligible: (n_products,) what may be shown.
        count: how many are wanted.
    """
    rows = np.flatnonzero(eligible & (scores > -np.inf))
    if count < len(rows):
        # Everything that scores like the last one stays in, so that ties go by row.
        last = np.partition(scores[rows], len(rows) - count)[len(rows) - count]
        rows = rows[scores[rows] >= last]
    return rows[np.argsort(-scores[rows], kind="stable")][:count]

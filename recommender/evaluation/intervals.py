"""How sure a mean over shoppers is, by the bootstrap (Efron and Tibshirani 1993)."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DRAWS = 1_000
"""Bootstrap samples of an interval."""
CONFIDENCE = 0.95

Floats = NDArray[np.float64]


class Interval(NamedTuple):
    """A mean, and where it lies with 95 % confidence."""

    mean: float
    low: float
    high: float


def difference(ours: Floats, theirs: Floats, seed: int = 1) -> Interval:
    """Mean of ours - theirs over the same shoppers, with its 95 % bootstrap interval."""
    return interval(ours - theirs, seed)


def interval(values: Floats, seed: int = 1) -> Interval:
    """Mean over shoppers, with its 95 % bootstrap interval.

    Args:
        values: (n_shoppers,) at least one.
        seed: of the samples.
    """
    return intervals(values[:, np.newaxis], seed)[0]


def intervals(values: Floats, seed: int = 1) -> list[Interval]:
    """The same for each column; all are drawn by the same samples of shoppers.

    Args:
        values: (n_shoppers, n_columns)
        seed: of the samples.
    """
    means = _samples(len(values), seed) @ values / len(values)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    columns = zip(values.mean(axis=0).tolist(), low.tolist(), high.tolist(), strict=True)
    return [Interval(*column) for column in columns]


# Drawing takes longer than all that is done with it, and an evaluation asks many times.
@lru_cache(maxsize=1)
def _samples(n_shoppers: int, seed: int) -> Floats:
    """(DRAWS, n_shoppers) how often each shopper is in each sample."""
    rng = np.random.default_rng(seed)
    return np.stack(
        [
            np.bincount(rng.integers(0, n_shoppers, n_shoppers), minlength=n_shoppers)
            for _ in range(DRAWS)
        ]
    ).astype(np.float64)

"""How sure a mean over shoppers is, by the bootstrap."""

import numpy as np
from numpy.typing import NDArray

DRAWS = 1_000
"""Bootstrap samples of an interval."""


def difference(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], seed: int = 1
) -> tuple[float, float, float]:
    """Mean of ours - theirs over the same shoppers, with its 95 % bootstrap interval."""
    delta = ours - theirs
    draws = np.random.default_rng(seed).integers(0, len(delta), (DRAWS, len(delta)))
    means = delta[draws].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(delta.mean()), float(low), float(high)

"""How well ratings are predicted."""

import numpy as np
from numpy.typing import NDArray

from recommender.evaluation.splits import Split
from recommender.learning.ratings import RatingModel, latest_ratings

RatingErrors = dict[str, dict[str, float]]
"""Model -> "rmse" and "mae" in stars, and the number of "ratings" they are of."""


def rating_errors(split: Split) -> RatingErrors | None:
    """How far off the held-out ratings are, by models from simple to elaborate.

    None where there are no ratings on one of the two sides.
    """
    known, asked = latest_ratings(split.train), latest_ratings(split.test)
    if not len(known) or not len(asked):
        return None
    biases = RatingModel.fit(known, with_factors=False)
    whole = RatingModel.fit(known)
    predicted = {
        "mean": np.full(len(asked), biases.mean),
        "biases": biases.predict(asked.shopper, asked.product),
        "biases + factors": whole.predict(asked.shopper, asked.product),
    }
    return {name: _errors(asked.rating - guess) for name, guess in predicted.items()}


def _errors(off: NDArray[np.float64]) -> dict[str, float]:
    return {
        "rmse": float(np.sqrt(np.mean(off**2))),
        "mae": float(np.mean(np.abs(off))),
        "ratings": len(off),
    }

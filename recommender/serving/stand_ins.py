"""For a product that nobody met: the trained products most like it, which stand in for it.

What is known of how products lead to one another is carried over to a new product by kernel ridge
regression on likeness, which is the mean of a Gaussian process (Rasmussen & Williams 2006, equation
2.25): stand-ins that are like one another share their say, and a product like none of them gets
the middle of everything, so that new products are neither buried nor pushed.
"""

from typing import NamedTuple

import numpy as np

from recommender.facts.ids import Rows
from recommender.model.trained_model import Floats, TrainedModel

MOST_STAND_INS = 50
"""For one product. With 20 of them lists were slightly worse, with 200 no better."""
RIDGE = 0.3
"""How far likeness is trusted: between 0.1 and 0.4 lists were as good."""


class StandIns(NamedTuple):
    """What a product is taken to be a mixture of."""

    rows: Rows
    """(MOST_STAND_INS,) rows in the trained model; zeros where there are fewer."""
    weights: Floats
    """(MOST_STAND_INS,) how much each has to say; zeros where there are fewer."""


def stand_ins(features: Rows, values: Floats, trained: TrainedModel) -> StandIns:
    """Who stands in for a product with these attributes.

    Args:
        features: (MOST_KEPT,) from `features.strongest`.
        values: (MOST_KEPT,) of length one, or zeros.
        trained: whose products can stand in.
    """
    rows, weights = np.zeros(MOST_STAND_INS, np.int32), np.zeros(MOST_STAND_INS, np.float32)
    described = np.zeros(max(len(trained.feature_space), 1), np.float32)
    # The filling of a short list is feature 0 with value 0: it must not overwrite the real one.
    np.add.at(described, features, values)
    cosines = np.einsum("pf,pf->p", described[trained.attributes], trained.attribute_values)
    count = min(MOST_STAND_INS, len(cosines))
    near = np.argpartition(-cosines, count - 1)[:count]
    near = np.sort(near[cosines[near] > 0])
    if not len(near):
        return StandIns(rows, weights)
    among = _cosines(trained.attributes[near], trained.attribute_values[near])
    # Squared, since half a likeness is worth much less than half of one.
    kernel = among**2 + RIDGE * np.identity(len(near), np.float32)
    rows[: len(near)] = near
    weights[: len(near)] = np.linalg.solve(kernel, cosines[near] ** 2)
    return StandIns(rows, weights)


def _cosines(features: Rows, values: Floats) -> Floats:
    """(n, n) between every two of the products described."""
    _, places = np.unique(features, return_inverse=True)
    places = places.reshape(features.shape)
    described = np.zeros((len(features), int(places.max()) + 1), np.float32)
    np.add.at(described, (np.arange(len(features))[:, np.newaxis], places), values)
    cosines: Floats = described @ described.T
    return cosines

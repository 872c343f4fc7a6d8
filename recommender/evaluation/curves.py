"""How good lists are at every length, and how sure that is: what is kept of a model's measuring."""

from collections.abc import Mapping, Sequence

import numpy as np

from recommender.evaluation.intervals import intervals
from recommender.evaluation.metrics import Lists, Truth, judge

MEASURES = ("precision", "recall", "ndcg")
DIGITS = 5
"""Of each number: more would say nothing, and take room in the database."""

Curve = Mapping[str, Sequence[float]]
"""mean, low and high (95 %), each for lists of one product, two, and so on."""


def curves(lists: Lists, truth: Truth) -> dict[str, Curve]:
    """The curve of each measure in MEASURES, up to the length of the lists."""
    lengths = list(range(1, lists.shape[1] + 1))
    of_shopper = judge(lists, truth, 1, lengths).of_shopper
    names = [f"{measure}@{k}" for measure in MEASURES for k in lengths]
    found = intervals(np.column_stack([of_shopper[name] for name in names]))
    return {
        measure: {
            part: [round(getattr(i, part), DIGITS) for i in found[first : first + len(lengths)]]
            for part in ("mean", "low", "high")
        }
        for measure, first in zip(MEASURES, range(0, len(names), len(lengths)), strict=True)
    }

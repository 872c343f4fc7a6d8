"""Learns how long what shoppers did says something, and what stars say, from what they took next.

In one shop the taste of last year tells as much as that of last week, in another it does not. In
one, two stars are a warning, in another they are still from somebody who chose to see the film.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recommender.evaluation.splits import Split
from recommender.facts.events import EventType
from recommender.learning.quick_lists import FEWEST_JUDGES, LIST_LENGTH, QuickLists
from recommender.model.type_weights import TypeWeights

MEMORIES = (3.0, 10.0, 1_000.0)
"""Tried beside the usual one, 1. A third of it made quick lists better, and those by LightFM much
worse: what is in fashion is for popularity to say."""
STARS = ((0.0, 0.0, 0.0, 8.0, 8.0), (2.0, 3.0, 4.0, 6.0, 8.0))
"""What ratings of one star to five may count instead: nothing speaks against a product and good
ratings are alike; or whoever rates a product was drawn to it, the more stars the more."""
MEMORY_WORTH_IT, STARS_WORTH_IT = 2.0, 1.0
"""Standard errors by which something must be better than the usual. What stars say differs more
from shop to shop than anything else, and where each judge tells of one product only, two errors
left the usual in place: it cost a quarter of NDCG@10 (MovieLens, what each came to last)."""


def learn_memory_and_stars(window: Split, weights: TypeWeights, seed: int = 1) -> TypeWeights:
    """The weights with the memory, then with the stars, that make the best quick lists.

    As usual where it makes no odds, or where there is too little to tell by.
    """
    table = window.train
    if len(window.shoppers) < FEWEST_JUDGES:
        return weights
    if table.at.min() < table.at.max():
        others = (replace(weights, memory=m) for m in MEMORIES)
        weights = _best(window, weights, others, MEMORY_WORTH_IT, seed)
    if table.is_type(EventType.RATING).any():
        others = (replace(weights, of_stars=s) for s in STARS)
        weights = _best(window, weights, others, STARS_WORTH_IT, seed)
    return weights


def _best(
    window: Split,
    usual: TypeWeights,
    others: Iterable[TypeWeights],
    worth_it: float,
    seed: int,
) -> TypeWeights:
    found = usual
    of_usual = best = _ndcg(window, usual, seed)
    for tried in others:
        ndcg = _ndcg(window, tried, seed)
        gain = ndcg - of_usual
        error = gain.std() / np.sqrt(len(gain))
        if ndcg.mean() > best.mean() and gain.mean() > worth_it * error:
            found, best = tried, ndcg
    return found


def _ndcg(window: Split, weights: TypeWeights, seed: int) -> NDArray[np.float64]:
    """(n_judges,) of quick lists."""
    strongest = max(weights.of_type, key=lambda type_: weights.of_type[type_])
    table = window.train.weighed_by(weights)
    lists = QuickLists.of(replace(window, train=table), [strongest], seed)
    if lists.shape[1] <= LIST_LENGTH:
        return np.zeros(len(lists.ideal))
    return lists.ndcg((weights.of_type[strongest],))

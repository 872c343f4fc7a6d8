"""Learns how long what shoppers did says something, from what they took next.

In one shop taste of last year is as good as that of last week, in another nobody wants what was in
fashion in spring.
"""

from dataclasses import replace

import numpy as np

from recommender.evaluation.splits import Split
from recommender.facts.events import EventType
from recommender.learning.quick_lists import FEWEST_JUDGES, LIST_LENGTH, QuickLists
from recommender.model.type_weights import TypeWeights

MEMORIES = (1 / 3, 3.0, 10.0, FOREVER := 1_000.0)
"""Tried beside the usual one, 1."""
WORTH_IT = 1.0
"""Standard errors by which another memory must be better than the usual one."""


def learn_memory(window: Split, weights: TypeWeights, seed: int = 1) -> TypeWeights:
    """The weights with the memory that makes the best quick lists.

    The usual one where time makes no odds, or where there is too little to tell by.
    """
    at = window.train.at
    if len(window.shoppers) < FEWEST_JUDGES or at.min() == at.max():
        return weights
    strongest = max(weights.of_type, key=lambda type_: weights.of_type[type_])
    found = weights
    usual = best = _ndcg(window, weights, strongest, seed)
    for memory in MEMORIES:
        tried = replace(weights, memory=memory)
        ndcg = _ndcg(window, tried, strongest, seed)
        gain = ndcg - usual
        if ndcg.mean() > best.mean() and gain.mean() > WORTH_IT * gain.std() / np.sqrt(len(gain)):
            found, best = tried, ndcg
    return found


def _ndcg(window: Split, weights: TypeWeights, strongest: EventType, seed: int) -> np.ndarray:
    table = window.train.weighed_by(weights)
    lists = QuickLists.of(replace(window, train=table), [strongest], seed)
    if lists.shape[1] <= LIST_LENGTH:
        return np.zeros(len(lists.ideal))
    return lists.ndcg((weights.of_type[strongest],))

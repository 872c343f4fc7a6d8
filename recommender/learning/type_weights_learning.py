"""Learns how much an act of each type counts in a shop, from what its shoppers took next.

Judged by quick lists (`quick_lists.py`), so that many weights can be tried.
"""

import numpy as np
from numpy.typing import NDArray

from recommender.evaluation.intervals import difference
from recommender.evaluation.splits import Split
from recommender.facts.events import WEIGHTS, EventType
from recommender.learning.interactions import TYPES, EventTable
from recommender.learning.quick_lists import FEWEST_JUDGES, LIST_LENGTH, QuickLists, Weights
from recommender.model.type_weights import USUAL, TypeWeights

FEWEST_ACTS = 200
"""Of a type. With fewer it keeps its usual weight."""
STEPS = ((0.0, 0.25, 4.0), (0.5, 2.0), (0.5, 2.0))
"""What each weight is multiplied with, round by round."""
CEILING = 4.0
"""How many times the weight of the strongest type another may reach."""
WORTH_A_STEP = 1.0
"""Standard errors by which a step must help: weights stay as usual where it makes no odds."""


def learn_type_weights(window: Split, seed: int = 1) -> TypeWeights:
    """The weights that make better lists than the usual ones, if that is beyond chance.

    One weight after the other is moved, beside that of the strongest type, for as long as NDCG@10
    grows. Each half of the shoppers judges what was learned from the other; only weights that win
    there replace the usual ones. Types that speak against a product keep theirs, ratings speak by
    their stars, and a shop with one type has nothing to learn.
    """
    types = _types_to_learn(window.train)
    if len(types) < 2 or len(window.shoppers) < FEWEST_JUDGES:
        return USUAL
    lists = QuickLists.of(window, types, seed)
    if lists.shape[1] <= LIST_LENGTH:
        return USUAL
    usual = tuple(WEIGHTS[type_] for type_ in types)
    half = np.arange(len(lists.ideal)) % 2
    left_out = np.zeros(len(half))
    for judging in (0, 1):
        learned = _search(lists, usual, np.flatnonzero(half != judging))
        left_out[half == judging] = lists.ndcg(learned)[half == judging]
    of_usual = lists.ndcg(usual)
    _, low, _ = difference(left_out, of_usual, seed)
    if low <= 0:
        return USUAL
    found = _search(lists, usual, np.arange(len(half)))
    return TypeWeights(
        {**WEIGHTS, **dict(zip(types, found, strict=True))},
        {"usual": float(of_usual.mean()), "learned": float(left_out.mean())},
    )


def _types_to_learn(train: EventTable) -> list[EventType]:
    """Types that speak for a product and are frequent enough: the one that usually speaks loudest,
    then the others, the most frequent first."""
    count = dict(zip(TYPES, np.bincount(train.type, minlength=len(TYPES)).tolist(), strict=True))
    frequent = [t for t in TYPES if WEIGHTS[t] > 0 and count[t] >= FEWEST_ACTS]
    loudest = max(frequent, key=lambda t: WEIGHTS[t], default=None)
    return sorted(frequent, key=lambda t: (t is not loudest, -count[t]))


def _search(lists: QuickLists, usual: Weights, judges: NDArray[np.int64]) -> Weights:
    """Coordinate search in the mean NDCG@10 of some of the judges."""
    weights = usual
    for steps in STEPS:
        for place in range(1, len(usual)):
            best = weights
            for step in steps:
                # A type that stopped counting may come back.
                moved = (weights[place] or usual[place]) * step
                tried = (*weights[:place], moved, *weights[place + 1 :])
                if moved <= CEILING * usual[0] and _is_better(lists, judges, tried, best):
                    best = tried
            weights = best
    return weights


def _is_better(lists: QuickLists, judges: NDArray[np.int64], tried: Weights, best: Weights) -> bool:
    gain = (lists.ndcg(tried) - lists.ndcg(best))[judges]
    return bool(gain.mean() > WORTH_A_STEP * gain.std() / np.sqrt(len(gain)))

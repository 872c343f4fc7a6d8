"""Learns how the parts of a personal score are weighed, from what shoppers took to next.

Windows inside the training period: a model knows what came before, and each shopper's next products
say which weights would have put them on top.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from recommender.evaluation.moments import live_models
from recommender.evaluation.splits import Split, histories
from recommender.facts.placements import Placement
from recommender.facts.request import Request
from recommender.model.blend import FARTHEST, PARTS, SEEN, UNLEARNED, Blend, away_share
from recommender.model.trained_model import Floats, TrainedModel
from recommender.serving.algorithms.personalized import Blended
from recommender.serving.engine import allowed
from recommender.serving.fold_in import idle_minutes, taste
from recommender.serving.live_model import LiveModel
from recommender.serving.rhythm import due

MOST_LEARNERS = 1_000
"""Shoppers of a window that are learned from; a random sample of these where there are more."""
FEWEST_LEARNERS = 60
"""Below these the weights are not learned."""
ENOUGH_LEARNERS = 300
"""Fewer who come back are helped out by those in the middle of a visit; fewer of the latter have no
weights of their own: learned from 250 these were worse than the others by 2.5 %."""
CANDIDATES = 150
"""The best products by each part, of which the list of ten is chosen while learning."""
LIST_LENGTH = 10
RIDGE = 1e-3
"""L2 of the softmax regression."""
FEW = (0.01, 0.99)
"""Quantiles of the size of a history beyond which there were too few shoppers to learn from."""
STEPS = (0.5, 0.25, 0.12)
"""Of the climb, as shares of a weight."""
REPEAT_WEIGHTS = np.geomspace(0.5, 64, 15)
"""Of how much something is due, to choose from; times the largest weight."""
SMALLEST_WEIGHT = 0.15
"""What a step is a share of, where the weight itself is smaller."""

Weights = NDArray[np.float64]
"""(2, n_parts): weights, and slopes by the size of the history."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """What the shoppers of one or more windows could have been shown, and what they took."""

    parts: Floats
    """(n_shoppers, n_candidates, n_parts)"""
    there: NDArray[np.bool_]
    """(n_shoppers, n_candidates) whether there is a candidate in the place."""
    taken: NDArray[np.bool_]
    """(n_shoppers, n_candidates) whether the shopper took to it next."""
    ideal: NDArray[np.float64]
    """(n_shoppers,) the discounted gain of a perfect list."""
    size: NDArray[np.float64]
    """(n_shoppers,) log(1 + products known of the shopper)."""
    due: Floats
    """(n_shoppers, n_candidates) the root of how much it is time to buy it again; 0 where it may
    not be offered again."""
    away: NDArray[np.float64]
    """(n_shoppers,) from 0 in the middle of a visit to 1 for who comes back."""

    def __len__(self) -> int:
        return len(self.size)

    def of(self, shoppers: NDArray[np.int64]) -> "Lessons":
        """Some of the shoppers."""
        return Lessons(
            self.parts[shoppers],
            self.there[shoppers],
            self.taken[shoppers],
            self.ideal[shoppers],
            self.size[shoppers],
            self.due[shoppers],
            self.away[shoppers],
        )


def lessons(model: TrainedModel, split: Split, history_length: int, seed: int = 1) -> Lessons:
    """What a window teaches: the parts as serving computes them, for each judged shopper."""
    count = len(split.shoppers)
    chosen = np.sort(np.random.default_rng(seed).permutation(count)[: min(count, MOST_LEARNERS)])
    found: list[_Lesson] = []
    for live, places in live_models(model, split, chosen):
        found += _lessons_at(live, model, split, places, history_length)
    longest = max((len(lesson.taken) for lesson in found), default=0)
    filled = Lessons(
        np.zeros((len(found), longest, len(PARTS)), np.float32),
        np.zeros((len(found), longest), bool),
        np.zeros((len(found), longest), bool),
        np.array([lesson.ideal for lesson in found]),
        np.array([lesson.size for lesson in found]),
        np.zeros((len(found), longest), np.float32),
        np.array([lesson.away for lesson in found]),
    )
    for n, lesson in enumerate(found):
        there = slice(len(lesson.taken))
        filled.parts[n, there] = lesson.parts
        filled.there[n, there] = True
        filled.taken[n, there] = lesson.taken
        filled.due[n, there] = lesson.due
    return filled


class _Lesson(NamedTuple):
    """A row of `Lessons`, as long as there are candidates."""

    parts: Floats
    taken: NDArray[np.bool_]
    ideal: float
    size: float
    due: Floats
    away: float


def _lessons_at(
    live: LiveModel,
    model: TrainedModel,
    split: Split,
    places: NDArray[np.int64],
    history_length: int,
) -> Iterator[_Lesson]:
    """Of the judged shoppers in these places, as far as anything is known of their taste."""
    live_rows = np.array([live.row_of.get(p, -1) for p in split.train.products], np.int64)
    gains = np.cumsum(1 / np.log2(np.arange(LIST_LENGTH) + 2))
    shoppers = [split.shoppers[n] for n in places.tolist()]
    for n, history in zip(
        places.tolist(), histories(split.known, shoppers, history_length), strict=True
    ):
        known = taste(history, live)
        if known is None:
            continue
        at = split.made_at(split.shoppers[n])
        request = Request(Placement.HOME, LIST_LENGTH, at, offer_bought_again=split.repeats)
        idle = idle_minutes(history, model, at)
        parts = Blended(known, live, model, idle).parts()
        eligible = np.flatnonzero(allowed(request, history, live))
        if not len(eligible):
            continue
        again = np.zeros(len(live), np.float32)
        if split.repeats:
            what = due(history.purchases, live, at)
            again[what.rows] = np.sqrt(what.scores)
        best = min(CANDIDATES, len(eligible))
        # Few were seen, so that nearly all are alike in that.
        telling = np.delete(parts[:, eligible], SEEN, axis=0)
        top = np.argpartition(-telling, best - 1, axis=1)[:, :best]
        few = np.flatnonzero(again[eligible] + parts[SEEN, eligible])
        candidates = eligible[np.unique(np.append(top, few))]
        wanted = live_rows[split.truth[n]]
        yield _Lesson(
            parts=parts[:, candidates].T,
            taken=np.isin(candidates, wanted),
            ideal=float(gains[min(len(wanted), LIST_LENGTH) - 1]),
            size=float(np.log1p(known.size)),
            due=again[candidates],
            away=away_share(idle),
        )


def learn(
    windows: Sequence[Lessons], again: Sequence[Lessons] = (), visits: Sequence[Lessons] = ()
) -> Blend:
    """The weights that would have made the best lists, if that holds for shoppers left out.

    A softmax regression on what was taken next (convex, so always the same answer), and weights
    halfway from there to where a climb in NDCG@10 itself ends, weight by weight. Both and the
    unlearned weights compete on shoppers that they have not seen; the winner is learned anew from
    everybody.

    Args:
        windows: of lists that offer nothing a second time.
        again: of lists that do, to learn what it counts that something is due.
        visits: of lists for shoppers in the middle of a visit. Where few come back, how they are
            served is learned from these, too.
    """
    in_visit = learn(visits) if sum(map(len, visits)) >= ENOUGH_LEARNERS else None
    coming_back = sum(map(len, windows))
    together = _pooled([*windows, *(visits if coming_back < ENOUGH_LEARNERS else ())])
    if len(together) < FEWEST_LEARNERS:
        return UNLEARNED
    mean, deviation = float(together.size.mean()), max(float(together.size.std()), 1e-6)

    def sizes(of: Lessons) -> Floats:
        standardised = ((of.size - mean) / deviation).clip(-FARTHEST, FARTHEST)
        return standardised.astype(np.float32)

    ways: dict[str, Callable[[Lessons], Weights]] = {
        "unlearned": lambda _: _unlearned(),
        "regression": lambda of: _regress(of, sizes(of)),
        "halfway": lambda of: _halfway(of, sizes(of)),
    }
    halves = np.arange(len(together)) % 2
    quality = dict.fromkeys(ways, 0.0)
    for half in (0, 1):
        seen = together.of(np.flatnonzero(halves != half))
        unseen = together.of(np.flatnonzero(halves == half))
        for name, way in ways.items():
            quality[name] += _ndcg(unseen, sizes(unseen), way(seen)) / 2
    best = max(ways, key=lambda name: quality[name])
    found = ways[best](together)
    weights, slopes = found.astype(np.float32)
    smallest, largest = np.quantile(sizes(together), FEW).tolist()
    blend = Blend(weights, slopes, mean, deviation, quality, smallest, largest, in_visit=in_visit)
    repeating = _pooled(again)
    if len(repeating) < FEWEST_LEARNERS:
        return blend
    tried = (REPEAT_WEIGHTS * np.abs(found[0]).max()).tolist()
    repeat = max(tried, key=lambda weight: _ndcg(repeating, sizes(repeating), found, weight))
    return replace(blend, repeat=repeat)


def _unlearned() -> Weights:
    return np.stack([UNLEARNED.weights, UNLEARNED.slopes]).astype(np.float64)


def _pooled(windows: Sequence[Lessons]) -> Lessons:
    longest = max((w.there.shape[1] for w in windows), default=0)

    def widened(array: NDArray[np.generic]) -> NDArray[np.generic]:
        padding = [(0, 0), (0, longest - array.shape[1])] + [(0, 0)] * (array.ndim - 2)
        return np.pad(array, padding)

    if not windows:
        return Lessons(
            np.zeros((0, 0, len(PARTS)), np.float32),
            np.zeros((0, 0), bool),
            np.zeros((0, 0), bool),
            np.zeros(0),
            np.zeros(0),
            np.zeros((0, 0), np.float32),
            np.zeros(0),
        )
    return Lessons(
        np.concatenate([widened(w.parts) for w in windows]).astype(np.float32),
        np.concatenate([widened(w.there) for w in windows]).astype(bool),
        np.concatenate([widened(w.taken) for w in windows]).astype(bool),
        np.concatenate([w.ideal for w in windows]),
        np.concatenate([w.size for w in windows]),
        np.concatenate([widened(w.due) for w in windows]).astype(np.float32),
        np.concatenate([w.away for w in windows]),
    )


def _scores(of: Lessons, sizes: Floats, weights: Weights, repeat: float) -> Floats:
    """(n_shoppers, n_candidates); -inf where there is no candidate."""
    mine = (weights[0] + sizes[:, None] * weights[1]).astype(np.float32)
    scores: Floats = np.einsum("uck,uk->uc", of.parts, mine)
    if repeat:
        scores += np.float32(repeat) * of.due
    scores[~of.there] = -np.inf
    return scores


def _ndcg(of: Lessons, sizes: Floats, weights: Weights, repeat: float = 0.0) -> float:
    scores = _scores(of, sizes, weights, repeat)
    length = min(LIST_LENGTH, scores.shape[1])
    top = np.argpartition(-scores, length - 1, axis=1)[:, :length]
    order = np.argsort(-np.take_along_axis(scores, top, 1), axis=1, kind="stable")
    hits = np.take_along_axis(of.taken, np.take_along_axis(top, order, 1), 1)
    gains = hits @ (1 / np.log2(np.arange(length) + 2))
    return float((gains / of.ideal).mean())


def _regress(of: Lessons, sizes: Floats) -> Weights:
    """Softmax over the candidates: the likelihood of what each shopper took."""
    taught = of.taken.any(axis=1)
    parts, there, sizes = of.parts[taught], of.there[taught], sizes[taught]
    target = of.taken[taught] / of.taken[taught].sum(axis=1, keepdims=True)
    n_parts = parts.shape[2]

    def loss(flat: Weights) -> tuple[float, Weights]:
        weights = flat.reshape(2, n_parts)
        mine = (weights[0] + sizes[:, None] * weights[1]).astype(np.float32)
        scores = np.einsum("uck,uk->uc", parts, mine)
        scores[~there] = -1e9
        scores -= scores.max(axis=1, keepdims=True)
        odds = np.exp(scores)
        sums = odds.sum(axis=1, keepdims=True)
        surprise = -(target * (scores - np.log(sums))).sum() / len(target)
        by_shopper = np.einsum("uc,uck->uk", odds / sums - target, parts)
        slope = np.stack([by_shopper.sum(0), (by_shopper * sizes[:, None]).sum(0)]) / len(target)
        gradient = slope.ravel() + 2 * RIDGE * flat
        return float(surprise + RIDGE * flat @ flat), gradient.astype(np.float64)

    if not len(target):
        return _unlearned()
    start = np.zeros(2 * n_parts)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60})
    weights: Weights = found.x.reshape(2, n_parts)
    return weights


def _halfway(of: Lessons, sizes: Floats) -> Weights:
    """Between the regression and the top of a climb from there.

    The top itself is at another place with each seed and each window, and by as much worse at the
    shorter places of a list as it is better at the first ones.
    """
    regressed = _regress(of, sizes)
    climbed = _climb(of, sizes, regressed)
    halfway: Weights = (_of_size_one(regressed) + _of_size_one(climbed)) / 2
    return halfway


def _of_size_one(weights: Weights) -> Weights:
    # Lists are the same whatever all weights are multiplied by.
    found: Weights = weights / max(float(np.abs(weights[0]).sum()), 1e-9)
    return found


def _climb(of: Lessons, sizes: Floats, start: Weights) -> Weights:
    """Change one number at a time, in ever smaller steps, for as long as NDCG@10 grows."""
    weights, best = start.copy(), _ndcg(of, sizes, start)
    scale = np.maximum(np.abs(start[0]), SMALLEST_WEIGHT)
    for step in STEPS:
        for place in np.ndindex(weights.shape):
            for direction in (1, -1):
                while True:
                    tried = weights.copy()
                    tried[place] += direction * step * scale[place[1]]
                    reached = _ndcg(of, sizes, tried)
                    if reached <= best + 1e-6:
                        break
                    weights, best = tried, reached
    return weights

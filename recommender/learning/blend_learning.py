"""Learns how the parts of a personal score are weighed, from what shoppers took to next.

Windows inside the training period: a model knows what came before, and each shopper's next products
say which weights would have put them on top.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from recommender.evaluation.moments import live_models
from recommender.evaluation.splits import Split, histories
from recommender.facts.placements import Placement
from recommender.facts.request import Request
from recommender.model.blend import DUE_PARTS, FARTHEST, PARTS, SEEN, UNLEARNED, Blend, away_share
from recommender.model.trained_model import Floats, TrainedModel
from recommender.serving.algorithms.personalized import Blended
from recommender.serving.engine import allowed
from recommender.serving.fold_in import idle_minutes, taste
from recommender.serving.live_model import LiveModel
from recommender.serving.rhythm import due, due_parts

MOST_LEARNERS = 1_000
"""Shoppers of a window that are learned from; a random sample of these where there are more."""
FEWEST_LEARNERS = 60
"""Below these the weights are not learned."""
ENOUGH_LEARNERS = 300
"""Fewer who come back are helped out by those in the middle of a visit; fewer of the latter have no
weights of their own: learned from 250 these were worse than the others by 2.5 %."""
CANDIDATES = 60
"""The best products by each part, of which the list of ten is chosen while learning."""
LIST_LENGTH = 10
ALIKE = 100
"""Shoppers whose candidates are looked at together."""
RIDGE = 1e-3
"""L2 of the softmax regression."""
FEW = (0.01, 0.99)
"""Quantiles of the size of a history beyond which there were too few shoppers to learn from."""
STEPS = (0.5, 0.25, 0.12)
"""Of the climb, as shares of a weight."""
REPEAT_WEIGHTS = np.geomspace(0.5, 64, 15)
"""Of how much something is due, to choose from; times the largest weight."""
TIMES_WEIGHTS = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
"""Of how often it was bought; likewise."""
SMALLEST_WEIGHT = 0.15
"""What a step is a share of, where the weight itself is smaller; next to a largest one of about
1."""

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
    """(n_shoppers, n_candidates, n_due_parts) what is told of the time to buy it again
    (`rhythm.due_parts`); zeros where it may not be offered again."""
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

    def alike(self) -> Iterator[tuple[NDArray[np.intp], int]]:
        """Shoppers with about as many candidates, and the most that one of them has.

        A few have five times as many as the others, who are padded to the same width.
        """
        counts = self.there.sum(axis=1)
        order = np.argsort(counts, kind="stable")
        for start in range(0, len(order), ALIKE):
            rows = order[start : start + ALIKE]
            yield rows, int(counts[rows[-1]])


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
        np.zeros((len(found), longest, len(DUE_PARTS)), np.float32),
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
        again = np.zeros((len(live), len(DUE_PARTS)), np.float32)
        if split.repeats:
            what = due(history.purchases, live, at)
            again[what.rows] = due_parts(what)
        best = min(CANDIDATES, len(eligible))
        # Few were seen, so that nearly all are alike in that.
        telling = np.delete(parts[:, eligible], SEEN, axis=0)
        top = np.argpartition(-telling, best - 1, axis=1)[:, :best]
        few = np.flatnonzero(again[eligible, 0] + parts[SEEN, eligible])
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

    halves = np.arange(len(together)) % 2
    quality: dict[str, float] = defaultdict(float)
    for half in (0, 1):
        seen = together.of(np.flatnonzero(halves != half))
        unseen = together.of(np.flatnonzero(halves == half))
        for name, weights_of_seen in _ways(seen, sizes(seen)):
            quality[name] += _ndcg(unseen, sizes(unseen), weights_of_seen) / 2
    best = max(quality, key=lambda name: quality[name])
    found = next(of_all for name, of_all in _ways(together, sizes(together)) if name == best)
    weights, slopes = found.astype(np.float32)
    smallest, largest = np.quantile(sizes(together), FEW).tolist()
    blend = Blend(
        weights, slopes, mean, deviation, dict(quality), smallest, largest, in_visit=in_visit
    )
    repeating = _pooled(again)
    if len(repeating) < FEWEST_LEARNERS:
        return blend
    where_bought, due_weights = _learn_repeats(repeating, sizes(repeating), found)
    return replace(
        blend,
        where_bought=where_bought.astype(np.float32),
        due_weights=due_weights.astype(np.float32),
    )


def _ways(of: Lessons, sizes: Floats) -> Iterator[tuple[str, Weights]]:
    """Weights that compete. Each is found when it is asked for."""
    yield "unlearned", _unlearned()
    regressed = _regress(of, sizes)
    yield "regression", regressed
    yield "halfway", _halfway(of, sizes, regressed)


def _learn_repeats(of: Lessons, sizes: Floats, found: Weights) -> tuple[Weights, Weights]:
    """What is added to the weights where lists may hold what was bought before, and what the parts
    of what is due count there.

    Of many weights of these parts the best are taken; then all go halfway to the top of a climb, if
    there are enough shoppers for that.
    """
    together = replace(of, parts=np.concatenate([of.parts, of.due], axis=2))
    largest = float(np.abs(found[0]).max())

    def weighed(due_weight: float, times_weight: float) -> Weights:
        mine: Weights = np.array([[due_weight, times_weight], [0.0, 0.0]]) * largest
        return np.hstack([found, mine])

    def quality(weights: Weights) -> float:
        return _ndcg(together, sizes, weights)

    alone = max(REPEAT_WEIGHTS.tolist(), key=lambda due_weight: quality(weighed(due_weight, 0)))
    start = max(
        (
            weighed(due_weight, times_weight)
            for due_weight in (alone, alone / np.sqrt(2), alone / 2)
            for times_weight in TIMES_WEIGHTS
        ),
        key=quality,
    )
    halfway = start
    if len(of) >= ENOUGH_LEARNERS:
        top = _climb(together, sizes, start, SMALLEST_WEIGHT * largest, slopes=False)
        halfway = (start + top) / 2
    n_parts = found.shape[1]
    return halfway[0, :n_parts] - found[0], halfway[0, n_parts:]


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
            np.zeros((0, 0, len(DUE_PARTS)), np.float32),
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


def _scores(of: Lessons, sizes: Floats, weights: Weights) -> Floats:
    """(n_shoppers, n_candidates); -inf where there is no candidate."""
    scores = _weighed(of.parts, sizes, weights)
    scores[~of.there] = -np.inf
    return scores


def _weighed(parts: Floats, sizes: Floats, weights: Weights) -> Floats:
    mine = (weights[0] + sizes[:, np.newaxis] * weights[1]).astype(np.float32)
    found: Floats = np.matmul(parts, mine[:, :, np.newaxis])[:, :, 0]
    return found


def _ndcg(of: Lessons, sizes: Floats, weights: Weights) -> float:
    return _ndcg_by(of, _scores(of, sizes, weights))


def _ndcg_by(of: Lessons, scores: Floats) -> float:
    """NDCG@10. Of candidates that score alike the taken ones come last."""
    beyond = min(LIST_LENGTH + 1, scores.shape[1])
    best = np.empty((len(of), beyond), np.float32)
    for rows, width in of.alike():
        # Values alone: finding out where they stand takes four times as long.
        best[rows] = np.partition(scores[rows, : max(width, beyond)], -beyond)[:, -beyond:]
    # Who is no better than the eleventh has no place among ten.
    bar = best.min(axis=1) if beyond > LIST_LENGTH else np.full(len(of), -np.inf)
    taken = np.flatnonzero(of.taken)
    shopper, score = taken // of.taken.shape[1], scores.ravel()[taken]
    shown = np.flatnonzero(score > bar[shopper])
    shopper = shopper[shown]
    place = (best[shopper] >= score[shown, np.newaxis]).sum(axis=1) - 1
    gains = np.bincount(shopper, 1 / np.log2(place + 2), minlength=len(of))
    return float((gains / of.ideal).mean())


def _regress(of: Lessons, sizes: Floats) -> Weights:
    """Softmax over the candidates: the likelihood of what each shopper took."""
    taught = of.taken.any(axis=1)
    parts, there, sizes = of.parts[taught], of.there[taught], sizes[taught]
    target = of.taken[taught] / of.taken[taught].sum(axis=1, keepdims=True, dtype=np.float32)
    n_parts = parts.shape[2]

    def loss(flat: Weights) -> tuple[float, Weights]:
        weights = flat.reshape(2, n_parts)
        scores = _weighed(parts, sizes, weights)
        scores[~there] = -1e9
        scores -= scores.max(axis=1, keepdims=True)
        odds = np.exp(scores)
        sums = odds.sum(axis=1, keepdims=True)
        surprise = -(target * (scores - np.log(sums))).sum() / len(target)
        by_shopper = np.matmul((odds / sums - target)[:, np.newaxis], parts)[:, 0]
        slope = np.stack([by_shopper.sum(0), (by_shopper * sizes[:, None]).sum(0)]) / len(target)
        gradient = slope.ravel() + 2 * RIDGE * flat
        return float(surprise + RIDGE * flat @ flat), gradient.astype(np.float64)

    if not len(target):
        return _unlearned()
    start = np.zeros(2 * n_parts)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60})
    weights: Weights = found.x.reshape(2, n_parts)
    return weights


def _halfway(of: Lessons, sizes: Floats, regressed: Weights) -> Weights:
    """Between the regression and the top of a climb from there.

    The top itself is at another place with each seed and each window, and by as much worse at the
    shorter places of a list as it is better at the first ones.
    """
    climbed = _climb(of, sizes, regressed, SMALLEST_WEIGHT)
    halfway: Weights = (_of_size_one(regressed) + _of_size_one(climbed)) / 2
    return halfway


def _of_size_one(weights: Weights) -> Weights:
    # Lists are the same whatever all weights are multiplied by.
    found: Weights = weights / max(float(np.abs(weights[0]).sum()), 1e-9)
    return found


def _climb(
    of: Lessons, sizes: Floats, start: Weights, smallest: float, *, slopes: bool = True
) -> Weights:
    """Change one number at a time, in ever smaller steps, for as long as NDCG@10 grows.

    Args:
        of, sizes: by which lists are judged.
        start: where the climb begins.
        smallest: what a step is a share of, where the weight itself is smaller.
        slopes: whether they may change, too.
    """
    weights, scores = start.copy(), _scores(of, sizes, start)
    best = _ndcg_by(of, scores)
    scale = np.maximum(np.abs(start[0]), smallest)
    # Side by side, a part is added to all scores in a fraction of the time.
    parts = np.ascontiguousarray(np.moveaxis(of.parts, 2, 0))
    measures = (np.ones((len(of), 1), np.float32), sizes[:, np.newaxis])
    for step in STEPS:
        for row, part in np.ndindex(len(weights) if slopes else 1, weights.shape[1]):
            for direction in (1, -1):
                change = direction * step * scale[part]
                while True:
                    tried = scores + np.float32(change) * measures[row] * parts[part]
                    reached = _ndcg_by(of, tried)
                    if reached <= best + 1e-6:
                        break
                    weights[row, part] += change
                    scores, best = tried, reached
    return weights

"""How a request steers what a strategy thinks: boosts, what was searched for, and the least
relevance that will do.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from recommender.facts.filters import Boost
from recommender.facts.phrases import Phrase, Saying
from recommender.facts.request import ReasonKind
from recommender.model.trained_model import Floats
from recommender.serving.explain import Part, Scores
from recommender.serving.live_model import LiveModel

SEARCHED = 3.0
"""Spreads of the scores by which the best answer to a search is lifted: nearly to the top."""


def spread_of(values: Floats, live: LiveModel) -> float:
    """Standard deviation of the scores of what can be bought; 0 where nothing has one."""
    known = values[live.available & (values > -np.inf)]
    return float(known.std()) if len(known) else 0.0


def boosted(scores: Scores, boosts: Sequence[Boost], live: LiveModel) -> Scores:
    """The same scores with what the shop adds to them, as a part of its own.

    A boost adds its factor times the spread of the scores. Scores may lie below zero, where
    multiplying would push down what is to be lifted. Where all score alike, any step is one up.
    What the strategy has nothing to say about stays so.
    """
    step = np.float32(spread_of(scores.values, live) or 1.0)
    added = np.zeros(len(live), np.float32)
    for boost in boosts:
        added[live.matching(boost.filter)] += np.float32(boost.factor) * step
    return _with(scores, added, ReasonKind.BOOSTED, Phrase(Saying.BOOSTED))


def answering(scores: Scores, query: str, live: LiveModel) -> Scores:
    """The same scores with what is added for answering a search, as a part of its own.

    The best answer gets SEARCHED times the spread of the scores, the others as much less as they
    answer it less.
    """
    answers = live.index.words.scores(query, len(live))
    if not (best := float(answers.max(initial=0))):
        return scores
    step = SEARCHED * (spread_of(scores.values, live) or 1.0)
    added = (answers * (step / best)).astype(np.float32)
    return _with(scores, added, ReasonKind.MATCHES_SEARCH, Phrase(Saying.MATCHES_SEARCH))


def _with(scores: Scores, added: Floats, kind: ReasonKind, phrase: Phrase) -> Scores:
    def parts_of(rows: Sequence[int]) -> Iterator[Iterable[Part]]:
        for row, parts in zip(rows, scores.parts_of(rows), strict=True):
            yield [*parts, Part(float(added[row]), kind, phrase)]

    return Scores(scores.values + added, parts_of)


def too_weak(values: Floats, minimum: float, live: LiveModel) -> NDArray[np.bool_]:
    """(n_products,) what a strategy has less to say for than the minimum relevance asks.

    Relevance is how far a score lies from that of the product in the middle (0, and so is all
    below it) to that of the best one (1), among all that can be bought, whatever the request
    leaves out: so it means the same on every page of a list, with every filter. What the strategy
    has nothing to say about counts as a score of 0 in finding the middle, since strategies that
    speak of few products score those above 0.

    Args:
        values: (n_products,) without boosts.
        minimum: from 0 to 1.
        live: whose rows they are.
    """
    among = values[live.available]
    if not len(among) or not (best := float(among.max())) > -np.inf:
        return np.zeros(len(values), bool)
    middle = min(float(np.median(np.where(among > -np.inf, among, 0))), best)
    # From the best downwards, so that the best itself passes whatever is rounded.
    least = np.float32(best - (1 - minimum) * (best - middle))
    return (values < least) & (values > -np.inf)

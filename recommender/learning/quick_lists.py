"""Quick lists that stand in for the engine's: which products lead to which, and what is popular.

Nothing is trained for them, so that many ways to count acts can be tried. On a demo shop their
quality rose and fell with the engine's (correlation 0.94 over 15 sets of weights).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.evaluation.splits import Split
from recommender.facts.events import EventType
from recommender.learning.item_item import neighbours
from recommender.model.trained_model import Floats

FEWEST_JUDGES = 60
"""Shoppers of the window below which nothing is learned."""
MOST_JUDGES = 1_500
"""Shoppers whose lists are judged; a random sample of these where there are more."""
MOST_SHOPPERS = 5_000
"""Shoppers, judges among them, by whom products lead to one another and are popular."""
MOST_PRODUCTS = 1_000
"""The most met ones: quick lists hold no others."""
HALF_LIFE_DAYS = 60.0
"""Age at which an act counts half."""
L2 = 200.0
"""Of EASE, as if all shoppers were there."""
POPULARITY_SHARE = 0.4
"""Of a quick list's score, in standard deviations."""
LIST_LENGTH = 10

Weights = tuple[float, ...]
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class QuickLists:
    """What a window's shoppers met and took next, ready to be listed under any weights."""

    shape: tuple[int, int]
    """Shoppers (the judges first) and products."""
    shopper: NDArray[np.int64]
    """(n_pairs,) rows of who met what."""
    product: NDArray[np.int64]
    """(n_pairs,) rows of it."""
    latest: Floats
    """(n_types, n_pairs) 1 for an act of the type just now, less for an older one, 0 for none."""
    drawn: Floats
    """(n_pairs,) the strongest of all other acts for the product, weighed as usual."""
    repelled: Floats
    """(n_pairs,) the strongest against it; never positive."""
    l2: float
    """Of EASE, for as few shoppers as these."""
    hidden: NDArray[np.bool_]
    """(n_judges, n_products) what a judge bought or rated before."""
    taken: NDArray[np.bool_]
    """(n_judges, n_products) what a judge took next."""
    ideal: Scores
    """(n_judges,) the discounted gain of a perfect list."""
    known: dict[Weights, Scores]
    """What was worked out before: halves of the judges ask for much the same."""

    @classmethod
    def of(cls, window: Split, types: list[EventType], seed: int) -> Self:
        """Sample shoppers and products, and lay out what they have to do with one another."""
        train, rng = window.train, np.random.default_rng(seed)
        chosen = np.sort(rng.permutation(len(window.shoppers))[:MOST_JUDGES])
        judges = np.array(window.shoppers)[chosen]
        drawn = np.unique(train.shopper[train.weights > 0])
        others = rng.permutation(np.setdiff1d(drawn, judges))[: MOST_SHOPPERS - len(judges)]
        row = _rows(np.concatenate([judges, others]), len(train.shoppers))
        on_sale = np.array([p in window.products for p in train.products], bool)
        events = train.where((row[train.shopper] >= 0) & on_sale[train.product])
        met = np.bincount(events.product[events.weights > 0], minlength=len(train.products))
        most_met = np.argsort(-met, kind="stable")[:MOST_PRODUCTS]
        column = _rows(most_met[met[most_met] > 0], len(train.products))
        events = events.where(column[events.product] >= 0)
        shape = (len(judges) + len(others), int(column.max(initial=-1)) + 1)

        shopper, product = row[events.shopper], column[events.product]
        pairs, pair = np.unique(shopper * shape[1] + product, return_inverse=True)
        decay = events.decay(HALF_LIFE_DAYS)
        latest = np.zeros((len(types), len(pairs)), np.float32)
        for values, type_ in zip(latest, types, strict=True):
            of_type = events.is_type(type_)
            np.maximum.at(values, pair[of_type], decay[of_type])
        rest = ~events.is_type(*types)
        weighed = (events.weights * decay)[rest]
        drawn_else, repelled = np.zeros((2, len(pairs)), np.float32)
        np.maximum.at(drawn_else, pair[rest], weighed)
        np.minimum.at(repelled, pair[rest], weighed)

        hidden, taken = np.zeros((2, len(judges), shape[1]), bool)
        known = events.is_type(EventType.PURCHASE, EventType.RATING)
        bought = known & (shopper < len(judges))
        hidden[shopper[bought], product[bought]] = True
        truth = [window.truth[n] for n in chosen.tolist()]
        for judge, wanted in enumerate(truth):
            listed = column[wanted]
            taken[judge, listed[listed >= 0]] = True
        perfect = np.cumsum(_GAINS)
        return cls(
            shape=shape,
            shopper=pairs // max(shape[1], 1),
            product=pairs % max(shape[1], 1),
            latest=latest,
            drawn=drawn_else,
            repelled=repelled,
            l2=L2 * shape[0] / max(len(drawn), 1),
            hidden=hidden,
            taken=taken,
            ideal=perfect[[min(len(wanted), LIST_LENGTH) - 1 for wanted in truth]],
            known={},
        )

    def ndcg(self, weights: Weights) -> Scores:
        """(n_judges,) NDCG@10 of their lists under these weights."""
        if weights not in self.known:
            self.known[weights] = self._judged(self._scores(weights))
        return self.known[weights]

    def _scores(self, weights: Weights) -> Floats:
        """(n_judges, n_products), -inf for what a judge bought before."""
        acts = np.array(weights, np.float32)[:, np.newaxis] * self.latest
        strength = np.maximum(acts.max(axis=0), self.drawn) + self.repelled
        strength = strength.clip(min=0) / max(weights)
        drawn = sparse.csr_matrix((strength, (self.shopper, self.product)), shape=self.shape)
        near = neighbours(drawn, self.l2)
        led_from = np.repeat(np.arange(self.shape[1]), near.rows.shape[1])
        leads = sparse.csr_matrix(
            (near.weights.ravel(), (led_from, near.rows.ravel())), shape=(self.shape[1],) * 2
        )
        scores: Floats = (drawn[: len(self.ideal)] @ leads).toarray()
        scores = np.sqrt(scores.clip(min=0))
        scores *= (1 - POPULARITY_SHARE) / np.maximum(scores.std(axis=1, keepdims=True), 1e-9)
        popularity = np.log1p(np.bincount(self.product, strength, self.shape[1]))
        scores += (POPULARITY_SHARE / max(popularity.std(), 1e-9) * popularity).astype(np.float32)
        scores[self.hidden] = -np.inf
        return scores

    def _judged(self, scores: Floats) -> Scores:
        top = np.argpartition(-scores, LIST_LENGTH - 1, axis=1)[:, :LIST_LENGTH]
        order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
        hits = np.take_along_axis(self.taken, np.take_along_axis(top, order, axis=1), axis=1)
        judged: Scores = hits @ _GAINS / self.ideal
        return judged


_GAINS = 1 / np.log2(np.arange(LIST_LENGTH) + 2)


def _rows(chosen: NDArray[np.integer], length: int) -> NDArray[np.int64]:
    """(length,) the place of each among the chosen; -1 for the others."""
    rows = np.full(length, -1, np.int64)
    rows[chosen] = np.arange(len(chosen))
    return rows

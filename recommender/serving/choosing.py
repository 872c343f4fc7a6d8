"""Which of the best products share a shelf: no two variants, not too many alike."""

from collections.abc import Iterable, Iterator, Sequence
from math import inf

import numpy as np
from numpy.typing import NDArray

from recommender.facts.fates import Fate
from recommender.facts.rules import Rules
from recommender.model.trained_model import Floats
from recommender.serving.best_first import best_first
from recommender.serving.live_model import LABELS, LiveModel

CANDIDATES = 10
"""Products among which different ones are sought, for each place that is to be filled."""
SAME_CATEGORY = 0.5
"""How alike two products are because they are of one category; the rest is in their vectors."""

_GROUP, _BRAND, _CATEGORY = range(len(LABELS))

_REFUSED_BY = {
    _GROUP: Fate.VARIANT_ALREADY_SHOWN,
    _BRAND: Fate.BRAND_CAP,
    _CATEGORY: Fate.CATEGORY_CAP,
}


class Choice:
    """The products chosen for one shelf so far, and what may still join them."""

    def __init__(
        self, live: LiveModel, rules: Rules, beside: Iterable[int] = (), diversity: float = 0.0
    ) -> None:
        """Begin with an empty shelf.

        Args:
            live: the catalogue.
            rules: the shop's.
            beside: rows of what the page shows already. Their variants are no recommendation.
            diversity: from 0 to 1.
        """
        self.rows: list[int] = []
        """The products chosen, in order."""
        self._live = live
        self._diversity = diversity
        most = {_GROUP: 1, _BRAND: rules.most_per_brand, _CATEGORY: rules.most_per_category}
        self._most = {label: n for label, n in most.items() if n}
        self._counts: dict[int, dict[int, float]] = {label: {} for label in self._most}
        for group in live.labels[_GROUP, list(beside)].tolist():
            self._counts[_GROUP][group] = inf

    def take(self, scores: Floats, eligible: NDArray[np.bool_], count: int) -> list[int]:
        """Choose the best products that may join, at most `count`; fewer only if there are no more.

        Args:
            scores: (n_products,)
            eligible: (n_products,) what may be shown; what is chosen is taken out of it.
            count: how many are wanted.
        """
        before = len(self.rows)
        while (missing := before + count - len(self.rows)) > 0:
            rows = best_first(scores, eligible, missing * (CANDIDATES if self._diversity else 1))
            ordered = self._unlike(rows, scores[rows]) if self._diversity else range(len(rows))
            all_joined = self._join(rows, ordered, missing)
            eligible[self.rows[before:]] = False
            if all_joined and len(rows) < missing:
                break
            if not all_joined:
                self._close(eligible)
        return self.rows[before:]

    def refuses(self, row: int) -> Fate | None:
        """The rule by which the product cannot join what is on the shelf now, if there is one."""
        for label, counts in self._counts.items():
            code = int(self._live.labels[label, row])
            if code and counts.get(code, 0) >= self._most[label]:
                return _REFUSED_BY[label]
        return None

    def _join(self, rows: NDArray[np.int64], order: Iterable[int], most: int) -> bool:
        """Take the products in an order, as many as are wanted; whether none was refused."""
        refused = False
        wanted = len(self.rows) + most
        row_at = rows.tolist()
        limits = [
            (counts, self._most[label], self._live.labels[label, rows].tolist())
            for label, counts in self._counts.items()
        ]
        for place in order:
            if any(c[place] and counts.get(c[place], 0) >= n for counts, n, c in limits):
                refused = True
                continue
            for counts, _, codes in limits:
                counts[codes[place]] = counts.get(codes[place], 0) + 1
            self.rows.append(row_at[place])
            if len(self.rows) == wanted:
                break
        return not refused

    def _close(self, eligible: NDArray[np.bool_]) -> None:
        """Leave out all of which there is enough, so that what comes next is what may join."""
        for n, counts in self._counts.items():
            full = [code for code, count in counts.items() if code and count >= self._most[n]]
            codes = self._live.labels[n]
            closed = np.zeros(int(codes.max(initial=0)) + 1, bool)
            closed[full] = True
            eligible &= ~closed[codes]

    def _unlike(self, rows: NDArray[np.int64], scores: Floats) -> Iterator[int]:
        """Places of the rows by maximal marginal relevance (Carbonell and Goldstein 1998): each
        next one is good, and unlike all that are on the shelf by then."""
        if not len(rows):
            return
        relevance = (scores - scores.min()) / max(float(np.ptp(scores)), 1e-9)
        vectors, categories = self._directions(rows), self._live.labels[_CATEGORY, rows]
        alike: NDArray[np.float64] = np.zeros(len(rows))
        left = np.ones(len(rows), bool)
        seen = 0
        while left.any():
            for row in self.rows[seen:]:
                same = (categories == self._live.labels[_CATEGORY, row]) & (categories > 0)
                cosines = np.maximum(vectors @ self._directions([row])[0], 0)
                likeness = SAME_CATEGORY * same + (1 - SAME_CATEGORY) * cosines
                alike = np.maximum(alike, likeness)
            seen = len(self.rows)
            worth = (1 - self._diversity) * relevance - self._diversity * alike
            worth[~left] = -np.inf
            best = int(worth.argmax())
            left[best] = False
            yield best

    def _directions(self, rows: Sequence[int] | NDArray[np.int64]) -> Floats:
        """(n_rows, n_factors) of length one."""
        lengths = self._live.lengths[rows]
        lengths[lengths == 0] = 1
        found: Floats = self._live.vectors[rows] / lengths[:, np.newaxis]
        return found

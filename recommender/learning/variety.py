"""Do different shoppers get different lists? A model whose vectors collapsed shows all the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.evaluation.metrics import CUTOFFS, Lists, judge
from recommender.learning.interactions import EventTable, interaction_matrix
from recommender.model.trained_model import Floats, TrainedModel
from recommender.serving.fold_in import HALF_LIFE_DAYS, LENGTH

MOST_SHOPPERS = 500
"""That a panel is made of; a random sample of these where there are more."""
MOST_PRODUCTS = 20_000
"""That they are shown; a random sample of these where there are more."""
LEAST_PERSONAL = 0.25
"""Below this the vectors have collapsed. On a real shop it is 1.5 at the best L2, 0.7 at four times
that, where lists are already worse, and 0.02 at eight times."""
LEAST_COVERAGE = 0.25
"""Of what a sound model's lists cover: below this they have become a bestseller list."""


@dataclass(frozen=True, slots=True)
class Variety:
    """How much a model's lists depend on who asks."""

    personal: float
    """The spread of scores between shoppers, in spreads of what they all share."""
    coverage: float
    """The share of the products that are on anybody's list of ten."""

    def collapse(self, sound: "Variety | None" = None) -> str | None:
        """What collapsed, in words; None if nothing did.

        Args:
            sound: of a model on the same shop that is known to be sound.
        """
        if self.personal < LEAST_PERSONAL:
            return (
                f"shoppers' scores hardly differ: {self.personal:.3f} of the spread between "
                f"products, at least {LEAST_PERSONAL} is sound"
            )
        if sound and self.coverage < LEAST_COVERAGE * sound.coverage:
            return (
                f"lists cover {self.coverage:.1%} of the products, {sound.coverage:.1%} would be "
                "sound"
            )
        return None


@dataclass(frozen=True, slots=True)
class Panel:
    """Some shoppers, ready to be asked what vectors would show them. Quick: no engine, no blend."""

    taste: sparse.csr_matrix
    """(n_shoppers, n_products) weights that fold each shopper in; rows add up to LENGTH."""
    products: Sequence[str]
    """The meaning of the columns."""
    truth: Sequence[NDArray[np.int32]]
    """For each of them, the columns of what they went on to take; empty where that is unknown."""

    @classmethod
    def of(
        cls,
        table: EventTable,
        shoppers: Sequence[int] | None = None,
        truth: Sequence[NDArray[np.int32]] = (),
        seed: int = 1,
    ) -> Self:
        """Some of the shoppers of the table, or of these rows, which have these truths."""
        weights = interaction_matrix(table, HALF_LIFE_DAYS).tocsr()
        rows = np.arange(len(table.shoppers)) if shoppers is None else np.array(shoppers, np.int64)
        places = np.flatnonzero(np.diff(weights.indptr)[rows])
        chosen = np.sort(np.random.default_rng(seed).permutation(len(places))[:MOST_SHOPPERS])
        places = places[chosen]
        taste = weights[rows[places]]
        sums = np.asarray(taste.sum(axis=1)).ravel()
        return cls(
            sparse.diags_array(LENGTH / sums) @ taste,
            table.products,
            [truth[n] for n in places.tolist()] if len(truth) else [],
        )

    def variety(self, model: TrainedModel) -> Variety:
        """How much the model's taste and biases tell these shoppers apart."""
        columns = self._columns(model.product_ids)
        chosen = np.arange(len(columns))
        if len(columns) > MOST_PRODUCTS:
            random = np.random.default_rng(1)
            chosen = np.sort(random.choice(len(columns), MOST_PRODUCTS, replace=False))
        vectors = model.product_vectors[chosen].astype(np.float64)  # huge ones overflow float32
        personal = self._folded(columns, model.product_vectors) @ vectors.T
        shared = personal.mean(axis=0)
        spread = float((shared + model.product_biases[chosen]).std())
        lists = self._lists(personal + model.product_biases[chosen], columns[chosen])
        shown = np.unique(lists[:, : CUTOFFS[0]])
        return Variety(
            personal=float((personal - shared).std()) / max(spread, 1e-9),
            coverage=float((shown >= 0).sum()) / len(chosen),
        )

    def ndcg(self, product_ids: Sequence[str], vectors: Floats, biases: Floats) -> float:
        """NDCG@10 of the lists by taste and bias alone."""
        columns = self._columns(product_ids)
        scores = self._folded(columns, vectors) @ vectors.T + biases
        quality = judge(self._lists(scores, columns), self.truth, len(product_ids))
        return quality.means[f"ndcg@{CUTOFFS[0]}"]

    def _columns(self, product_ids: Sequence[str]) -> NDArray[np.int64]:
        column_of = {id_: column for column, id_ in enumerate(self.products)}
        return np.array([column_of[id_] for id_ in product_ids], np.int64)

    def _folded(self, columns: NDArray[np.int64], vectors: Floats) -> Floats:
        folded: Floats = np.asarray(self.taste[:, columns] @ vectors, np.float32)
        return folded

    def _lists(self, scores: NDArray[np.floating[Any]], columns: NDArray[np.int64]) -> Lists:
        """Columns of the best products, without those that the shopper knows."""
        lists = np.full((len(scores), max(CUTOFFS)), -1, np.int32)
        known = self.taste[:, columns].tocoo()
        scores[known.row, known.col] = -np.inf
        length = min(scores.shape[1], max(CUTOFFS))
        best = np.argsort(-scores, axis=1, kind="stable")[:, :length]
        there = np.isfinite(np.take_along_axis(scores, best, axis=1))
        lists[:, :length] = np.where(there, columns[best], -1)
        return lists

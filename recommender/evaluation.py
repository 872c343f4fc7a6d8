"""How good is a model on events it has not seen?

Temporal split, full-catalogue ranking, and the engine that serves: what is measured is what
shoppers get. Truth is what a shopper bought in the held-out time and had not bought before (in a
shop without purchases: what they took to).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.preprocessing import normalize

from recommender.catalog import Product
from recommender.engine import recommend
from recommender.errors import NotEnoughData
from recommender.events import Act, EventType, History
from recommender.interactions import ODD_SHARE, TYPES, EventTable, interaction_matrix, popularity
from recommender.live_model import LiveModel
from recommender.placements import Placement
from recommender.ratings import RatingModel
from recommender.request import Request
from recommender.trained_model import TrainedModel

CUTOFFS = (10, 20)
"""Lengths at which a list is judged."""
MEASURES = ("precision", "recall", "f1", "map", "ndcg", "hit_rate", "coverage")
"""What is measured at each of them."""
MOST_SHOPPERS = 5_000
"""Shoppers a model is measured on; a random sample of these where there are more."""
NEIGHBOURS = 20
"""Of each product, in the item-kNN baseline."""
DRAWS = 1_000
"""Bootstrap samples of an interval."""

Lists = NDArray[np.int32]
"""(n_shoppers, longest cutoff) product rows, best first; -1 where a list is short."""


@dataclass(frozen=True, slots=True)
class Split:
    """Events cut in two by time, and who is to be judged on the later part."""

    cut: datetime
    train: EventTable
    test: EventTable
    shoppers: Sequence[int]
    """Rows of the shoppers that have a history in `train` and something new in `test`."""
    truth: Sequence[NDArray[np.int32]]
    """For each of them, the rows of the products that a good list holds."""
    products: Mapping[str, Product]
    """What the shop sold at the cut."""


def temporal_split(
    table: EventTable, products: Mapping[str, Product], held_out_share: float
) -> Split:
    """Hold out the events of the last part of the time span.

    Raises:
        NotEnoughData: if that leaves nobody to judge.
    """
    if not len(table):
        raise NotEnoughData("There are no events.")
    # Not from the very first event to the very last: one wrong date would move the cut by years.
    first, last = np.quantile(table.at, [ODD_SHARE, 1 - ODD_SHARE], method="nearest").tolist()
    cut_ms = first + int((last - first) * (1 - held_out_share))
    return split_at(table, products, datetime.fromtimestamp(cut_ms / 1000, UTC))


def split_at(
    table: EventTable, products: Mapping[str, Product], cut: datetime, seed: int = 1
) -> Split:
    """Hold out the events from a moment on.

    Raises:
        NotEnoughData: if that leaves nobody to judge.
    """
    before = table.at < cut.timestamp() * 1000
    train, test = table.where(before), table.where(~before)
    met = {train.products[row] for row in np.unique(train.product).tolist()}
    on_sale = {
        # What was bought then was available then, whatever it is today.
        p.product_id: replace(p, available_for_sale=True)
        for p in products.values()
        if p.created_at <= cut or p.product_id in met
    }
    shoppers, truth = _truth(train, test, on_sale)
    if not shoppers:
        raise NotEnoughData(
            f"Nobody who did something before {cut:%Y-%m-%d} did something new after it, so "
            "there is no one to measure a model on."
        )
    if len(shoppers) > MOST_SHOPPERS:
        sample = np.sort(
            np.random.default_rng(seed).choice(len(shoppers), MOST_SHOPPERS, replace=False)
        )
        shoppers, truth = [shoppers[i] for i in sample], [truth[i] for i in sample]
    return Split(cut, train, test, shoppers, truth, on_sale)


def _truth(
    train: EventTable, test: EventTable, on_sale: Mapping[str, Product]
) -> tuple[list[int], list[NDArray[np.int32]]]:
    bought_then = train.where(train.is_type(EventType.PURCHASE))
    wanted = test.where(test.is_type(EventType.PURCHASE))
    if not len(wanted):
        wanted = test.where(test.weights > 0)
    n = len(train.products)

    def pairs(events: EventTable) -> NDArray[np.int64]:
        return np.unique(events.shopper.astype(np.int64) * n + events.product)

    met = train.where(train.weights > 0)
    new = np.setdiff1d(pairs(wanted), pairs(bought_then), assume_unique=True)
    shopper, product = np.divmod(new, n)
    in_catalogue = np.array([p in on_sale for p in train.products], bool)
    judged = np.isin(product, met.product) & in_catalogue[product] & np.isin(shopper, met.shopper)
    shopper, product = shopper[judged], product[judged]
    rows, starts = np.unique(shopper, return_index=True)
    return rows.tolist(), [
        p.astype(np.int32) for p in (np.split(product, starts[1:]) if len(rows) else [])
    ]


def histories(train: EventTable, shoppers: Iterable[int], length: int) -> Iterable[History]:
    """The shoppers' histories as serving would have read them at the cut."""
    order = np.lexsort((-train.at, train.shopper))
    sorted_shoppers = train.shopper[order]
    for shopper in shoppers:
        start, end = np.searchsorted(sorted_shoppers, [shopper, shopper + 1])
        events = order[start:end]
        acts = [
            Act(
                train.products[train.product[e]],
                TYPES[train.type[e]],
                datetime.fromtimestamp(train.at[e] / 1000, UTC),
                None if np.isnan(train.rating[e]) else float(train.rating[e]),
            )
            for e in events.tolist()
        ]
        history = History.of(acts)
        yield History(history.acts[:length], history.bought)


def engine_lists(
    model: TrainedModel,
    split: Split,
    history_length: int,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Lists:
    """What shoppers would have been shown at the cut, by the engine that serves."""
    live = LiveModel(model, split.products.values())
    row_of = {p: row for row, p in enumerate(split.train.products)}
    lists = np.full((len(split.shoppers), max(CUTOFFS)), -1, np.int32)
    for n, history in enumerate(histories(split.train, split.shoppers, history_length)):
        request = Request(Placement.HOME, max(CUTOFFS), split.cut)
        shelf = recommend(request, history, live)
        rows = [row_of.get(r.product.product_id, -1) for r in shelf.recommendations]
        lists[n, : len(rows)] = rows
        progress(n + 1, len(split.shoppers))
    return lists


def popularity_lists(split: Split, half_life_days: float) -> Lists:
    """The same list for everybody, less what they bought: what sells these days."""
    scores = popularity(split.train, half_life_days)
    return _best_lists(split, lambda _: scores)


def item_knn_lists(split: Split) -> Lists:
    """Cosine between the columns of the interaction matrix (Sarwar et al. 2001)."""
    drawn = (interaction_matrix(split.train, half_life_days=1e9) > 0).astype(np.float32).tocsr()
    columns = normalize(drawn, axis=0)
    nearest = sparse.vstack(
        [
            _strongest((columns[:, start : start + 1000].T @ columns).tocsr(), start)
            for start in range(0, columns.shape[1], 1000)
        ],
        format="csr",
    )
    judged = {shopper: n for n, shopper in enumerate(split.shoppers)}
    scores = drawn[list(split.shoppers)] @ nearest.T
    return _best_lists(split, lambda shopper: scores[judged[shopper]].toarray().ravel())


def _strongest(similarities: sparse.csr_matrix, first_row: int) -> sparse.csr_matrix:
    """Keep the NEIGHBOURS largest of each row, the product itself aside."""
    rows = []
    for n in range(similarities.shape[0]):
        row = similarities[n]
        others = row.indices != first_row + n
        data, indices = row.data[others], row.indices[others]
        if len(data) > NEIGHBOURS:
            top = np.argpartition(-data, NEIGHBOURS)[:NEIGHBOURS]
            data, indices = data[top], indices[top]
        rows.append(sparse.csr_matrix((data, indices, [0, len(data)]), shape=row.shape))
    kept: sparse.csr_matrix = sparse.vstack(rows, format="csr")
    return kept


def _best_lists(split: Split, scores_for: Callable[[int], NDArray[np.float32]]) -> Lists:
    """Ranked lists, without what the shopper bought and what the shop did not sell."""
    longest = max(CUTOFFS)
    lists = np.full((len(split.shoppers), longest), -1, np.int32)
    sold = np.array([p in split.products for p in split.train.products], bool)
    bought = split.train.where(split.train.is_type(EventType.PURCHASE))
    order = np.argsort(bought.shopper, kind="stable")
    ends = np.searchsorted(bought.shopper[order], np.arange(len(split.train.shoppers) + 1))
    for n, shopper in enumerate(split.shoppers):
        scores = np.where(sold, scores_for(shopper), -np.inf)
        scores[bought.product[order[ends[shopper] : ends[shopper + 1]]]] = -np.inf
        rows = np.argsort(-scores, kind="stable")[:longest]
        rows = rows[scores[rows] > 0]
        lists[n, : len(rows)] = rows
    return lists


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the lists of one model are."""

    of_shopper: Mapping[str, NDArray[np.float64]]
    """(n_shoppers,) of each measure, such as "ndcg@10"."""
    coverage: Mapping[str, float]
    """Share of the catalogue that anybody was shown, such as "coverage@10"."""

    @property
    def means(self) -> dict[str, float]:
        """Every measure, averaged over shoppers."""
        averages = {name: float(values.mean()) for name, values in self.of_shopper.items()}
        return {**averages, **self.coverage}


def judge(lists: Lists, truth: Sequence[NDArray[np.int32]], n_products: int) -> Quality:
    """Compare lists with what shoppers went on to take.

    Precision divides by k; recall by the length of the truth; average precision by the smaller
    of the two; NDCG has binary gains and the ideal of that smaller length; F1 is the harmonic
    mean of a shopper's precision and recall.
    """
    hits = np.zeros(lists.shape, bool)
    for n, wanted in enumerate(truth):
        hits[n] = np.isin(lists[n], wanted)
    sizes = np.array([len(wanted) for wanted in truth])
    gains = 1 / np.log2(np.arange(lists.shape[1]) + 2)
    ideal = np.concatenate([[0.0], np.cumsum(gains)])
    found: dict[str, NDArray[np.float64]] = {}
    coverage: dict[str, float] = {}
    for k in CUTOFFS:
        at_k = hits[:, :k]
        count = at_k.sum(axis=1)
        best = np.minimum(sizes, k)
        precision, recall = count / k, count / sizes
        ranks = np.arange(1, k + 1)
        found[f"precision@{k}"] = precision
        found[f"recall@{k}"] = recall
        found[f"f1@{k}"] = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
        found[f"map@{k}"] = (at_k * np.cumsum(at_k, axis=1) / ranks).sum(axis=1) / best
        found[f"ndcg@{k}"] = (at_k * gains[:k]).sum(axis=1) / ideal[best]
        found[f"hit_rate@{k}"] = (count > 0).astype(float)
        shown = np.unique(lists[:, :k])
        coverage[f"coverage@{k}"] = float((shown >= 0).sum() / max(n_products, 1))
    return Quality(found, coverage)


def difference(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], seed: int = 1
) -> tuple[float, float, float]:
    """Mean of ours - theirs over the same shoppers, with its 95 % bootstrap interval."""
    delta = ours - theirs
    draws = np.random.default_rng(seed).integers(0, len(delta), (DRAWS, len(delta)))
    means = delta[draws].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(delta.mean()), float(low), float(high)


def rating_errors(split: Split) -> dict[str, float] | None:
    """RMSE in stars on the held-out ratings, beside always saying the mean.

    None where there are no ratings on one of the two sides.
    """
    rating = [
        part.where(part.is_type(EventType.RATING) & ~np.isnan(part.rating))
        for part in (split.train, split.test)
    ]
    train, test = rating
    if not len(train) or not len(test):
        return None
    shape = (len(train.shoppers), len(train.products))
    model = RatingModel.fit(train.shopper, train.product, train.rating, shape)
    predicted = model.predict(test.shopper, test.product)
    return {
        "rmse": float(np.sqrt(np.mean((test.rating - predicted) ** 2))),
        "rmse_of_mean": float(np.sqrt(np.mean((test.rating - model.mean) ** 2))),
        "ratings": len(test),
    }

"""Simple or well-known things that a model has to beat.

A baseline learns from the training events of a split and gives a function: places of judged
shoppers -> (n_shoppers, n_products) scores, -inf for a product it has nothing to say about.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

from recommender.evaluation.metrics import CUTOFFS, Lists, judge
from recommender.evaluation.moments import counted
from recommender.evaluation.splits import Split, hidden_rows, histories, temporal_split
from recommender.facts.errors import LeftOut, NotEnoughData
from recommender.facts.events import EventType
from recommender.learning.interactions import interaction_matrix, popularity
from recommender.model.trained_model import TrainedModel
from recommender.serving.best_first import best_first
from recommender.serving.fold_in import taste
from recommender.serving.live_model import LiveModel

Floats = NDArray[np.float32]
Scores = Callable[[NDArray[np.int64]], Floats]
"""Places in `Split.shoppers` -> (n_places, n_products)."""

NEIGHBOURS = 20
"""Of each product, in item-kNN with cosines."""
BM25_NEIGHBOURS, BM25_K1, BM25_B = 50, 1.2, 0.5
EASE_L2 = 400.0
LARGEST_EASE = 8_000
"""Products up to which EASE is solved: it inverts a matrix of all by all."""
RECENT_DAYS = 15.0
"""Half-life of recent popularity."""
AGAIN_DAYS = (15.0, 30.0, 60.0, 120.0, 240.0)
"""Half-lives of a shopper's own purchases, where they may be offered again. The one is taken that
was best on earlier windows."""
AGAIN_WINDOWS = 2
ALS_FACTORS, ALS_L2, ALS_SWEEPS = 128, 10.0, 15
BPR_FACTORS, BPR_RATE, BPR_L2, BPR_EPOCHS = 32, 0.02, 0.01, 50
ALL_TIME = 1e9
"""Half-life, in days, of what does not fade."""
BLOCK = 500
"""Shoppers scored at once, and products compared at once."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """One way to rank products, and what it is called."""

    title: str
    scores: Callable[[Split, int], Scores]
    """Learn from a split, with a seed."""
    seeded: bool = False
    """Whether another seed gives other lists."""


def popularity_lists(split: Split, half_life_days: float, longest: int = max(CUTOFFS)) -> Lists:
    """The same list for everybody, less what they bought: what sells these days."""
    return lists_by(_popularity(split, half_life_days), split, longest)


def item_knn_lists(split: Split, longest: int = max(CUTOFFS)) -> Lists:
    """Cosine between the columns of the interaction matrix (Sarwar et al. 2001)."""
    return lists_by(_item_knn(split, 1), split, longest)


def lists_by(scores: Scores, split: Split, longest: int) -> Lists:
    """Ranked lists, of what the engine could have shown too: what the shop offers, less what the
    shopper bought or rated (unless repeats count) or turned away from.

    Equal scores go by row. Shorter than asked for where there is nothing to say.
    """
    lists = np.full((len(split.shoppers), longest), -1, np.int32)
    hidden = hidden_rows(split)
    on_offer = split.on_offer
    for start in range(0, len(lists), BLOCK):
        places = np.arange(start, min(start + BLOCK, len(lists)))
        for place, row in zip(places.tolist(), scores(places), strict=True):
            eligible = on_offer.copy()
            eligible[hidden[place]] = False
            found = best_first(row, eligible, longest)
            lists[place, : len(found)] = found
    return lists


def _drawn(split: Split) -> sparse.csr_matrix:
    """(n_shoppers, n_products) ones for what each shopper of the training took to."""
    return (interaction_matrix(split.train, ALL_TIME) > 0).astype(np.float32).tocsr()


def _of_judged(split: Split) -> sparse.csr_matrix:
    """(n_judged, n_products) ones for what is known of each judged shopper."""
    known = interaction_matrix(split.known, ALL_TIME).tocsr()
    return (known[list(split.shoppers)] > 0).astype(np.float32)


def _speaking(scores: Floats) -> Floats:
    """Silent where the score is zero or less."""
    return np.where(scores > 0, scores, np.float32(-np.inf))


def _only_met(split: Split, scores: Floats) -> Floats:
    """Silent about products that nobody of the training met, of which nothing was learned."""
    met = np.zeros(scores.shape[1], bool)
    met[split.train.product] = True
    scores[:, ~met] = -np.inf
    return scores


def _random(split: Split, seed: int) -> Scores:
    n_products = len(split.train.products)
    return lambda places: np.vstack(
        [np.random.default_rng([seed, place]).random(n_products, np.float32) for place in places]
    )


def _popularity(split: Split, half_life_days: float) -> Scores:
    counts: list[Floats] = []
    count_of = np.zeros(len(split.shoppers), np.int64)
    for events, places in counted(split, np.arange(len(split.shoppers))):
        count_of[places] = len(counts)
        counts.append(_speaking(popularity(events, half_life_days)))
    scores = np.stack(counts)
    return lambda places: scores[count_of[places]]


def _bought_again(split: Split, _seed: int) -> Scores:
    """Each purchase counts, the less the older it is, by the best half-life of earlier windows."""
    quality = dict.fromkeys(AGAIN_DAYS, 0.0)
    earlier = split
    for _ in range(AGAIN_WINDOWS):
        try:
            earlier = temporal_split(earlier.train, earlier.products, repeats=True)
        except NotEnoughData:
            break
        for days in AGAIN_DAYS:
            lists = lists_by(_bought_with_half_life(earlier, days), earlier, max(CUTOFFS))
            quality[days] += judge(lists, earlier.truth, 1).means["ndcg@10"]
    return _bought_with_half_life(split, max(AGAIN_DAYS, key=lambda days: quality[days]))


def _bought_again_then_popular(split: Split, seed: int) -> Scores:
    """The same, and behind it what is popular."""
    own, popular = _bought_again(split, seed), popularity(split.train, RECENT_DAYS)
    behind = popular / max(float(popular.max(initial=0)), 1e-9) * np.float32(1e-6)
    return lambda places: _speaking(np.maximum(own(places), 0) + behind)


def _bought_with_half_life(split: Split, days: float) -> Scores:
    bought = split.known.where(split.known.is_type(EventType.PURCHASE))
    shape = (len(bought.shoppers), len(bought.products))
    own = sparse.csr_matrix((bought.decay(days), (bought.shopper, bought.product)), shape=shape)[
        list(split.shoppers)
    ]
    return lambda places: _speaking(own[places].toarray())


def _item_knn(split: Split, _seed: int) -> Scores:
    return _by_neighbours(split, normalize(_drawn(split), axis=0), NEIGHBOURS)


def _bm25(split: Split, _seed: int) -> Scores:
    """Products as documents and shoppers as their words (Robertson and Zaragoza 2009)."""
    drawn = _drawn(split).tocoo()
    sizes = np.bincount(drawn.row, minlength=drawn.shape[0])
    lengths = np.bincount(drawn.col, minlength=drawn.shape[1])
    n_products = int((lengths > 0).sum())
    rarity = np.log(n_products) - np.log1p(sizes)
    length = 1 - BM25_B + BM25_B * lengths * (n_products / max(drawn.nnz, 1))
    saturated = (BM25_K1 + 1) / (BM25_K1 * length[drawn.col] + 1)
    drawn.data = (saturated * rarity[drawn.row]).astype(np.float32)
    return _by_neighbours(split, drawn.tocsr(), BM25_NEIGHBOURS)


def _by_neighbours(split: Split, columns: sparse.csr_matrix, count: int) -> Scores:
    """What the shopper took to leads to the products nearest to it, as far as they are near."""
    nearest = sparse.vstack(
        [
            _strongest((columns[:, start : start + BLOCK].T @ columns).tocsr(), start, count)
            for start in range(0, columns.shape[1], BLOCK)
        ],
        format="csr",
    )
    known = _of_judged(split)
    return lambda places: _speaking((known[places] @ nearest).toarray())


def _strongest(similarities: sparse.csr_matrix, first_row: int, count: int) -> sparse.csr_matrix:
    """Keep the largest of each row, the product itself aside."""
    rows = []
    for n in range(similarities.shape[0]):
        row = similarities[n]
        others = row.indices != first_row + n
        data, indices = row.data[others], row.indices[others]
        if len(data) > count:
            top = np.argpartition(-data, count)[:count]
            data, indices = data[top], indices[top]
        rows.append(sparse.csr_matrix((data, indices, [0, len(data)]), shape=row.shape))
    strongest: sparse.csr_matrix = sparse.vstack(rows, format="csr")
    return strongest


def _ease(split: Split, _seed: int) -> Scores:
    """Embarrassingly shallow autoencoder (Steck 2019, arXiv:1905.03375), in closed form."""
    drawn = _drawn(split)
    if drawn.shape[1] > LARGEST_EASE:
        raise LeftOut(
            f"it inverts a matrix of all products by all, and {drawn.shape[1]:,} are more than "
            f"the {LARGEST_EASE:,} that are reasonable"
        )
    gram = (drawn.T @ drawn).toarray()
    gram[np.diag_indices_from(gram)] += np.float32(EASE_L2)
    inverse = linalg.inv(gram, overwrite_a=True, check_finite=False, assume_a="pos")
    weights = (-inverse / np.diag(inverse)).astype(np.float32)
    weights[np.diag_indices_from(weights)] = 0
    known = _of_judged(split)
    return lambda places: _only_met(split, known[places] @ weights)


def _als(split: Split, seed: int) -> Scores:
    """Matrix factorization for implicit feedback (Hu, Koren, Volinsky 2008), by `implicit`."""
    drawn, known = _drawn(split), _of_judged(split)
    with _implicit():
        from implicit.cpu.als import AlternatingLeastSquares

        model = AlternatingLeastSquares(
            factors=ALS_FACTORS,
            regularization=ALS_L2,
            iterations=ALS_SWEEPS,
            num_threads=1,
            random_state=seed,
        )
        model.fit(drawn, show_progress=False)
        shoppers = np.array(split.shoppers)
        factors = model.user_factors[shoppers]
        # Whom training does not know is folded in from what is known of them.
        new = np.flatnonzero(np.diff(drawn.indptr)[shoppers] == 0)
        if len(new):
            factors[new] = model.recalculate_user(shoppers[new], known[new])
    return lambda places: _only_met(split, factors[places] @ model.item_factors.T)


def _bpr(split: Split, seed: int) -> Scores:
    """Bayesian personalised ranking (Rendle et al. 2009), by `implicit`."""
    drawn, shoppers = _drawn(split), np.array(split.shoppers)
    if not np.diff(drawn.indptr)[shoppers].all():
        raise LeftOut("it knows no shoppers but those that it was trained on")
    with _implicit():
        from implicit.cpu.bpr import BayesianPersonalizedRanking

        model = BayesianPersonalizedRanking(
            factors=BPR_FACTORS,
            learning_rate=BPR_RATE,
            regularization=BPR_L2,
            iterations=BPR_EPOCHS,
            num_threads=1,
            random_state=seed,
        )
        model.fit(drawn, show_progress=False)
    factors = model.user_factors[shoppers]
    return lambda places: _only_met(split, factors[places] @ model.item_factors.T)


@contextmanager
def _implicit() -> Iterator[None]:
    """Within it `implicit` can be imported, and has the one thread of BLAS that it asks for."""
    try:
        with threadpool_limits(1, "blas"):
            yield
    except ImportError as error:
        raise LeftOut(
            "the package implicit is not installed: pip install 'shop-recommender[baselines]'"
        ) from error


def content_knn(attributes: sparse.csr_matrix) -> Baseline:
    """Squared cosines of attributes to what the shopper took to, so that few that are near count.

    Args:
        attributes: (n_products, n_features) of length one, or zero.
    """

    def scores(split: Split, _seed: int) -> Scores:
        known = _of_judged(split)

        def of(places: NDArray[np.int64]) -> Floats:
            mine = known[places]
            blocks = [
                (mine @ (attributes @ attributes[start : start + BLOCK].T).power(2)).toarray()
                for start in range(0, attributes.shape[0], BLOCK)
            ]
            return _speaking(np.hstack(blocks))

        return of

    return Baseline("content kNN", scores)


def taste_scores(model: TrainedModel, split: Split, history_length: int) -> Scores:
    """LightFM alone: the shopper folded in, times the vectors of the products, and their biases."""
    live = LiveModel(model, split.products.values())
    row_of = {p: row for row, p in enumerate(split.train.products)}
    here = np.array([row_of.get(p.product_id, -1) for p in live.products], np.int64)
    found = here >= 0
    speaks = found & (live.lengths > 0)
    tastes = [
        taste(history, live) for history in histories(split.known, split.shoppers, history_length)
    ]

    def of(places: NDArray[np.int64]) -> Floats:
        scores = np.full((len(places), len(split.train.products)), -np.inf, np.float32)
        for n, place in enumerate(places.tolist()):
            known = tastes[place]
            if known is not None:
                scores[n, here[speaks]] = (live.vectors @ known.vector + live.biases)[speaks]
        return scores

    return of


BASELINES: Mapping[str, Baseline] = {
    "random": Baseline("random", _random, seeded=True),
    "popularity": Baseline("popularity", lambda split, _: _popularity(split, ALL_TIME)),
    "recent-popularity": Baseline(
        "recent popularity", lambda split, _: _popularity(split, RECENT_DAYS)
    ),
    "item-knn": Baseline("item-kNN cosine", _item_knn),
    "bm25": Baseline("item-kNN BM25", _bm25),
    "ease": Baseline("EASE", _ease),
    "als": Baseline("ALS (implicit)", _als, seeded=True),
    "bpr": Baseline("BPR (implicit)", _bpr, seeded=True),
}
"""By the name that a command line calls each."""
AGAIN: Mapping[str, Baseline] = {
    "bought-again": Baseline("bought most often", _bought_again),
    "bought-again-popular": Baseline("bought most often, then popular", _bought_again_then_popular),
}
"""For lists that may hold what the shopper bought before."""

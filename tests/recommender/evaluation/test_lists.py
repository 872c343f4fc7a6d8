"""Lists to be judged: those of the engine, and those it has to beat."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from builders import NOW, SMALL, a_product, an_event, trained_on, two_tastes
from scipy import sparse

from recommender.evaluation import baselines
from recommender.evaluation.baselines import (
    AGAIN,
    BASELINES,
    content_knn,
    item_knn_lists,
    lists_by,
    popularity_lists,
    taste_scores,
)
from recommender.evaluation.intervals import difference
from recommender.evaluation.lists import engine_lists
from recommender.evaluation.metrics import judge
from recommender.evaluation.splits import (
    cold_products_split,
    cold_rows,
    cold_shoppers_splits,
    histories,
    split_at,
    temporal_split,
)
from recommender.facts.errors import LeftOut
from recommender.facts.events import EventType
from recommender.facts.placements import Placement
from recommender.facts.request import Request
from recommender.learning.interactions import EventTable
from recommender.learning.training import attribute_matrix, train
from recommender.serving.engine import recommend
from recommender.serving.live_model import LiveModel

BUY = EventType.PURCHASE


@pytest.fixture(scope="module")
def split_and_model():
    catalogue, events = two_tastes(shoppers=120)
    split = temporal_split(EventTable.of(events), catalogue, 0.3)
    train = [e for e in events if e.at < split.cut]
    return split, trained_on(catalogue, train)


@pytest.fixture
def for_a_small_shop(monkeypatch):
    """With what suits a large shop, they learn nothing but popularity from a small one."""
    pytest.importorskip("implicit")
    monkeypatch.setattr(baselines, "ALS_L2", 0.1)
    monkeypatch.setattr(baselines, "BPR_EPOCHS", 400)


def ndcg(lists, split):
    return judge(lists, split.truth, 24).means["ndcg@10"]


@pytest.mark.parametrize("repeats", [False, True])
def test_what_is_measured_is_what_is_served(split_and_model, repeats):
    split, model = split_and_model
    split = replace(split, repeats=repeats)
    lists = engine_lists(model, split, history_length=100)
    live = LiveModel(model, split.products.values())
    for row, history in zip(lists, histories(split.known, split.shoppers, 100), strict=True):
        request = Request(Placement.HOME, 20, at=split.cut, offer_bought_again=repeats)
        shelf = recommend(request, history, live)
        served = [r.product.product_id for r in shelf.recommendations]
        assert [split.train.products[p] for p in row if p >= 0] == served


def test_lists_may_be_of_any_length(split_and_model):
    split, model = split_and_model
    long = engine_lists(model, split, 100)
    assert np.array_equal(engine_lists(model, split, 100, longest=5), long[:, :5])
    assert np.array_equal(popularity_lists(split, 15, 5), popularity_lists(split, 15)[:, :5])


def test_a_model_that_knows_tastes_beats_popularity(split_and_model):
    split, model = split_and_model
    ours = judge(engine_lists(model, split, 100), split.truth, 24)
    popular = judge(popularity_lists(split, 15), split.truth, 24)
    assert ours.means["ndcg@10"] > 1.3 * popular.means["ndcg@10"]
    assert ndcg(item_knn_lists(split), split) > 1.3 * popular.means["ndcg@10"]
    _, low, _ = difference(ours.of_shopper["ndcg@10"], popular.of_shopper["ndcg@10"])
    assert low > 0


@pytest.mark.parametrize("name", ["item-knn", "bm25", "ease", "als", "bpr"])
def test_baselines_that_learn_find_the_two_tastes(split_and_model, for_a_small_shop, name):
    split, _ = split_and_model
    lists = lists_by(BASELINES[name].scores(split, 1), split, 20)
    assert ndcg(lists, split) > 1.2 * ndcg(popularity_lists(split, 15), split)
    again = lists_by(BASELINES[name].scores(split, 1), split, 20)
    assert np.array_equal(lists, again)


@pytest.mark.parametrize("name", BASELINES)
def test_no_list_holds_what_was_bought_before_or_a_product_twice(split_and_model, name):
    if name in ("als", "bpr"):
        pytest.importorskip("implicit")
    split, _ = split_and_model
    bought = split.train.where(split.train.is_type(BUY))
    lists = lists_by(BASELINES[name].scores(split, 1), split, 20)
    for row, shopper in zip(lists, split.shoppers, strict=True):
        mine = set(bought.product[bought.shopper == shopper].tolist())
        there = row[row >= 0].tolist()
        assert not mine & set(there)
        assert len(there) == len(set(there)) > 0


def test_random_lists_are_no_better_than_chance_and_differ_by_seed(split_and_model):
    split, _ = split_and_model
    first, second = (lists_by(BASELINES["random"].scores(split, s), split, 20) for s in (1, 2))
    assert not np.array_equal(first, second)
    left = 24 - np.mean(np.unique(split.train.shopper, return_counts=True)[1])
    chance = np.mean([len(t) for t in split.truth]) / left
    assert judge(first, split.truth, 24).means["precision@10"] == pytest.approx(chance, rel=0.3)


def test_ease_is_the_ridge_regression_of_each_product_on_the_others(split_and_model):
    split, _ = split_and_model
    scores = BASELINES["ease"].scores(split, 1)(np.arange(3))
    taken = np.zeros((len(split.train.shoppers), len(split.train.products)))
    taken[split.train.shopper, split.train.product] = 1
    for product in (0, 7):
        others = np.delete(np.arange(taken.shape[1]), product)
        x = taken[:, others]
        weights = np.linalg.solve(
            x.T @ x + baselines.EASE_L2 * np.eye(len(others)), x.T @ taken[:, product]
        )
        mine = taken[list(split.shoppers[:3])][:, others] @ weights
        assert scores[:, product] == pytest.approx(mine, rel=1e-4)


def test_the_largest_catalogues_go_without_ease(split_and_model, monkeypatch):
    monkeypatch.setattr(baselines, "LARGEST_EASE", 10)
    with pytest.raises(LeftOut, match="24 are more than the 10"):
        BASELINES["ease"].scores(split_and_model[0], 1)


def test_without_implicit_its_models_say_how_to_get_it(split_and_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "implicit.cpu.als", None)
    with pytest.raises(LeftOut, match=r"pip install 'shop-recommender\[baselines\]'"):
        BASELINES["als"].scores(split_and_model[0], 1)


def test_als_folds_in_a_shopper_it_did_not_learn_from_and_bpr_cannot(
    split_and_model, for_a_small_shop
):
    split, _ = cold_shoppers_splits(split_and_model[0], share=0.5)
    lists = lists_by(BASELINES["als"].scores(split, 1), split, 20)
    assert ndcg(lists, split) > 1.1 * ndcg(popularity_lists(split, 15), split)
    with pytest.raises(LeftOut, match="no shoppers but those"):
        BASELINES["bpr"].scores(split, 1)


def test_what_a_shopper_bought_most_often_and_lately_comes_first():
    events = [
        *(an_event("ann", "mug", BUY, days_ago=n) for n in (90, 60, 30)),
        *(an_event("ann", "pen", BUY, days_ago=n) for n in (300, 290, 280)),
        *(an_event("ann", "cup", BUY, days_ago=n) for n in (40, 0)),
        *(an_event(f"bob{n}", "jug", BUY, days_ago=20) for n in range(9)),
    ]
    catalogue = {p: a_product(p) for p in ("mug", "pen", "cup", "jug")}
    split = split_at(EventTable.of(events), catalogue, NOW.replace(hour=0), repeats=True)
    for name, found in (
        ("bought-again", ["mug", "cup", "pen"]),
        ("bought-again-popular", ["mug", "cup", "pen", "jug"]),
    ):
        (row,) = lists_by(AGAIN[name].scores(split, 1), split, 4)
        assert [split.train.products[p] for p in row if p >= 0] == found


def test_only_attributes_rank_products_that_nobody_met(split_and_model):
    split, _ = split_and_model
    cold = cold_products_split(split, 0.25)
    among = cold.among(cold_rows(cold).tolist())
    model = train(cold.train, cold.products, version="v1", trained_at=NOW, parameters=SMALL)
    attributes = attribute_matrix(
        model.feature_space, (cold.products[p] for p in cold.train.products)
    )
    by_content = lists_by(content_knn(attributes).scores(cold, 1), among, 20)
    by_taste = lists_by(taste_scores(model, cold, 100), among, 20)
    by_chance = ndcg(lists_by(BASELINES["random"].scores(cold, 1), among, 20), among)
    for lists in (by_content, by_taste, engine_lists(model, among, 100)):
        assert set(np.unique(lists[lists >= 0])) <= set(cold_rows(cold).tolist())
        assert ndcg(lists, among) > 1.2 * by_chance
    for name in ("item-knn", "ease", "popularity"):
        assert (lists_by(BASELINES[name].scores(cold, 1), among, 20) < 0).all()


def test_content_knn_adds_up_squared_cosines(split_and_model):
    split, _ = split_and_model
    rng = np.random.default_rng(1)
    attributes = rng.random((len(split.train.products), 6))
    attributes /= np.linalg.norm(attributes, axis=1)[:, None]
    scores = content_knn(sparse.csr_matrix(attributes)).scores(split, 1)(np.arange(2))
    for n in range(2):
        known = np.unique(split.train.product[split.train.shopper == split.shoppers[n]])
        expected = ((attributes[known] @ attributes.T) ** 2).sum(axis=0)
        assert scores[n] == pytest.approx(expected, rel=1e-5)


def test_a_baseline_shows_nothing_that_the_engine_may_not_show():
    catalogue, events = two_tastes()
    shopper = events[0].shopper_id.removeprefix("user:")
    rated = an_event(shopper, "kitchen-1", EventType.RATING, 50, rating=4.0)
    turned_away = an_event(shopper, "kitchen-2", EventType.DISLIKE, 50)
    table = EventTable.of([*events, rated, turned_away])
    split = temporal_split(table, catalogue, 0.4)
    place = list(split.shoppers).index(table.shoppers.index(f"user:{shopper}"))
    shown = {split.train.products[row] for row in popularity_lists(split, 15)[place] if row >= 0}
    assert not shown & {"kitchen-1", "kitchen-2"}

"""An evaluation that tells the truth."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from builders import NOW, a_product, an_event, trained_on, two_tastes

from recommender.engine import recommend
from recommender.errors import NotEnoughData
from recommender.evaluation.baselines import item_knn_lists, popularity_lists
from recommender.evaluation.intervals import difference
from recommender.evaluation.lists import engine_lists
from recommender.evaluation.metrics import judge
from recommender.evaluation.splits import histories, split_at, temporal_split
from recommender.evaluation.stars import rating_errors
from recommender.events import EventType
from recommender.interactions import EventTable
from recommender.live_model import LiveModel
from recommender.placements import Placement
from recommender.request import Request

BUY = EventType.PURCHASE


def a_list(*rows):
    return np.array([[*rows, *[-1] * (20 - len(rows))]], np.int32)


def truth(*rows):
    return [np.array(rows, np.int32)]


def test_measures_of_a_list_worked_out_by_hand():
    measured = judge(a_list(7, 1, 8, 2), truth(1, 2, 3), n_products=40).means
    assert measured["precision@10"] == pytest.approx(2 / 10)
    assert measured["recall@10"] == pytest.approx(2 / 3)
    assert measured["f1@10"] == pytest.approx(2 * 0.2 * (2 / 3) / (0.2 + 2 / 3))
    assert measured["map@10"] == pytest.approx((1 / 2 + 2 / 4) / 3)
    gain, ideal = 1 / np.log2(3) + 1 / np.log2(5), 1 + 1 / np.log2(3) + 1 / np.log2(4)
    assert measured["ndcg@10"] == pytest.approx(gain / ideal)
    assert measured["hit_rate@10"] == 1
    assert measured["coverage@10"] == pytest.approx(4 / 40)


def test_a_perfect_list_scores_one_and_an_empty_one_nothing():
    perfect = judge(a_list(*range(10)), truth(*range(10)), n_products=10).means
    assert [perfect[m] for m in ("ndcg@10", "map@10", "recall@10")] == pytest.approx([1, 1, 1])
    nothing = judge(a_list(), truth(1), n_products=10).means
    assert all(value == 0 for value in nothing.values())


def test_only_what_was_new_to_the_shopper_counts():
    catalogue = {p: a_product(p) for p in ("mug", "pen", "cup", "new")}
    catalogue["new"] = a_product("new", created_at=NOW)
    events = [
        an_event("ann", "mug", BUY, days_ago=90),
        an_event("bob", "pen", BUY, days_ago=80),
        an_event("bob", "cup", BUY, days_ago=70),
        an_event("ann", "mug", BUY, days_ago=5),  # again
        an_event("ann", "pen", BUY, days_ago=4),  # this one counts
        an_event("ann", "new", BUY, days_ago=0),  # was not sold at the cut
        an_event("cy", "mug", BUY, days_ago=3),  # nobody knew cy
    ]
    split = split_at(EventTable.of(events), catalogue, NOW - timedelta(days=10))
    assert [split.train.shoppers[s] for s in split.shoppers] == ["user:ann"]
    assert [split.train.products[p] for p in split.truth[0]] == ["pen"]


def test_a_shop_without_purchases_is_judged_on_what_shoppers_took_to():
    catalogue = {p: a_product(p) for p in ("mug", "pen")}
    events = [
        an_event("ann", "mug", days_ago=9),
        an_event("bob", "pen", days_ago=9),
        an_event("ann", "pen", days_ago=0),
    ]
    split = split_at(EventTable.of(events), catalogue, NOW - timedelta(days=5))
    assert [split.train.products[p] for p in split.truth[0]] == ["pen"]


def test_the_later_part_of_the_time_is_held_out():
    catalogue, events = two_tastes()
    table = EventTable.of(events)
    split = temporal_split(table, catalogue, held_out_share=0.25)
    assert split.train.at.max() < split.cut.timestamp() * 1000 <= split.test.at.min()
    span = table.at.max() - table.at.min()
    assert (table.at.max() - split.cut.timestamp() * 1000) / span == pytest.approx(0.25, abs=0.01)


def test_nobody_to_judge_is_said_plainly():
    catalogue, events = two_tastes()
    with pytest.raises(NotEnoughData, match="no one to measure"):
        split_at(EventTable.of(events), catalogue, NOW + timedelta(days=1))
    with pytest.raises(NotEnoughData, match="no events"):
        temporal_split(EventTable.of([]), catalogue, 0.2)


@pytest.fixture(scope="module")
def split_and_model():
    catalogue, events = two_tastes(shoppers=120)
    split = temporal_split(EventTable.of(events), catalogue, 0.3)
    train = [e for e in events if e.at < split.cut]
    return split, trained_on(catalogue, train)


def test_what_is_measured_is_what_is_served(split_and_model):
    split, model = split_and_model
    lists = engine_lists(model, split, history_length=100)
    live = LiveModel(model, split.products.values())
    for row, history in zip(lists, histories(split.train, split.shoppers, 100), strict=True):
        shelf = recommend(Request(Placement.HOME, 20, at=split.cut), history, live)
        served = [r.product.product_id for r in shelf.recommendations]
        assert [split.train.products[p] for p in row if p >= 0] == served


def test_a_model_that_knows_tastes_beats_popularity(split_and_model):
    split, model = split_and_model
    ours = judge(engine_lists(model, split, 100), split.truth, 24)
    popular = judge(popularity_lists(split, 15), split.truth, 24)
    knn = judge(item_knn_lists(split), split.truth, 24)
    assert ours.means["ndcg@10"] > 1.3 * popular.means["ndcg@10"]
    assert knn.means["ndcg@10"] > 1.3 * popular.means["ndcg@10"]
    _, low, _ = difference(ours.of_shopper["ndcg@10"], popular.of_shopper["ndcg@10"])
    assert low > 0


def test_no_list_holds_what_was_bought_before(split_and_model):
    split, model = split_and_model
    bought = split.train.where(split.train.is_type(BUY))
    for lists in (
        engine_lists(model, split, 100),
        popularity_lists(split, 15),
        item_knn_lists(split),
    ):
        for row, shopper in zip(lists, split.shoppers, strict=True):
            mine = set(bought.product[bought.shopper == shopper].tolist())
            assert not mine & set(row.tolist())


def test_the_same_evaluation_twice_gives_the_same_numbers(split_and_model):
    split, model = split_and_model
    first, second = (judge(engine_lists(model, split, 100), split.truth, 24) for _ in range(2))
    assert first.means == second.means


def test_ratings_are_predicted_better_than_by_their_mean():
    rng = np.random.default_rng(1)
    catalogue = {f"p{n}": a_product(f"p{n}") for n in range(20)}
    liked = {p: rng.normal(0, 1) for p in catalogue}
    events = [
        an_event(
            f"u{u}",
            p,
            EventType.RATING,
            days_ago=float(rng.uniform(0, 50)),
            rating=float(np.clip(3 + liked[p] + rng.normal(0, 0.4), 1, 5)),
        )
        for u in range(60)
        for p in rng.choice(list(catalogue), 8, replace=False)
    ]
    errors = rating_errors(temporal_split(EventTable.of(events), catalogue, 0.3))
    assert errors["rmse"] < 0.7 * errors["rmse_of_mean"]


def test_without_ratings_there_is_no_rating_error(split_and_model):
    assert rating_errors(split_and_model[0]) is None


def test_one_event_of_1970_does_not_move_the_cut():
    catalogue, events = two_tastes(shoppers=400)
    table = EventTable.of(events)
    odd = EventTable.of(
        [*events, replace(events[0], event_id="odd", at=datetime(1970, 1, 2, tzinfo=UTC))]
    )
    moved = temporal_split(odd, catalogue, 0.2).cut - temporal_split(table, catalogue, 0.2).cut
    assert abs(moved) < timedelta(days=2)

"""What is bought again, and when it is time."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from builders import NOW, a_history, a_product, an_act, an_event, trained_on, two_tastes

from recommender.facts.events import EventType, History
from recommender.learning.interactions import EventTable
from recommender.learning.rhythm_learning import learn_rhythm
from recommender.serving.live_model import LiveModel
from recommender.serving.rhythm import due

CATALOGUE, EVENTS = two_tastes()
TRAINED = trained_on(CATALOGUE, EVENTS)
MONTHLY = replace(
    TRAINED,
    repeat_chances=np.full(len(TRAINED.product_ids), 0.5, np.float32),
    repeat_gap_days=np.full(len(TRAINED.product_ids), 30, np.float32),
)
LIVE = LiveModel(MONTHLY, [*CATALOGUE.values(), a_product("new")])


def bought(product_id, *days_ago):
    return [an_act(product_id, EventType.PURCHASE, days_ago=d) for d in days_ago]


def how_due(*purchases, live=LIVE):
    """Product id -> score."""
    found = due(a_history(*purchases).purchases, live, NOW)
    return {
        live.products[row].product_id: score
        for row, score in zip(found.rows.tolist(), found.scores.tolist(), strict=True)
    }


def rhythm_of(days_of, categories=None):
    """Learn from user -> product -> days ago; chance and gap by product."""
    table = EventTable.of(
        [
            an_event(user, product_id, EventType.PURCHASE, days_ago=day)
            for user, products in days_of.items()
            for product_id, days in products.items()
            for day in days
        ]
    )
    found = learn_rhythm(table, [(categories or {}).get(p, "") for p in table.products])
    return {
        p: (float(chance), float(gap))
        for p, chance, gap in zip(table.products, found.chances, found.gap_days, strict=True)
    }


def test_coffee_is_bought_again_and_a_kettle_is_not():
    days_of = {f"u{n}": {"coffee": [70, 40, 10], "kettle": [50]} for n in range(200)}
    found = rhythm_of(days_of, {"coffee": "Food", "kettle": "Kitchen"})
    assert found["coffee"][0] > 0.9
    assert found["kettle"][0] < 0.1
    assert found["coffee"][1] == pytest.approx(30, rel=0.01)


def test_the_gap_is_the_median_of_days():
    days_of = {f"u{n}": {"coffee": [100, 90, 76, 20]} for n in range(500)}
    assert rhythm_of(days_of)["coffee"][1] == pytest.approx(14, rel=0.02)


def test_twice_on_one_day_is_not_again():
    once = {f"u{n}": {"mug": [5]} for n in range(50)}
    twice = {f"u{n}": {"mug": [5, 5.1]} for n in range(50)}
    assert rhythm_of(once) == rhythm_of(twice)


def test_a_product_with_few_buyers_goes_by_its_category():
    days_of = {f"u{n}": {"coffee": [60, 30], "kettle": [50]} for n in range(300)}
    days_of["one"] = {"tea": [9], "pot": [9]}
    found = rhythm_of(days_of, {"coffee": "Food", "tea": "Food", "kettle": "Pots", "pot": "Pots"})
    assert found["tea"][0] > 5 * found["pot"][0]
    assert found["tea"][1] == pytest.approx(30, rel=0.1)


def test_a_shop_without_purchases_has_a_rhythm_too():
    table = EventTable.of([an_event("ann", "mug")])
    found = learn_rhythm(table, [""])
    assert found.chances.tolist() == [0]
    assert found.gap_days.tolist() == [pytest.approx(30)]
    assert len(learn_rhythm(EventTable.of([]), []).chances) == 0


def test_what_was_bought_a_moment_ago_is_not_due_and_becomes_so():
    scores = [how_due(*bought("kitchen-1", d))["kitchen-1"] for d in (0, 1, 5, 15)]
    assert scores[0] == 0
    assert scores == sorted(scores)


def test_what_was_bought_long_ago_is_forgotten():
    scores = [how_due(*bought("kitchen-1", d))["kitchen-1"] for d in (40, 100, 300)]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < scores[0] / 5


def test_what_a_shopper_buys_often_is_due_before_what_they_bought_once():
    found = how_due(*bought("kitchen-1", 95, 65, 35), *bought("kitchen-2", 35))
    assert found["kitchen-1"] > found["kitchen-2"]


def test_of_two_things_the_one_that_is_bought_again_is_due():
    chances = MONTHLY.repeat_chances.copy()
    chances[MONTHLY.product_ids.index("kitchen-2")] = 0.01
    live = LiveModel(replace(MONTHLY, repeat_chances=chances), CATALOGUE.values())
    found = how_due(*bought("kitchen-1", 30), *bought("kitchen-2", 30), live=live)
    assert found["kitchen-1"] > 10 * found["kitchen-2"]


def test_who_buys_every_week_is_due_after_a_week():
    weekly = bought("kitchen-1", *range(8, 80, 7))
    [often] = due(a_history(*weekly).purchases, LIVE, NOW).scores
    [rested] = due(a_history(*weekly).purchases, LIVE, NOW - timedelta(days=8)).scores
    assert rested == 0 < often


def test_buying_twice_on_one_day_is_buying_once():
    once, twice = bought("kitchen-1", 30), bought("kitchen-1", 30, 30.01)
    found = due(a_history(*twice).purchases, LIVE, NOW)
    assert found.times.tolist() == [1]
    assert how_due(*twice)["kitchen-1"] == pytest.approx(how_due(*once)["kitchen-1"], rel=0.01)


def test_nothing_is_due_for_a_stranger_nor_before_the_first_training():
    assert how_due() == {}
    assert how_due(*bought("gone", 30)) == {}
    assert how_due(*bought("mug", 30), live=LiveModel(None, [a_product("mug")])) == {}


def test_purchases_count_however_far_back_the_acts_reach():
    looks, purchases = [an_act("kitchen-2")], bought("kitchen-1", 30, 60)
    history = History.of(looks, [*looks, *purchases])
    assert list(history.purchases) == purchases
    assert due(history.purchases, LIVE, NOW).times.tolist() == [2]


def test_what_training_has_not_seen_is_not_due():
    assert how_due(*bought("new", 30)) == {"new": 0}

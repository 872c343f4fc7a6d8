"""How long acts count is learned from what shoppers took next."""

from dataclasses import replace

import numpy as np
from builders import NOW, a_product, an_event

from recommender.evaluation.splits import temporal_split
from recommender.facts.events import EventType
from recommender.learning.interactions import EventTable
from recommender.learning.memory_learning import learn_memory
from recommender.model.type_weights import USUAL, TypeWeights

DAYS, PRODUCTS, SHOPPERS, TASTES = 360, 60, 400, 6
CATALOGUE = {f"p{n}": a_product(f"p{n}") for n in range(PRODUCTS)}


def a_window(taste_on, acts=8, seed=1):
    """Each shopper buys, all through the year, mostly among the ten products of a taste."""
    rng = np.random.default_rng(seed)
    events = []
    for shopper in range(SHOPPERS):
        for day in rng.uniform(0, DAYS, acts):
            taste = taste_on(shopper, day) if rng.random() < 0.8 else rng.integers(TASTES)
            product = f"p{10 * int(taste) + rng.integers(10)}"
            events.append(an_event(f"s{shopper}", product, EventType.PURCHASE, DAYS - day))
    return temporal_split(EventTable.of(events), CATALOGUE, 0.2)


def test_where_tastes_stay_an_act_counts_for_long():
    assert learn_memory(a_window(lambda shopper, _: shopper % TASTES), USUAL).memory > 1


def test_where_fashion_changes_an_act_is_soon_forgotten():
    assert learn_memory(a_window(lambda _, day: day // 90), USUAL).memory < 1


def test_without_time_the_memory_is_the_usual_one():
    window = a_window(lambda shopper, _: shopper % TASTES)
    at = np.full_like(window.train.at, int(NOW.timestamp() * 1000))
    assert learn_memory(replace(window, train=replace(window.train, at=at)), USUAL) is USUAL


def test_a_long_memory_makes_old_acts_count_more():
    table = EventTable.of([an_event("a", "p1", days_ago=60), an_event("a", "p2")])
    usual = table.decay(60)
    longer = table.weighed_by(replace(USUAL, memory=3.0)).decay(60)
    assert usual[0] < longer[0] < longer[1] == 1


def test_a_memory_comes_back_as_it_was():
    weights = replace(USUAL, memory=3.0)
    assert TypeWeights.from_json(weights.to_json()) == weights

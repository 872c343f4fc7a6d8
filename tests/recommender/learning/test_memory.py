"""How long acts count, and what stars say, is learned from what shoppers took next."""

from dataclasses import replace

import numpy as np
import pytest
from builders import NOW, a_product, an_event

from recommender.evaluation.splits import leave_last_out_split, temporal_split
from recommender.facts.events import EventType
from recommender.learning.interactions import EventTable
from recommender.learning.memory_learning import learn_memory_and_stars
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
    assert learn_memory_and_stars(a_window(lambda shopper, _: shopper % TASTES), USUAL).memory > 1


def test_where_fashion_changes_an_act_counts_no_longer_than_usual():
    assert learn_memory_and_stars(a_window(lambda _, day: day // 90), USUAL) is USUAL


@pytest.mark.parametrize(("stars_of", "low_speak_for"), [("all", True), ("liked", False)])
def test_what_low_stars_say_is_learned(stars_of, low_speak_for):
    """Either low ratings too come from who chose the product by taste, or from anybody."""
    catalogue = {f"p{n}": a_product(f"p{n}") for n in range(2 * PRODUCTS)}
    rng = np.random.default_rng(1)
    events = []
    for shopper in range(SHOPPERS):
        for day in rng.uniform(0, DAYS, 10):
            low = rng.random() < 0.8
            by_taste = stars_of == "all" or not low
            taste = shopper % TASTES if by_taste else rng.integers(TASTES)
            product, stars = f"p{20 * taste + rng.integers(20)}", 2.0 if low else 5.0
            rated = an_event(f"s{shopper}", product, EventType.RATING, DAYS - day, rating=stars)
            events.append(rated)
    window = temporal_split(EventTable.of(events), catalogue, 0.2)
    weights = learn_memory_and_stars(window, USUAL)
    assert (weights.of_stars[1] > 0) is low_speak_for


def test_what_low_stars_say_is_learned_where_each_shopper_tells_of_one_product_only():
    """Whoever rates a product chose it by taste, and what they come to last is one they liked."""
    rng = np.random.default_rng(1)
    events = []
    for shopper in range(1_000):
        days_ago = np.sort(rng.uniform(0, DAYS, 8))
        for n, day in enumerate(days_ago):
            taste = shopper % TASTES if rng.random() < 0.35 else rng.integers(TASTES)
            stars = 5.0 if n == 0 else float(rng.integers(1, 6))
            product = f"p{10 * int(taste) + rng.integers(10)}"
            events.append(an_event(f"s{shopper}", product, EventType.RATING, day, rating=stars))
    window = leave_last_out_split(EventTable.of(events), CATALOGUE)
    assert learn_memory_and_stars(window, USUAL).of_stars[0] >= 0


def test_without_time_the_memory_is_the_usual_one():
    window = a_window(lambda shopper, _: shopper % TASTES)
    at = np.full_like(window.train.at, int(NOW.timestamp() * 1000))
    assert (
        learn_memory_and_stars(replace(window, train=replace(window.train, at=at)), USUAL) is USUAL
    )


def test_a_long_memory_makes_old_acts_count_more():
    table = EventTable.of([an_event("a", "p1", days_ago=60), an_event("a", "p2")])
    usual = table.decay(60)
    longer = table.weighed_by(replace(USUAL, memory=3.0)).decay(60)
    assert usual[0] < longer[0] < longer[1] == 1


def test_a_memory_comes_back_as_it_was():
    weights = replace(USUAL, memory=3.0, of_stars=(1.0, 2.0, 3.0, 4.0, 5.0))
    assert TypeWeights.from_json(weights.to_json()) == weights

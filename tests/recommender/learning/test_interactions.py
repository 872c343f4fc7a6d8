"""Events as a matrix: what counts, how much, and for how long."""

from dataclasses import replace

import numpy as np
import pytest
from builders import an_act, an_event, two_tastes
from hypothesis import given
from hypothesis import strategies as st

from recommender.facts.events import WEIGHTS, EventType, weight_of
from recommender.learning.interactions import (
    EventTable,
    age_days,
    interaction_matrix,
    popularity,
)
from recommender.model.type_weights import TypeWeights

FOREVER = 1e9


def strengths(*events, half_life_days=FOREVER):
    table = EventTable.of(events)
    matrix = interaction_matrix(table, half_life_days).tocoo()
    return {
        (table.shoppers[row].removeprefix("user:"), table.products[column]): value
        for row, column, value in zip(
            matrix.row.tolist(), matrix.col.tolist(), matrix.data.tolist(), strict=True
        )
    }


def test_every_type_of_event_has_a_weight():
    assert set(WEIGHTS) == set(EventType)


def test_the_strongest_kind_of_act_a_shop_knows_counts_one():
    assert strengths(an_event("ann", "mug")) == {("ann", "mug"): 1.0}
    bought = an_event("ann", "mug", EventType.PURCHASE)
    assert strengths(bought, an_event("ann", "pen")) == {
        ("ann", "mug"): 1.0,
        ("ann", "pen"): pytest.approx(0.1),
    }


def test_an_act_counts_half_after_its_half_life():
    old, new = an_event("ann", "mug", days_ago=30), an_event("ann", "pen")
    assert strengths(old, new, half_life_days=30)[("ann", "mug")] == pytest.approx(0.5)


def test_a_second_purchase_adds_nothing():
    twice = [an_event("ann", "mug", EventType.PURCHASE)] * 2
    assert strengths(*twice) == {("ann", "mug"): 1.0}


def test_who_bought_and_then_gave_one_star_is_not_drawn_to_it():
    assert strengths(
        an_event("ann", "pen", EventType.VIEW),
        an_event("ann", "mug", EventType.VIEW),
        an_event("ann", "mug", EventType.RATING, rating=1),
    ) == {("ann", "pen"): pytest.approx(1.0)}


def test_impressions_and_three_stars_say_nothing():
    assert (
        strengths(
            an_event("ann", "mug", EventType.IMPRESSION),
            an_event("ann", "pen", EventType.RATING, rating=3),
        )
        == {}
    )


def test_no_events_give_an_empty_matrix():
    assert interaction_matrix(EventTable.of([]), 30).shape == (0, 0)


def test_one_shopper_cannot_make_a_product_popular_alone():
    eager = [an_event("ann", "mug", EventType.PURCHASE) for _ in range(50)]
    table = EventTable.of(
        [*eager, an_event("bob", "pen", EventType.PURCHASE), an_event("cy", "pen")]
    )
    found = dict(zip(table.products, popularity(table, FOREVER).tolist(), strict=True))
    assert found["pen"] > found["mug"] == 1


@given(st.sampled_from(EventType), st.floats(1, 5))
def test_columns_weigh_events_as_single_events_are_weighed(type_, stars):
    rating = stars if type_ is EventType.RATING else None
    table = EventTable.of([an_event("ann", "mug", type_, rating=rating)])
    assert table.weights[0] == pytest.approx(weight_of(type_, rating), abs=1e-5)
    learned = TypeWeights({t: weight / 3 for t, weight in WEIGHTS.items()})
    act = an_act("mug", type_, rating=rating)
    assert table.weighed_by(learned).weights[0] == pytest.approx(learned.of(act), abs=1e-5)


def test_what_counts_is_kept_with_the_events():
    table = EventTable.of([an_event("ann", "mug"), an_event("ann", "pen", EventType.PURCHASE)])
    learned = TypeWeights({**WEIGHTS, EventType.VIEW: 5.0})
    views = table.weighed_by(learned).where(table.is_type(EventType.VIEW))
    assert views.weights.tolist() == [5.0]


def test_a_shop_too_large_to_sort_at_once_gives_the_same_matrix():
    _, events = two_tastes()
    table = EventTable.of(events)
    huge = replace(table, shoppers=range(2**50), products=range(2**12))
    usual, found = (interaction_matrix(t, 30).tocoo() for t in (table, huge))
    for of in ("row", "col", "data"):
        assert np.array_equal(getattr(found, of), getattr(usual, of))


def test_each_pair_comes_once():
    _, events = two_tastes()
    matrix = interaction_matrix(EventTable.of([*events, *events]), 30).tocoo()
    pairs = list(zip(matrix.row.tolist(), matrix.col.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    assert np.all(matrix.data > 0)


def test_one_event_of_today_does_not_erase_the_years_before():
    _, events = two_tastes(shoppers=400)
    years_ago = [replace(e, at=e.at.replace(year=2010)) for e in events]
    table = EventTable.of([*years_ago, an_event("ann", "kitchen-1")])
    old = interaction_matrix(EventTable.of(years_ago), 30)
    assert interaction_matrix(table, 30).nnz == old.nnz + 1
    assert (popularity(table, 15) > 1).sum() > 20


def test_no_act_fades_to_nothing():
    old = an_event("ann", "mug", EventType.PURCHASE, days_ago=5_000)
    assert len(strengths(old, an_event("bob", "pen", EventType.PURCHASE), half_life_days=1)) == 2


def test_a_product_is_as_old_as_the_first_act_that_says_something_for_it():
    table = EventTable.of(
        [
            an_event("ann", "mug", EventType.IMPRESSION, days_ago=90),
            an_event("ann", "mug", days_ago=30),
            an_event("bob", "mug", days_ago=10),
            an_event("bob", "pen", days_ago=4),
            an_event("bob", "pad", EventType.IMPRESSION),
        ]
    )
    found = dict(zip(table.products, age_days(table).tolist(), strict=True))
    assert found == {"mug": pytest.approx(30), "pen": pytest.approx(4), "pad": 0}


def test_one_wrong_date_makes_no_product_old():
    events = [an_event(f"s{n}", "mug", days_ago=20 * (n % 2)) for n in range(2_000)]
    events.append(an_event("ann", "mug", days_ago=9_000))
    assert age_days(EventTable.of(events)).max() == pytest.approx(20, abs=0.1)

"""What rises and falls is shown, and chance is not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.insights.changes import FEWEST, Changes, changes

counts = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=1, max_size=30).map(
    lambda pairs: np.array(pairs, np.int64)
)


def found(now, before, everything=None) -> Changes:
    now, before = np.array(now, np.int64), np.array(before, np.int64)
    keys = [f"p{n}" for n in range(len(now))]
    return changes(keys, now, before, everything or (float(now.sum()), float(before.sum())))


def names(some):
    return [change.key for change in some]


def test_what_draws_four_times_as_many_rises_and_what_lost_half_falls():
    now, before = [400, 50, 100, 100], [100, 100, 100, 100]
    told = found(now, before, (1000.0, 1000.0))
    assert names(told.rising) == ["p0"]
    assert names(told.falling) == ["p1"]
    assert told.rising[0].change == 3
    assert told.falling[0].change == -0.5
    assert 2 < told.rising[0].bound < 4
    assert 0.5 < told.falling[0].bound < 1


def test_what_nobody_bought_before_has_risen_by_no_number():
    told = found([60, 100], [0, 160], (1000.0, 1000.0))
    assert told.rising[0].change is None
    assert told.rising[0].bound > 1


def test_in_a_shop_that_doubles_what_doubles_too_is_nothing_new():
    assert found([200] * 50, [100] * 50) == Changes([], [])


def test_what_stays_as_it_is_while_the_shop_doubles_does_not_fall():
    told = found([100] + [200] * 50, [100] + [100] * 50)
    assert told == Changes([], [])


def test_too_few_shoppers_say_nothing():
    assert found([FEWEST - 1, 500], [0, 519]) == Changes([], [])
    assert names(found([FEWEST, 500], [0, 520]).rising) == ["p0"]


@pytest.mark.parametrize("everything", [(0.0, 5.0), (5.0, 0.0), (0.0, 0.0)])
def test_without_two_periods_there_is_nothing_to_compare(everything):
    assert found([50], [0], everything) == Changes()


def test_chance_alone_shows_hardly_anything():
    """Of 200 shops in which nothing changes, one in twenty may show something."""
    dice = np.random.default_rng(3)
    rates = dice.lognormal(3.5, 1, 300)
    shown = [found(dice.poisson(rates), dice.poisson(rates)) for _ in range(200)]
    assert np.mean([bool(c.rising or c.falling) for c in shown]) <= 0.05


def test_what_really_changed_is_found_among_thousands_that_did_not():
    dice = np.random.default_rng(4)
    rates = np.full(2_000, 60.0)
    factors = np.ones(2_000)
    factors[:20], factors[20:40] = 3.0, 1 / 4
    told = found(dice.poisson(rates * factors), dice.poisson(rates))
    rising, falling = set(names(told.rising)), set(names(told.falling))
    assert rising >= {f"p{n}" for n in range(20)}
    assert falling >= {f"p{n}" for n in range(20, 40)}
    assert len(rising) + len(falling) <= 44


@given(counts)
def test_time_turned_round_turns_rising_into_falling(pairs):
    now, before = pairs[:, 0], pairs[:, 1]
    told, turned = found(now, before), found(before, now)
    assert set(names(told.rising)) == set(names(turned.falling))
    assert set(names(told.falling)) == set(names(turned.rising))
    for change in told.rising:
        assert change.shoppers > change.before
        assert change.bound >= 1
    bounds = [change.bound for change in told.rising]
    assert bounds == sorted(bounds, reverse=True)

"""Lists that are made at moments of the past go by what was popular then."""

from dataclasses import replace

import numpy as np
import pytest
from builders import a_product, an_event, trained_on

from recommender.evaluation.baselines import popularity_lists
from recommender.evaluation.lists import engine_lists
from recommender.evaluation.moments import counted, live_models
from recommender.evaluation.splits import leave_last_out_split, next_basket_split, temporal_split
from recommender.facts.events import EventType
from recommender.learning.interactions import EventTable
from recommender.serving.live_model import LiveModel

BUY = EventType.PURCHASE
KINDS = ("sledge", "skate", "parasol", "bucket")
CATALOGUE = {f"{kind}-{n}": a_product(f"{kind}-{n}") for kind in KINDS for n in range(4)}


@pytest.fixture(scope="module")
def a_year():
    """In winter all buy sledges and skates; in summer, when others have come, all buy for it."""
    rng = np.random.default_rng(1)
    events = []
    for season, days_ago, kinds in (("winter", 200, KINDS[:2]), ("summer", 20, KINDS[2:])):
        for n in range(60):
            product_ids = [f"{kind}-{m}" for kind in kinds for m in range(4)]
            first, *last = rng.permutation(product_ids)[:3].tolist()
            events.append(an_event(f"{season}-{n}", first, BUY, days_ago + 10 - n / 60))
            events += [an_event(f"{season}-{n}", p, BUY, days_ago - n / 60) for p in last]
    return events


def is_for(season, product_id):
    kinds = KINDS[:2] if season == "winter" else KINDS[2:]
    return product_id.startswith(kinds)


def season_of(split, place):
    return split.train.shoppers[split.shoppers[place]].removeprefix("user:").split("-")[0]


def test_nothing_is_counted_that_came_after_a_list_was_made(a_year):
    split = next_basket_split(EventTable.of(a_year), CATALOGUE)
    counts = list(counted(split, np.arange(len(split.shoppers))))
    judged = np.concatenate([places for _, places in counts])
    assert sorted(judged.tolist()) == list(range(len(split.shoppers)))
    assert len(counts) > 10
    for events, places in counts:
        made_at = [split.made_at(split.shoppers[n]).timestamp() * 1000 for n in places.tolist()]
        assert events.at.max() < min(made_at)


def test_what_was_popular_then_is_what_a_training_then_would_have_counted(a_year):
    split = next_basket_split(EventTable.of(a_year), CATALOGUE)
    model = trained_on(CATALOGUE, a_year)
    for (live, places), (events, same) in zip(
        live_models(model, split, np.arange(40)), counted(split, np.arange(40)), strict=True
    ):
        assert np.array_equal(places, same)
        summer = [row for p, row in live.row_of.items() if is_for("summer", p)]
        sold = len({events.products[p] for p in events.product.tolist()})
        assert np.count_nonzero(live.popularity) == sold
        assert live.popularity[summer].any() == (season_of(split, places[0]) == "summer")


def test_a_model_counted_anew_is_like_one_that_was_laid_out_so(a_year):
    model = trained_on(CATALOGUE, a_year)
    products = [*CATALOGUE.values(), a_product("new")]
    other = replace(
        model,
        popularity=model.popularity[::-1].copy(),
        lasting_popularity=model.lasting_popularity * 2,
        age_days=model.age_days[::-1].copy(),
    )
    live, laid_out = LiveModel(model, products).laid_out(), LiveModel(other, products)
    live.recount(other)
    for numbers in ("popularity", "standing", "rising", "lasting_popularity", "vectors"):
        assert np.array_equal(getattr(live, numbers), getattr(laid_out, numbers))


@pytest.mark.parametrize("split_of", [next_basket_split, leave_last_out_split])
def test_lists_of_winter_hold_nothing_that_only_sold_in_summer(a_year, split_of):
    split = split_of(EventTable.of(a_year), CATALOGUE)
    model = trained_on(CATALOGUE, a_year)
    for lists in (engine_lists(model, split, 100, longest=4), popularity_lists(split, 15, 4)):
        for place, shown in enumerate(lists.tolist()):
            if season_of(split, place) == "winter":
                told = [split.train.products[row] for row in shown if row >= 0]
                assert told
                assert all(is_for("winter", p) for p in told)


def test_where_all_lists_are_made_at_once_all_is_counted(a_year):
    split = temporal_split(EventTable.of(a_year), CATALOGUE, 0.05)
    [(events, places)] = counted(split, np.arange(len(split.shoppers)))
    assert events is split.train
    assert len(places) == len(split.shoppers)

"""What a model may know, and what it is judged on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from builders import NOW, a_product, an_event, two_tastes

from recommender.evaluation.splits import (
    cold_products_split,
    cold_rows,
    cold_shoppers_splits,
    given_split,
    held_out_pairs,
    histories,
    leave_last_out_split,
    next_basket_split,
    split_at,
    temporal_split,
    visits_in,
)
from recommender.facts.errors import NotEnoughData
from recommender.facts.events import EventType
from recommender.learning.interactions import EventTable

BUY = EventType.PURCHASE
CATALOGUE = {p: a_product(p) for p in ("mug", "pen", "cup", "jug", "tin")}


def bought(*purchases):
    """Purchases as "shopper product days-ago"."""
    return EventTable.of(
        an_event(shopper, product, BUY, days_ago=float(days))
        for shopper, product, days in (p.split() for p in purchases)
    )


def wanted(split):
    """Shopper -> the products of the truth."""
    return {
        split.known.shoppers[shopper].removeprefix("user:"): {
            split.known.products[row] for row in rows.tolist()
        }
        for shopper, rows in zip(split.shoppers, split.truth, strict=True)
    }


def pairs(table):
    return {
        (table.shoppers[s].removeprefix("user:"), table.products[p])
        for s, p in zip(table.shopper.tolist(), table.product.tolist(), strict=True)
    }


def test_only_what_was_new_to_the_shopper_counts():
    catalogue = {p: a_product(p) for p in ("mug", "pen", "cup", "new")}
    catalogue["new"] = a_product("new", created_at=NOW)
    table = bought(
        *("ann mug 90", "bob pen 80", "bob cup 70"),
        "ann mug 5",  # again
        "ann pen 4",  # this one counts
        "ann new 0",  # was not sold at the cut
        "cy mug 3",  # nobody knew cy
    )
    assert wanted(split_at(table, catalogue, NOW - timedelta(days=10))) == {"ann": {"pen"}}


def test_with_repeats_what_was_bought_before_counts_too():
    table = bought("ann mug 90", "bob pen 80", "ann mug 5", "ann pen 4")
    cut = NOW - timedelta(days=10)
    assert wanted(split_at(table, CATALOGUE, cut, repeats=True)) == {"ann": {"mug", "pen"}}


def test_a_shop_without_purchases_is_judged_on_what_shoppers_took_to():
    events = [
        an_event("ann", "mug", days_ago=9),
        an_event("bob", "pen", days_ago=9),
        an_event("ann", "pen", days_ago=0),
    ]
    split = split_at(EventTable.of(events), CATALOGUE, NOW - timedelta(days=5))
    assert wanted(split) == {"ann": {"pen"}}


def test_the_later_part_of_the_time_is_held_out():
    catalogue, events = two_tastes()
    table = EventTable.of(events)
    split = temporal_split(table, catalogue, held_out_share=0.25)
    assert split.train.at.max() < split.cut.timestamp() * 1000 <= split.test.at.min()
    span = table.at.max() - table.at.min()
    assert (table.at.max() - split.cut.timestamp() * 1000) / span == pytest.approx(0.25, abs=0.01)


def test_one_event_of_1970_does_not_move_the_cut():
    catalogue, events = two_tastes(shoppers=400)
    table = EventTable.of(events)
    odd = EventTable.of(
        [*events, replace(events[0], event_id="odd", at=datetime(1970, 1, 2, tzinfo=UTC))]
    )
    moved = temporal_split(odd, catalogue, 0.2).cut - temporal_split(table, catalogue, 0.2).cut
    assert abs(moved) < timedelta(days=2)


def test_nobody_to_judge_is_said_plainly():
    catalogue, events = two_tastes()
    with pytest.raises(NotEnoughData, match="no one to measure"):
        split_at(EventTable.of(events), catalogue, NOW + timedelta(days=1))
    with pytest.raises(NotEnoughData, match="no events"):
        temporal_split(EventTable.of([]), catalogue, 0.2)
    once = bought("ann mug 1", "bob pen 1")
    with pytest.raises(NotEnoughData, match="ordered twice"):
        next_basket_split(once, CATALOGUE)
    for split in (leave_last_out_split, lambda t, p: held_out_pairs(t, p, 0.5)):
        with pytest.raises(NotEnoughData, match="Nobody took to two products"):
            split(once, CATALOGUE)


def test_of_who_ordered_twice_the_last_order_is_held_out():
    table = bought(
        *("ann mug 9", "ann pen 9", "ann cup 3", "ann jug 3"),
        *("bob cup 8", "bob jug 8", "bob tin 8"),  # one order: nothing is held out
        *("cy tin 7", "cy mug 2", "cy mug 1"),  # the last order is of what cy had bought
    )
    split = next_basket_split(table, CATALOGUE)
    assert wanted(split) == {"ann": {"cup", "jug"}}
    assert {("bob", "cup"), ("cy", "mug")} < pairs(split.train)


def test_lines_that_follow_one_another_are_one_order_where_each_has_its_own_moment():
    minute = 1 / 1440
    table = bought(
        *("ann mug 9", f"ann pen {9 - minute}", f"ann cup {3 + 50 * minute}", "ann jug 3"),
        *("bob cup 8", f"bob jug {8 - minute}"),
    )
    assert wanted(next_basket_split(table, CATALOGUE)) == {"ann": {"cup", "jug"}}


def test_an_order_is_what_the_shop_says_it_is():
    table = bought("ann mug 9", "ann pen 3", "ann cup 3", "bob cup 8", "bob mug 7")
    orders = np.array([0, 1, 2, 3, 3], np.int32)
    assert wanted(next_basket_split(table, CATALOGUE, orders)) == {"ann": {"cup"}}


def test_the_last_product_that_a_shopper_came_to_is_held_out():
    table = bought("ann mug 9", "ann pen 5", "ann mug 1", "bob pen 8", "bob mug 2")
    split = leave_last_out_split(table, CATALOGUE)
    assert wanted(split) == {"ann": {"pen"}, "bob": {"mug"}}
    # What ann did later would give away what she is like by then.
    assert pairs(split.train) == {("ann", "mug"), ("bob", "pen")}
    assert len(split.train) == 2
    again = leave_last_out_split(table, CATALOGUE, repeats=True)
    assert wanted(again) == {"ann": {"mug"}, "bob": {"mug"}}


def test_without_time_one_random_product_of_each_shopper_is_the_last_one():
    catalogue, events = two_tastes()
    table = EventTable.of(replace(e, at=NOW, received_at=NOW) for e in events)
    first, second, other = (leave_last_out_split(table, catalogue, seed) for seed in (1, 1, 2))
    assert {len(t) for t in first.truth} == {1}
    assert wanted(first) == wanted(second) != wanted(other)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_a_random_share_of_each_shoppers_products_is_held_out(share):
    catalogue, events = two_tastes(shoppers=400)
    table = EventTable.of(replace(e, at=NOW, received_at=NOW) for e in events)
    split = held_out_pairs(table, catalogue, share)
    assert not pairs(split.train) & pairs(split.test)
    assert len(pairs(split.test)) / len(pairs(table)) == pytest.approx(share, abs=0.03)
    assert len(np.unique(split.train.shopper)) == len(table.shoppers)
    assert wanted(split) == wanted(held_out_pairs(table, catalogue, share))
    assert wanted(split) != wanted(held_out_pairs(table, catalogue, share, seed=2))


def test_all_that_was_done_about_a_held_out_product_is_held_out():
    events = [
        an_event("ann", product, type_)
        for product in ("mug", "pen", "cup", "jug")
        for type_ in (EventType.VIEW, BUY)
    ] + [an_event("bob", p, BUY) for p in ("mug", "pen", "cup", "jug")]
    split = held_out_pairs(EventTable.of(events), CATALOGUE, 0.5)
    assert not pairs(split.train) & pairs(split.test)


def test_bad_ratings_are_held_out_too_but_not_to_be_found():
    events = [
        an_event(shopper, product, EventType.RATING, rating=stars)
        for shopper in ("ann", "bob", "cat", "dan")
        for product, stars in (("mug", 5.0), ("pen", 1.0), ("cup", 5.0), ("jug", 1.0))
    ]
    split = held_out_pairs(EventTable.of(events), CATALOGUE, 0.5)
    assert {"pen", "jug"} & {product for _, product in pairs(split.test)}
    assert set().union(*wanted(split).values()) <= {"mug", "cup"}


def test_what_somebody_else_held_out_is_held_out():
    table = bought("ann mug 9", "bob pen 9", "ann pen 9", "ann tin 9")
    split = given_split(table, CATALOGUE, np.array([False, False, True, True]))
    assert wanted(split) == {"ann": {"pen"}}  # nobody of the training met the tin


@pytest.fixture(scope="module")
def by_time():
    catalogue, events = two_tastes(shoppers=200)
    return temporal_split(EventTable.of(events), catalogue, 0.3)


def test_of_cold_products_training_knows_nothing(by_time):
    split = cold_products_split(by_time, share=0.25)
    cold = set(cold_rows(split).tolist())
    assert len(cold) == 6  # a quarter of 24
    assert not cold & set(split.train.product.tolist()) | cold & set(split.known.product.tolist())
    assert {row for rows in split.truth for row in rows.tolist()} <= cold
    assert all(split.products[split.train.products[row]].created_at == split.cut for row in cold)
    assert split.on_offer.sum() == 24
    assert set(np.flatnonzero(split.among(cold).on_offer).tolist()) == cold


def test_of_cold_shoppers_training_knows_nothing_and_serving_what_they_did(by_time):
    parts = cold_shoppers_splits(by_time, share=0.2)
    assert len(parts) == 5
    assert sorted(shopper for split in parts for shopper in split.shoppers) == by_time.shoppers
    for split in parts:
        assert not set(split.shoppers) & set(split.train.shopper.tolist())
        assert set(split.shoppers) <= set(split.known.shopper.tolist())
        assert all(history.acts for history in histories(split.known, split.shoppers, 100))
        assert wanted(split).items() <= wanted(by_time).items()


def test_a_list_in_the_middle_of_a_visit_knows_what_was_done_in_it():
    def on_the_day(user, *acts):
        return [
            an_event(user, product, type_, days_ago=1 - minutes / 1440)
            for product, minutes, type_ in acts
        ]

    view = EventType.VIEW
    before = [an_event(user, p, BUY, days_ago=9) for user in "xyz" for p in ("mug", "pen", "cup")]
    table = EventTable.of(
        [
            *before,
            an_event("ann", "cup", BUY, days_ago=8),
            *on_the_day("ann", ("mug", 0, view), ("pen", 5, BUY)),
            *on_the_day("bob", ("mug", 0, view), ("pen", 300, BUY)),  # two visits
            *on_the_day("cleo", ("mug", 0, BUY), ("pen", 0, BUY)),  # all at one moment
            *on_the_day("x", ("jug", 0, BUY)),
        ]
    )
    by_day = replace(split_at(table, CATALOGUE, NOW - timedelta(days=2)), products=dict(CATALOGUE))
    split = visits_in(by_day)
    assert wanted(split) == {"ann": {"pen"}}
    assert split.made_at(split.shoppers[0]) == NOW - timedelta(days=1) + timedelta(minutes=5)
    (history,) = histories(split.known, split.shoppers, 100)
    assert [act.product_id for act in history.acts] == ["mug", "cup"]
    assert split.train is by_day.train


def test_lists_are_made_when_each_shopper_comes_back():
    table = bought("ann mug 9", "ann pen 4", "bob mug 8", "bob pen 2", "cat pen 9", "cat cup 8")
    split = leave_last_out_split(table, CATALOGUE)
    made = {table.shoppers[s].removeprefix("user:"): split.made_at(s) for s in split.shoppers}
    assert made == {"ann": NOW - timedelta(days=4), "bob": NOW - timedelta(days=2)}


def test_a_product_is_on_offer_once_it_was_sold():
    catalogue = {
        "mug": a_product("mug", created_at=datetime(1970, 1, 1, tzinfo=UTC)),  # it does not say
        "pen": a_product("pen", available_for_sale=False),  # not today, but then
        "cup": a_product("cup", created_at=datetime(1970, 1, 1, tzinfo=UTC)),
        "jug": a_product("jug", created_at=NOW),
    }
    table = bought("ann mug 9", "bob pen 8", "ann pen 1", "bob cup 1")
    split = split_at(table, catalogue, NOW - timedelta(days=5))
    offered = [p for p, on in zip(split.train.products, split.on_offer, strict=True) if on]
    assert sorted(offered) == ["mug", "pen"]

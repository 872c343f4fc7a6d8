"""Figures of the shop, on logs with a known answer."""

import itertools
from collections import Counter, defaultdict
from datetime import timedelta

import pytest
from builders import NOW, a_product, an_event
from hypothesis import given
from hypothesis import strategies as st

from recommender.facts.catalog import category_levels
from recommender.facts.events import EventType
from recommender.facts.insights import Range
from recommender.facts.money import Money
from recommender.insights.acts import ActTable
from recommender.insights.baskets import FEWEST_TOGETHER, Baskets, BasketSizes, Repeats, Values
from recommender.insights.funnel import Funnel
from recommender.insights.groups import PriceBand
from recommender.insights.shop import ShopInsights, Wanted, period_before

MONTH = Range(NOW - timedelta(days=28), NOW + timedelta(minutes=1))
VIEW, CART, BUY = EventType.VIEW, EventType.ADD_TO_CART, EventType.PURCHASE

mugs = {
    "mug": a_product("mug", categories=("Home > Mugs",), price=Money.of("9.50", "EUR")),
    "cup": a_product("cup", categories=("Home > Mugs",), price=Money.of("12.00", "EUR")),
    "rug": a_product("rug", categories=("Home > Rugs",), price=Money.of("150", "EUR")),
}


def bought(user, product, days_ago=0.0, euros="10.00", **more):
    return an_event(user, product, BUY, days_ago, unit_price=Money.of(euros, "EUR"), **more)


def told_of(events, products=mugs, within=MONTH) -> ShopInsights:
    return ShopInsights(within, ActTable.of(events), products)


def test_a_funnel_counts_each_shopper_once_at_each_step():
    told = told_of(
        [
            *[an_event("ann", "mug", VIEW) for _ in range(3)],
            an_event("ann", "mug", CART),
            bought("ann", "mug"),
            an_event("bob", "mug", EventType.CLICK),
            an_event("bob", "cup", CART),
            an_event("cat", "rug", VIEW),
            bought("dan", "rug"),
        ]
    )
    assert told.funnel == Funnel(viewed=3, carted=2, bought=1, bought_unseen=1)
    by_category = {f.key: f.funnel for f in told.funnel_by_category}
    assert by_category == {
        "Home": Funnel(3, 2, 1, 1),
        "Home > Mugs": Funnel(2, 2, 1, 0),
        "Home > Rugs": Funnel(1, 0, 0, 1),
    }
    assert told.funnel_by_category[0].key == "Home"
    prices = [(str(f.key.low), str(f.key.high), f.funnel.viewed) for f in told.funnel_by_price]
    assert prices == [
        ("5.00 EUR", "10.00 EUR", 2),
        ("100.00 EUR", "200.00 EUR", 1),
    ]  # Nobody viewed or bought the cup.


@pytest.mark.parametrize(
    ("price", "low", "high"),
    [
        (Money(0, "EUR"), 0, 1),
        (Money(1, "EUR"), 1, 2),
        (Money(199, "EUR"), 100, 200),
        (Money(999, "JPY"), 500, 1000),
        (Money(1000, "JPY"), 1000, 2000),
    ],
)
def test_every_price_has_a_band(price, low, high):
    band = PriceBand.of(price)
    assert (band.low.minor_units, band.high.minor_units) == (low, high)


def test_baskets_are_orders_or_else_what_was_bought_within_the_hour():
    minute = 1 / 24 / 60
    told = told_of(
        [
            bought("ann", "mug", 3, order_id="o1", quantity=2),
            bought("ann", "cup", 3, "5.00", order_id="o1"),
            bought("ann", "mug", 3 - minute, order_id="o2"),
            bought("bob", "mug", 2),
            bought("bob", "cup", 2 - 59 * minute),
            bought("bob", "rug", 2 - 120 * minute, "100.00"),
            an_event("cat", "mug", BUY, 1),
            bought("dan", "rug", 1, trusted=False),
        ]
    )
    assert told.basket_sizes == BasketSizes(
        count=6,
        mean_products=8 / 6,
        median_products=1,
        mean_pieces=9 / 6,
        values={"EUR": Values(baskets=4, total=15_500, mean=3_875, median=2_250)},
    )


def test_what_shares_a_basket_more_often_than_by_chance_is_a_pair():
    events = []
    for n in range(10):
        events += [bought(f"u{n}", p, order_id=f"o{n}") for p in ("mug", "cup")]
        events += [bought(f"v{n}", "rug", order_id=f"p{n}")]
    events += [bought("w", p, order_id="q") for p in ("mug", "rug")]
    pairs = told_of(events).pairs
    assert [({p.first, p.second}, p.support) for p in pairs] == [({"mug", "cup"}, 10)]
    assert pairs[0].lift == pytest.approx(10 * 21 / (11 * 10))


def test_who_comes_back_and_when():
    told = told_of(
        [
            bought("ann", "mug", 20),
            bought("ann", "mug", 10),
            bought("ann", "cup", 4),
            bought("bob", "mug", 9),
            bought("cat", "rug", 40),  # before the time that is asked for
            bought("cat", "rug", 2),
        ]
    )
    assert told.repeats == Repeats(
        buyers=3, returning=1, days_between=(7, 8, 9), bought_products=4, bought_again=1
    )
    assert told.repeats.returning_share == pytest.approx(1 / 3)


def test_what_is_wanted_and_not_for_sale():
    gone = {**mugs, "mug": a_product("mug", available_for_sale=False)}
    gone["rug"] = a_product("rug", available_for_sale=False)
    told = told_of(
        [
            *[an_event(u, "rug", VIEW) for u in ("ann", "ann", "bob")],
            an_event("cat", "mug", CART),
            an_event("cat", "cup", CART),
        ],
        gone,
    )
    assert told.wanted == [Wanted("mug", 0, 1), Wanted("rug", 2, 0)]


@pytest.mark.parametrize("type_", [BUY, CART, VIEW])
def test_changes_are_counted_by_the_strongest_act_that_the_shop_tells_of(type_):
    now = [an_event(f"a{n}", "mug", type_, 1) for n in range(60)]
    now += [an_event(f"b{n}", "rug", type_, 1) for n in range(60)]
    before = [an_event(f"c{n}", "rug", type_, 30) for n in range(60)]
    before += [an_event(f"d{n}", "cup", type_, 30) for n in range(60)]
    told = told_of(now + before)
    assert told.counted_by is type_
    assert [c.key for c in told.product_changes.rising] == ["mug"]
    assert [c.key for c in told.product_changes.falling] == ["cup"]
    assert told.category_changes.rising == told.category_changes.falling == []


def test_a_category_rises_with_its_products_together():
    products = {
        f"p{n}": a_product(f"p{n}", categories=(f"Home > {'New' if n < 20 else 'Old'}",))
        for n in range(40)
    }
    now = [an_event(f"n{u}", f"p{u % 20}", BUY, 1) for u in range(200)]
    now += [an_event(f"o{u}", f"p{20 + u % 20}", BUY, 1) for u in range(100)]
    before = [an_event(f"b{u}", f"p{u % 20 + (20 if u > 60 else 0)}", BUY, 30) for u in range(300)]
    told = told_of(now + before, products)
    assert [c.key for c in told.category_changes.rising] == ["Home > New"]
    assert [c.key for c in told.category_changes.falling] == ["Home > Old"]


def test_a_shop_without_events_has_nothing_to_say():
    told = told_of([])
    assert told.funnel == Funnel(0, 0, 0, 0)
    assert told.basket_sizes == BasketSizes()
    assert told.repeats == Repeats()
    assert told.events == told.revenue == {}
    lists = [told.pairs, told.wanted, told.funnel_by_category, told.funnel_by_price]
    lists += [told.product_changes.rising, told.category_changes.falling]
    assert [len(found) for found in lists] == [0] * 6


def test_the_time_before_is_as_long():
    before = period_before(MONTH)
    assert before.end == MONTH.start
    assert before.end - before.start == MONTH.end - MONTH.start


users = st.sampled_from(["ann", "bob", "cat"])
acts = st.builds(
    an_event,
    users,
    st.sampled_from([*mugs, "unknown"]),
    st.sampled_from([VIEW, EventType.CLICK, CART, BUY, EventType.LIKE]),
    st.floats(0, 60),
    quantity=st.integers(1, 3),
    order_id=st.none() | st.sampled_from(["o1", "o2"]),
    unit_price=st.none() | st.builds(Money, st.integers(0, 999), st.sampled_from(["EUR", "JPY"])),
    trusted=st.booleans(),
)


@given(st.lists(acts, max_size=60))
def test_funnels_are_what_counting_by_hand_gives(events):
    told = told_of(events)
    did = defaultdict(lambda: defaultdict(set))
    for e in events:
        if not MONTH.start <= e.at < MONTH.end:
            continue
        product = mugs.get(e.product_id)
        levels = (
            [x for path in product.categories for x in category_levels(path)] if product else []
        )
        for group in ("", *levels):
            did[group][VIEW if e.type is EventType.CLICK else e.type].add(e.shopper_id)

    def by_hand(group):
        viewed, carted, paid = (did[group][t] for t in (VIEW, CART, BUY))
        return Funnel(
            len(viewed), len(viewed & (carted | paid)), len(viewed & paid), len(paid - viewed)
        )

    assert told.funnel == by_hand("")
    for f in told.funnel_by_category:
        assert f.funnel == by_hand(f.key)
        assert f.funnel.bought <= f.funnel.carted <= f.funnel.viewed


@given(st.lists(acts, max_size=60))
def test_nothing_that_was_bought_is_lost_on_the_way_to_baskets(events):
    told = told_of(events)
    paid = [e for e in events if e.type is BUY and MONTH.start <= e.at < MONTH.end]
    sums: Counter = Counter()
    for e in paid:
        if e.unit_price and e.trusted:
            sums[e.unit_price.currency] += e.unit_price.minor_units * e.quantity
    sizes = told.basket_sizes
    assert {c: v.total for c, v in sizes.values.items()} == told.revenue
    assert +Counter(dict(told.revenue)) == +sums
    assert round((sizes.mean_pieces or 0) * sizes.count) == sum(e.quantity for e in paid)
    assert told.repeats.buyers == len({e.shopper_id for e in paid})
    assert told.repeats.bought_products == len({(e.shopper_id, e.product_id) for e in paid})


@given(
    st.lists(st.sets(st.sampled_from(["a", "b", "c", "d"]), min_size=1), min_size=1, max_size=40)
)
def test_pairs_are_what_counting_by_hand_gives(orders):
    events = [
        bought("ann", product, order_id=f"o{n}")
        for n, order in enumerate(orders)
        for product in sorted(order)
    ]
    both = Counter(frozenset(p) for o in orders for p in itertools.combinations(sorted(o), 2))
    alone = Counter(p for o in orders for p in o)

    def lift(pair):
        one, other = pair
        return both[pair] * len(orders) / (alone[one] * alone[other])

    wanted = {p: n for p, n in both.items() if n >= FEWEST_TOGETHER and lift(p) > 1}
    found = Baskets(ActTable.of(events)).pairs()
    assert {frozenset((p.first, p.second)): p.support for p in found} == wanted
    for p in found:
        assert p.lift == pytest.approx(lift(frozenset((p.first, p.second))))
    assert Baskets(ActTable.of(events)).pairs(1) == found[:1]

"""A filter holds for a product, or it does not: the masks must say what anybody would."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from builders import NOW, a_product
from hypothesis import given
from hypothesis import strategies as st

from recommender.facts.catalog import category_levels
from recommender.facts.errors import InvalidInput
from recommender.facts.filters import (
    All,
    Any,
    Attribute,
    Between,
    Boost,
    Field,
    Not,
    OneOf,
    check_size,
)
from recommender.facts.money import Money
from recommender.serving.live_model import LiveModel

WORDS = ["red", "blue", "12", "12.5", "-3", "1_000", "nan"]
PATHS = ["Home", "Home > Kitchen", "Home > Kitchen > Mugs", "Garden", " Home>Kitchen "]
IDS = [f"p{n}" for n in range(8)]
SIZE, COLOUR = Attribute("size"), Attribute("colour")
MOMENTS = [NOW - timedelta(days=n, microseconds=n) for n in range(4)]

words = st.sampled_from(WORDS)
monies = st.one_of(
    st.none(),
    st.builds(Money.of, st.decimals(0, 30, places=2, allow_nan=False), st.just("EUR")),
    st.builds(Money, st.integers(0, 30), st.just("JPY")),
    st.builds(Money, st.integers(0, 30_000), st.just("KWD")),
)
products = st.builds(
    a_product,
    st.sampled_from(IDS),
    categories=st.lists(st.sampled_from(PATHS), max_size=2).map(tuple),
    brand=st.none() | words,
    tags=st.lists(words, max_size=2).map(tuple),
    attributes=st.lists(st.tuples(st.sampled_from(["size", "colour"]), words), max_size=3).map(
        tuple
    ),
    price=monies,
    available_for_sale=st.booleans(),
    item_group_id=st.none() | words,
    created_at=st.sampled_from(MOMENTS),
)
changes = st.lists(products | st.sampled_from(IDS), max_size=12)
"""Products that come or change, and ids of those that go."""

some_words = st.frozensets(words, max_size=3)
conditions = st.one_of(
    st.builds(
        OneOf,
        st.sampled_from([Field.BRAND, Field.TAG, Field.ITEM_GROUP, SIZE, COLOUR]),
        some_words,
    ),
    st.builds(OneOf, st.just(Field.CATEGORY), st.frozensets(st.sampled_from([*PATHS, "Attic"]))),
    st.builds(OneOf, st.just(Field.PRODUCT_ID), st.frozensets(st.sampled_from([*IDS, "gone"]))),
    st.builds(OneOf, st.just(Field.AVAILABLE), st.frozensets(st.sampled_from(["true", "false"]))),
    st.builds(
        Between,
        st.just(Field.PRICE),
        *[st.none() | st.decimals(-5, 40, places=4, allow_nan=False)] * 2,
    ),
    st.builds(Between, st.just(Field.CREATED_AT), *[st.none() | st.sampled_from(MOMENTS)] * 2),
    st.builds(
        Between,
        st.sampled_from([SIZE, COLOUR]),
        *[st.none() | st.sampled_from([-3.0, 12.0, 12.2, 99.0])] * 2,
    ),
)
filters = st.recursive(
    conditions,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Any, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)


def holds(wanted, product):
    """What anybody would say."""
    match wanted:
        case All(inner):
            return all(holds(one, product) for one in inner)
        case Any(inner):
            return any(holds(one, product) for one in inner)
        case Not(inner):
            return not holds(inner, product)
        case OneOf(Field.CATEGORY, values):
            inside = {level for path in product.categories for level in category_levels(path)}
            return any(category_levels(value)[-1] in inside for value in values)
        case OneOf(field, values):
            return bool(values & labels(field, product))
        case Between(Attribute() as field, least, most):
            numbers = [float(v) for v in labels(field, product) if v in {"12", "12.5", "-3"}]
            return any(within(least, n, most) for n in numbers)
        case Between(Field.PRICE, least, most):
            return product.price is not None and within(least, product.price.amount, most)
        case Between(Field.CREATED_AT, least, most):
            return within(least, product.created_at, most)


def labels(field, product):
    match field:
        case Field.BRAND:
            return {product.brand}
        case Field.TAG:
            return set(product.tags)
        case Field.ITEM_GROUP:
            return {product.item_group_id}
        case Field.PRODUCT_ID:
            return {product.product_id}
        case Field.AVAILABLE:
            return {"true" if product.available_for_sale else "false"}
        case Attribute(name):
            return {value for n, value in product.attributes if n == name}


def within(least, value, most):
    return (least is None or least <= value) and (most is None or value <= most)


def matching(live, wanted):
    mask = live.matching(wanted)
    assert len(mask) == len(live)
    return {p.product_id for p, matches in zip(live.products, mask, strict=True) if matches}


@given(
    st.lists(products, max_size=6), changes, st.lists(filters, min_size=1, max_size=4), st.data()
)
def test_a_mask_says_what_anybody_would_also_after_products_came_changed_and_went(
    catalogue, changing, wanted, data
):
    live = LiveModel(None, catalogue)
    for change in changing:
        if data.draw(st.booleans()):
            # Laid out at any moment, or never before the question.
            live.matching(data.draw(filters))
        if isinstance(change, str):
            live.remove(change)
        else:
            live.put(change)
    there = [live.get(product_id) for product_id in live.row_of]
    for one in wanted:
        assert matching(live, one) == {p.product_id for p in there if holds(one, p)}


def test_a_category_has_what_lies_below_it():
    live = LiveModel(None, [a_product("mug", categories=("Home > Kitchen > Mugs",))])
    for path, found in {"Home": {"mug"}, "Home > Kitchen": {"mug"}, "Kitchen": set()}.items():
        assert matching(live, OneOf(Field.CATEGORY, frozenset({path}))) == found


def test_a_price_is_compared_exactly_and_in_the_main_unit():
    live = LiveModel(None, [a_product("mug", price=Money.of("0.3", "EUR"))])
    assert matching(live, Between(Field.PRICE, Decimal("0.3"), Decimal("0.3"))) == {"mug"}
    assert matching(live, Between(Field.PRICE, Decimal("0.3000001"), None)) == set()
    live.put(a_product("mug", price=Money.of("300", "JPY")))
    assert matching(live, Between(Field.PRICE, Decimal(300), Decimal(300))) == {"mug"}


@pytest.mark.parametrize("bound", ["1e300000", "-1e300000", "1e-300000", "9007199254740991"])
def test_no_bound_is_too_large_to_compare_with(bound):
    live = LiveModel(None, [a_product("mug", price=Money(2**53 - 1, "JPY"))])
    least, most = (
        Between(Field.PRICE, Decimal(bound), None),
        Between(Field.PRICE, None, Decimal(bound)),
    )
    price = Decimal(2**53 - 1)
    assert bool(matching(live, least)) == (price >= Decimal(bound))
    assert bool(matching(live, most)) == (price <= Decimal(bound))


def test_what_a_filter_does_not_match_its_opposite_does_but_never_what_is_gone():
    live = LiveModel(None, [a_product("mug", price=None), a_product("pen")])
    live.remove("pen")
    cheap = Between(Field.PRICE, None, Decimal(5))
    assert matching(live, cheap) == set()
    assert matching(live, Not(cheap)) == {"mug"}


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (Not(Not(Not(All(())))), "filter must be at most 3 levels deep"),
        (
            Any((OneOf(Field.TAG, frozenset("abc")), Between(SIZE, 1, 2))),
            "filter must have at most 3 values and conditions, not 5",
        ),
    ],
)
def test_a_filter_that_is_too_large_is_refused(wanted, problem):
    with pytest.raises(InvalidInput, match=problem):
        check_size(wanted, most_values=3, deepest=3)


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), 100.5, -101])
def test_a_boost_out_of_bounds_is_refused(factor):
    with pytest.raises(InvalidInput, match="factor must be -100 to 100"):
        Boost(All(()), factor)


def test_equal_filters_are_one_key():
    one, other = (
        All((OneOf(Field.TAG, frozenset(["a", "b"])), Between(Field.CREATED_AT, moment, None)))
        for moment in (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    )
    assert {one: 1}[other] == 1

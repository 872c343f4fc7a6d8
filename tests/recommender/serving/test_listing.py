"""Browsing: whatever changes meanwhile, nothing is listed twice, missed, or against the filter."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOW, a_product
from hypothesis import given
from hypothesis import strategies as st

from recommender.facts.errors import InvalidInput
from recommender.facts.filters import All, Any, Attribute, Field, Not, OneOf, without
from recommender.facts.listing import Listing, ProductSort, facet_named
from recommender.facts.money import Money
from recommender.serving.listing import Found
from recommender.serving.live_model import LiveModel

IDS = [f"p{n}" for n in range(10)]
NAMES = ["Blue Mug", "blue mug", "Crème brûlée dish", "Oak board", "Mug tree of oak"]

products = st.builds(
    a_product,
    st.sampled_from(IDS),
    name=st.sampled_from(NAMES),
    brand=st.sampled_from([None, "Harrow", "Nordal"]),
    tags=st.lists(st.sampled_from(["oak", "blue", "gift"]), max_size=2).map(tuple),
    description=st.sampled_from(["", "A mug for tea.", "Goes with any oak board."]),
    price=st.none() | st.builds(Money, st.integers(0, 3), st.sampled_from(["EUR", "JPY"])),
    available_for_sale=st.booleans(),
    created_at=st.integers(0, 3).map(lambda n: NOW - timedelta(days=n)),
)
changes = st.lists(products | st.sampled_from(IDS), max_size=10)
filters = st.one_of(
    st.none(),
    st.builds(OneOf, st.just(Field.BRAND), st.frozensets(st.sampled_from(["Harrow", "Nordal"]))),
    st.builds(Not, st.builds(OneOf, st.just(Field.TAG), st.just(frozenset({"oak"})))),
)
listings = st.builds(
    Listing,
    query=st.sampled_from(["", " ", "mug", "oak", "blue mu", "creme brulee", "muug", "?", "x"]),
    filter=filters,
    sort=st.sampled_from(ProductSort),
)
popularities = st.dictionaries(st.sampled_from(IDS), st.floats(0, 9, width=32))


def a_shop(catalogue, changing=(), popularity=None, listing=None):
    live = LiveModel(None, catalogue, popularity)
    if listing:
        # What was asked for once is kept current from then on.
        len(Found(listing, live))
    for change in changing:
        if isinstance(change, str):
            live.remove(change)
        else:
            live.put(change)
    return live


def all_of(found):
    return [found.product(row).product_id for row in found.page().rows]


def forward(found, length):
    after, pages = None, []
    while True:
        page = found.page(first=length, after=after)
        pages += [found.product(row).product_id for row in page.rows]
        assert page.has_previous is (after is not None)
        if not page.has_next:
            return pages
        after = found.place(page.rows[-1])


def backward(found, length):
    before, pages = None, []
    while True:
        page = found.page(last=length, before=before)
        pages = [found.product(row).product_id for row in page.rows] + pages
        assert page.has_next is (before is not None)
        if not page.has_previous:
            return pages
        before = found.place(page.rows[0])


@given(st.lists(products, max_size=10), changes, popularities, listings, st.integers(1, 4))
def test_forward_is_backward_is_the_whole_list(catalogue, changing, popularity, listing, length):
    live = a_shop(catalogue, changing, popularity, listing)
    found = Found(listing, live)
    everything = all_of(found)
    assert forward(found, length) == backward(found, length) == everything
    assert len(set(everything)) == len(found) == len(everything)
    # Laid out anew, it is the same: nothing depends on what was there before.
    fresh = LiveModel(None, [live.get(p) for p in live.row_of], popularity)
    assert all_of(Found(listing, fresh)) == everything


@given(st.lists(products, max_size=10), changes, listings)
def test_search_never_returns_what_the_filter_forbids(catalogue, changing, listing):
    live = a_shop(catalogue, changing, listing=listing)
    allowed = set(all_of(Found(replace(listing, query=""), live)))
    unfiltered = set(all_of(Found(replace(listing, filter=None), live)))
    assert set(all_of(Found(listing, live))) <= allowed & unfiltered


@given(
    st.lists(products, min_size=1, unique_by=lambda p: p.product_id),
    st.sampled_from(ProductSort),
    changes,
    st.integers(1, 4),
)
def test_who_pages_while_the_shop_changes_meets_all_that_stayed_once(
    catalogue, sort, changing, length
):
    live = LiveModel(None, catalogue)
    listing = Listing(sort=sort)
    before = all_of(Found(listing, live))
    touched = {c if isinstance(c, str) else c.product_id for c in changing}
    met, after = [], None
    while True:
        found = Found(listing, live)
        page = found.page(first=length, after=after)
        met += [found.product(row).product_id for row in page.rows]
        if not page.has_next:
            break
        after = found.place(page.rows[-1])
        if changing:
            change = changing.pop()
            live.remove(change) if isinstance(change, str) else live.put(change)
    stayed = [product_id for product_id in before if product_id not in touched]
    assert [product_id for product_id in met if product_id not in touched] == stayed


@given(st.lists(products, max_size=10), changes, listings)
def test_facets_count_what_is_listed(catalogue, changing, listing):
    live = a_shop(catalogue, changing, listing=listing)
    for field in (Field.TAG, Field.AVAILABLE, Field.CATEGORY, Attribute("colour")):
        found = Found(listing, live)
        listed = [live.get(p) for p in all_of(found)]
        if listing.filter and without(listing.filter, field) != listing.filter:
            continue
        counts = dict(found.counts(field))
        for value, count in counts.items():
            same = Found(
                replace(
                    listing,
                    filter=All((listing.filter or All(()), OneOf(field, frozenset({value})))),
                ),
                live,
            )
            assert len(same) == count > 0
        if field is Field.TAG:
            assert set(counts) == {tag for p in listed for tag in p.tags}
        if field is Field.AVAILABLE:
            assert sum(counts.values()) == len(listed)


def ids(live, **asked):
    return all_of(Found(Listing(**asked), live))


def test_a_facet_leaves_out_what_the_filter_asks_of_its_own_field():
    live = LiveModel(
        None,
        [
            a_product("a", brand="Harrow", tags=("gift",)),
            a_product("b", brand="Nordal", tags=("gift",)),
            a_product("c", brand="Nordal"),
        ],
    )
    harrow = OneOf(Field.BRAND, frozenset({"Harrow"}))
    gifts = OneOf(Field.TAG, frozenset({"gift"}))
    found = Found(Listing(filter=All((harrow, gifts))), live)
    assert found.counts(Field.BRAND) == [("Harrow", 1), ("Nordal", 1)]
    assert found.counts(Field.TAG) == [("gift", 1)]
    assert without(Any((harrow, gifts)), Field.BRAND) == Any((harrow, gifts))


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (ProductSort.RELEVANCE, "abcd"),
        (ProductSort.NAME, "dbca"),
        (ProductSort.PRICE_ASC, "cabd"),
        (ProductSort.PRICE_DESC, "abcd"),
        (ProductSort.NEWEST, "bacd"),
        (ProductSort.POPULARITY, "dcab"),
    ],
)
def test_every_order_is_what_its_name_says_and_ids_decide_between_equals(sort, order):
    euros = {"a": "20", "b": "20", "c": "3.5", "d": None}
    names = {"a": "Zinc", "b": "Émile", "c": "eric", "d": "anna"}
    live = LiveModel(
        None,
        [
            a_product(
                i,
                name=names[i],
                price=euros[i] and Money.of(euros[i], "EUR"),
                created_at=NOW - timedelta(days=i != "b"),
            )
            for i in "cadb"
        ],
        {"d": 5.0, "c": 1.0},
    )
    assert "".join(ids(live, sort=sort)) == order


def test_popularity_counted_anew_changes_the_order():
    live = LiveModel(None, [a_product("a"), a_product("b")], {"a": 1.0})
    assert ids(live, sort=ProductSort.POPULARITY) == ["a", "b"]
    live.count({"b": 2.0})
    assert ids(live, sort=ProductSort.POPULARITY) == ["b", "a"]


class TestSearch:
    LIVE = LiveModel(
        None,
        [
            a_product("named", name="Stoneware mug"),
            a_product("tagged", name="Cup", tags=("mug",)),
            a_product("coloured", name="Cup", attributes=(("shape", "mug"),)),
            a_product("described", name="Cup", description="Smaller than a mug."),
            a_product("shelved", name="Tree", categories=("Home > Mugs & cups",)),
            a_product("made", name="Bowl", brand="Crème & Söhne"),
            a_product("loved", name="Plate", description="Goes with a plate."),
            a_product("plain", name="Plate", description="Goes with a plate."),
        ],
        {"loved": 3.0},
    )

    def found(self, query):
        return ids(self.LIVE, query=query)

    def test_a_word_counts_most_in_the_name_and_least_in_the_description(self):
        assert self.found("mug") == ["named", "tagged", "coloured", "shelved", "described"]

    def test_of_equally_good_answers_the_more_popular_comes_first(self):
        assert self.found("plate") == ["loved", "plain"]

    def test_capitals_accents_and_signs_do_not_matter(self):
        assert self.found("CREME, sohne!") == self.found("crème söhne") == ["made"]

    def test_the_beginning_of_a_word_will_do(self):
        assert self.found("ston") == ["named"]
        assert self.found("stoneware m") == ["named"]

    @pytest.mark.parametrize(
        "typed", ["stonware", "stoneeware", "sotneware", "stonewarr", "stonewares"]
    )
    def test_one_slip_is_forgiven(self, typed):
        assert self.found(typed) == ["named"]

    def test_all_words_count_if_any_product_has_them_all(self):
        assert self.found("small cup") == ["described"]
        assert self.found("mug cup")[0] in {"tagged", "coloured", "shelved", "described"}
        assert "named" not in self.found("mug cup")

    def test_where_no_product_has_all_words_some_will_do(self):
        assert self.found("stoneware rocket") == ["named"]

    def test_what_nothing_has_finds_nothing(self):
        assert self.found("rocket") == self.found("?!") == []

    def test_a_blank_query_is_none(self):
        assert self.found("  ") == sorted(self.LIVE.row_of)

    def test_a_query_that_is_too_long_is_refused(self):
        with pytest.raises(InvalidInput, match="query must be at most 200 characters, not 201"):
            self.found("a" * 201)


def test_a_product_is_found_by_the_words_it_has_now_however_often_they_change():
    live = LiveModel(None, [a_product(f"p{n}", name=f"Lamp {n}") for n in range(5)])
    for turn in range(60):
        live.put(a_product("p1", name=f"Vase {turn}", description="Once a lamp."))
        live.put(a_product("p2", name="Chair"))
        live.remove("p2")
        assert ids(live, query="vase") == [*ids(live, query=f"vase {turn}")] == ["p1"]
        assert ids(live, query="chair") == []
        assert set(ids(live, query="lamp")) == {"p0", "p1", "p3", "p4"}


def test_a_facet_that_is_none_is_refused_with_those_there_are():
    with pytest.raises(InvalidInput, match=r"must be of categories, brands, .*NAME, not 'colour'"):
        facet_named("colour")

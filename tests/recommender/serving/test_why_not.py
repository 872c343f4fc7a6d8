"""Why a product is not on a shelf: the answer must hold against the shelf itself."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOW, a_history, an_act, trained_on, two_tastes
from hypothesis import given
from hypothesis import strategies as st

from recommender.facts.events import EventType, History
from recommender.facts.fates import Fate
from recommender.facts.filters import Boost, Field, OneOf
from recommender.facts.placements import Placement
from recommender.facts.request import Request, Rotation
from recommender.facts.rules import Rules
from recommender.serving.algorithms import ALGORITHMS
from recommender.serving.engine import NO_RULES, recommend, recommend_page
from recommender.serving.live_model import LiveModel
from recommender.serving.why_not import why_not

CATALOGUE, EVENTS = two_tastes()
VARIANTS = {
    p: replace(product, item_group_id=f"style-{p[-1]}" if p[-1] in "01" else None)
    for p, product in CATALOGUE.items()
}
LIVE = LiveModel(trained_on(VARIANTS, EVENTS), VARIANTS.values())
LIVE.put(replace(VARIANTS["garden-3"], available_for_sale=False))
LIVE.remove("garden-4")
EVERY_ID = sorted(VARIANTS)
HOME = Request(Placement.HOME, 4, NOW)
NOBODY = History()
COOK = a_history(an_act("kitchen-1"), an_act("kitchen-2", EventType.PURCHASE))

some_ids = st.frozensets(st.sampled_from(EVERY_ID), max_size=4)
acts = st.builds(
    an_act,
    st.sampled_from(EVERY_ID),
    st.sampled_from([EventType.VIEW, EventType.PURCHASE, EventType.DISLIKE, EventType.ADD_TO_CART]),
    st.floats(0, 40),
)
rotations = st.none() | st.builds(Rotation, st.just(24.0), st.sampled_from([0.0, 0.3, 0.9, 1.0]))
requests = st.builds(
    Request,
    placement=st.sampled_from(Placement),
    limit=st.integers(1, 26),
    at=st.just(NOW),
    product_ids=st.lists(st.sampled_from(EVERY_ID), min_size=1, max_size=2).map(tuple),
    category=st.sampled_from([None, "Home > Kitchen", "Home", "Nowhere"]),
    exclude=some_ids,
    offer_bought_again=st.booleans(),
    diversity=st.sampled_from([0.0, 0.4, 1.0]),
    rotation=rotations,
    shown_lately=st.dictionaries(
        st.sampled_from(EVERY_ID), st.floats(0, 30).map(lambda h: NOW - timedelta(hours=h))
    ),
)
filters = st.none() | st.one_of(
    st.builds(
        OneOf,
        st.just(Field.BRAND),
        st.sets(st.sampled_from(["kitchen works", "x"]), max_size=2).map(frozenset),
    ),
    st.builds(OneOf, st.just(Field.PRODUCT_ID), some_ids),
)
steered = st.builds(
    replace,
    requests,
    filter=filters,
    boosts=st.lists(
        st.builds(Boost, st.builds(OneOf, st.just(Field.PRODUCT_ID), some_ids), st.floats(-5, 5)),
        max_size=2,
    ).map(tuple),
    search_query=st.sampled_from(["", "pan 3", "spade"]),
    minimum_relevance=st.sampled_from([0.0, 0.3, 0.9]),
    strict=st.booleans(),
)
histories = st.lists(acts, max_size=6).map(lambda acts: a_history(*acts))
rules = st.builds(
    Rules,
    most_per_brand=st.integers(0, 3),
    most_per_category=st.integers(0, 3),
    exploration_share=st.sampled_from([0.0, 0.3]),
)


def fates(request, history, rules=NO_RULES, before=()):
    return {p: why_not(p, request, history, LIVE, rules=rules, before=before) for p in EVERY_ID}


def ids(shelf):
    return [r.product.product_id for r in shelf.recommendations]


@given(requests | steered, histories, rules)
def test_a_product_is_said_to_be_shown_exactly_if_it_is_and_where_it_is(request, history, rules):
    shelf = recommend(request, history, LIVE, rules=rules)
    told = fates(request, history, rules)
    shown = {p: why.place for p, why in told.items() if why.fate is Fate.SHOWN}
    assert shown == {r.product.product_id: r.rank for r in shelf.recommendations}
    for r in shelf.recommendations:
        why = told[r.product.product_id]
        assert why.rank_among_eligible <= why.rank_among_all


@given(requests | steered, histories, rules)
def test_on_a_shelf_with_room_for_all_nothing_is_ranked_lower_or_rotated(request, history, rules):
    request = replace(request, limit=len(LIVE))
    assert not {Fate.RANKED_LOWER, Fate.ROTATED} & {
        why.fate for why in fates(request, history, rules).values()
    }


@given(requests | steered, histories, rules)
def test_what_is_ranked_lower_or_rotated_comes_up_when_the_shelf_grows(request, history, rules):
    """No rule keeps it out: on a shelf with room for all it is shown, or finds its cap full."""
    longer = fates(replace(request, limit=len(LIVE)), history, rules)
    caps = {Fate.VARIANT_ALREADY_SHOWN, Fate.BRAND_CAP, Fate.CATEGORY_CAP}
    for product_id, why in fates(request, history, rules).items():
        if why.fate in {Fate.RANKED_LOWER, Fate.ROTATED}:
            assert longer[product_id].fate in {Fate.SHOWN, *caps}


LIFTED = {
    Fate.EXCLUDED: lambda r: replace(r, exclude=frozenset()),
    Fate.ON_PAGE: lambda r: replace(r, product_ids=()),
    Fate.ALREADY_BOUGHT: lambda r: replace(r, offer_bought_again=True),
    Fate.ROTATED: lambda r: replace(r, rotation=None),
    Fate.FILTERED: lambda r: replace(r, filter=None),
    Fate.BELOW_MINIMUM_RELEVANCE: lambda r: replace(r, minimum_relevance=0.0),
}


@given(requests | steered, histories, rules)
def test_a_rule_that_is_lifted_is_no_longer_what_keeps_a_product_out(request, history, rules):
    told = fates(request, history, rules)
    for fate, lift in LIFTED.items():
        again = fates(lift(request), history, rules)
        assert all(again[p].fate is not fate for p, why in told.items() if why.fate is fate)


@given(st.lists(requests | steered, min_size=2, max_size=3), histories)
def test_on_a_page_the_earlier_shelves_take_what_they_show(page, history):
    shelves = recommend_page(page, history, LIVE)
    told = fates(page[-1], history, before=page[:-1])
    shown = {p for p, why in told.items() if why.fate is Fate.SHOWN}
    assert shown == set(ids(shelves[-1]))
    for p, why in told.items():
        if why.fate is Fate.OTHER_SHELF:
            assert any(p in ids(shelf) for shelf in shelves[:-1])


@pytest.mark.parametrize(
    ("product_id", "more", "fate"),
    [
        ("garden-4", {}, Fate.UNKNOWN_PRODUCT),
        ("garden-3", {}, Fate.NOT_AVAILABLE),
        ("kitchen-5", {"exclude": frozenset({"kitchen-5"})}, Fate.EXCLUDED),
        ("kitchen-5", {"product_ids": ("kitchen-5",)}, Fate.ON_PAGE),
        ("kitchen-5", {"elsewhere": frozenset({"kitchen-5"})}, Fate.OTHER_SHELF),
        ("kitchen-2", {}, Fate.ALREADY_BOUGHT),
        ("kitchen-0", {"product_ids": ("garden-0",), "limit": 24}, Fate.VARIANT_ALREADY_SHOWN),
        ("garden-7", {}, Fate.RANKED_LOWER),
    ],
)
def test_each_rule_is_named(product_id, more, fate):
    assert why_not(product_id, replace(HOME, **more), COOK, LIVE).fate is fate


def test_what_was_shown_lately_and_would_be_again_is_rotated():
    [first, *_] = ids(recommend(HOME, COOK, LIVE))
    lately = {first: NOW - timedelta(hours=1), "garden-7": NOW}
    for strength in (0.9, 1.0):
        request = replace(HOME, rotation=Rotation(24, strength), shown_lately=lately)
        assert why_not(first, request, COOK, LIVE).fate is Fate.ROTATED
        # This one would not have been there anyway.
        assert why_not("garden-7", request, COOK, LIVE).fate is Fate.RANKED_LOWER


def test_what_was_turned_away_from_is_named():
    put_off = a_history(an_act("kitchen-5", EventType.DISLIKE))
    assert why_not("kitchen-5", HOME, put_off, LIVE).fate is Fate.TURNED_AWAY


def test_caps_are_named():
    for rules, fate in (
        (Rules(most_per_brand=1), Fate.BRAND_CAP),
        (Rules(most_per_category=1), Fate.CATEGORY_CAP),
    ):
        [first, second, *_] = ids(recommend(HOME, COOK, LIVE))
        assert why_not(first, HOME, COOK, LIVE, rules=rules).fate is Fate.SHOWN
        assert why_not(second, HOME, COOK, LIVE, rules=rules).fate is fate


def test_what_no_strategy_of_the_shelf_has_anything_to_say_about_is_not_scored():
    silent = {s: lambda *_: None for s in ALGORITHMS}
    why = why_not("kitchen-5", HOME, NOBODY, LIVE, silent)
    assert (why.fate, why.strategy, why.score, why.rank_among_all) == (
        Fate.NOT_SCORED,
        None,
        None,
        None,
    )


def test_the_ranks_count_all_products_and_those_that_may_be_shown():
    [first, *_] = ids(recommend(HOME, COOK, LIVE))
    why = why_not(first, HOME, COOK, LIVE)
    assert (why.fate, why.place, why.rank_among_eligible) == (Fate.SHOWN, 1, 1)
    barred = why_not("kitchen-2", HOME, COOK, LIVE)
    assert barred.rank_among_eligible is None
    assert barred.score is not None
    assert 1 <= barred.rank_among_all <= len(EVERY_ID)

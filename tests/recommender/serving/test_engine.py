"""Rules of a shelf, tested with stub algorithms, so that a new algorithm breaks none of them."""

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from builders import NOW, a_history, a_product, an_act, trained_on, two_tastes
from hypothesis import given
from hypothesis import strategies as st

from recommender.facts.catalog import deepest_category
from recommender.facts.errors import InvalidInput
from recommender.facts.events import EventType, History
from recommender.facts.placements import Placement, Strategy
from recommender.facts.request import Request
from recommender.facts.rules import Rules
from recommender.model.blend import UNLEARNED
from recommender.serving.engine import NO_RULES, recommend
from recommender.serving.explain import Scores
from recommender.serving.live_model import LiveModel

NOTHING_KNOWN = History()


def suggests(*product_ids):
    """An algorithm with something to say about these products only, in this order."""

    def algorithm(request, shopper, live):
        scores = np.full(len(live), -np.inf, np.float32)
        for place, product_id in enumerate(product_ids):
            scores[live.row_of[product_id]] = len(product_ids) - place
        return Scores.of_each(scores, lambda row: [])

    return algorithm


def says_nothing(request, shopper, live):
    return None


def shelf(
    live,
    history=NOTHING_KNOWN,
    limit=10,
    first=says_nothing,
    then=says_nothing,
    rules=NO_RULES,
    **more,
):
    algorithms = {
        Strategy.PERSONALIZED: first,
        Strategy.POPULAR: then,
        Strategy.NEWEST: says_nothing,
    }
    request = Request(Placement.HOME, limit, at=NOW, **more)
    return recommend(request, history, live, algorithms, rules)


def ids(found):
    return [r.product.product_id for r in found.recommendations]


@pytest.fixture
def live():
    return LiveModel(None, [a_product(p) for p in ("mug", "pen", "lamp", "cup")])


def test_a_shelf_is_in_the_order_of_its_algorithm(live):
    found = shelf(live, first=suggests("pen", "mug", "lamp"))
    assert ids(found) == ["pen", "mug", "lamp"]
    assert [r.rank for r in found.recommendations] == [1, 2, 3]


def test_a_later_algorithm_only_fills_what_the_first_left_empty_and_says_so(live):
    found = shelf(live, first=suggests("pen"), then=suggests("mug", "pen", "lamp"), limit=3)
    assert ids(found) == ["pen", "mug", "lamp"]
    assert [r.is_filler for r in found.recommendations] == [False, True, True]
    assert found.strategy is Strategy.PERSONALIZED


def test_a_shelf_that_is_all_filler_names_what_stood_in(live):
    found = shelf(live, then=suggests("mug"))
    assert found.strategy is Strategy.POPULAR
    assert all(r.is_filler for r in found.recommendations)


def test_a_shopper_is_not_offered_what_they_bought(live):
    history = a_history(an_act("mug", EventType.PURCHASE))
    assert ids(shelf(live, history, first=suggests("mug", "pen"))) == ["pen"]


def test_what_was_bought_long_before_the_acts_we_read_is_not_offered_either(live):
    history = History([an_act("pen")], bought=frozenset({"mug"}))
    assert ids(shelf(live, history, first=suggests("mug", "pen"))) == ["pen"]


def test_what_was_bought_is_offered_again_when_asked_for(live):
    history = a_history(an_act("mug", EventType.PURCHASE))
    found = shelf(live, history, first=suggests("mug", "pen"), offer_bought_again=True)
    assert ids(found) == ["mug", "pen"]


@pytest.mark.parametrize(
    "acts",
    [
        [an_act("mug", EventType.DISMISS)],
        [an_act("mug", EventType.ADD_TO_CART, 2), an_act("mug", EventType.DISMISS, 1)],
        [an_act("mug", EventType.LIKE, 2), an_act("mug", EventType.DISMISS, 1)],
        [an_act("mug", EventType.DISLIKE, 300), an_act("mug", EventType.VIEW, 1)],
        [an_act("mug", EventType.RATING, 1, rating=2)],
        [an_act("mug", EventType.RATING, 1, rating=5)],
    ],
    ids=["dismissed", "cart, dismissed", "liked, dismissed", "disliked", "two stars", "five stars"],
)
def test_what_a_shopper_turned_away_from_or_rated_is_not_offered_even_before_training(live, acts):
    assert ids(shelf(live, a_history(*acts), first=suggests("mug", "pen"))) == ["pen"]


def test_who_changes_their_mind_is_offered_it_again(live):
    history = a_history(an_act("mug", EventType.DISLIKE, 2), an_act("mug", EventType.LIKE, 1))
    assert "mug" in ids(shelf(live, history, first=suggests("mug", "pen")))


def test_taking_something_out_of_the_cart_does_not_hide_it(live):
    history = a_history(an_act("mug", EventType.VIEW, 2), an_act("mug", EventType.REMOVE_FROM_CART))
    assert "mug" in ids(shelf(live, history, first=suggests("mug", "pen")))


def test_what_cannot_be_bought_is_never_offered(live):
    live.put(a_product("mug", available_for_sale=False))
    assert ids(shelf(live, first=suggests("mug", "pen"))) == ["pen"]


def test_what_was_removed_is_never_offered(live):
    live.remove("mug")
    live.remove("mug")
    assert ids(shelf(live, first=suggests("pen", "lamp"))) == ["pen", "lamp"]


def test_what_the_page_shows_already_is_not_offered(live):
    found = shelf(
        live,
        first=suggests("mug", "pen", "lamp"),
        product_ids=("mug",),
        exclude=frozenset({"pen"}),
    )
    assert ids(found) == ["lamp"]


def test_a_short_shelf_says_why(live):
    found = shelf(live, first=suggests("mug"), limit=5)
    assert found.short_reason.startswith("1 of 5: of 4 products in the catalogue 4 can be bought")


def test_a_full_shelf_has_nothing_to_explain(live):
    assert shelf(live, first=suggests("mug", "pen"), limit=2).short_reason is None


def test_an_empty_catalogue_gives_an_empty_shelf_and_says_so():
    found = recommend(Request(Placement.HOME, 3, at=NOW), NOTHING_KNOWN, LiveModel())
    assert found.recommendations == []
    assert found.short_reason == "The catalogue is empty."


@given(
    limit=st.integers(1, 40),
    bought=st.sets(st.integers(0, 11)),
    gone=st.sets(st.integers(0, 11)),
    placement=st.sampled_from(Placement),
    diversity=st.sampled_from([0.0, 0.3, 1.0]),
    category=st.sampled_from([None, "Home > Garden", "no such category"]),
)
def test_a_shelf_is_full_or_holds_everything_that_may_be_shown(
    limit, bought, gone, placement, diversity, category
):
    live = LiveModel(_DUE, _CATALOGUE.values())
    for n in gone:
        live.put(a_product(f"garden-{n}", available_for_sale=False))
    history = a_history(
        *(an_act(f"kitchen-{n}", EventType.PURCHASE, days_ago=40) for n in sorted(bought))
    )
    request = Request(
        placement,
        limit,
        at=NOW,
        product_ids=("garden-0",),
        diversity=diversity,
        category=category,
    )
    found = recommend(request, history, live)
    may_be_shown = set(_CATALOGUE) - {f"garden-{n}" for n in gone} - {"garden-0"}
    # What was bought is offered where it is time to buy it again, and nowhere else.
    if placement not in (Placement.BUY_AGAIN, Placement.NEXT_BASKET):
        may_be_shown -= {f"kitchen-{n}" for n in bought}
    assert len(found.recommendations) == min(limit, len(may_be_shown))
    assert len(set(ids(found))) == len(ids(found))
    assert set(ids(found)) <= may_be_shown
    assert (found.short_reason is None) == (len(found.recommendations) == limit)
    assert all(math.isfinite(r.score) for r in found.recommendations)


LABELLED = st.lists(
    st.tuples(
        st.sampled_from([None, "g1", "g2", "g3"]),
        st.sampled_from([None, "b1", "b2"]),
        st.sampled_from([(), ("Home",), ("Home > Mugs", "Sale"), ("Home > Pens",)]),
    ),
    max_size=25,
)


@given(
    labelled=LABELLED,
    limit=st.integers(1, 12),
    rules=st.builds(Rules, st.integers(0, 3), st.integers(0, 3), st.sampled_from([0.0, 0.4])),
    diversity=st.sampled_from([0.0, 0.5, 1.0]),
    page=st.sets(st.integers(0, 24), max_size=2),
    placement=st.sampled_from([Placement.HOME, Placement.NEWEST, Placement.BOUGHT_TOGETHER]),
)
def test_no_shelf_has_two_variants_nor_too_many_of_a_brand_or_category_and_none_is_short(
    labelled, limit, rules, diversity, page, placement
):
    catalogue = {
        f"p{n}": a_product(
            f"p{n}",
            item_group_id=group,
            brand=brand,
            categories=categories,
            created_at=NOW - timedelta(days=3 * n),
        )
        for n, (group, brand, categories) in enumerate(labelled)
    }
    on_page = tuple(f"p{n}" for n in sorted(page))
    request = Request(placement, limit, at=NOW, product_ids=on_page, diversity=diversity)
    found = recommend(request, NOTHING_KNOWN, LiveModel(None, catalogue.values()), rules=rules)
    shown = [r.product for r in found.recommendations]
    beside = {catalogue[p].item_group_id for p in on_page if p in catalogue} - {None}

    def may_stand_with(product, others):
        same = [o for o in others if o is not product]
        category = deepest_category(product)
        return (
            product.item_group_id not in beside
            and not any(product.item_group_id == o.item_group_id is not None for o in same)
            and not 0
            < rules.most_per_brand
            <= sum(product.brand == o.brand is not None for o in same)
            and not 0
            < rules.most_per_category
            <= sum(category == deepest_category(o) != "" for o in same)
        )

    assert all(may_stand_with(product, shown) for product in shown)
    if len(shown) < limit:
        left = [p for i, p in catalogue.items() if p not in shown and i not in on_page]
        assert not any(may_stand_with(product, shown) for product in left)


def test_of_two_variants_the_better_one_stays(live):
    live.put(a_product("pen", item_group_id="writing"))
    live.put(a_product("lamp", item_group_id="writing"))
    assert ids(shelf(live, first=suggests("lamp", "pen", "mug"))) == ["lamp", "mug"]


def test_a_variant_of_what_is_on_the_page_is_no_recommendation(live):
    live.put(a_product("mug", item_group_id="mugs"))
    live.put(a_product("cup", item_group_id="mugs"))
    found = shelf(live, first=suggests("cup", "pen"), product_ids=("mug",))
    assert ids(found) == ["pen"]


def test_variants_are_kept_apart_across_the_algorithms_of_a_shelf(live):
    live.put(a_product("mug", item_group_id="mugs"))
    live.put(a_product("cup", item_group_id="mugs"))
    assert ids(shelf(live, first=suggests("mug"), then=suggests("cup", "pen"))) == ["mug", "pen"]


def test_a_brand_gets_no_more_places_than_the_shop_wants(live):
    for product_id in ("mug", "pen", "lamp"):
        live.put(a_product(product_id, brand="Harrow"))
    found = shelf(live, first=suggests("mug", "pen", "lamp", "cup"), rules=Rules(most_per_brand=2))
    assert ids(found) == ["mug", "pen", "cup"]


def test_a_category_is_the_deepest_level_of_the_first_path(live):
    live.put(a_product("mug", categories=("Home > Mugs", "Sale")))
    live.put(a_product("cup", categories=("Home > Mugs",)))
    live.put(a_product("lamp", categories=("Home > Lamps", "Sale")))
    found = shelf(live, first=suggests("mug", "cup", "lamp"), rules=Rules(most_per_category=1))
    assert ids(found) == ["mug", "lamp"]


def test_products_of_the_category_come_first_and_others_only_fill_up(live):
    live.put(a_product("lamp", categories=("Home > Lamps > Desk lamps",)))
    live.put(a_product("cup", categories=("Sale", "Home > Lamps")))
    found = shelf(
        live, first=suggests("mug", "lamp"), then=suggests("pen", "cup"), category="Home > Lamps"
    )
    assert ids(found) == ["lamp", "cup", "mug", "pen"]
    assert [r.is_filler for r in found.recommendations] == [False, True, True, True]


def test_a_category_nobody_knows_leaves_the_shelf_to_fillers(live):
    found = shelf(live, first=suggests("mug"), category="Attic")
    assert [(r.product.product_id, r.is_filler) for r in found.recommendations] == [("mug", True)]


def test_a_product_that_changes_its_category_moves(live):
    live.put(a_product("mug", categories=("Home",)))
    live.put(a_product("mug", categories=("Garden",)))
    assert not live.within("Home").any()
    assert live.within("Garden").tolist() == [p.product_id == "mug" for p in live.products]


_COOK = a_history(an_act("kitchen-1", EventType.PURCHASE), an_act("kitchen-2"))


@given(st.sampled_from(Placement), st.integers(1, 24))
def test_without_diversity_a_shelf_is_as_scored(placement, limit):
    live = LiveModel(_MODEL, _CATALOGUE.values())
    plain = Request(placement, limit, at=NOW, product_ids=("garden-0",))
    found = recommend(plain, _COOK, live)
    assert ids(recommend(replace(plain, diversity=0.0), _COOK, live)) == ids(found)
    for strategy in {r.strategy for r in found.recommendations}:
        scores = [r.score for r in found.recommendations if r.strategy is strategy]
        assert scores == sorted(scores, reverse=True)


def test_the_more_diverse_the_more_categories_and_the_best_product_stays_first():
    live = LiveModel(_MODEL, _CATALOGUE.values())
    gardens = []
    for diversity in (0.0, 0.5, 1.0):
        request = Request(Placement.HOME, 8, at=NOW, diversity=diversity)
        found = ids(recommend(request, _COOK, live))
        gardens.append(sum("garden" in product_id for product_id in found))
        assert found[0] == ids(recommend(replace(request, diversity=0), _COOK, live))[0]
    assert gardens[0] < gardens[2]
    assert gardens == sorted(gardens)
    assert 3 <= gardens[2] <= 5


@pytest.mark.parametrize("diversity", [-0.1, 1.1, math.nan])
def test_diversity_out_of_bounds_is_refused(diversity):
    with pytest.raises(InvalidInput, match="diversity must be 0 to 1"):
        Request(Placement.HOME, 3, at=NOW, diversity=diversity)


class TestExploration:
    """Some places for what is young."""

    @pytest.fixture
    def live(self):
        old = [a_product(f"old-{n}") for n in range(20)]
        young = [a_product(f"young-{n}", created_at=NOW - timedelta(days=5)) for n in range(5)]
        return LiveModel(None, [*old, *young])

    old_first = staticmethod(
        suggests(*(f"old-{n}" for n in range(20)), *(f"young-{n}" for n in range(5)))
    )

    def test_young_products_get_their_share_but_never_the_top(self, live):
        found = ids(shelf(live, first=self.old_first, rules=Rules(exploration_share=0.2)))
        assert len(found) == 10
        young = [place for place, p in enumerate(found) if "young" in p]
        assert [found[place] for place in young] == ["young-0", "young-1"]
        assert young[0] >= 2
        assert young[1] - young[0] >= 2

    def test_nothing_is_kept_for_them_unless_the_shop_wants_it(self, live):
        assert not any("young" in p for p in ids(shelf(live, first=self.old_first)))

    def test_what_is_there_by_its_own_strength_counts(self, live):
        strong = suggests("young-3", "young-4", *(f"old-{n}" for n in range(20)))
        found = ids(shelf(live, first=strong, rules=Rules(exploration_share=0.2)))
        assert found == ["young-3", "young-4", *(f"old-{n}" for n in range(8))]

    def test_a_young_product_that_many_met_needs_no_help(self, live):
        live.count({f"young-{n}": 100.0 for n in range(5)})
        found = ids(shelf(live, first=self.old_first, rules=Rules(exploration_share=0.2)))
        assert not any("young" in p for p in found)

    def test_where_nothing_is_young_the_shelf_is_as_ever(self, live):
        rules = Rules(exploration_share=0.5, exploration_days=1)
        found = ids(shelf(live, first=self.old_first, rules=rules))
        assert found == [f"old-{n}" for n in range(10)]

    def test_a_shelf_of_one_has_no_place_to_spare(self, live):
        rules = Rules(exploration_share=0.5)
        assert ids(shelf(live, first=self.old_first, limit=1, rules=rules)) == ["old-0"]


def test_only_shelves_made_for_it_offer_what_was_bought():
    live = LiveModel(_DUE, _CATALOGUE.values())
    history = a_history(an_act("kitchen-1", EventType.PURCHASE, days_ago=60))
    for placement in Placement:
        request = Request(placement, 24, at=NOW, product_ids=("garden-0",))
        offered = "kitchen-1" in ids(recommend(request, history, live))
        assert offered is (placement in (Placement.BUY_AGAIN, Placement.NEXT_BASKET)), placement


def test_what_fills_up_a_shelf_of_things_to_buy_again_was_not_bought():
    live = LiveModel(_DUE, _CATALOGUE.values())
    history = a_history(
        an_act("kitchen-1", EventType.PURCHASE, days_ago=60),
        an_act("kitchen-2", EventType.RATING, rating=5),
    )
    found = recommend(Request(Placement.BUY_AGAIN, 24, at=NOW), history, live).recommendations
    assert found[0].product.product_id == "kitchen-1"
    assert found[0].strategy is Strategy.BUY_AGAIN
    assert found[0].reasons[0].text == "You bought it once, 60 days ago"
    assert all(r.is_filler for r in found[1:])
    assert "kitchen-2" not in [r.product.product_id for r in found]


def test_what_was_turned_away_from_is_not_offered_again_either():
    live = LiveModel(_DUE, _CATALOGUE.values())
    history = a_history(
        an_act("kitchen-1", EventType.PURCHASE, days_ago=60), an_act("kitchen-1", EventType.DISLIKE)
    )
    for placement in (Placement.BUY_AGAIN, Placement.NEXT_BASKET):
        assert "kitchen-1" not in ids(recommend(Request(placement, 24, at=NOW), history, live))


@pytest.mark.parametrize("placement", Placement)
def test_who_and_what_nobody_knows_gets_an_honest_fallback(placement):
    live = LiveModel(_MODEL, _CATALOGUE.values())
    history = a_history(an_act("gone", EventType.PURCHASE), an_act("gone too"))
    request = Request(placement, 5, at=NOW, product_ids=("unheard of",))
    found = recommend(request, history, live).recommendations
    assert len(found) == 5
    for_anybody = (Placement.POPULAR, Placement.NEWEST, Placement.TRENDING)
    if placement not in for_anybody:
        assert all(r.is_filler for r in found)


_CATALOGUE, _EVENTS = two_tastes()
_MODEL = trained_on(_CATALOGUE, _EVENTS)
_DUE = replace(_MODEL, repeat_chances=np.full(len(_MODEL.product_ids), 0.5, np.float32))


def test_a_product_that_came_yesterday_does_not_lead_a_list_by_its_age_alone():
    """The garden's newest thing, for a shopper of kitchens, where all else is years old."""
    catalogue, events = two_tastes()
    model = trained_on(catalogue, events)
    row = list(model.product_ids).index("garden-1")
    age_days = np.full_like(model.age_days, 1_000)
    age_days[row] = 0.1
    weights = np.array([0.5, 0.3, 0.0, 0.0, 0.0, 0.0, -0.6], np.float32)
    blend = replace(UNLEARNED, weights=weights)
    live = LiveModel(replace(model, age_days=age_days, blend=blend), catalogue.values())
    history = a_history(*(an_act(f"kitchen-{n}") for n in range(3)))
    shelf = recommend(Request(Placement.HOME, 5, NOW), history, live)
    assert shelf.recommendations[0].product.product_id != "garden-1"

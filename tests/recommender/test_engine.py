"""Rules of a shelf, tested with stub algorithms, so that a new algorithm breaks none of them."""

import numpy as np
import pytest
from builders import NOW, a_history, a_product, an_act, trained_on, two_tastes
from hypothesis import given
from hypothesis import strategies as st

from recommender.engine import recommend
from recommender.events import EventType, History
from recommender.explain import Scores
from recommender.live_model import LiveModel
from recommender.placements import Placement, Strategy
from recommender.request import Request

NOTHING_KNOWN = History()


def suggests(*product_ids):
    """An algorithm with something to say about these products only, in this order."""

    def algorithm(request, taste, live):
        scores = np.full(len(live), -np.inf, np.float32)
        for place, product_id in enumerate(product_ids):
            scores[live.row_of[product_id]] = len(product_ids) - place
        return Scores(scores, lambda row: [])

    return algorithm


def says_nothing(request, taste, live):
    return None


def shelf(live, history=NOTHING_KNOWN, limit=10, first=says_nothing, then=says_nothing, **more):
    algorithms = {
        Strategy.PERSONALIZED: first,
        Strategy.POPULAR: then,
        Strategy.NEWEST: says_nothing,
    }
    return recommend(Request(Placement.HOME, limit, at=NOW, **more), history, live, algorithms)


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
)
def test_a_shelf_is_full_or_holds_everything_that_may_be_shown(limit, bought, gone, placement):
    catalogue, _ = _SHOP
    live = LiveModel(_MODEL, catalogue.values())
    for n in gone:
        live.put(a_product(f"garden-{n}", available_for_sale=False))
    history = a_history(*(an_act(f"kitchen-{n}", EventType.PURCHASE) for n in sorted(bought)))
    request = Request(placement, limit, at=NOW, product_ids=("garden-0",))
    found = recommend(request, history, live)
    may_be_shown = (
        set(catalogue)
        - {f"kitchen-{n}" for n in bought}
        - {f"garden-{n}" for n in gone}
        - {"garden-0"}
    )
    assert len(found.recommendations) == min(limit, len(may_be_shown))
    assert len(set(ids(found))) == len(ids(found))
    assert set(ids(found)) <= may_be_shown
    assert (found.short_reason is None) == (len(found.recommendations) == limit)


_SHOP = two_tastes()
_MODEL = trained_on(*_SHOP)

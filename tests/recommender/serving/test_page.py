"""Shelves of one page, what comes after each, and what makes room because it was shown lately."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOW, a_history, an_act, trained_on, two_tastes
from hypothesis import given
from hypothesis import strategies as st

from recommender.facts.errors import InvalidInput
from recommender.facts.placements import Placement, Strategy
from recommender.facts.request import Request, Rotation
from recommender.serving.algorithms import ALGORITHMS
from recommender.serving.engine import recommend, recommend_page
from recommender.serving.live_model import LiveModel

CATALOGUE, EVENTS = two_tastes()
STYLES = {p: replace(x, item_group_id=f"style-{p[-1]}") for p, x in CATALOGUE.items()}
LIVE = LiveModel(trained_on(CATALOGUE, EVENTS), CATALOGUE.values())
COOK = a_history(an_act("kitchen-1"), an_act("kitchen-2"))
HOME = Request(Placement.HOME, 5, NOW, recommendation_id="home")
PAGE = [
    HOME,
    Request(Placement.POPULAR, 5, NOW, recommendation_id="popular"),
    Request(Placement.NEWEST, 5, NOW, recommendation_id="newest"),
]


def ids(found):
    return [r.product.product_id for r in found]


def test_no_product_is_on_two_shelves_of_a_page_and_the_first_shelf_is_as_if_it_were_alone():
    shelves = recommend_page(PAGE, COOK, LIVE)
    assert shelves[0] == recommend(HOME, COOK, LIVE)
    shown = [p for shelf in shelves for p in ids(shelf.recommendations)]
    assert len(shown) == len(set(shown)) == 15


def test_variants_of_one_style_are_not_on_two_shelves_either():
    live = LiveModel(LIVE.trained, STYLES.values())
    shelves = recommend_page([replace(r, limit=3) for r in PAGE], COOK, live)
    styles = [r.product.item_group_id for shelf in shelves for r in shelf.recommendations]
    assert len(styles) == len(set(styles)) == 9


def test_what_comes_after_a_shelf_is_on_no_other_shelf_of_the_page():
    shelves = recommend_page(PAGE, COOK, LIVE, longest=20)
    for shelf in shelves:
        others = {p for other in shelves if other is not shelf for p in ids(other.recommendations)}
        assert not others & set(ids(shelf.rest))
        assert len(shelf.rest) == len(CATALOGUE) - 15


def test_a_page_asks_each_algorithm_once():
    asked = []

    def counting(strategy):
        def algorithm(*given):
            asked.append(strategy)
            return ALGORITHMS[strategy](*given)

        return algorithm

    page = [HOME, replace(HOME, placement=Placement.BUY_AGAIN)]
    recommend_page(page, COOK, LIVE, {s: counting(s) for s in Strategy})
    assert asked.count(Strategy.PERSONALIZED) == 1


@given(st.integers(1, 26), st.integers(0, 30), st.sampled_from([0.0, 0.5, 1.0]))
def test_a_shelf_is_the_same_whether_or_not_it_can_be_walked_further(limit, longest, diversity):
    request = replace(HOME, limit=limit, diversity=diversity)
    shelf, longer = recommend(request, COOK, LIVE), recommend(request, COOK, LIVE, longest=longest)
    assert longer.recommendations == shelf.recommendations
    assert longer.short_reason == shelf.short_reason
    walked = [*longer.recommendations, *longer.rest]
    assert [r.rank for r in walked] == list(range(1, len(walked) + 1))
    assert len(set(ids(walked))) == len(walked) == min(max(limit, longest), len(CATALOGUE))


class TestRotation:
    SHOWN = ids(recommend(HOME, COOK, LIVE).recommendations)

    def shelf(self, strength, hours_ago=1.0, hours=24.0, **more):
        request = replace(
            HOME,
            rotation=Rotation(hours, strength),
            shown_lately={p: NOW - timedelta(hours=hours_ago) for p in self.SHOWN},
            **more,
        )
        return ids(recommend(request, COOK, LIVE).recommendations)

    def test_at_full_strength_nothing_is_shown_again_while_there_is_anything_else(self):
        assert not set(self.shelf(1.0)) & set(self.SHOWN)
        everything = self.shelf(1.0, limit=24)
        assert sorted(everything[-5:]) == sorted(self.SHOWN)
        assert len(set(everything)) == 24

    def test_without_strength_everything_may_be_shown_again(self):
        assert self.shelf(0.0) == self.SHOWN

    def test_in_between_it_is_pushed_down_the_further_the_stronger(self):
        places = [
            sum(self.shelf(strength, limit=24).index(p) for p in self.SHOWN)
            for strength in (0.0, 0.2, 0.5, 0.8, 0.95)
        ]
        assert places == sorted(places)
        assert len(set(places)) > 2

    def test_it_recovers_over_the_time_of_the_rotation(self):
        places = [
            sum(self.shelf(0.8, hours_ago, limit=24).index(p) for p in self.SHOWN)
            for hours_ago in (0, 12, 20, 23.9)
        ]
        assert places == sorted(places, reverse=True)
        assert len(set(places)) > 2
        assert self.shelf(1.0, hours_ago=24.0) == self.SHOWN

    def test_the_scores_and_reasons_stay_those_of_the_strategy(self):
        lately = dict.fromkeys(self.SHOWN, NOW)
        request = replace(HOME, limit=24, rotation=Rotation(24, 0.9), shown_lately=lately)
        plain = recommend(replace(HOME, limit=24), COOK, LIVE).recommendations
        scores = {r.product.product_id: (r.score, r.reasons) for r in plain}
        for r in recommend(request, COOK, LIVE).recommendations:
            assert (r.score, r.reasons) == scores[r.product.product_id]

    @pytest.mark.parametrize(
        ("hours", "strength"), [(0, 1), (-1, 1), (1e9, 1), (float("nan"), 1), (1, 1.1), (1, -0.1)]
    )
    def test_a_rotation_out_of_bounds_is_refused(self, hours, strength):
        with pytest.raises(InvalidInput):
            Rotation(hours, strength)

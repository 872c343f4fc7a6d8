"""Reasons are true: the parts of a score add up to it."""

from dataclasses import replace

import pytest
from builders import NOW, a_history, a_product, an_act, countries, trained_on, two_tastes
from hypothesis import given
from hypothesis import strategies as st

from recommender.facts.events import EventType
from recommender.facts.phrases import Phrase, Saying
from recommender.facts.placements import Placement
from recommender.facts.request import ReasonKind, Request
from recommender.serving.algorithms.personalized import personalized
from recommender.serving.engine import recommend
from recommender.serving.explain import Part, reasons
from recommender.serving.fold_in import taste
from recommender.serving.live_model import LiveModel
from recommender.serving.shopper import Shopper

CATALOGUE, EVENTS = two_tastes()
NEW = a_product("new-pan", name="kitchen pan of tomorrow", categories=("Home > Kitchen",))
MODEL = trained_on(CATALOGUE, EVENTS, said=countries(EVENTS))
LIVE = LiveModel(MODEL, [*CATALOGUE.values(), NEW])
HOME = Request(Placement.HOME, 30, at=NOW)

acts = st.builds(
    an_act,
    st.sampled_from(sorted(CATALOGUE)),
    st.sampled_from([EventType.VIEW, EventType.PURCHASE, EventType.DISLIKE, EventType.LIKE]),
    days_ago=st.floats(0, 400),
)


said = st.sampled_from([(), (("country", "Italy"),), (("country", "France"), ("no", "such"))])


@given(st.lists(acts, max_size=20), said)
def test_the_parts_of_every_score_add_up_to_it(history, attributes):
    known = replace(a_history(*history), attributes=attributes)
    scores = personalized(HOME, Shopper(known, taste(known, LIVE)), LIVE)
    if scores is None:
        return
    for row, score in enumerate(scores.values.tolist()):
        parts = list(scores.parts(row))
        assert sum(part.contribution for part in parts) == pytest.approx(score, rel=1e-5, abs=1e-3)


@given(st.lists(acts, min_size=1, max_size=20))
def test_weights_are_shares_and_the_strongest_reason_comes_first(history):
    for r in recommend(HOME, a_history(*history), LIVE).recommendations:
        weights = [reason.weight for reason in r.reasons]
        assert all(0 < weight <= 1 for weight in weights)
        assert sum(weights) <= 1 + 1e-6
        assert weights == sorted(weights, reverse=True)


def test_a_product_liked_for_a_purchase_says_which():
    [first, *_] = recommend(
        HOME, a_history(an_act("kitchen-1", EventType.PURCHASE)), LIVE
    ).recommendations
    because = [r for r in first.reasons if r.kind is ReasonKind.BECAUSE_YOU_BOUGHT]
    assert because[0].product.product_id == "kitchen-1"
    assert because[0].text == "Because you bought kitchen pan 1"


def test_a_new_product_is_explained_by_its_attributes():
    shelf = recommend(HOME, a_history(an_act("kitchen-1")), LIVE)
    [new] = [r for r in shelf.recommendations if r.product is NEW]
    assert ReasonKind.SHARED_ATTRIBUTE in {reason.kind for reason in new.reasons}


def test_many_purchases_are_one_reason_named_after_the_strongest():
    bought = [an_act(f"kitchen-{n}", EventType.PURCHASE) for n in range(4)]
    [first, *_] = recommend(HOME, a_history(*bought), LIVE).recommendations
    assert [r.kind for r in first.reasons].count(ReasonKind.BECAUSE_YOU_BOUGHT) == 1
    assert first.reasons[0].text.endswith("and 3 more")


def test_no_reason_claims_that_a_shopper_liked_what_they_turned_away_from():
    for act in (
        an_act("kitchen-1", EventType.RATING, rating=1),
        an_act("kitchen-1", EventType.DISLIKE),
        an_act("kitchen-1", EventType.DISMISS),
    ):
        told = [r for x in recommend(HOME, a_history(act), LIVE).recommendations for r in x.reasons]
        kinds = {reason.kind for reason in told}
        assert kinds <= {
            ReasonKind.POPULAR,
            ReasonKind.UNLIKE_WHAT_YOU_DISLIKED,
            ReasonKind.SHARED_ATTRIBUTE,
        }
        assert "Unlike kitchen pan 1" in {reason.text for reason in told}


def test_a_product_is_not_recommended_because_of_itself():
    shelf = recommend(HOME, a_history(an_act("kitchen-1")), LIVE)
    [seen] = [r for r in shelf.recommendations if r.product.product_id == "kitchen-1"]
    assert seen.reasons[0].text == "You looked at it"


def test_what_speaks_against_a_product_is_no_reason_to_show_it():
    dislikes = a_history(an_act("kitchen-1", EventType.DISLIKE))
    for r in recommend(HOME, dislikes, LIVE).recommendations:
        assert all(reason.contribution > 0 for reason in r.reasons)


def test_nothing_speaks_for_a_score_below_zero():
    assert reasons([Part(-1.0, ReasonKind.POPULAR, Phrase(Saying.POPULAR))]) == []

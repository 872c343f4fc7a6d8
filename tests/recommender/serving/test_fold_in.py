"""A shopper's taste from what they just did."""

import numpy as np
import pytest
from builders import a_history, an_act, trained_on, two_tastes

from recommender.facts.events import EventType, History
from recommender.serving.fold_in import LENGTH, taste
from recommender.serving.live_model import LiveModel

CATALOGUE, EVENTS = two_tastes()
LIVE = LiveModel(trained_on(CATALOGUE, EVENTS), CATALOGUE.values())


def likes_kitchens(history):
    """How much more the shopper is drawn to kitchen things than to garden things."""
    scores = LIVE.vectors @ taste(history, LIVE).vector
    kitchen = [LIVE.row_of[f"kitchen-{n}"] for n in range(12)]
    garden = [LIVE.row_of[f"garden-{n}"] for n in range(12)]
    return scores[kitchen].mean() - scores[garden].mean()


def test_one_click_says_something():
    assert likes_kitchens(a_history(an_act("kitchen-1"))) > 0
    assert likes_kitchens(a_history(an_act("garden-1"))) < 0


def test_a_purchase_says_more_than_a_look():
    looked, bought = an_act("garden-1"), an_act("kitchen-1", EventType.PURCHASE)
    assert likes_kitchens(a_history(looked, bought)) > 0


def test_what_was_done_lately_says_more_than_what_was_done_long_ago():
    history = a_history(an_act("garden-1", days_ago=300), an_act("kitchen-1", days_ago=1))
    assert likes_kitchens(history) > 0


@pytest.mark.parametrize(
    "act",
    [
        an_act("kitchen-1", EventType.RATING, rating=1),
        an_act("kitchen-1", EventType.DISLIKE),
        an_act("kitchen-1", EventType.DISMISS),
    ],
    ids=lambda act: act.type,
)
def test_turning_away_from_one_thing_pushes_things_like_it_down(act):
    assert likes_kitchens(a_history(act)) < 0


def test_a_low_rating_outweighs_an_earlier_look_at_the_same_thing():
    history = a_history(
        an_act("kitchen-1", days_ago=1), an_act("kitchen-1", EventType.RATING, rating=1)
    )
    assert likes_kitchens(history) < 0


def test_looking_a_hundred_times_counts_no_more_than_once():
    once = a_history(an_act("kitchen-1"), an_act("garden-1"))
    often = a_history(*[an_act("kitchen-1")] * 100, an_act("garden-1"))
    assert np.allclose(taste(once, LIVE).vector, taste(often, LIVE).vector)


def test_acts_that_say_nothing_leave_a_shopper_unknown():
    nothing = a_history(
        an_act("kitchen-1", EventType.IMPRESSION),
        an_act("kitchen-2", EventType.RATING, rating=3),
        an_act("not in the catalogue", EventType.PURCHASE),
    )
    assert taste(nothing, LIVE) is None
    assert taste(History(), LIVE) is None


def test_nobody_is_known_before_the_first_training():
    assert taste(a_history(an_act("kitchen-1")), LiveModel(None, CATALOGUE.values())) is None


def test_weights_share_out_the_length():
    known = taste(a_history(an_act("kitchen-1"), an_act("garden-2", EventType.DISLIKE)), LIVE)
    assert np.abs(known.weights).sum() == pytest.approx(LENGTH)
    assert sorted(np.sign(known.weights)) == [-1, 1]

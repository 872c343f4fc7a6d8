"""What every algorithm must do, whatever it goes by."""

import numpy as np
import pytest
from builders import NOW, a_history, a_product, an_act, trained_on, two_tastes

from recommender.algorithms import ALGORITHMS
from recommender.best_first import best_first
from recommender.events import EventType, History
from recommender.fold_in import taste
from recommender.live_model import LiveModel
from recommender.placements import ALGORITHMS_OF, Placement, Strategy
from recommender.request import Request

CATALOGUE, EVENTS = two_tastes()
LIVE = LiveModel(trained_on(CATALOGUE, EVENTS), CATALOGUE.values())
COOK = a_history(an_act("kitchen-1", EventType.PURCHASE), an_act("kitchen-2", days_ago=3))


def ask(algorithm, history=COOK, live=LIVE, product_ids=("kitchen-3",)):
    request = Request(Placement.HOME, 10, at=NOW, product_ids=product_ids)
    return algorithm(request, taste(history, live), live)


@pytest.mark.parametrize("algorithm", ALGORITHMS.values(), ids=ALGORITHMS.keys())
class TestAnyAlgorithm:
    def test_scores_every_product_with_a_number(self, algorithm):
        scores = ask(algorithm).values
        assert scores.shape == (len(LIVE),)
        assert not np.isnan(scores).any()
        assert (scores < np.inf).all()

    def test_the_parts_of_every_score_add_up_to_it(self, algorithm):
        scores = ask(algorithm)
        for row, score in enumerate(scores.values.tolist()):
            parts = list(scores.parts(row))
            assert sum(part.contribution for part in parts) == pytest.approx(score, abs=1e-4)

    def test_gives_the_same_answer_twice(self, algorithm):
        assert np.array_equal(ask(algorithm).values, ask(algorithm).values)

    def test_changes_nothing(self, algorithm):
        before = LIVE.vectors.copy(), LIVE.popularity.copy(), LIVE.available.copy()
        ask(algorithm)
        after = LIVE.vectors, LIVE.popularity, LIVE.available
        assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))

    def test_copes_with_an_empty_shop_a_stranger_and_an_unknown_product(self, algorithm):
        for live in (LiveModel(), LiveModel(None, [a_product("mug")])):
            scores = ask(algorithm, History(), live, ("no such thing",))
            assert scores is None or scores.values.shape == (len(live),)


def test_every_strategy_has_an_algorithm_and_every_placement_has_strategies():
    assert set(ALGORITHMS) == set(Strategy)
    assert set(ALGORITHMS_OF) == set(Placement)
    assert all(ALGORITHMS_OF.values())


def test_every_placement_ends_with_something_that_always_has_an_answer():
    assert all(strategies[-1] is Strategy.NEWEST for strategies in ALGORITHMS_OF.values())


def test_a_cook_is_shown_kitchen_things_first():
    scores = ask(ALGORITHMS[Strategy.PERSONALIZED]).values
    best = best_first(scores, LIVE.available, 10)
    assert sum("kitchen" in LIVE.products[row].product_id for row in best) >= 9


def test_similar_products_are_of_the_same_kind():
    scores = ask(ALGORITHMS[Strategy.SIMILAR], History()).values
    best = best_first(scores, LIVE.available, 8)
    assert all("kitchen" in LIVE.products[row].product_id for row in best)


def test_of_equal_scores_the_first_product_comes_first():
    scores = np.array([1, 2, 2, 2, 1], np.float32)
    assert best_first(scores, np.ones(5, bool), 2).tolist() == [1, 2]


def test_best_first_leaves_out_what_is_not_eligible_or_has_no_score():
    scores = np.array([5, -np.inf, 4, 3], np.float32)
    assert best_first(scores, np.array([False, True, True, True]), 9).tolist() == [2, 3]

"""What every algorithm must do, whatever it goes by."""

from dataclasses import replace

import numpy as np
import pytest
from builders import NOW, a_history, a_product, an_act, an_event, trained_on, two_tastes
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.facts.events import EventType, History
from recommender.facts.placements import ALGORITHMS_OF, Placement, Strategy
from recommender.facts.request import ReasonKind, Request
from recommender.model.blend import PARTS
from recommender.serving.algorithms import ALGORITHMS
from recommender.serving.best_first import best_first
from recommender.serving.fold_in import taste
from recommender.serving.live_model import LiveModel
from recommender.serving.shopper import STRANGER, Shopper

CATALOGUE, EVENTS = two_tastes()
REPEATS = [
    an_event(f"cook-{n}", product_id, EventType.PURCHASE, days_ago=80.0)
    for n in range(0, 20, 2)
    for product_id in ("kitchen-1", "kitchen-3")
]
"""Some cooks bought the same two pans in one basket before."""
NEW = a_product("new", name="kitchen pan", categories=("Home > Kitchen",))
_TRAINED = trained_on(CATALOGUE, [*REPEATS, *EVENTS])
_BLEND = replace(
    _TRAINED.blend,
    where_bought=np.linspace(-0.1, 0.1, len(PARTS), dtype=np.float32),
    due_weights=np.array([6.0, 1.5], np.float32),
)
LIVE = LiveModel(replace(_TRAINED, blend=_BLEND), [*CATALOGUE.values(), NEW])
"""Where it may offer what was bought before, it goes by weights of their own."""
COOK = a_history(
    an_act("kitchen-1", EventType.PURCHASE, days_ago=40),
    an_act("kitchen-2", days_ago=3),
    an_act("kitchen-4", EventType.DISLIKE, days_ago=2),
)

acts = st.builds(
    an_act,
    st.sampled_from([*CATALOGUE, "new", "gone"]),
    st.sampled_from([EventType.VIEW, EventType.PURCHASE, EventType.DISLIKE, EventType.LIKE]),
    days_ago=st.floats(0, 400),
)
ANCHORS = st.lists(st.sampled_from([*CATALOGUE, "new", "gone"]), max_size=3)


def ask(algorithm, history=COOK, live=LIVE, product_ids=("kitchen-3",)):
    request = Request(Placement.HOME, 10, at=NOW, product_ids=product_ids)
    return algorithm(request, Shopper(history, taste(history, live)), live)


@pytest.mark.parametrize("algorithm", ALGORITHMS.values(), ids=ALGORITHMS.keys())
class TestAnyAlgorithm:
    def test_scores_every_product_with_a_number(self, algorithm):
        scores = ask(algorithm).values
        assert scores.shape == (len(LIVE),)
        assert scores.dtype == np.float32
        assert not np.isnan(scores).any()
        assert (scores < np.inf).all()
        assert (scores > -np.inf).any()

    @given(history=st.lists(acts, max_size=20), product_ids=ANCHORS)
    def test_the_parts_of_every_score_add_up_to_it(self, algorithm, history, product_ids):
        scores = ask(algorithm, a_history(*history), product_ids=product_ids)
        if scores is None:
            return
        for row in np.flatnonzero(scores.values > -np.inf).tolist():
            parts = list(scores.parts(row))
            whole = sum(part.contribution for part in parts)
            assert whole == pytest.approx(float(scores.values[row]), rel=1e-5, abs=1e-3)

    def test_gives_the_same_answer_twice(self, algorithm):
        assert np.array_equal(ask(algorithm).values, ask(algorithm).values)

    def test_changes_nothing(self, algorithm):
        def everything():
            return LIVE.vectors, LIVE.popularity, LIVE.available, LIVE.standing, LIVE.created_at

        before = [array.copy() for array in everything()]
        ask(algorithm)
        assert all(np.array_equal(a, b) for a, b in zip(before, everything(), strict=True))

    def test_copes_with_an_empty_shop_a_stranger_and_an_unknown_product(self, algorithm):
        for live in (LiveModel(), LiveModel(None, [a_product("mug")]), LIVE):
            for history in (History(), a_history(an_act("mug", EventType.PURCHASE), an_act("x"))):
                scores = ask(algorithm, history, live, ("no such thing",))
                assert scores is None or scores.values.shape == (len(live),)


def test_every_strategy_has_an_algorithm_and_every_placement_has_strategies():
    assert set(ALGORITHMS) == set(Strategy)
    assert set(ALGORITHMS_OF) == set(Placement)
    assert all(ALGORITHMS_OF.values())


def test_a_stranger_is_nobody_in_particular():
    request = Request(Placement.HOME, 10, at=NOW)
    for strategy in (Strategy.PERSONALIZED, Strategy.RECENTLY_VIEWED, Strategy.BUY_AGAIN):
        assert ALGORITHMS[strategy](request, STRANGER, LIVE) is None


def test_every_placement_ends_with_something_that_always_has_an_answer():
    assert all(strategies[-1] is Strategy.NEWEST for strategies in ALGORITHMS_OF.values())


def test_a_cook_is_shown_kitchen_things_first():
    scores = ask(ALGORITHMS[Strategy.PERSONALIZED]).values
    best = best_first(scores, LIVE.available, 10)
    assert sum("kitchen" in LIVE.products[row].product_id for row in best) >= 9


def test_similar_products_are_of_the_same_kind():
    scores = ask(ALGORITHMS[Strategy.SIMILAR], History()).values
    best = best_first(scores, LIVE.available, 8)
    assert len(best) == 8
    assert all("kitchen" in LIVE.products[row].product_id for row in best)


def teaches(events):
    """Whether a model can be trained on it."""
    return len({(e.shopper_id, e.product_id) for e in events}) >= 10


RANDOM_EVENTS = st.lists(
    st.builds(
        an_event,
        st.sampled_from(["ann", "bob", "cyd"]),
        st.sampled_from(sorted(CATALOGUE)),
        st.sampled_from([EventType.VIEW, EventType.PURCHASE]),
        days_ago=st.integers(0, 90),
    ),
    min_size=30,
    max_size=60,
)


@settings(max_examples=10)
@given(events=RANDOM_EVENTS.filter(teaches), history=st.lists(acts, min_size=1, max_size=8))
def test_the_parts_add_up_whatever_the_model_has_learned(events, history):
    live = LiveModel(trained_on(CATALOGUE, events), [*CATALOGUE.values(), NEW])
    for algorithm in ALGORITHMS.values():
        scores = ask(algorithm, a_history(*history), live)
        for row in np.flatnonzero(scores.values > -np.inf).tolist() if scores else ():
            whole = sum(part.contribution for part in scores.parts(row))
            assert whole == pytest.approx(float(scores.values[row]), rel=1e-5, abs=1e-3)


@given(
    st.lists(st.integers(-3, 3), max_size=300),
    st.integers(0, 320),
    st.randoms(use_true_random=False),
)
def test_best_first_is_what_sorting_gives(numbers, count, chance):
    scores = np.array(numbers, np.float32)
    scores[scores == -3] = -np.inf
    eligible = np.array([chance.random() < 0.8 for _ in numbers], bool)
    expected = [r for r in np.argsort(-scores, kind="stable") if eligible[r] and scores[r] > -3]
    assert best_first(scores, eligible, count).tolist() == expected[:count]


def test_what_is_bought_together_is_not_the_most_popular_but_what_shares_baskets():
    scores = ask(ALGORITHMS[Strategy.BOUGHT_TOGETHER], product_ids=("kitchen-1",)).values
    assert LIVE.products[scores.argmax()].product_id == "kitchen-3"


def test_for_a_cart_every_product_of_it_speaks():
    scores = ask(ALGORITHMS[Strategy.BOUGHT_TOGETHER], product_ids=("kitchen-1", "kitchen-3"))
    for product_id in ("kitchen-1", "kitchen-3"):
        assert scores.values[LIVE.row_of[product_id]] == -np.inf
    alone = ask(ALGORITHMS[Strategy.BOUGHT_TOGETHER], product_ids=("kitchen-1",))
    [told] = alone.parts(LIVE.row_of["kitchen-3"])
    assert told.phrase.text() == "Often in the same basket as kitchen pan 1"
    assert told.product.product_id == "kitchen-1"


def test_a_new_product_is_similar_by_what_it_is():
    scores = ask(ALGORITHMS[Strategy.SIMILAR], product_ids=("new",))
    best = best_first(scores.values, LIVE.available, 5).tolist()
    assert all("kitchen" in LIVE.products[row].product_id for row in best)
    kinds = {part.kind for part in scores.parts(best[0]) if part.contribution > 0}
    assert ReasonKind.SHARED_ATTRIBUTE in kinds


def test_neither_the_product_nor_its_variants_are_similar_to_it():
    variant = a_product("red-1", name="kitchen pan 1", item_group_id="pan-1")
    live = LiveModel(LIVE.trained, [*CATALOGUE.values(), variant])
    live.put(replace(CATALOGUE["kitchen-1"], item_group_id="pan-1"))
    scores = ask(ALGORITHMS[Strategy.SIMILAR], live=live, product_ids=("kitchen-1",)).values
    assert scores[live.row_of["kitchen-1"]] == -np.inf
    assert scores[live.row_of["red-1"]] == -np.inf


def test_because_you_viewed_names_what_was_looked_at_last_and_not_bought_since():
    history = a_history(
        an_act("garden-1", days_ago=5),
        an_act("kitchen-2", days_ago=3),
        an_act("kitchen-2", EventType.PURCHASE, days_ago=2),
        an_act("kitchen-3", days_ago=1),
        an_act("gone"),
    )
    algorithm = ALGORITHMS[Strategy.BECAUSE_YOU_VIEWED]
    scores = ask(algorithm, history, product_ids=("kitchen-3",))
    best = int(scores.values.argmax())
    assert [part.phrase.text() for part in scores.parts(best)] == [
        "Because you looked at garden spade 1"
    ]
    assert "garden" in LIVE.products[best].product_id


def test_recently_viewed_is_latest_first_without_what_was_bought_since():
    history = a_history(
        an_act("kitchen-5", EventType.PURCHASE, days_ago=9),
        an_act("kitchen-5", days_ago=8),
        an_act("garden-1", days_ago=4),
        an_act("kitchen-2", days_ago=3),
        an_act("kitchen-2", EventType.PURCHASE, days_ago=2),
        an_act("garden-1", days_ago=1),
        an_act("garden-3", EventType.ADD_TO_CART),
    )
    scores = ask(ALGORITHMS[Strategy.RECENTLY_VIEWED], history).values
    rows = best_first(scores, LIVE.available, 9).tolist()
    assert [LIVE.products[row].product_id for row in rows] == ["garden-1", "kitchen-5"]


def test_what_rises_trends_whatever_sells_most():
    loved = [
        an_event(f"u{n}", "kitchen-0", EventType.PURCHASE, days_ago=float(d))
        for n, d in enumerate(range(0, 120, 1))
    ]
    rising = [an_event(f"r{n}", "garden-0", EventType.PURCHASE, days_ago=n / 4) for n in range(12)]
    live = LiveModel(trained_on(CATALOGUE, [*EVENTS, *loved, *rising]), CATALOGUE.values())

    def best(strategy):
        return live.products[ask(ALGORITHMS[strategy], live=live).values.argmax()].product_id

    assert best(Strategy.POPULAR) == "kitchen-0"
    assert best(Strategy.TRENDING) == "garden-0"


def test_the_next_basket_has_what_is_due_and_what_is_new():
    history = a_history(an_act("kitchen-1", EventType.PURCHASE, days_ago=60))
    scores = ask(ALGORITHMS[Strategy.NEXT_BASKET], history)
    best = [LIVE.products[r].product_id for r in best_first(scores.values, LIVE.available, 10)]
    assert best[0] == "kitchen-1"
    assert "kitchen-3" in best
    kinds = [part.kind for part in scores.parts(LIVE.row_of["kitchen-1"])]
    assert kinds[-1] is ReasonKind.TIME_TO_BUY_AGAIN


def test_how_often_something_was_bought_counts_where_that_was_learned():
    history = a_history(
        *[an_act("kitchen-1", EventType.PURCHASE, days_ago=40 + 30 * n) for n in range(5)],
        an_act("kitchen-2", EventType.PURCHASE, days_ago=40),
    )

    def lead(due_weights):
        blend = replace(_BLEND, due_weights=np.array(due_weights, np.float32))
        live = LiveModel(replace(_TRAINED, blend=blend), CATALOGUE.values())
        scores = ask(ALGORITHMS[Strategy.NEXT_BASKET], history, live).values
        return scores[live.row_of["kitchen-1"]] - scores[live.row_of["kitchen-2"]]

    assert lead([6, 2]) - lead([6, 0]) == pytest.approx(2 * np.log(6 / 2), rel=1e-3)


def test_only_lists_that_offer_what_was_bought_go_by_the_weights_of_such_lists():
    plain = LiveModel(_TRAINED, LIVE.products)
    for strategy, same in ((Strategy.PERSONALIZED, True), (Strategy.NEXT_BASKET, False)):
        ours, theirs = (ask(ALGORITHMS[strategy], live=live).values for live in (LIVE, plain))
        assert np.array_equal(ours, theirs) == same


def test_what_nobody_buys_twice_is_not_in_the_next_basket():
    live = LiveModel(trained_on(CATALOGUE, EVENTS), CATALOGUE.values())
    one = replace(live.trained, repeat_chances=np.zeros_like(live.trained.repeat_chances))
    live = LiveModel(one, CATALOGUE.values())
    scores = ask(ALGORITHMS[Strategy.NEXT_BASKET], live=live).values
    assert scores[live.row_of["kitchen-1"]] == -np.inf
    assert ask(ALGORITHMS[Strategy.BUY_AGAIN], live=live) is None


def test_of_equal_scores_the_first_product_comes_first():
    scores = np.array([1, 2, 2, 2, 1], np.float32)
    assert best_first(scores, np.ones(5, bool), 2).tolist() == [1, 2]


def test_best_first_leaves_out_what_is_not_eligible_or_has_no_score():
    scores = np.array([5, -np.inf, 4, 3], np.float32)
    assert best_first(scores, np.array([False, True, True, True]), 9).tolist() == [2, 3]

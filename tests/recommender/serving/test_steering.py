"""What a request asks for beside the shelf: filters, boosts, a minimum of relevance, strictness."""

from dataclasses import replace

import numpy as np
import pytest
from builders import NOW, a_history, a_product, an_act, trained_on, two_tastes
from hypothesis import given
from hypothesis import strategies as st

from recommender.facts.errors import InvalidInput
from recommender.facts.events import EventType, History
from recommender.facts.fates import Fate
from recommender.facts.filters import All, Any, Boost, Field, Not, OneOf
from recommender.facts.phrases import Phrase, Saying
from recommender.facts.placements import Placement, Strategy
from recommender.facts.request import ReasonKind, Request
from recommender.serving.algorithms import ALGORITHMS
from recommender.serving.engine import Scoring, recommend
from recommender.serving.explain import Part, Scores
from recommender.serving.fold_in import taste
from recommender.serving.live_model import LiveModel
from recommender.serving.shopper import Shopper
from recommender.serving.steering import boosted, too_weak
from recommender.serving.why_not import why_not

CATALOGUE, EVENTS = two_tastes()
LIVE = LiveModel(
    trained_on(CATALOGUE, EVENTS),
    [*CATALOGUE.values(), a_product("new", categories=("Home > Garden",))],
)
EVERY_ID = [*CATALOGUE, "new"]
COOK = a_history(an_act("kitchen-1", EventType.PURCHASE, 9), an_act("kitchen-2"))
EVERYTHING = All(())


def only(*product_ids):
    return OneOf(Field.PRODUCT_ID, frozenset(product_ids))


def ids(shelf):
    return [r.product.product_id for r in shelf.recommendations]


some_products = st.lists(st.sampled_from(EVERY_ID), max_size=12).map(lambda p: only(*p))
boosts = st.lists(st.builds(Boost, some_products, st.floats(-5, 5)), max_size=3).map(tuple)
filters = st.one_of(
    some_products,
    some_products.map(Not),
    st.just(OneOf(Field.CATEGORY, frozenset({"Home > Garden"}))),
    st.just(OneOf(Field.BRAND, frozenset({"kitchen works"}))),
)
requests = st.builds(
    Request,
    placement=st.sampled_from(Placement),
    limit=st.integers(1, 30),
    at=st.just(NOW),
    product_ids=st.just(("kitchen-3",)),
    category=st.sampled_from([None, "Home > Kitchen"]),
    filter=st.none() | filters,
    boosts=boosts,
    minimum_relevance=st.sampled_from([0.0, 0.3, 0.8, 1.0]),
    strict=st.booleans(),
)
histories = st.sampled_from([History(), COOK, a_history(an_act("garden-1"))])


@given(requests, histories)
def test_nothing_on_a_shelf_is_outside_the_filter_and_nothing_else_would_fit(request, history):
    request = replace(request, minimum_relevance=0.0, strict=False)
    shelf = recommend(request, history, LIVE)
    matching = LIVE.matching(request.filter or EVERYTHING)
    shown = [LIVE.row_of[p] for p in ids(shelf)]
    assert matching[shown].all()
    # Newest has something to say about everything, so whatever may be shown fills the shelf.
    may_be_shown = sum(
        why_not(p, request, history, LIVE).fate in {Fate.SHOWN, Fate.RANKED_LOWER} for p in EVERY_ID
    )
    assert len(shown) == min(request.limit, may_be_shown)


def test_a_filter_works_before_ranking_so_that_the_worst_products_fill_a_shelf():
    everything = ids(recommend(Request(Placement.HOME, 30, NOW), COOK, LIVE))
    worst = everything[-4:]
    shelf = recommend(Request(Placement.HOME, 4, NOW, filter=only(*worst)), COOK, LIVE)
    assert ids(shelf) == worst
    assert shelf.short_reason is None


@given(requests, histories)
def test_a_strict_shelf_is_the_own_part_of_the_other_one(request, history):
    strict = recommend(replace(request, strict=True), history, LIVE)
    filled = recommend(replace(request, strict=False), history, LIVE)
    own = [r.product.product_id for r in filled.recommendations if not r.is_filler]
    assert ids(strict) == own
    assert not any(r.is_filler for r in strict.recommendations)


@given(st.sampled_from(Strategy), histories, boosts)
def test_with_boosts_too_the_parts_of_every_score_add_up_to_it(strategy, history, boosts):
    request = Request(Placement.HOME, 5, NOW, product_ids=("kitchen-3",), boosts=boosts)
    scores = Scoring(Shopper(history, taste(history, LIVE)), LIVE, ALGORITHMS).boosted(
        strategy, request
    )
    if scores is None:
        return
    rows = np.flatnonzero(scores.values > -np.inf).tolist()
    for row, parts in zip(rows, scores.parts_of(rows), strict=True):
        whole = sum(part.contribution for part in parts)
        assert whole == pytest.approx(float(scores.values[row]), rel=1e-5, abs=1e-3)


def scores_of(*values):
    """A shop with a product for each score, and the scores."""
    live = LiveModel(None, [a_product(f"p{n}") for n in range(len(values))])
    array = np.array(values, np.float32)
    return live, Scores.of_each(
        array, lambda row: [Part(float(array[row]), ReasonKind.POPULAR, Phrase(Saying.POPULAR))]
    )


numbers = st.lists(st.integers(-50, 50).map(float) | st.just(-np.inf), min_size=2, max_size=12)


@given(numbers, st.data(), st.floats(0.01, 50))
def test_whatever_the_sign_of_scores_a_boost_lifts_and_keeps_the_order_among_the_lifted(
    values, data, factor
):
    live, scores = scores_of(*values)
    lifted = sorted(data.draw(st.sets(st.sampled_from(range(len(values))), min_size=1)))
    others = [row for row in range(len(values)) if row not in lifted]
    steered = boosted(scores, [Boost(only(*(f"p{n}" for n in lifted)), factor)], live).values
    known = [row for row in lifted if values[row] > -np.inf]
    assert (steered[known] > scores.values[known]).all()
    assert np.array_equal(steered[others], scores.values[others])
    for a in lifted:
        for b in lifted:
            assert not (values[a] > values[b] and steered[a] < steered[b])
    silent = [row for row, value in enumerate(values) if value == -np.inf]
    assert (steered[silent] == -np.inf).all()


@given(numbers, st.floats(0.1, 20))
def test_boosts_of_opposite_sign_cancel_out(values, factor):
    live, scores = scores_of(*values)
    both = [Boost(EVERYTHING, factor), Boost(EVERYTHING, -factor)]
    assert np.allclose(boosted(scores, both, live).values, scores.values)


def test_a_boost_decides_where_all_score_alike():
    live, scores = scores_of(3.0, 3.0, 3.0)
    values = boosted(scores, [Boost(only("p2"), 1)], live).values
    assert values.tolist() == [3.0, 3.0, 4.0]


def test_what_was_boosted_says_so_and_ranks_higher():
    plain = ids(recommend(Request(Placement.HOME, 30, NOW), COOK, LIVE))
    wanted = plain[15]
    request = Request(Placement.HOME, 30, NOW, boosts=(Boost(only(wanted), 3),))
    shelf = recommend(request, COOK, LIVE)
    assert ids(shelf).index(wanted) < 5
    [told] = [r for r in shelf.recommendations if r.product.product_id == wanted]
    assert (ReasonKind.BOOSTED, "Boosted by the shop") in {(x.kind, x.text) for x in told.reasons}
    others = [r for r in shelf.recommendations if r is not told]
    assert all(x.kind is not ReasonKind.BOOSTED for r in others for x in r.reasons)


def test_what_is_held_back_ranks_lower_and_no_reason_speaks_of_it():
    first, *_ = ids(recommend(Request(Placement.HOME, 30, NOW), COOK, LIVE))
    request = Request(Placement.HOME, 30, NOW, boosts=(Boost(only(first), -5),))
    shelf = recommend(request, COOK, LIVE)
    own = [r.product.product_id for r in shelf.recommendations if not r.is_filler]
    assert own[-1] == first
    assert all(x.kind is not ReasonKind.BOOSTED for r in shelf.recommendations for x in r.reasons)


@given(numbers, st.floats(0, 1))
def test_the_best_always_passes_and_more_is_asked_the_less_does(values, minimum):
    live, scores = scores_of(*values)
    weak, weaker = (too_weak(scores.values, m, live) for m in (minimum, minimum / 2))
    assert not (weaker & ~weak).any()
    assert not weak[scores.values == scores.values.max()].any()


@pytest.mark.parametrize("shift", [-40, 0, 40])
def test_relevance_goes_from_the_middle_to_the_best_whatever_the_sign(shift):
    live, scores = scores_of(*(shift + n for n in range(5)))
    for minimum, passing in {0.01: 2, 0.5: 2, 0.51: 1, 1.0: 1}.items():
        assert (~too_weak(scores.values, minimum, live)).sum() == passing


def test_a_strategy_that_speaks_of_few_products_starts_at_nothing():
    live, scores = scores_of(4.0, 2.0, 1.0, *[-np.inf] * 9)
    assert too_weak(scores.values, 0.5, live).tolist() == [False, False, True, *[False] * 9]


@given(requests, histories)
def test_neither_filter_nor_boosts_change_what_is_relevant(request, history):
    request = replace(request, strict=True, category=None, limit=30)
    plain = replace(request, filter=None, boosts=())
    steered, free = (set(ids(recommend(r, history, LIVE))) for r in (request, plain))
    assert steered <= free


@given(requests, histories)
def test_what_is_kept_out_is_told_by_its_rule(request, history):
    shown = set(ids(recommend(request, history, LIVE)))
    for product_id in EVERY_ID:
        told = why_not(product_id, request, history, LIVE)
        assert (told.fate is Fate.SHOWN) == (product_id in shown)
        matches = request.filter is None or LIVE.matching(request.filter)[LIVE.row_of[product_id]]
        if told.fate is Fate.FILTERED:
            assert not matches
        if told.fate is Fate.BELOW_MINIMUM_RELEVANCE:
            free = replace(request, minimum_relevance=0.0, limit=30)
            assert why_not(product_id, free, history, LIVE).fate is not told.fate


def test_a_strict_shelf_says_that_it_is():
    request = Request(Placement.RECENTLY_VIEWED, 5, NOW, strict=True)
    shelf = recommend(request, History(), LIVE)
    assert shelf.recommendations == []
    assert shelf.short_reason.endswith("Only its own strategy may fill it, since it is strict.")


@pytest.mark.parametrize("minimum", [-0.1, 1.1, float("nan")])
def test_a_minimum_of_relevance_out_of_bounds_is_refused(minimum):
    with pytest.raises(InvalidInput, match="minimum_relevance must be 0 to 1"):
        Request(Placement.HOME, 5, NOW, minimum_relevance=minimum)


def test_an_alternative_of_nothing_leaves_an_empty_shelf():
    shelf = recommend(Request(Placement.HOME, 5, NOW, filter=Any(())), COOK, LIVE)
    assert shelf.recommendations == []

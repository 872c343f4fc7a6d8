"""What the shop says of its shoppers."""

from dataclasses import replace

import numpy as np
import pytest
from builders import NOW, a_history, an_act, countries, trained_on, two_tastes

from recommender.evaluation.splits import histories
from recommender.facts.errors import InvalidInput
from recommender.facts.events import EventType, History
from recommender.facts.placements import Placement, Strategy
from recommender.facts.request import ReasonKind, Request
from recommender.facts.shopper_attributes import ShopperAttributes, ShopperSpace
from recommender.learning.interactions import EventTable
from recommender.serving.engine import recommend
from recommender.serving.fold_in import taste
from recommender.serving.live_model import LiveModel

CATALOGUE, EVENTS = two_tastes()
COUNTRIES = countries(EVENTS)
MODEL = trained_on(CATALOGUE, EVENTS, said=COUNTRIES)
LIVE = LiveModel(MODEL, CATALOGUE.values())
HOME = Request(Placement.HOME, 8, at=NOW)
A_COOK = (("Country", "France"),)
A_GARDENER = (("Country", "Italy"),)


def shelf(*acts, attributes=()):
    return recommend(HOME, replace(a_history(*acts), attributes=attributes), LIVE).recommendations


def kinds(found):
    return {r.product.product_id.partition("-")[0] for r in found}


def same(model, other):
    arrays = (name for name in model.__slots__ if isinstance(getattr(model, name), np.ndarray))
    return all(np.array_equal(getattr(model, name), getattr(other, name)) for name in arrays)


def test_a_shop_that_says_nothing_of_its_shoppers_gets_the_same_model_as_before():
    silent = trained_on(CATALOGUE, EVENTS)
    assert len(silent.shopper_space) == 0
    assert np.array_equal(silent.product_vectors, MODEL.product_vectors)
    assert np.array_equal(silent.product_biases, MODEL.product_biases)
    # What says nothing is as good as nothing: one of everybody, another of four shoppers.
    few = dict.fromkeys(list(COUNTRIES)[:4], (("vip", "yes"), ("here", "yes")))
    useless = dict.fromkeys(COUNTRIES, (("here", "yes"),)) | few
    assert same(trained_on(CATALOGUE, EVENTS, said=useless), silent)


def test_attributes_that_tell_no_tastes_apart_are_left_out():
    rng = np.random.default_rng(1)
    browsers = {s: (("browser", str(rng.choice(["a", "b", "c"]))),) for s in COUNTRIES}
    assert same(trained_on(CATALOGUE, EVENTS, said=browsers), trained_on(CATALOGUE, EVENTS))


def test_a_shopper_of_whom_nothing_is_said_gets_what_they_got_before():
    silent = LiveModel(trained_on(CATALOGUE, EVENTS), CATALOGUE.values())
    history = a_history(an_act("kitchen-1"))
    found, expected = (recommend(HOME, history, live) for live in (LIVE, silent))
    assert found == expected
    for one, other in zip(found.recommendations, expected.recommendations, strict=True):
        assert one.reasons == other.reasons
    assert taste(History(), LIVE) is None


def test_a_shopper_nobody_has_seen_act_gets_what_shoppers_like_them_take_to():
    assert kinds(shelf(attributes=A_COOK)) == {"kitchen"}
    assert kinds(shelf(attributes=A_GARDENER)) == {"garden"}
    assert {r.strategy for r in shelf(attributes=A_COOK)} == {Strategy.PERSONALIZED}


def test_a_stranger_is_told_which_attribute_it_was():
    for r in shelf(attributes=(("Browser", "any"), *A_COOK)):
        first = r.reasons[0]
        assert first.kind is ReasonKind.SHOPPERS_LIKE_YOU
        assert first.text == "Popular with shoppers like you (Country: France)"


def test_an_attribute_that_training_has_not_seen_says_nothing():
    history = replace(History(), attributes=(("Country", "Atlantis"),))
    assert taste(history, LIVE) is None


def test_attributes_fade_as_acts_come_in():
    acts = [an_act(f"kitchen-{n}", EventType.PURCHASE) for n in range(10)]
    known = [taste(replace(a_history(*acts[:n]), attributes=A_GARDENER), LIVE) for n in range(11)]
    shares = [np.linalg.norm(t.attribute_vectors) for t in known]
    assert shares == sorted(shares, reverse=True)
    assert shares[10] < shares[0] / 4
    assert kinds(shelf(attributes=A_GARDENER)) == {"garden"}
    assert kinds(shelf(*acts[:4], attributes=A_GARDENER)) == {"kitchen"}


def test_what_is_evaluated_is_what_is_served():
    table = replace(EventTable.of(EVENTS), shopper_attributes=COUNTRIES)
    [history] = histories(table, [0], 100)
    assert history.attributes == COUNTRIES[table.shoppers[0]]
    [silent] = histories(EventTable.of(EVENTS), [0], 100)
    assert silent.attributes == ()


def test_two_attributes_share_out_what_they_explain():
    """Who lives in France and cooks is no more of a cook than who lives in France."""
    twice = {s: (*said, ("hobby", said[0][1])) for s, said in COUNTRIES.items()}
    live = LiveModel(trained_on(CATALOGUE, EVENTS, said=twice), CATALOGUE.values())
    both = taste(replace(History(), attributes=(*A_COOK, ("hobby", "France"))), live)
    one = taste(replace(History(), attributes=A_COOK), LIVE)
    assert np.linalg.norm(both.vector) == pytest.approx(np.linalg.norm(one.vector), rel=0.2)


def test_features_are_neither_rare_nor_nearly_everywhere():
    shoppers = [
        (("country", "France" if n < 50 else "Italy"), ("here", "yes"), ("club", f"no-{n % 25}"))
        for n in range(100)
    ]
    assert list(ShopperSpace.of(shoppers).row_of) == ["country=france", "country=italy"]


def test_capitals_make_no_difference_and_a_value_said_twice_counts_once():
    space = ShopperSpace.of([(("Country", "FR"),)] * 10 + [()] * 10)
    assert space.describe((("country", "fr"), ("COUNTRY", "Fr"))) == {0: ("country", "fr")}


def test_numbers_are_cut_into_bands_of_equally_many_shoppers():
    shoppers = [(("age", str(18 + n % 80)),) for n in range(800)]
    space = ShopperSpace.of(shoppers)
    assert list(space.row_of) == [f"age {n} of 8" for n in range(1, 9)]
    rows = [next(iter(space.describe(said))) for said in shoppers]
    assert np.bincount(rows).tolist() == [100] * 8
    assert space.describe((("age", "140"),)) == {7: ("age", "140")}
    assert space.describe((("age", "unknown"),)) == {}


def test_a_few_different_numbers_are_names():
    space = ShopperSpace.of([(("group", str(n % 3)),) for n in range(60)])
    assert list(space.row_of) == ["group=0", "group=1", "group=2"]


def test_what_was_learned_of_shoppers_comes_back_as_it_was():
    ages = {
        shopper: (*said, ("age", str(n % 9))) for n, (shopper, said) in enumerate(COUNTRIES.items())
    }
    model = trained_on(CATALOGUE, EVENTS, said=ages)
    again = type(model).from_bytes(model.to_bytes())
    assert again.shopper_space == model.shopper_space
    assert again.shopper_space.edges
    assert same(again, model)


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        (((" ", "France"),), "must not have an empty entry"),
        ((("country", ""),), "must not have an empty entry"),
        ((("country", "x" * 201),), "at most 200 characters"),
        (tuple((f"a{n}", "x") for n in range(51)), "must be at most"),
    ],
)
def test_attributes_have_bounds(attributes, problem):
    with pytest.raises(InvalidInput, match=f"attributes .*{problem}"):
        ShopperAttributes("user:ann", attributes)

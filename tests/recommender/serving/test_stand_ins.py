"""A product that nobody met is neither buried nor pushed: those most like it stand in for it."""

from datetime import timedelta

import numpy as np
import pytest
from builders import NOW, a_history, a_product, an_act, trained_on, two_tastes

from recommender.facts.events import EventType
from recommender.facts.placements import Placement
from recommender.facts.request import Request
from recommender.model.features import strongest
from recommender.serving.engine import recommend
from recommender.serving.live_model import LiveModel
from recommender.serving.stand_ins import MOST_STAND_INS, stand_ins

NEW = {
    kind: a_product(
        f"new-{kind}",
        name=f"{kind} {word} deluxe",
        categories=(f"Home > {kind.title()}",),
        brand=f"{kind} works",
        created_at=NOW - timedelta(days=1),
    )
    for kind, word in (("kitchen", "pan"), ("garden", "spade"))
}


@pytest.fixture(scope="module")
def shop():
    catalogue, events = two_tastes(shoppers=120)
    return catalogue, trained_on(catalogue, events)


def stand_ins_of(product, model):
    return stand_ins(*strongest(*model.feature_space.describe(product)), model)


def test_what_is_most_like_a_new_product_stands_in_for_it(shop):
    _, model = shop
    found = stand_ins_of(NEW["kitchen"], model)
    names = [model.product_ids[row] for row in found.rows[found.weights > 0.02]]
    assert names
    assert all(name.startswith("kitchen") for name in names)


def test_a_product_like_none_is_nobodys_double(shop):
    _, model = shop
    found = stand_ins_of(a_product("odd", name="Quux", price=None), model)
    assert found.rows.shape == found.weights.shape == (MOST_STAND_INS,)
    assert not found.weights.any()


def test_stand_ins_that_are_alike_share_their_say(shop):
    _, model = shop
    found = stand_ins_of(NEW["kitchen"], model)
    assert np.abs(found.weights).sum() < 2


def test_a_new_product_is_offered_to_whom_it_suits(shop):
    catalogue, model = shop
    live = LiveModel(model, [*catalogue.values(), *NEW.values()])
    cook = a_history(*[an_act(f"kitchen-{n}", EventType.PURCHASE, n) for n in range(6)])
    shelf = recommend(Request(Placement.HOME, 26, NOW), cook, live)
    ranks = {r.product.product_id: r.rank for r in shelf.recommendations}
    assert ranks["new-kitchen"] < ranks["new-garden"]
    assert ranks["new-kitchen"] <= 8


def test_attributes_take_the_place_of_the_identity_that_a_new_product_lacks(shop):
    catalogue, model = shop
    live = LiveModel(model, [*catalogue.values(), NEW["kitchen"]])
    row = live.row_of["new-kitchen"]
    features, values = live.description(row)
    assert np.linalg.norm(values) == pytest.approx(1, abs=1e-3)
    assert np.allclose(live.vectors[row], values @ model.feature_vectors[features])


def test_a_product_that_goes_on_sale_later_is_new_in_the_same_way(shop):
    catalogue, model = shop
    early = LiveModel(model, [*catalogue.values(), NEW["kitchen"]])
    late = LiveModel(model, catalogue.values())
    late.put(NEW["kitchen"])
    for row, live in enumerate((early, late)):
        assert live.untrained.rows.tolist() == [len(catalogue)], row
    assert all(map(np.array_equal, early.untrained, late.untrained))

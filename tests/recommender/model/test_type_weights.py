"""How much each type of act counts is learned from what shoppers took next."""

from dataclasses import replace

import numpy as np
import pytest
from builders import NOW, SMALL, a_history, a_product, an_act, trained_on, two_tastes

from recommender.evaluation.splits import Split, temporal_split
from recommender.facts.events import WEIGHTS, EventType
from recommender.learning.interactions import DAY_MS, TYPES, EventTable, interaction_matrix
from recommender.learning.learn import learn
from recommender.learning.trainer import Trainer
from recommender.learning.training import train
from recommender.learning.type_weights_learning import FEWEST_ACTS, learn_type_weights
from recommender.model.trained_model import TrainedModel
from recommender.model.type_weights import USUAL, TypeWeights
from recommender.serving.fold_in import taste
from recommender.serving.live_model import LiveModel

VIEW, CART, BUY = EventType.VIEW, EventType.ADD_TO_CART, EventType.PURCHASE
KINDS, PRODUCTS_OF_A_KIND = 6, 12
DAYS = 100


def a_window(told: dict[EventType, float], shoppers=240, acts=(14, 4, 6), seed=1) -> Split:
    """Shoppers who each like one kind of product, and buy it all the time.

    `told` says of views and carts how often they are on the kind that the shopper likes; otherwise
    they are on anything. `acts` are views, carts and purchases of a shopper.
    """
    rng = np.random.default_rng(seed)
    n = KINDS * PRODUCTS_OF_A_KIND
    columns = []
    for shopper in range(shoppers):
        kind = rng.integers(KINDS)
        for type_, count in zip((VIEW, CART, BUY), acts, strict=True):
            liked = kind * PRODUCTS_OF_A_KIND + rng.integers(PRODUCTS_OF_A_KIND, size=count)
            is_liked = rng.random(count) < told.get(type_, 0.9)
            product = np.where(is_liked, liked, rng.integers(n, size=count))
            at = rng.uniform(0, DAYS * DAY_MS, count)
            columns += [
                (shopper, p, TYPES.index(type_), t) for p, t in zip(product, at, strict=True)
            ]
    shopper, product, types, at = np.array(columns).T
    table = EventTable(
        shoppers=[f"user:{n}" for n in range(shoppers)],
        products=[f"p{n}" for n in range(n)],
        shopper=shopper.astype(np.int32),
        product=product.astype(np.int32),
        type=types.astype(np.uint8),
        at=at.astype(np.int64),
        rating=np.full(len(at), np.nan, np.float32),
    )
    return temporal_split(table, {p: a_product(p) for p in table.products}, 0.25)


def test_a_type_that_says_nothing_stops_counting():
    learned = learn_type_weights(a_window({VIEW: 0.0}, acts=(40, 4, 3)))
    assert learned.of_type[VIEW] < 0.1 * WEIGHTS[VIEW]
    assert learned.quality["learned"] > learned.quality["usual"]


def test_views_that_tell_as_much_as_purchases_come_to_count_like_them():
    learned = learn_type_weights(a_window({VIEW: 0.9, BUY: 0.5}, acts=(14, 0, 6)))
    assert learned.of_type[VIEW] >= 0.4 * learned.of_type[BUY]


def test_what_speaks_against_a_product_is_not_learned():
    learned = learn_type_weights(a_window({VIEW: 0.0}, acts=(40, 4, 3)))
    for type_, weight in WEIGHTS.items():
        if weight <= 0:
            assert learned.of_type[type_] == weight


def test_a_shop_with_one_type_keeps_the_usual_weights():
    assert learn_type_weights(a_window({}, acts=(0, 0, 6))) is USUAL


def test_too_few_acts_change_nothing():
    assert learn_type_weights(a_window({VIEW: 0.0}, shoppers=40, acts=(40, 4, 3))) is USUAL
    rare = a_window({VIEW: 0.0}, acts=(40, 4, 3))
    views = np.flatnonzero(rare.train.is_type(VIEW))
    others = np.flatnonzero(~rare.train.is_type(VIEW))
    few = rare.train.where(np.concatenate([views[: FEWEST_ACTS - 1], others]))
    assert learn_type_weights(replace(rare, train=few)).of_type[VIEW] == WEIGHTS[VIEW]


@pytest.mark.parametrize("seed", range(3))
def test_where_the_usual_weights_do_as_well_they_stay(seed):
    assert learn_type_weights(a_window({}, acts=(3, 3, 3), seed=seed)) == USUAL


def test_the_same_events_give_the_same_weights():
    window = a_window({VIEW: 0.0}, acts=(40, 4, 3))
    assert learn_type_weights(window) == learn_type_weights(window)


def test_a_shop_with_fewer_products_than_a_list_has_nothing_to_rank():
    window = a_window({VIEW: 0.0})
    few = {f"p{n}": a_product(f"p{n}") for n in range(5)}
    assert learn_type_weights(replace(window, products=few)) is USUAL


TURNED_ROUND = TypeWeights({**WEIGHTS, VIEW: 20.0, BUY: 2.0})
CATALOGUE, EVENTS = two_tastes()


def trained_by(weights):
    table = replace(EventTable.of(EVENTS), type_weights=weights)
    return train(table, CATALOGUE, version="v", trained_at=NOW, parameters=SMALL)


@pytest.mark.parametrize("weights", [USUAL, TURNED_ROUND], ids=["usual", "turned round"])
def test_training_and_serving_weigh_an_act_alike(weights):
    model = TrainedModel.from_bytes(trained_by(weights).to_bytes())
    acts = [an_act("kitchen-1"), an_act("garden-1", BUY), an_act("kitchen-2", CART)]
    served = taste(a_history(*acts), LiveModel(model, CATALOGUE.values()))
    table = replace(
        EventTable.of([replace(EVENTS[0], type=a.type, product_id=a.product_id) for a in acts]),
        type_weights=weights,
    )
    learned = interaction_matrix(table, half_life_days=30).toarray().ravel()
    by_product = dict(zip(table.products, learned / learned.sum(), strict=True))
    for act, weight in zip(served.acts, served.weights / served.weights.sum(), strict=True):
        assert weight == pytest.approx(by_product[act.product_id], rel=1e-5)


def test_a_model_remembers_what_it_was_trained_with():
    again = TrainedModel.from_bytes(trained_by(TURNED_ROUND).to_bytes())
    assert again.type_weights == TURNED_ROUND
    assert trained_on(CATALOGUE, EVENTS).type_weights == USUAL


def test_stars_speak_for_themselves_whatever_is_learned():
    one_star = an_act("mug", EventType.RATING, rating=1)
    assert TURNED_ROUND.of(one_star) == one_star.weight == -8


def test_a_type_that_an_older_model_did_not_know_has_its_usual_weight():
    told = TURNED_ROUND.to_json()
    del told["of_type"][CART.value]
    assert TypeWeights.from_json(told).of_type[CART] == WEIGHTS[CART]


def test_what_is_learned_is_trained_and_served_with():
    window = a_window({CART: 0.0}, acts=(6, 14, 3))
    with Trainer("v", NOW, SMALL) as trainer:
        model = learn(window.train, window.products, trainer)
    assert model.type_weights.of_type[CART] < 0.1 * WEIGHTS[CART]
    served = LiveModel(model, window.products.values())
    bought, carted = an_act("p1", BUY), an_act("p30", CART)
    told = taste(a_history(bought, carted), served)
    assert told.rows[np.argmax(told.weights)] == served.row_of["p1"]
    assert told.weights.max() > 0.95 * told.weights.sum()

"""What learning promises."""

import subprocess
import sys

import numpy as np
import pytest
from builders import NOW, SMALL, a_product, an_event, trained_on, two_tastes
from hypothesis import given
from hypothesis import strategies as st

from recommender.facts.errors import NotEnoughData
from recommender.facts.events import EventType
from recommender.learning.interactions import EventTable
from recommender.learning.training import ENOUGH_STEPS, enough_epochs, thinned, train
from recommender.serving.fold_in import taste
from recommender.serving.live_model import LiveModel

CATALOGUE, EVENTS = two_tastes()


def test_the_same_events_give_the_same_model_to_the_last_bit():
    assert trained_on(CATALOGUE, EVENTS).to_bytes() == trained_on(CATALOGUE, EVENTS).to_bytes()


@given(st.lists(st.floats(2**-13, 2**13, width=32), min_size=1))
def test_every_pair_teaches_on_average_what_it_counts_and_some_teach_in_every_epoch(strengths):
    weights = np.array(strengths, np.float32)
    weights /= weights.mean()
    chances, counted = thinned(weights)
    assert chances * counted == pytest.approx(weights)
    assert counted.min() >= 1
    assert chances.min() > 0
    assert chances.max() == pytest.approx(1)


def test_a_model_knows_only_products_that_somebody_took_to_and_the_shop_sells():
    events = [
        *EVENTS,
        an_event("cook-1", "never in the catalogue", EventType.PURCHASE),
        an_event("cook-1", "hated", EventType.DISLIKE),
        an_event("cook-1", "seen", EventType.IMPRESSION),
    ]
    catalogue = {**CATALOGUE, "hated": a_product("hated"), "seen": a_product("seen")}
    assert set(trained_on(catalogue, events).product_ids) == set(CATALOGUE)


def test_attributes_that_no_trained_product_has_do_not_speak():
    catalogue = {
        **CATALOGUE,
        "new-1": a_product("new-1", brand="unheard of"),
        "new-2": a_product("new-2", brand="unheard of"),
    }
    model = trained_on(catalogue, EVENTS)
    row = model.feature_space.row_of["brand:unheard of"]
    assert not model.feature_vectors[row].any()
    assert model.feature_biases[row] == 0


def test_a_product_nobody_bought_is_placed_by_its_attributes():
    live = LiveModel(trained_on(CATALOGUE, EVENTS), CATALOGUE.values())
    live.put(a_product("new", name="kitchen pan", categories=("Home > Kitchen",)))
    new = live.vectors[live.row_of["new"]]
    kitchen = np.mean([live.vectors[live.row_of[f"kitchen-{n}"]] @ new for n in range(12)])
    garden = np.mean([live.vectors[live.row_of[f"garden-{n}"]] @ new for n in range(12)])
    assert kitchen > garden


@pytest.mark.parametrize(
    "events",
    [[], EVENTS[:2], [an_event("ann", p, EventType.PURCHASE) for p in CATALOGUE]],
    ids=["nothing", "two events", "one shopper"],
)
def test_too_little_to_learn_from_is_said_plainly(events):
    with pytest.raises(NotEnoughData, match="too little to learn from"):
        trained_on(CATALOGUE, events)


def test_a_shop_without_attributes_can_be_learned_too():
    bare = {p: a_product(p, name="thing", price=None) for p in CATALOGUE}
    model = trained_on(bare, EVENTS)
    assert len(model.feature_space) == 0
    assert np.isfinite(model.product_vectors).all()


def test_progress_is_told_after_each_epoch():
    told = []
    model = train(
        EventTable.of(EVENTS),
        CATALOGUE,
        version="v",
        trained_at=NOW,
        parameters=SMALL,
        progress=lambda done, of: told.append((done, of)),
    )
    epochs = model.parameters["epochs"]
    assert SMALL.epochs <= epochs <= 2 * SMALL.epochs
    assert told == [(n, epochs) for n in range(1, epochs + 1)]


@given(st.integers(1, 100), st.floats(1e-3, 1e6))
def test_a_shop_with_few_acts_per_product_goes_over_them_more_often_but_at_most_twice(
    epochs, steps
):
    taken = enough_epochs(epochs, steps)
    assert epochs <= taken <= 2 * epochs
    assert taken == epochs or (taken - 1) * steps < ENOUGH_STEPS
    assert taken == 2 * epochs or taken * steps >= ENOUGH_STEPS * (1 - 1e-9)


def test_the_api_never_imports_what_only_training_needs():
    code = (
        "import sys, graphql_api.__main__; "
        "print([m for m in ('lightfm', 'sklearn', 'scipy', 'pandas', 'pyarrow') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_taste_survives_a_round_trip_through_bytes():
    model = trained_on(CATALOGUE, EVENTS)
    again = type(model).from_bytes(model.to_bytes())
    assert again.version == model.version
    assert np.array_equal(again.product_vectors, model.product_vectors)
    assert again.feature_space.names == model.feature_space.names
    assert taste.__doc__

"""A model is arrays, checked when it comes back."""

import io
import pickle
from dataclasses import replace

import numpy as np
import pytest
from builders import trained_on, two_tastes
from hypothesis import given
from hypothesis import strategies as st

from recommender.facts.errors import CorruptModel
from recommender.model.trained_model import TrainedModel

MODEL = trained_on(*two_tastes())
DATA = MODEL.to_bytes()


def test_a_model_comes_back_as_it_was():
    again = TrainedModel.from_bytes(DATA)
    assert again.version == MODEL.version
    assert again.trained_at == MODEL.trained_at
    assert list(again.product_ids) == list(MODEL.product_ids)
    assert np.array_equal(again.product_vectors, MODEL.product_vectors)
    assert again.feature_space.names == MODEL.feature_space.names
    assert again.feature_space.price_edges == MODEL.feature_space.price_edges
    assert again.new_product_bias == MODEL.new_product_bias


def test_a_pickle_is_never_run():
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("code in the artifact was run",))

    with pytest.raises(CorruptModel):
        TrainedModel.from_bytes(pickle.dumps(Bomb()))
    file = io.BytesIO()
    np.savez(file, header=np.array([Bomb()], dtype=object))
    with pytest.raises(CorruptModel):
        TrainedModel.from_bytes(file.getvalue())


@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_a_flipped_byte_is_refused_or_changes_nothing(place, flip):
    damaged = bytearray(DATA)
    damaged[place] ^= flip
    try:
        again = TrainedModel.from_bytes(bytes(damaged))
    except CorruptModel:
        return
    assert np.array_equal(again.product_vectors, MODEL.product_vectors)


@given(st.binary(max_size=200))
def test_what_is_no_model_is_refused(data):
    with pytest.raises(CorruptModel):
        TrainedModel.from_bytes(data)


def test_arrays_that_do_not_fit_together_are_refused():
    with pytest.raises(CorruptModel, match=r"product_biases of model v1 has shape \(3,\)"):
        replace(MODEL, product_biases=np.zeros(3, np.float32))
    blend = replace(MODEL.blend, due_weights=np.zeros(3, np.float32))
    with pytest.raises(CorruptModel, match=r"due_weights of the blend of model v1 has shape \(3,"):
        replace(MODEL, blend=blend)


@pytest.mark.parametrize("name", ["neighbours", "partners", "attributes"])
def test_rows_that_do_not_exist_are_refused(name):
    with pytest.raises(CorruptModel, match=f"{name} of model v1 has rows that do not exist"):
        replace(MODEL, **{name: np.full_like(getattr(MODEL, name), 10_000)})


def test_what_is_bought_together_and_again_comes_back_as_it_was():
    again = TrainedModel.from_bytes(DATA)
    for name in ("partners", "partner_strength", "partner_support", "partner_lift"):
        assert np.array_equal(getattr(again, name), getattr(MODEL, name))
    for name in ("repeat_chances", "repeat_gap_days", "attributes", "attribute_values"):
        assert np.array_equal(getattr(again, name), getattr(MODEL, name))


def test_values_that_are_no_numbers_are_refused():
    with pytest.raises(CorruptModel, match="no number"):
        replace(MODEL, popularity=np.full_like(MODEL.popularity, np.nan))

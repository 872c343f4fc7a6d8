"""Taste, neighbours and popularity are weighed by what shoppers took to next."""

from dataclasses import replace

import numpy as np
import pytest
from builders import trained_on, two_tastes
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recommender.evaluation.splits import temporal_split
from recommender.learning import item_item
from recommender.learning.blend_learning import Lessons, learn, lessons
from recommender.learning.interactions import EventTable
from recommender.learning.item_item import MOST_NEIGHBOURS, neighbours
from recommender.model.blend import DUE_PARTS, PARTS, UNLEARNED, Blend


def made_up(shoppers=300, candidates=40, tells="neighbours", seed=1):
    """Lessons in which only one of the parts says what is taken next."""
    rng = np.random.default_rng(seed)
    parts = rng.normal(size=(shoppers, candidates, len(PARTS))).astype(np.float32)
    told = parts[:, :, PARTS.index(tells)]
    taken = told >= np.sort(told, axis=1)[:, -3:-2]
    ideal = np.full(shoppers, sum(1 / np.log2(n + 2) for n in range(3)))
    there = np.ones((shoppers, candidates), bool)
    due = np.zeros((shoppers, candidates, len(DUE_PARTS)), np.float32)
    away = np.ones(shoppers)
    return Lessons(parts, there, taken, ideal, rng.uniform(0, 5, shoppers), due, away)


def where_what_is_due_is_bought(*weights, tells="neighbours", seed=1):
    """Lessons in which shoppers buy by the plain score plus the parts of what is due, so many times
    each."""
    plain = made_up(seed=seed)
    rng = np.random.default_rng(seed)
    due = np.where(rng.random(plain.due.shape) < 0.3, rng.random(plain.due.shape), 0)
    score = plain.parts[:, :, PARTS.index(tells)] + due[:, :, : len(weights)] @ weights
    taken = score >= np.sort(score, axis=1)[:, -3:-2]
    return replace(plain, taken=taken, due=due.astype(np.float32))


@pytest.mark.parametrize("tells", PARTS)
def test_the_part_that_tells_what_is_taken_next_weighs_most(tells):
    blend = learn([made_up(tells=tells)])
    assert PARTS[int(np.abs(blend.weights).argmax())] == tells
    assert blend.weights[PARTS.index(tells)] > 0
    assert max(blend.quality.values()) > 0.9


def test_the_same_lessons_give_the_same_weights():
    first, second = learn([made_up()]), learn([made_up()])
    assert np.array_equal(first.weights, second.weights)


def test_windows_of_different_widths_are_learned_from_together():
    blend = learn([made_up(candidates=40), made_up(candidates=25, seed=2)])
    assert PARTS[int(blend.weights.argmax())] == "neighbours"


def test_a_shopper_who_could_be_shown_far_more_than_others_changes_nothing_for_them():
    narrow, wide = made_up(), made_up(shoppers=1, candidates=1_000, seed=2)
    both = learn([narrow, wide]).quality
    assert both == pytest.approx(learn([narrow, wide.of(np.arange(0))]).quality, abs=0.01)


def test_everybodys_candidates_are_looked_at_once_and_in_full():
    there = np.random.default_rng(1).random((300, 50)) < 0.5
    lessons = replace(made_up(candidates=50), there=np.sort(there, axis=1)[:, ::-1])
    counts, seen = lessons.there.sum(axis=1), []
    for rows, width in lessons.alike():
        assert counts[rows].max() == width
        seen += rows.tolist()
    assert sorted(seen) == list(range(300))


def test_too_few_shoppers_teach_nothing():
    assert learn([]) is UNLEARNED
    assert learn([made_up(shoppers=20)]) is UNLEARNED


def test_weights_change_with_the_size_of_a_history_without_a_step():
    blend = learn([made_up()])
    sizes = [blend.for_size(n) for n in range(1, 1_000)]
    steps = np.abs(np.diff(sizes, axis=0)).max()
    assert steps < 0.5 * np.abs(blend.slopes).max() + 1e-6


@pytest.mark.parametrize("weight", [1.5, 6.0, 24.0])
def test_what_it_counts_that_something_is_due_is_learned(weight):
    blend = learn([made_up()], [where_what_is_due_is_bought(weight)])
    scale = blend.weights[PARTS.index("neighbours")]
    assert weight / 2.5 < blend.due_weights[0] / scale < weight * 2.5
    assert np.array_equal(blend.weights, learn([made_up()]).weights)


def test_how_often_something_was_bought_counts_where_that_tells_more_than_its_rhythm():
    by_rhythm = learn([made_up()], [where_what_is_due_is_bought(6.0)]).due_weights
    by_number = learn([made_up()], [where_what_is_due_is_bought(1.0, 6.0)]).due_weights
    assert by_number[1] > 2 * by_number[0] > 0
    assert by_rhythm[1] < 0.5 * by_rhythm[0]


def test_lists_that_offer_what_was_bought_may_go_by_other_parts():
    one, other = PARTS.index("neighbours"), PARTS.index("age")
    blend = learn([made_up()], [where_what_is_due_is_bought(6.0, tells="age")])
    plain = blend.for_shopper(10, 1e6)
    again = blend.for_shopper(10, 1e6, offer_bought_again=True)
    assert np.array_equal(plain, learn([made_up()]).for_shopper(10, 1e6))
    assert again[other] / again[one] > plain[other] / plain[one] + 0.2


def test_too_few_who_buy_again_change_nothing_but_what_is_due():
    few = where_what_is_due_is_bought(6.0, tells="age").of(np.arange(100))
    blend = learn([made_up()], [few])
    assert not blend.where_bought.any()
    assert blend.due_weights[0] > 0


def test_a_blend_comes_back_as_it_was():
    blend = learn([made_up()], [where_what_is_due_is_bought(6.0, tells="age")])
    again = Blend.from_json(blend.to_json())
    for numbers in ("weights", "slopes", "where_bought", "due_weights"):
        assert np.array_equal(getattr(again, numbers), getattr(blend, numbers))
    assert again.size_mean == blend.size_mean


def test_a_window_of_a_shop_becomes_lessons():
    catalogue, events = two_tastes(shoppers=120)
    split = temporal_split(EventTable.of(events), catalogue, 0.3)
    model = trained_on(catalogue, [e for e in events if e.at < split.cut])
    found = lessons(model, split, history_length=100)
    assert len(found) == len(split.shoppers)
    assert found.parts.shape[2] == len(PARTS)
    assert not found.taken[~found.there].any()
    assert found.taken.any(axis=1).mean() > 0.9


@pytest.mark.parametrize("largest_ease", [8_000, 2])
def test_what_is_bought_together_leads_from_one_to_the_other(monkeypatch, largest_ease):
    """By EASE, and by BM25 in a catalogue that is too large for it."""
    monkeypatch.setattr(item_item, "LARGEST_EASE", largest_ease)
    bought = np.zeros((60, 5), np.float32)
    bought[:30, [0, 1]] = 1
    bought[30:, [2, 3]] = 1
    near = neighbours(sparse.csr_matrix(bought))
    leads = dict(zip(near.rows[0].tolist(), near.weights[0].tolist(), strict=True))
    assert max(leads, key=lambda row: leads[row]) == 1
    assert leads[1] > 10 * abs(leads.get(2, 0))
    assert 0 not in leads or leads[0] == 0


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 99))
def test_neighbours_of_any_shop_have_rows_that_exist(shoppers, products, seed):
    rng = np.random.default_rng(seed)
    matrix = sparse.csr_matrix((rng.random((shoppers, products)) < 0.4).astype(np.float32))
    near = neighbours(matrix)
    assert near.rows.shape == near.weights.shape
    assert near.rows.shape[0] == products
    assert near.rows.shape[1] <= MOST_NEIGHBOURS
    assert np.isfinite(near.weights).all()
    if near.rows.size:
        assert 0 <= near.rows.min() <= near.rows.max() < products


def test_a_slope_says_nothing_of_histories_longer_or_shorter_than_those_it_was_learned_from():
    blend = Blend(
        weights=np.array([1.0], np.float32),
        slopes=np.array([-1.0], np.float32),
        size_mean=1.0,
        size_deviation=0.1,
        quality={},
        smallest=-0.5,
        largest=0.5,
    )
    assert blend.for_size(10_000) == pytest.approx([0.5])
    assert blend.for_size(0) == pytest.approx([1.5])

"""Whether a model forgot who is asking."""

from dataclasses import replace

import numpy as np
from builders import SMALL, trained_on, two_tastes

from recommender.learning.interactions import EventTable
from recommender.learning.variety import Panel, Variety

CATALOGUE, EVENTS = two_tastes(shoppers=80)
PANEL = Panel.of(EventTable.of(EVENTS))
MODEL = trained_on(CATALOGUE, EVENTS)


def test_a_model_that_knows_two_tastes_is_sound():
    assert SMALL
    assert PANEL.variety(MODEL).collapse() is None


def test_vectors_that_vanished_are_a_collapse_whatever_popularity_says():
    vanished = replace(MODEL, product_vectors=MODEL.product_vectors * np.float32(0.001))
    assert "scores hardly differ" in PANEL.variety(vanished).collapse()


def test_lists_of_bestsellers_are_a_collapse_beside_a_model_that_covers_the_catalogue():
    sound, bestsellers = Variety(1.5, 0.3), Variety(0.5, 0.05)
    assert bestsellers.collapse() is None
    assert "cover 5.0% of the products, 30.0% would be sound" in bestsellers.collapse(sound)
    assert sound.collapse(bestsellers) is None


def test_the_lists_of_a_panel_leave_out_what_is_known():
    everything = Panel.of(EventTable.of(EVENTS), None, [np.arange(24)] * 80)
    lists = everything._lists(np.zeros((80, 24), np.float32), np.arange(24))
    for row, shown in enumerate(lists):
        known = everything.taste[[row]].indices
        assert not set(shown.tolist()) & set(known.tolist())

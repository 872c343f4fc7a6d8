"""Searches in MongoDB: kept trial by trial, and gone on with."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import CARD, NOW, trained_on, two_tastes

from recommender.learning.interactions import EventTable
from recommender.learning.training import Parameters
from recommender.learning.tuning import Ground, Outcome, Settled, Trial, parameters_of
from recommender.learning.variety import Variety
from recommender.mongo.models import attach, attached, forget_old, publish
from recommender.mongo.tuning import (
    FoundParameters,
    begin_or_go_on,
    found_parameters,
    store_settled,
    store_trial,
    trial_document,
    trial_of,
    trials_of,
)

CATALOGUE, EVENTS = two_tastes(shoppers=200)
GROUND = Ground.of(EventTable.of(EVENTS), CATALOGUE, 0.2)
VALUES = {"factors": 24, "l2": 0.0004}
DEFAULTS = Trial(0, {}, Outcome.FINISHED, 0.4)
FINISHED = Trial(2, VALUES, Outcome.FINISHED, 0.5, {3: 0.1, 6: 0.2}, Variety(1.5, 0.25), True, 12.5)
COLLAPSED = Trial(3, VALUES, Outcome.COLLAPSED, variety=Variety(0.1, 0.02), why="all the same")


@pytest.mark.parametrize("trial", [DEFAULTS, FINISHED, COLLAPSED], ids=lambda t: str(t.number))
def test_a_trial_survives_the_round_trip(trial):
    assert trial_of(trial_document(trial)) == trial


def test_trials_are_there_as_soon_as_they_are_stored_and_only_once(database):
    for trial in (COLLAPSED, DEFAULTS, FINISHED, FINISHED):
        store_trial(database, "s1", trial)
    assert trials_of(database, "s1") == [DEFAULTS, FINISHED, COLLAPSED]
    assert trials_of(database, "s2") == []


def test_a_search_goes_on_while_the_shop_is_nearly_the_same(database):
    begin_or_go_on(database, GROUND, 1, "s1", NOW)
    store_trial(database, "s1", FINISHED)
    again = begin_or_go_on(database, GROUND, 1, "s2", NOW + timedelta(hours=1))
    assert (again.search_id, list(again.trials)) == ("s1", [FINISHED])


def test_a_search_starts_anew_from_the_best_when_data_have_moved_on(database):
    begin_or_go_on(database, GROUND, 1, "s1", NOW)
    for trial in (DEFAULTS, FINISHED, COLLAPSED):
        store_trial(database, "s1", trial)
    fewer = EventTable.of(EVENTS[: int(len(EVENTS) * 0.9)])
    moved = begin_or_go_on(database, Ground.of(fewer, CATALOGUE, 0.2), 1, "s2", NOW)
    assert (moved.search_id, list(moved.trials), list(moved.starts)) == ("s2", [], [VALUES])


def test_another_seed_is_another_search(database):
    begin_or_go_on(database, GROUND, 1, "s1", NOW)
    assert begin_or_go_on(database, GROUND, 2, "s2", NOW).search_id == "s2"


def test_what_was_found_is_trained_with_until_a_search_finds_the_defaults_better(database):
    assert found_parameters(database) == FoundParameters(Parameters())
    begin_or_go_on(database, GROUND, 1, "s1", NOW)
    better = Settled(parameters_of(VALUES), FINISHED, DEFAULTS, 90, 0.1, 0.05, 0.15)
    found = store_settled(database, "s1", better, {"l2": 1.0}, 37, "v1", NOW)
    assert found == found_parameters(database)
    assert found.parameters == replace(Parameters(), factors=24, l2=0.0004)
    assert str(found) == f"found {NOW:%Y-%m-%d} by 37 trials"
    no_better = replace(better, parameters=Parameters(), why="no better")
    assert str(store_settled(database, "s1", no_better, {}, 40, "v2", NOW)) == "defaults"


def test_a_plot_is_kept_beside_the_model_and_goes_with_it(database):
    for n, version in enumerate(("v1", "v2")):
        model = trained_on(*two_tastes(), version=version)
        publish(database, replace(model, trained_at=NOW + timedelta(days=n)), **CARD)
        attach(database, version, "importances.svg", b"<svg/>")
    attach(database, "v2", "importances.svg", b"<svg>drawn anew</svg>")
    assert attached(database, "v2", "importances.svg") == b"<svg>drawn anew</svg>"
    assert forget_old(database, kept=1) == ["v1", "v1/importances.svg"]
    assert attached(database, "v1", "importances.svg") is None
    assert attached(database, "v2", "importances.svg")

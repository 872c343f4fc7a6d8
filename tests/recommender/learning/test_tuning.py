"""What a search for parameters promises."""

from dataclasses import replace
from itertools import count
from math import inf

import numpy as np
import pytest
from builders import two_tastes

from recommender.facts.errors import NotEnoughData
from recommender.learning import tuning
from recommender.learning.interactions import EventTable
from recommender.learning.learn import HowToLearn
from recommender.learning.training import Parameters
from recommender.learning.tuning import (
    HORIZON,
    Ground,
    Outcome,
    Range,
    Trial,
    best_of,
    importances,
    parameters_of,
    propose,
    search,
    settle,
)
from recommender.learning.variety import Variety

CATALOGUE, EVENTS = two_tastes(shoppers=200)
GROUND = Ground.of(EventTable.of(EVENTS), CATALOGUE, 0.2)
HOW = HowToLearn()


def searched(known=(), most_trials=7, **more):
    left = more.pop("seconds_left", lambda: inf)
    ground = more.pop("ground", GROUND)
    return search(ground, known, how=HOW, seconds_left=left, most_trials=most_trials, **more)


def facts(trials):
    """What does not hang on the clock."""
    return {number: replace(trial, seconds=0.0) for number, trial in trials.items()}


@pytest.fixture(scope="module")
def whole():
    return searched()


def test_the_defaults_are_the_first_trial(whole):
    assert parameters_of(whole[0].values) == Parameters()
    assert whole[0].quality > 0


def test_the_same_seed_tries_the_same_and_another_one_something_else(whole):
    assert facts(searched()) == facts(whole)
    assert searched(most_trials=2, seed=2)[1].values != whole[1].values


def test_processes_side_by_side_try_the_same(whole):
    assert facts(searched(processes=2, small_work=0)) == facts(whole)


def test_a_search_that_was_cut_short_goes_on_as_if_it_had_not_been(whole):
    came_later = []
    known = [trial for number, trial in whole.items() if number in (0, 1, 3)]
    assert facts(searched(known, ended=came_later.append)) == facts(whole)
    assert {trial.number for trial in came_later} == set(whole) - {0, 1, 3}


def test_every_second_trial_goes_by_vectors_that_are_there(whole):
    assert [whole[n].trained for n in range(7)] == [True, True, False, True, False, True, False]
    assert all(whole[n].values["l2"] == whole[0].values["l2"] for n in (2, 4))


def test_when_the_time_is_over_the_search_is_over_but_the_defaults_are_always_tried():
    assert list(searched(seconds_left=lambda: 0.0)) == [0]
    # Asked for the time once before each trial, and once after.
    clock = count()
    assert 0 < len(searched(most_trials=None, seconds_left=lambda: 8.0 - next(clock))) < 9


def test_a_hopeless_trial_is_given_up_early():
    good = [a_trial(n, 0.5, rungs={3: 0.4, 6: 0.5}) for n in range(9)]
    number = 2 * HORIZON + 1
    known = {trial.number: trial for trial in good}
    proposal = propose(number, known, GROUND.ranges, [], 1)
    assert proposal.stop_below == {3: 0.4, 6: 0.5}
    values = {**proposal.values, "epochs": 8}
    hopeless = replace(proposal, values=values, stop_below={3: 2.0})
    found = tuning.try_out(GROUND.first, hopeless, None, 1_000, lambda _done, _of: None)
    assert found.outcome is Outcome.PRUNED
    assert set(found.rungs) == {3}
    assert found.quality is None


def test_collapsed_parameters_never_win(monkeypatch):
    """However well their lists would score: bestsellers are what most shoppers buy."""
    monkeypatch.setitem(tuning.SEARCHED, "l2", Range(2e-5, 1.0))
    far_beyond = [{"l2": l2, "factors": 16, "epochs": 24} for l2 in (0.4, 0.5)]
    cliff = replace(GROUND, ranges={**GROUND.ranges, "l2": Range(2e-5, 1.0)})
    trials = searched(ground=cliff, starts=far_beyond, most_trials=3)
    assert [trials[n].values["l2"] for n in (1, 2)] == [0.4, 0.5]
    for number in (1, 2):
        assert trials[number].outcome is Outcome.COLLAPSED
        assert trials[number].variety.personal < 0.25
        assert "scores hardly differ" in trials[number].why
    assert best_of(trials.values()).number == 0


def test_learning_that_ran_away_is_a_collapse(monkeypatch):
    def ran_away(*arguments, **more):
        raise ValueError("Not all estimated parameters are finite, your model may have diverged.")

    monkeypatch.setattr(tuning, "train", ran_away)
    proposal = propose(0, {}, GROUND.ranges, [], 1)
    found = tuning.try_out(GROUND.first, proposal, None, 1_000, lambda _done, _of: None)
    assert (found.outcome, found.why) == (Outcome.COLLAPSED, "learning diverged")


def test_a_bestseller_list_is_a_collapse_beside_the_defaults(monkeypatch):
    collapsed = iter([Variety(2.0, 0.5), *[Variety(2.0, 0.1)] * 3])

    def variety(_panel, _model):
        return next(collapsed)

    monkeypatch.setattr("recommender.learning.variety.Panel.variety", variety)
    trials = searched(most_trials=3)
    assert trials[0].quality
    assert {trials[n].outcome for n in (1, 2)} == {Outcome.COLLAPSED}


def a_trial(number, quality, **more):
    known = {
        "values": tuning._defaults(GROUND.ranges),
        "outcome": Outcome.FINISHED,
        "quality": quality,
    }
    return Trial(number, **{**known, **more})


def test_the_defaults_stay_where_nothing_is_better():
    settled = settle(GROUND, {0: a_trial(0, 0.5), 1: a_trial(1, 0.4)}, how=HOW)
    assert not settled.found
    assert settled.parameters == Parameters()
    assert settled.why == "nothing was better on the first window"


@pytest.mark.parametrize(
    ("gain", "found"), [(0.2, True), (0.0, False), (-0.2, False)], ids=["better", "same", "worse"]
)
def test_the_best_replace_the_defaults_only_if_a_later_window_agrees(monkeypatch, gain, found):
    def judged(window, parameters, how, told):
        noise = np.random.default_rng(parameters.factors).normal(0, 0.1, 100)
        noise -= noise.mean()
        better = 0.0 if parameters == Parameters() else gain
        return 0.3 + better + noise, Variety(1.0, 0.5)

    monkeypatch.setattr(tuning, "judged_later", judged)
    lucky = a_trial(1, 0.6, values={**tuning._defaults(GROUND.ranges), "factors": 48})
    settled = settle(GROUND, {0: a_trial(0, 0.5), 1: lucky}, how=HOW)
    assert settled.found is found
    assert settled.parameters.factors == (48 if found else Parameters().factors)
    assert settled.low < settled.gain < settled.high


def test_the_windows_lie_one_after_the_other_before_the_end_of_the_training_period():
    first, second = GROUND.first, GROUND.second
    assert first.test.at.max() < second.test.at.min()
    assert second.test.at.max() <= EventTable.of(EVENTS).at.max()
    assert min(len(first.shoppers), len(second.shoppers)) >= 60


def test_a_shop_with_too_few_shoppers_is_told_that_the_defaults_are_good():
    few, events = two_tastes(shoppers=20)
    with pytest.raises(NotEnoughData, match=r"it takes 60\. Retrain without --tune"):
        Ground.of(EventTable.of(events), few, 0.2)


def test_a_large_shop_is_searched_on_a_sample_of_its_shoppers(monkeypatch):
    monkeypatch.setattr(tuning, "MOST_SEARCHED", 120)
    ground = Ground.of(EventTable.of(EVENTS), CATALOGUE, 0.2)
    assert len(np.unique(ground.first.train.shopper)) <= 120
    assert len(np.unique(ground.second.train.shopper)) > 120


def test_a_new_search_begins_with_the_best_of_the_last():
    start = {"factors": 48.0, "l2": 1e-4, "no longer a parameter": 3.0}
    proposal = propose(1, {0: a_trial(0, 0.5)}, GROUND.ranges, [start], 1)
    assert proposal.values["factors"] == 48
    assert proposal.values["l2"] == 1e-4
    assert proposal.values["epochs"] == Parameters().epochs


def test_no_trial_costs_much_more_than_the_defaults():
    known = {0: a_trial(0, 0.5)}
    for number in range(1, 40, 2):
        numbers = {**known, **{n: a_trial(n, 0.4) for n in range(1, number)}}
        values = propose(number, numbers, GROUND.ranges, [], 1).values
        assert values["factors"] * values["epochs"] <= 1.25 * 128 * 12


def test_what_decides_is_told(whole):
    rng = np.random.default_rng(1)
    trials = []
    for number in range(40):
        values = {**tuning._defaults(GROUND.ranges)}
        for name, range_ in GROUND.ranges.items():
            values[name] = range_.of(
                float(np.exp(rng.uniform(np.log(range_.low), np.log(range_.high))))
            )
        trials.append(a_trial(number, float(-np.log(values["l2"])), values=values))
    shares = importances(trials, GROUND.ranges)
    assert next(iter(shares)) == "l2"
    assert sum(shares.values()) == pytest.approx(1)
    assert importances(list(whole.values())[:3], GROUND.ranges) == {}

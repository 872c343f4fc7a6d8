"""The whole retrain, over a real database."""

import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from builders import NOW, SMALL, a_product, an_event, stock, two_tastes
from rich.console import Console
from rich.progress import Progress

from recommender.evaluation.curves import MEASURES
from recommender.evaluation.metrics import CUTOFFS
from recommender.facts.errors import InvalidInput, LeaseTaken, NotEnoughData, ProcessDied
from recommender.facts.events import EventType
from recommender.learning.trainer import Trainer
from recommender.learning.training import Parameters, train
from recommender.learning.tuning import Outcome, Settled, Trial, parameters_of
from recommender.model.blend import PARTS
from recommender.mongo.leases import lease
from recommender.mongo.models import attached, load, read_card, version_in_service
from recommender.mongo.tuning import (
    FoundParameters,
    found_parameters,
    store_settled,
    store_trial,
    trials_of,
)
from workers.retrain import ENGINE, ITEM_KNN, POPULARITY, retrain
from workers.tune import NO_PLOT, PLOT, Bounds, importance_plot, seconds_of, shown


def run(database, settings, **more):
    silent = Progress(console=Console(quiet=True))
    return retrain(database, settings, silent, **{"parameters": SMALL, "now": NOW, **more})


@pytest.fixture
def shop(database):
    catalogue, events = two_tastes(shoppers=120)
    stock(database, list(catalogue.values()), events)
    return catalogue, events


def test_a_model_is_trained_measured_published_and_put_in_service(database, settings, shop):
    report = run(database, settings)
    assert version_in_service(database) == report.version
    assert report.in_service
    card = read_card(database, report.version)
    assert card.product_count == 24
    newest = max(e.received_at for e in shop[1])
    assert timedelta(0) <= newest - card.trained_through < timedelta(milliseconds=1)
    assert set(report.metrics) == {ENGINE, POPULARITY, ITEM_KNN}
    assert card.metrics == report.metrics
    measures = {"precision", "recall", "f1", "map", "mrr", "ndcg", "hit_rate", "coverage"}
    for values in report.metrics.values():
        assert set(values) == {f"{m}@{k}" for m in measures for k in (10, 20)}
        assert all(0 <= v <= 1 for v in values.values())
    assert report.metrics[ENGINE]["ndcg@10"] > 1.2 * report.metrics[POPULARITY]["ndcg@10"]
    assert json.loads(json.dumps(report.as_dict()))["events"] == len(shop[1])


def test_how_sure_each_mean_of_the_model_is_is_kept_with_it(database, settings, shop):
    card = read_card(database, run(database, settings).version)
    means = {name for name in card.metrics[ENGINE] if not name.startswith("coverage")}
    assert set(card.bounds) == means
    for name, (low, high) in card.bounds.items():
        assert low <= card.metrics[ENGINE][name] <= high
    low, high = card.bounds["ndcg@10"]
    assert low < high


def test_how_sure_a_measure_is_at_every_length_is_kept_with_the_model(database, settings, shop):
    report = run(database, settings)
    card = read_card(database, report.version)
    assert set(card.curves) == {ENGINE, POPULARITY, ITEM_KNN}
    for model, measures in card.curves.items():
        assert set(measures) == set(MEASURES)
        for measure, curve in measures.items():
            assert len(curve["mean"]) == max(CUTOFFS)
            for k in CUTOFFS:
                mean = card.metrics[model][f"{measure}@{k}"]
                assert curve["mean"][k - 1] == pytest.approx(mean, abs=1e-5)
                assert curve["low"][k - 1] <= mean + 1e-5 <= curve["high"][k - 1] + 2e-5


def test_the_same_events_give_the_same_numbers(database, settings, shop):
    first = run(database, settings)
    second = run(database, settings, now=NOW + timedelta(hours=1))
    assert first.metrics == second.metrics
    a, b = (load(database, r.version) for r in (first, second))
    assert (a.product_vectors == b.product_vectors).all()


def test_ratings_are_measured_where_there_are_any(database, settings, shop):
    ratings = [
        an_event(
            f"cook-{n}",
            f"kitchen-{n % 12}",
            EventType.RATING,
            days_ago=float(n % 60),
            rating=float(3 + n % 3),
        )
        for n in range(60)
    ]
    stock(database, [], ratings)
    report = run(database, settings)
    assert list(report.rating_errors) == ["mean", "biases", "biases + factors"]
    assert "held-out ratings by biases: RMSE" in report.table().caption


def test_a_worse_model_is_kept_but_not_put_in_service(database, settings, shop, monkeypatch):
    """One whose training mixed the products up."""
    first = run(database, settings)
    later = NOW + timedelta(days=30)
    went_on = [
        an_event(
            f"{person}-{n}",
            f"{kind}-{(n + k) % 12}",
            EventType.PURCHASE,
            at=later - timedelta(days=k),
            received_at=later,
        )
        for person, kind in (("cook", "kitchen"), ("gardener", "garden"))
        for n in range(60)
        for k in range(6)
    ]
    stock(database, [], went_on)

    def mixed_up(*arguments, **options):
        model = train(*arguments, **options)
        return replace(model, product_ids=[*model.product_ids[7:], *model.product_ids[:7]])

    monkeypatch.setattr("recommender.learning.trainer.train", mixed_up)
    second = run(database, settings, now=later)
    assert not second.in_service
    assert second.since_last_model["shoppers"] > 100
    assert version_in_service(database) == first.version
    assert load(database, second.version).version == second.version
    forced = run(database, settings, now=later + timedelta(hours=1), force=True)
    assert version_in_service(database) == forced.version


def test_a_shop_that_goes_on_as_before_gets_its_new_model_every_night(database, settings, shop):
    first = run(database, settings)
    tonight = NOW + timedelta(days=1)
    today = [
        an_event(
            f"{person}-{n}", f"{kind}-{n % 12}", EventType.PURCHASE, at=tonight, received_at=tonight
        )
        for person, kind in (("cook", "kitchen"), ("gardener", "garden"))
        for n in range(60)
    ]
    stock(database, [], today)
    second = run(database, settings, now=tonight)
    assert second.since_last_model["shoppers"] >= 30
    assert version_in_service(database) == second.version != first.version


def test_the_blend_is_learned_and_told(database, settings, shop):
    report = run(database, settings)
    assert set(report.blend) == set(PARTS)
    model = load(database, report.version)
    assert model.blend.quality
    assert max(model.blend.quality.values()) >= model.blend.quality["unlearned"]


def test_the_model_in_service_is_only_judged_on_what_it_cannot_have_learned(
    database, settings, shop
):
    first = run(database, settings)
    second = run(database, settings, now=NOW + timedelta(hours=1))
    assert second.since_last_model is None
    assert f"Not compared with model {first.version}" in " ".join(second.verdict)


def test_old_models_are_forgotten(database, settings, shop, mongodb_uri, tmp_path):
    kept = settings.model_copy(update={"kept_models": 2})
    versions = [run(database, kept, now=NOW + timedelta(hours=n)).version for n in range(3)]
    assert load(database, versions[2])
    assert database["model_files.files"].count_documents({}) == 2
    assert read_card(database, versions[0]).metrics


def test_only_one_retrain_at_a_time(database, settings, shop):
    with lease(database, "retrain", 30), pytest.raises(LeaseTaken):
        run(database, settings)
    assert version_in_service(database) is None


@pytest.mark.parametrize(
    ("products", "events", "message"),
    [
        ([], [], "There are no events in the database"),
        ([], [an_event("ann", "mug")], "but no products"),
        ([a_product("mug")], [an_event("ann", "mug")], "too little to learn from"),
    ],
)
def test_an_empty_or_tiny_shop_is_told_what_it_lacks(database, settings, products, events, message):
    if products:
        stock(database, products)
    if events:
        stock(database, [], events)
    with pytest.raises(NotEnoughData, match=message):
        run(database, settings)
    assert database["models"].count_documents({}) == 0


def test_a_window_leaves_older_events_out(database, settings, shop):
    recent = settings.model_copy(update={"retrain_window_days": 20})
    assert 0 < run(database, recent).events < len(shop[1])


def test_a_damaged_model_in_service_does_not_keep_a_new_one_out(database, settings, shop):
    first = run(database, settings)
    database["model_files.chunks"].delete_many({})
    stock(
        database,
        [],
        [
            an_event(f"cook-{n}", f"kitchen-{n % 12}", EventType.PURCHASE, at=NOW, received_at=NOW)
            for n in range(50)
        ],
    )
    second = run(database, settings, now=NOW + timedelta(hours=1))
    assert version_in_service(database) == second.version != first.version


def test_a_shop_that_never_searched_trains_with_the_defaults(database, settings, shop):
    report = run(database, settings, parameters=None)
    assert report.parameters_from == "defaults"
    assert report.parameters == asdict(Parameters())
    assert report.tuning is None
    assert read_card(database, report.version).search is None


BETTER = Trial(3, {"factors": 24.0, "epochs": 6.0}, Outcome.FINISHED, 0.5)


def test_the_found_parameters_are_used_by_the_next_retrain(database, settings, shop):
    defaults = replace(BETTER, number=0, values={}, quality=0.4)
    settled = Settled(parameters_of(BETTER.values), BETTER, defaults, 90, 0.1, 0.05, 0.15)
    store_settled(database, "a search", settled, {}, 37, "v1", NOW)
    report = run(database, settings, parameters=None)
    assert report.parameters_from == f"found {NOW:%Y-%m-%d} by 37 trials"
    model = load(database, report.version)
    assert model.product_vectors.shape[1] == model.parameters["factors"] == 24
    assert read_card(database, report.version).search == "a search"


def test_a_search_comes_first_and_all_of_it_is_kept_with_the_model(database, settings, shop):
    report = run(database, settings, parameters=None, tuning=Bounds(trials=9))
    assert report.tuning["trials"] == 9
    assert any(line.startswith("Tuning: 9 trials") for line in report.verdict)
    trials = trials_of(database, report.version)
    assert [trial.number for trial in trials] == list(range(9))
    assert read_card(database, report.version).search == (
        report.version if report.tuning["found"] else None
    )
    latest = shown(database)
    assert latest.search["importances"] == report.tuning["importances"] != {}
    assert latest.search["version"] == report.version
    assert len(latest.table().rows) == 9
    narrow = Console(width=80, record=True, file=io.StringIO())
    narrow.print(latest.table())
    assert "…" not in narrow.export_text()
    json.dumps([report.as_dict(), latest.as_dict()])
    drawn = attached(database, report.version, PLOT)
    assert (drawn is not None) is report.tuning["plotted"] is latest.has_plot
    assert (NO_PLOT in report.verdict[0]) is not report.tuning["plotted"]


def test_what_matters_is_drawn_where_there_is_something_to_draw_with(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert importance_plot({"l2": 1.0}) is None
    monkeypatch.undo()
    pytest.importorskip("matplotlib")
    drawn = importance_plot({"l2": 0.75, "half_life_days": 0.25})
    assert b"<svg" in drawn
    assert drawn == importance_plot({"l2": 0.75, "half_life_days": 0.25})
    assert importance_plot({}) is None


def test_a_killed_search_goes_on_where_it_was(database, settings, shop, monkeypatch):
    stored = []

    def store(database, search_id, trial):
        if len(stored) == 4:
            raise KeyboardInterrupt
        store_trial(database, search_id, trial)
        stored.append(trial)

    monkeypatch.setattr("workers.tune.store_trial", store)
    with pytest.raises(KeyboardInterrupt):
        run(database, settings, parameters=None, tuning=Bounds(trials=6))
    assert database["leases"].count_documents({}) == 0
    assert database["models"].count_documents({}) == 0
    assert found_parameters(database).search is None
    monkeypatch.undo()
    report = run(
        database, settings, parameters=None, tuning=Bounds(trials=6), now=NOW + timedelta(hours=1)
    )
    assert database["searches"].count_documents({}) == 1
    trials = trials_of(database, report.tuning["search"])
    assert [trial.number for trial in trials] == list(range(6))
    assert [trial for trial in trials if trial.number < 4] == stored


def test_what_the_model_is_measured_on_is_not_searched_on(database, settings, shop, monkeypatch):
    known = []

    def tuned(database, table, products, *rest, **more):
        known.append(table)
        return FoundParameters(SMALL), {"trials": 0, "found": True, "best": 0, "defaults": 0} | {
            "pruned": 0,
            "collapsed": 0,
            "importances": {},
            "second_window": {"shoppers": 0},
        }

    monkeypatch.setattr("workers.retrain.tune", tuned)
    report = run(database, settings, tuning=Bounds(seconds=1))
    held_out = datetime.fromisoformat(report.held_out_from).timestamp() * 1000
    assert known[0].at.max() < held_out


def test_a_model_of_everything_that_collapsed_is_not_put_in_service(
    database, settings, shop, monkeypatch
):
    def vanished(table, *arguments, **more):
        model = train(table, *arguments, **more)
        whole = len(table) == len(shop[1])
        return replace(model, product_vectors=model.product_vectors * (1e-4 if whole else 1))

    monkeypatch.setattr("recommender.learning.trainer.train", vanished)
    report = run(database, settings)
    assert "The model of everything has collapsed" in " ".join(report.verdict)
    assert not report.in_service
    assert version_in_service(database) is None
    assert run(database, settings, force=True, now=NOW + timedelta(hours=1)).in_service


def a_died_training(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_training_whose_process_dies_says_so_and_publishes_nothing(
    database, settings, shop, monkeypatch
):
    monkeypatch.setattr("recommender.learning.trainer.timed_training", a_died_training)
    monkeypatch.setattr("workers.retrain.Trainer", partial(Trainer, small_work=0))
    with pytest.raises(ProcessDied, match=r"Training on .* ended by SIGKILL"):
        run(database, settings)
    assert database["models"].count_documents({}) == 0
    assert database["leases"].count_documents({}) == 0


def test_a_time_to_search_for_is_read_or_refused():
    assert [seconds_of(text) for text in ("90s", "20m", "1h")] == [90, 1_200, 3_600]
    for wrong in ("20", "m", "-5m", "0m", "20 minutes", ""):
        with pytest.raises(InvalidInput, match=f"such as 90s, 20m or 1h, not '{wrong}'"):
            seconds_of(wrong)


def command(settings, *arguments):
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "workers", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={
            "MONGODB_URI": settings.mongodb_uri,
            "MONGODB_DATABASE": settings.mongodb_database,
            "PATH": "/usr/bin:/bin",
            "COLUMNS": "200",
            "MONGODB_TIMEOUT_SECONDS": "2",
        },
    )


def test_the_command_prints_a_table_and_json_and_recommends(database, settings, shop):
    done = command(settings, "retrain")
    assert done.returncode == 0, done.stderr
    assert "ndcg@10" in done.stdout
    assert "It is in service." in done.stdout
    done = command(settings, "retrain", "--json")
    assert json.loads(done.stdout)["metrics"][ENGINE]["recall@20"] > 0
    done = command(settings, "recommend", "--user-id", "cook-0", "--limit", "3", "--json")
    shelf = json.loads(done.stdout)
    assert [r["rank"] for r in shelf["recommendations"]] == [1, 2, 3]
    assert all(r["product_id"].startswith("kitchen") for r in shelf["recommendations"])
    done = command(settings, "recommend", "--user-id", "cook-0")
    assert "Because you bought" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["retrain"], "There are no events in the database"),
        (["recommend", "--user-id", "ann"], "There are no products in the database"),
        (["retrain", "--tune", "20"], "--tune must be a time such as 90s, 20m or 1h, not '20'"),
        (["tuning"], "Nothing was searched yet"),
        (["recommend", "--user-id", ""], "user_id must be 1 to 128 characters"),
        (["recommend", "--user-id", "ann", "--limit", "0"], "limit must be 1 to 100, not 0"),
    ],
)
def test_a_command_that_cannot_do_its_work_says_why_and_fails(
    database, settings, arguments, message
):
    done = command(settings, *arguments)
    assert done.returncode == 1
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_database_that_cannot_be_reached_is_said_plainly(settings):
    nowhere = settings.model_copy(update={"mongodb_uri": "mongodb://who:secret@127.0.0.1:9/"})
    done = command(nowhere, "retrain")
    assert done.returncode == 1
    assert "Cannot reach MongoDB at 127.0.0.1:9" in " ".join(done.stderr.split())
    assert "secret" not in done.stderr


def test_a_wrong_setting_is_named(settings):
    done = subprocess.run(
        [sys.executable, "-m", "workers", "retrain"],
        capture_output=True,
        text=True,
        check=False,
        env={"LEASE_SECONDS": "soon", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 1
    assert "LEASE_SECONDS='soon'" in done.stderr

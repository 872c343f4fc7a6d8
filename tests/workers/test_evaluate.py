"""The whole evaluation, over files and over a real database."""

import csv
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from builders import NOW, SMALL, an_event, settings_for, stock, two_tastes
from rich.console import Console
from rich.progress import Progress

from recommender.evaluation.baselines import AGAIN, BASELINES
from recommender.evaluation.lists import engine_lists
from recommender.evaluation.split_kind import SplitKind
from recommender.evaluation.splits import leave_last_out_split, temporal_split
from recommender.facts.errors import InvalidInput, NotEnoughData
from recommender.facts.events import EventType
from recommender.learning.interactions import EventTable
from recommender.learning.learn import HowToLearn, Windows, learn
from recommender.learning.trainer import Trainer
from workers.__main__ import app
from workers.evaluate import (
    CONTENT_KNN,
    ENGINE,
    KNOWING,
    LIGHTFM,
    LIGHTFM_PURE,
    MODELS,
    Question,
    evaluate,
    named_files,
    split_of,
    windows_like,
)
from workers.evaluation_files import Shop

QUICK = (ENGINE, "popularity", "item-knn")


def a_shop(**more):
    catalogue, events = two_tastes(shoppers=160)
    table = EventTable.of(events)
    nothing = np.zeros(len(table), bool)
    known = {"is_test": nothing, "orders": np.full(len(table), -1, np.int32)}
    return Shop(**{"table": table, "products": catalogue, **known, **more})


def run(shop, settings, **more):
    question = Question(**{"parameters": SMALL, "models": QUICK, **more})
    return evaluate(shop, question, settings, Progress(console=Console(quiet=True)))


@pytest.fixture
def settings(tmp_path):
    return settings_for("", "shop", tmp_path)


def ndcg(evaluation, view=0):
    return {name: r.means["ndcg@10"] for name, r in evaluation.views[view].results.items()}


def test_our_engine_is_measured_beside_every_baseline(settings):
    pytest.importorskip("implicit")
    found = run(a_shop(), settings, models=())
    assert set(ndcg(found)) == {ENGINE, LIGHTFM, LIGHTFM_PURE, *BASELINES}
    assert not found.left_out
    best = ndcg(found)
    assert min(best[ENGINE], best[LIGHTFM]) > 1.2 * best["popularity"] > best["random"]
    assert found.views[0].differences("ndcg@10")["random"].low > 0


def test_what_is_evaluated_is_what_learning_finds_and_the_engine_serves(settings):
    shop = a_shop()
    found = run(shop, settings)
    split = temporal_split(shop.table, shop.products, settings.held_out_share)
    with Trainer("the same", NOW, replace(SMALL, seed=1)) as trainer:
        how = HowToLearn(settings.history_length, settings.held_out_share)
        model = learn(split.train, split.products, trainer, how)
    lists = engine_lists(model, split, settings.history_length)
    assert np.array_equal(found.views[0].results[ENGINE].lists, lists)


@pytest.mark.parametrize("kind", [k for k in SplitKind if k is not SplitKind.GIVEN])
def test_every_split_can_be_asked_for(settings, kind):
    found = run(a_shop(), settings, split=kind)
    assert found.kind is kind
    for view in range(len(found.views)):
        assert ndcg(found, view)[ENGINE] >= ndcg(found, view)["popularity"]


def test_new_products_are_ranked_among_themselves_and_in_the_whole_catalogue(settings):
    found = run(a_shop(), settings, split=SplitKind.COLD_PRODUCTS, models=(ENGINE, CONTENT_KNN))
    among, whole = found.views
    assert (among.name, whole.name) == ("among the new products", "in the whole catalogue")
    cold = set(np.flatnonzero(among.split.on_offer).tolist())
    lists = among.results[ENGINE].lists
    assert set(lists[lists >= 0].tolist()) == cold
    assert ndcg(found, 0)[CONTENT_KNN] > ndcg(found, 1)[CONTENT_KNN] > 0


def test_shoppers_never_in_training_are_judged_beside_themselves_in_training(settings):
    found = run(a_shop(), settings, split=SplitKind.COLD_SHOPPERS, models=(ENGINE, KNOWING))
    (view,) = found.views
    by_time = run(a_shop(), settings, models=(ENGINE,)).views[0]
    assert list(view.split.shoppers) == list(by_time.split.shoppers)
    knowing = view.results[KNOWING].lists
    assert np.array_equal(knowing, by_time.results[ENGINE].lists)
    assert not np.array_equal(knowing, view.results[ENGINE].lists)
    assert KNOWING in view.differences("ndcg@10")


@pytest.mark.parametrize(
    ("kind", "windows"),
    [
        (SplitKind.TEMPORAL, Windows.BY_TIME),
        (SplitKind.RANDOM, Windows.SHARE_OF_EACH),
        (SplitKind.NEXT_BASKET, Windows.ORDER_OF_EACH),
    ],
)
def test_our_engine_learns_for_the_moments_at_which_lists_are_made(settings, kind, windows):
    _, split = split_of(a_shop(), Question(split=kind), settings)
    assert windows_like(split) is windows


@pytest.mark.parametrize(
    ("days_between", "windows"), [(0.01, Windows.LATEST_OF_EACH), (2, Windows.ORDER_OF_EACH)]
)
def test_where_shoppers_came_one_after_the_other_it_learns_what_each_took_last(
    days_between, windows
):
    catalogue, _ = two_tastes()
    events = [
        an_event(f"s{n}", f"kitchen-{(n + item) % 12}", EventType.PURCHASE, n - days_between * item)
        for n in range(20, 300)
        for item in range(5)
    ]
    split = leave_last_out_split(EventTable.of(events), catalogue)
    assert windows_like(split) is windows


def test_what_was_bought_before_may_be_asked_for_again(settings):
    _, events = two_tastes(shoppers=160)
    again = [
        an_event(e.shopper_id.removeprefix("user:"), e.product_id, EventType.PURCHASE)
        for e in events[::3]
    ]
    table = EventTable.of([*events, *again])
    shop = a_shop(table=table, orders=np.full(len(table), -1, np.int32))
    found = run(shop, settings, repeats=True, models=(*QUICK, *AGAIN))
    assert ndcg(found)["bought-again"] > 1.5 * ndcg(found)["popularity"]
    view = found.views[0]
    lists, known = view.results[ENGINE].lists, view.split.known
    shopper = view.split.shoppers[0]
    assert set(lists[0]) & set(known.product[known.shopper == shopper].tolist())


def test_a_shop_without_time_is_evaluated_on_a_random_share(settings):
    _, events = two_tastes(shoppers=160)
    timeless = EventTable.of(replace(e, at=NOW, received_at=NOW) for e in events)
    found = run(a_shop(table=timeless), settings)
    assert found.kind is SplitKind.RANDOM
    assert ndcg(found)[ENGINE] > 1.2 * ndcg(found)["popularity"]
    with pytest.raises(NotEnoughData, match=r"All events bear one moment.*--split random"):
        run(a_shop(table=timeless), settings, split=SplitKind.TEMPORAL)


def test_over_seeds_there_is_a_mean_and_a_deviation(settings):
    found = run(a_shop(), settings, seeds=3)
    ours = found.views[0].results[ENGINE]
    each = [quality.means["ndcg@10"] for quality in ours.qualities]
    assert len(set(each)) == 3
    assert ours.means["ndcg@10"] == pytest.approx(np.mean(each))
    assert ours.deviations["ndcg@10"] == pytest.approx(np.std(each, ddof=1))
    assert not found.views[0].results["popularity"].deviations


def test_what_cannot_be_measured_is_left_out_with_its_reason(settings, monkeypatch):
    monkeypatch.setitem(sys.modules, "implicit.cpu.als", None)
    found = run(a_shop(), settings, models=("popularity", "als"))
    assert set(ndcg(found)) == {"popularity"}
    assert "implicit is not installed" in found.left_out["als"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"k": "5,ten"}, "--k must be whole numbers such as 5,10,20, not '5,ten'"),
        ({"k": "0"}, "--k must be lengths of 1 to 100"),
        ({"models": "engine,magic"}, "--models knows no 'magic': engine, engine-knowing, random"),
        ({"seeds": 0}, "--seeds must be 1 or more, not 0"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(wrong, message):
    usual = {"split": None, "k": "5,10", "models": "", "seeds": 1, "repeats": False}
    with pytest.raises(InvalidInput, match=message):
        Question.read(**{**usual, **wrong})
    assert Question.read(**usual).cutoffs == (5, 10)


def test_files_that_do_not_go_together_are_refused(tmp_path):
    one, two = tmp_path / "a.csv", tmp_path / "b.csv"
    assert named_files(None, None, None) is None
    assert named_files(one, None, None) == (one, None)
    assert named_files(None, one, two) == (one, two)
    with pytest.raises(InvalidInput, match="must be given together"):
        named_files(None, one, None)
    with pytest.raises(InvalidInput, match="goes alone"):
        named_files(one, one, two)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    catalogue, events = two_tastes(shoppers=160)
    rows = [(e.shopper_id, e.product_id, "purchase", e.at.isoformat()) for e in events]
    header = ("user_id", "item_id", "event", "timestamp")
    for name, part in (("all", rows), ("train", rows[:600]), ("test", rows[600:])):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([header, *part])
    with (folder / "products.csv").open("w", newline="") as file:
        told = [(p.product_id, p.name, p.brand, p.categories[0]) for p in catalogue.values()]
        csv.writer(file).writerows([("item_id", "name", "brand", "category"), *told])
    return folder


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    """`python -m workers evaluate` in this process: how it ended, and what it printed."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))

    def ran(*arguments):
        with pytest.raises(SystemExit) as ended:
            app(["evaluate", *map(str, arguments)])
        printed = capsys.readouterr()
        return ended.value.code, printed.out, " ".join(printed.err.split())

    return ran


def test_the_same_command_twice_prints_the_same_numbers(files):
    named = {"events": files / "all.csv", "products": files / "products.csv"}
    arguments = [f"--{name}={value}" for name, value in named.items()]
    arguments.append(f"--models={','.join(QUICK)}")
    first, second = (
        subprocess.run(
            [sys.executable, "-W", "error", "-m", "workers", "evaluate", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/bin:/bin", "DATA_DIR": str(files)},
        )
        for _ in range(2)
    )
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    assert "temporal split: " in first.stdout
    assert "NDCG@10 by segment" in first.stdout
    assert "less item-kNN cosine" in first.stdout
    assert "…" not in first.stdout  # no figure is cut off


def test_a_given_split_of_files_without_a_catalogue(files, command):
    _, out, _ = command(
        *("--train", files / "train.csv", "--test", files / "test.csv"),
        *("--models", "engine,popularity", "--k", "3", "--json"),
    )
    found = json.loads(out)
    assert found["split"] == "given"
    models = found["views"][0]["models"]
    assert models["engine"]["means"]["recall@3"] > models["popularity"]["means"]["recall@3"]
    low, high = models["engine"]["intervals"]["recall@3"]
    assert low < models["engine"]["means"]["recall@3"] < high


def test_pictures_are_drawn(files, command, tmp_path):
    pytest.importorskip("matplotlib")
    folder = tmp_path / "plots"
    code, _, err = command(
        *("--events", files / "all.csv", "--products", files / "products.csv"),
        *("--models", "popularity,item-knn", "--plots", folder),
    )
    assert code == 0, err
    drawn = sorted(path.name for path in folder.iterdir())
    assert drawn == ["temporal-by-length.png", "temporal-coverage.png", "temporal-segments.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.iterdir())


def test_the_shop_in_mongodb_is_evaluated(database, mongodb_uri, command, monkeypatch):
    catalogue, events = two_tastes(shoppers=160)
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("MONGODB_DATABASE", database.name)
    code, _, err = command("--models", "popularity")
    assert code == 1
    assert "There are no events in the database" in err
    stock(database, list(catalogue.values()), events)
    code, out, err = command("--models", "popularity", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["events"] == len(events)
    assert found["views"][0]["models"]["popularity"]["means"]["recall@10"] > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--train", "train.csv"], "--train FILE and --test FILE must be given together"),
        (["--events", "none.csv"], "none.csv does not exist"),
        (["--events", "all.csv", "--split", "given"], "--split given goes with --train FILE"),
        (["--events", "all.csv", "--models", "magic"], "--models knows no 'magic'"),
    ],
)
def test_a_command_that_cannot_do_its_work_says_why(files, command, arguments, message):
    code, out, err = command(*(files / a if a.endswith(".csv") else a for a in arguments))
    assert (code, out) == (1, "")
    assert message in err


def test_every_model_has_a_title_of_its_own():
    assert len({contender.title for contender in MODELS.values()}) == len(MODELS)

"""Learn from what is in MongoDB, measure it, and put it in service if it is not worse."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymongo.database import Database
from rich.progress import Progress
from rich.table import Table

from recommender.blend import PARTS, Blend
from recommender.blend_learning import Lessons, learn, lessons
from recommender.catalog import Product
from recommender.errors import CorruptModel, LeaseTaken, NoModel, NotEnoughData
from recommender.evaluation.baselines import item_knn_lists, popularity_lists
from recommender.evaluation.intervals import difference
from recommender.evaluation.lists import engine_lists
from recommender.evaluation.metrics import CUTOFFS, MEASURES, Quality, judge
from recommender.evaluation.splits import Split, split_at, temporal_split
from recommender.evaluation.stars import rating_errors
from recommender.interactions import EventTable
from recommender.mongo.documents import EVENTS, Document, utc
from recommender.mongo.event_table import read_events
from recommender.mongo.leases import lease
from recommender.mongo.models import (
    forget_old,
    load,
    publish,
    put_in_service,
    read_card,
    version_in_service,
)
from recommender.mongo.products import read_products
from recommender.settings import Settings
from recommender.trained_model import TrainedModel
from recommender.training import Parameters, train

ENGINE = "our engine"
POPULARITY = "popularity"
ITEM_KNN = "item-knn"

DECIDING = "ndcg@10"
"""The measure that says which of two models is better."""
FEWEST_JUDGES = 30
"""Held-out shoppers it takes to call one model worse than another."""


@dataclass
class Report:
    """What a retrain did, for people and for machines."""

    version: str
    events: int = 0
    products: int = 0
    shoppers: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    """Of each stage."""
    blend: dict[str, float] = field(default_factory=dict)
    """What each part of a personal score weighs, in the model that was published."""
    held_out_from: str | None = None
    held_out_shoppers: int = 0
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    """Model or baseline -> measure -> value, all on the same held-out events."""
    rating_errors: dict[str, float] | None = None
    since_last_model: dict[str, float] | None = None
    """This model against the one in service, on what happened after that one was trained."""
    in_service: bool = False
    verdict: list[str] = field(default_factory=list)
    """Why the model is in service, or is not."""
    forgotten: list[str] = field(default_factory=list)
    """Old models whose arrays were removed."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure how long a stage takes."""
        start = time.monotonic()
        try:
            yield
        finally:
            spent = self.seconds.get(name, 0.0) + time.monotonic() - start
            self.seconds[name] = round(spent, 3)

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return dict(vars(self))

    def table(self) -> Table:
        """Measures as rows, models as columns."""
        table = Table(title=f"Model {self.version}", caption=self._caption())
        table.add_column("")
        for name in self.metrics:
            table.add_column(name, justify="right", style="bold" if name == ENGINE else None)
        for k in CUTOFFS:
            for measure in MEASURES:
                name = f"{measure}@{k}"
                cells = [f"{values[name]:.4f}" for values in self.metrics.values()]
                table.add_row(name, *cells, end_section=measure == MEASURES[-1])
        return table

    def _caption(self) -> str:
        lines = []
        if self.held_out_from:
            lines.append(
                f"{self.held_out_shoppers} shoppers, judged on what they bought from "
                f"{self.held_out_from[:10]} on and had not bought before"
            )
        if self.rating_errors:
            lines.append(
                "{ratings} held-out ratings: RMSE {rmse:.3f} stars by shopper and product biases, "
                "{rmse_of_mean:.3f} by the mean alone".format(**self.rating_errors)
            )
        return "\n".join(lines)


def retrain(
    database: Database[Document],
    settings: Settings,
    progress: Progress,
    *,
    parameters: Parameters | None = None,
    force: bool = False,
    now: datetime | None = None,
) -> Report:
    """The whole retrain, under a lease.

    Args:
        database: the shop's.
        settings: window, held-out share, threads, models kept.
        progress: where its bars are drawn.
        parameters: of the training; None for the defaults.
        force: put the model in service even if it is worse.
        now: UTC; None for the clock's.

    Raises:
        LeaseTaken: if another retrain is under way.
        NotEnoughData: if there is too little to learn from.
    """
    now = now or datetime.now(UTC)
    report = Report(version=now.strftime("%Y%m%dT%H%M%S.%fZ"))
    parameters = parameters or Parameters()
    with lease(database, "retrain", settings.lease_seconds) as held:
        with report.stage("read"):
            table, products, through = _read(database, settings, progress, now)
        report.events, report.products = len(table), len(products)
        report.shoppers = len(table.shoppers)

        def train_on(what: str, events: EventTable, sold: Mapping[str, Product]) -> TrainedModel:
            with report.stage(what.lower()), _bar(progress, what) as advance:
                return train(
                    events,
                    sold,
                    version=report.version,
                    trained_at=now,
                    parameters=parameters,
                    threads=settings.training_threads,
                    progress=advance,
                )

        worse = False
        windows: list[Lessons] = []
        try:
            split = temporal_split(table, products, settings.held_out_share)
            windows = _window_before(split, settings, report, train_on)
            earlier = train_on("Training on the earlier part", split.train, split.products)
        except NotEnoughData as error:
            report.verdict.append(f"Not measured: {error}")
        else:
            earlier = replace(earlier, blend=_learn(windows, progress, report))
            with report.stage("measuring"):
                worse = _measure(earlier, split, parameters, settings, progress, report)
            worse |= _compare(database, table, products, earlier.blend, settings, report, train_on)
            with report.stage("learning the blend"):
                windows.append(lessons(earlier, split, settings.history_length))

        blend = _learn(windows, progress, report)
        report.blend = dict(zip(PARTS, blend.weights.tolist(), strict=True))
        model = replace(train_on("Training on everything", table, products), blend=blend)
        with report.stage("publishing"):
            # Asleep for too long, we may no longer be the only one: then the other one publishes.
            if not held.still_held():
                raise LeaseTaken("The lease was lost meanwhile, so this model is not published.")
            publish(
                database,
                model,
                trained_through=through,
                algorithm="LightFM hybrid, EASE and popularity, blended",
                shopper_count=int(model.parameters["shoppers"]),
                product_count=len(model.product_ids),
                interaction_count=int(model.parameters["pairs"]),
                training_seconds=report.seconds["training on everything"],
                metrics=report.metrics,
            )
            # A large upload takes long enough to lose it once more.
            if not held.still_held():
                raise LeaseTaken("The lease was lost meanwhile: not put in service.")
            report.in_service = force or not worse
            if report.in_service:
                put_in_service(database, report.version, now)
            report.forgotten = forget_old(database, settings.kept_models)
    return report


def _read(
    database: Database[Document], settings: Settings, progress: Progress, now: datetime
) -> tuple[EventTable, dict[str, Product], datetime]:
    """Events, products, and when we received the newest event."""
    newest = database[EVENTS].find_one({}, {"received_at": 1}, sort=[("received_at", -1)])
    if newest is None:
        raise NotEnoughData(
            f"There are no events in the database {database.name!r}. Seed a demo shop (python -m "
            "seed demo), import a real one (python -m seed import --help), or send events to the "
            "API."
        )
    window = timedelta(days=settings.retrain_window_days)
    task = progress.add_task("Reading events", total=database[EVENTS].estimated_document_count())
    table = read_events(
        database, now - window if window else None, lambda count: progress.advance(task, count)
    )
    progress.update(task, total=len(table), completed=len(table))
    products = {p.product_id: p for p in read_products(database)}
    if not products:
        raise NotEnoughData(
            f"There are events in the database {database.name!r}, but no products. Import the "
            "catalogue: python -m seed import tabular --products FILE"
        )
    return table, products, utc(newest["received_at"])


def _measure(
    model: TrainedModel,
    split: Split,
    parameters: Parameters,
    settings: Settings,
    progress: Progress,
    report: Report,
) -> bool:
    """Compare with baselines on the held-out events; whether the model is worse than popularity."""
    n_products = len(split.products)
    with _bar(progress, "Measuring") as advance:
        lists = engine_lists(model, split, settings.history_length, advance)
    engine = judge(lists, split.truth, n_products)
    popular = judge(
        popularity_lists(split, parameters.popularity_half_life_days), split.truth, n_products
    )
    knn = judge(item_knn_lists(split), split.truth, n_products)
    report.held_out_from = split.cut.isoformat()
    report.held_out_shoppers = len(split.shoppers)
    report.metrics = {ENGINE: engine.means, POPULARITY: popular.means, ITEM_KNN: knn.means}
    report.rating_errors = rating_errors(split)
    return _is_worse(engine, popular, "popularity", report) is True


def _learn(windows: Sequence[Lessons], progress: Progress, report: Report) -> Blend:
    with report.stage("learning the blend"), _bar(progress, "Learning the blend") as advance:
        blend = learn(windows)
        advance(1, 1)
    return blend


TrainOn = Callable[[str, EventTable, Mapping[str, Product]], TrainedModel]


def _window_before(
    split: Split, settings: Settings, report: Report, train_on: TrainOn
) -> list[Lessons]:
    """What the last part of the time before the split teaches about the blend.

    The blend that is measured must not have seen what it is measured on.
    """
    try:
        window = temporal_split(split.train, split.products, settings.held_out_share)
        past = train_on("Training on the earliest part", window.train, window.products)
    except NotEnoughData:
        return []
    with report.stage("learning the blend"):
        return [lessons(past, window, settings.history_length)]


def _compare(
    database: Database[Document],
    table: EventTable,
    products: Mapping[str, Product],
    blend: Blend,
    settings: Settings,
    report: Report,
    train_on: TrainOn,
) -> bool:
    """Whether the model in service does better, on what happened after it was trained.

    The one in service learned from everything that had been received when it was trained. Judged
    on that, it would seem better than it is; so only later events count, ours is trained on what
    came before them, and where there are too few of them the newer model is taken.
    """
    version = version_in_service(database)
    if version is None:
        return False
    try:
        serving = load(database, version)
        learned = read_card(database, version).trained_through
    except (NoModel, CorruptModel) as error:
        report.verdict.append(f"Model {version} is in service, but cannot be compared: {error}")
        return False
    try:
        later = split_at(table, products, learned + timedelta(milliseconds=1))
        judges = len(later.shoppers)
    except NotEnoughData:
        judges = 0
    if judges < FEWEST_JUDGES:
        report.verdict.append(
            f"Not compared with model {version}: only {judges} shoppers did something new since it "
            "was trained."
        )
        return False
    ours = train_on("Training to compare", later.train, later.products)
    ours = replace(ours, blend=blend)
    mine, theirs = (
        judge(engine_lists(m, later, settings.history_length), later.truth, len(later.products))
        for m in (ours, serving)
    )
    report.since_last_model = {
        "shoppers": len(later.shoppers),
        f"this {DECIDING}": mine.means[DECIDING],
        f"in service {DECIDING}": theirs.means[DECIDING],
    }
    return _is_worse(mine, theirs, f"model {version} in service", report) is True


def _is_worse(ours: Quality, theirs: Quality, name: str, report: Report) -> bool | None:
    """Whether we are worse beyond chance; None where there are too few shoppers to tell."""
    a: NDArray[np.float64] = ours.of_shopper[DECIDING]
    b: NDArray[np.float64] = theirs.of_shopper[DECIDING]
    if len(a) < FEWEST_JUDGES:
        report.verdict.append(
            f"Only {len(a)} held-out shoppers, too few to call it better or worse than {name}."
        )
        return None
    mean, low, high = difference(a, b)
    report.verdict.append(f"{DECIDING} {mean:+.4f} [{low:+.4f}, {high:+.4f}] against {name}.")
    return high < 0


@contextmanager
def _bar(progress: Progress, what: str) -> Iterator[Callable[[int, int], None]]:
    task = progress.add_task(what, total=None)
    yield lambda done, of: progress.update(task, completed=done, total=of)

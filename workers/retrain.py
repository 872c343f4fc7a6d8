"""Learn from what is in MongoDB, measure it, and put it in service if it is not worse."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymongo.database import Database
from rich.progress import Progress
from rich.table import Table

from recommender.evaluation.baselines import item_knn_lists, popularity_lists
from recommender.evaluation.curves import Curve, curves
from recommender.evaluation.intervals import difference
from recommender.evaluation.lists import engine_lists
from recommender.evaluation.metrics import CUTOFFS, MEASURES, Quality, judge
from recommender.evaluation.splits import Split, split_at, temporal_split
from recommender.evaluation.stars import RatingErrors, rating_errors
from recommender.facts.catalog import Product
from recommender.facts.errors import CorruptModel, LeaseTaken, NoModel, NotEnoughData
from recommender.learning.interactions import EventTable
from recommender.learning.learn import (
    HowToLearn,
    Taught,
    ask_earlier_models,
    type_weights_of,
    windows_of,
    with_lessons,
)
from recommender.learning.learn import learn as learn_all
from recommender.learning.trainer import Trainer
from recommender.learning.training import Parameters
from recommender.learning.variety import Panel, Variety
from recommender.model.blend import PARTS, Blend
from recommender.model.trained_model import TrainedModel
from recommender.model.type_weights import TypeWeights
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
from recommender.mongo.tuning import FoundParameters, found_parameters
from recommender.settings import Settings
from workers.tune import Bounds, in_words, tune

ENGINE = "our engine"
POPULARITY = "popularity"
ITEM_KNN = "item-knn"

DECIDING = "ndcg@10"
"""The measure that says which of two models is better."""
EVERYTHING = "Training on everything"
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
    """Of each stage, and of "the whole". Trainings run side by side."""
    parameters_from: str = "given"
    """Whether the parameters of the training are the defaults, or found, when and by how many."""
    parameters: dict[str, float] = field(default_factory=dict)
    """What was trained with."""
    tuning: dict[str, object] | None = None
    """What a search came to, if there was one."""
    blend: dict[str, float] = field(default_factory=dict)
    """What each part of a personal score weighs, in the model that was published."""
    type_weights: dict[str, float] = field(default_factory=dict)
    """How much an act of each type counts, where that was learned."""
    held_out_from: str | None = None
    held_out_shoppers: int = 0
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    """Model or baseline -> measure -> value, all on the same held-out events."""
    bounds: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Measure -> low and high of the model (95 %)."""
    curves: dict[str, dict[str, Curve]] = field(default_factory=dict)
    """Model or baseline -> measure -> its values by the length of lists, with intervals."""
    rating_errors: RatingErrors | None = None
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
            lines += [
                f"{off['ratings']} held-out ratings by {model}: RMSE {off['rmse']:.3f} stars, "
                f"MAE {off['mae']:.3f}"
                for model, off in self.rating_errors.items()
            ]
        return "\n".join(lines)


def retrain(
    database: Database[Document],
    settings: Settings,
    progress: Progress,
    *,
    parameters: Parameters | None = None,
    force: bool = False,
    tuning: Bounds | None = None,
    version: str | None = None,
    now: datetime | None = None,
) -> Report:
    """The whole retrain, under a lease.

    Args:
        database: the shop's.
        settings: window, held-out share, threads, models kept.
        progress: where its bars are drawn.
        parameters: of the training; None for what the last search found, or the defaults.
        force: put the model in service even if it is worse.
        tuning: how long to search for parameters first; None: not at all.
        version: of the model; None: named after `now`.
        now: UTC; None for the clock's.

    Raises:
        LeaseTaken: if another retrain is under way.
        NotEnoughData: if there is too little to learn from.
    """
    now = now or datetime.now(UTC)
    report = Report(version=version or now.strftime("%Y%m%dT%H%M%S.%fZ"))
    with report.stage("the whole"), lease(database, "retrain", settings.lease_seconds) as held:
        with report.stage("read"):
            table, products, through = _read(database, settings, progress, now)
        report.events, report.products = len(table), len(products)
        report.shoppers = len(table.shoppers)

        found = FoundParameters(parameters) if parameters else found_parameters(database)
        if tuning:
            with report.stage("tuning"):
                past = _before_measuring(table, products, settings)
                found, report.tuning = tune(
                    database,
                    *past,
                    settings,
                    progress,
                    held,
                    tuning,
                    version=report.version,
                    now=now,
                )
            report.verdict.append(f"Tuning: {in_words(report.tuning)}")
        report.parameters = asdict(found.parameters)
        report.parameters_from = "given" if parameters and not tuning else str(found)
        with Trainer(
            report.version,
            now,
            found.parameters,
            threads=settings.training_threads,
            processes=settings.training_processes,
            bar=lambda what: _bar(progress, what),
        ) as trainer:
            model, worse = _learn_and_measure(
                database, table, products, trainer, settings, progress, report
            )
        report.seconds |= {what.lower(): round(s, 3) for what, s in trainer.seconds.items()}
        report.blend = dict(zip(PARTS, model.blend.weights.tolist(), strict=True))
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
                training_seconds=trainer.seconds[EVERYTHING],
                metrics=report.metrics,
                bounds=report.bounds,
                curves=report.curves,
                search=found.search,
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


def _before_measuring(
    table: EventTable, products: Mapping[str, Product], settings: Settings
) -> tuple[EventTable, Mapping[str, Product]]:
    """What a search may know: nothing of what the model will be measured on."""
    try:
        split = temporal_split(table, products, settings.held_out_share)
    except NotEnoughData:
        return table, products
    weights = type_weights_of(split.train, split.products, settings.held_out_share)
    return split.train.weighed_by(weights), split.products


def _learn_and_measure(
    database: Database[Document],
    table: EventTable,
    products: Mapping[str, Product],
    trainer: Trainer,
    settings: Settings,
    progress: Progress,
    report: Report,
) -> tuple[TrainedModel, bool]:
    """The model of everything, and whether there is a reason not to put it in service."""
    trainer.get_ready(table)
    try:
        split = temporal_split(table, products, settings.held_out_share)
    except NotEnoughData as error:
        report.verdict.append(f"Not measured: {error}")
        how = HowToLearn(settings.history_length, settings.held_out_share)
        return learn_all(table, products, trainer, how), False
    weights = _type_weights(split, settings, report)
    # All trainings are asked for before any is waited for: the longest first, and last the one that
    # nothing else waits for.
    latest = trainer.ask(
        "Training on the earlier part",
        split.train.weighed_by(weights),
        split.products,
        partial(with_lessons, window=split, history_length=settings.history_length),
    )
    # The blend that is measured must not have seen what it is measured on.
    windows = windows_of(split.train, split.products, settings.held_out_share)
    earliest = ask_earlier_models(windows, weights, trainer, settings.history_length)
    rival = _rival(database, table, products, report)
    ours = rival and trainer.submit(
        "Training to compare", rival.later.train.weighed_by(weights), rival.later.products
    )
    everything = trainer.submit(EVERYTHING, table.weighed_by(weights), products)
    taught = Taught.by(earliest)
    blend = _learn(taught, progress, report)
    try:
        earlier, learned_last = latest.result()
    except NotEnoughData as error:
        report.verdict.append(f"Not measured: {error}")
        return replace(everything.result(), blend=blend), False
    earlier = replace(earlier, blend=blend)
    with report.stage("measuring"):
        worse = _measure(earlier, split, settings, progress, report)
    if rival and ours:
        worse |= _compare(replace(ours.result(), blend=blend), rival, settings, report)
    blend = _learn(taught.before(learned_last), progress, report)
    model = replace(everything.result(), blend=blend)
    sound = Panel.of(split.train).variety(earlier)
    return model, worse | _collapsed(model, table, sound, report)


def _type_weights(split: Split, settings: Settings, report: Report) -> TypeWeights:
    """How much each type of act counts, learned from what came before the held-out part."""
    with report.stage("learning what acts count"):
        weights = type_weights_of(split.train, split.products, settings.held_out_share)
    if weights.quality:
        report.type_weights = {t.value: weight for t, weight in weights.of_type.items()}
        report.verdict.append(
            f"Learned what acts count: {weights} (NDCG@10 of quick lists "
            "{learned:.4f}, with the usual weights {usual:.4f}).".format(**weights.quality)
        )
    return weights


def _collapsed(model: TrainedModel, table: EventTable, sound: Variety, report: Report) -> bool:
    """Whether the model of everything forgot who is asking, where the measured one did not."""
    if sound.collapse():
        return False
    reason = Panel.of(table).variety(model).collapse(sound)
    if reason:
        report.verdict.append(f"The model of everything has collapsed: {reason}.")
    return reason is not None


def _measure(
    model: TrainedModel,
    split: Split,
    settings: Settings,
    progress: Progress,
    report: Report,
) -> bool:
    """Compare with baselines on the held-out events; whether the model is worse than popularity."""
    n_products = int(split.on_offer.sum())
    told = _bar(progress, "Measuring")
    lists = {
        ENGINE: engine_lists(model, split, settings.history_length, told),
        POPULARITY: popularity_lists(split, Parameters().popularity_half_life_days),
        ITEM_KNN: item_knn_lists(split),
    }
    found = {name: judge(of, split.truth, n_products) for name, of in lists.items()}
    report.held_out_from = split.cut.isoformat()
    report.held_out_shoppers = len(split.shoppers)
    report.metrics = {name: quality.means for name, quality in found.items()}
    report.bounds = found[ENGINE].bounds
    report.curves = {name: curves(of, split.truth) for name, of in lists.items()}
    report.rating_errors = rating_errors(split)
    return _is_worse(found[ENGINE], found[POPULARITY], "popularity", report) is True


def _learn(taught: Taught, progress: Progress, report: Report) -> Blend:
    with report.stage("learning the blend"):
        told = _bar(progress, "Learning the blend")
        blend = taught.blend()
        told(1, 1)
    return blend


@dataclass(frozen=True, slots=True)
class _Rival:
    """The model in service, and what happened after it was trained."""

    model: TrainedModel
    later: Split


def _rival(
    database: Database[Document],
    table: EventTable,
    products: Mapping[str, Product],
    report: Report,
) -> _Rival | None:
    """What the new model can be compared with.

    The one in service learned from everything that had been received when it was trained. Judged
    on that, it would seem better than it is; so only later events count, ours is trained on what
    came before them, and where there are too few of them the newer model is taken.
    """
    version = version_in_service(database)
    if version is None:
        return None
    try:
        serving = load(database, version)
        learned = read_card(database, version).trained_through
    except (NoModel, CorruptModel) as error:
        report.verdict.append(f"Model {version} is in service, but cannot be compared: {error}")
        return None
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
        return None
    return _Rival(serving, later)


def _compare(ours: TrainedModel, rival: _Rival, settings: Settings, report: Report) -> bool:
    """Whether the model in service does better, on what happened after it was trained."""
    later = rival.later
    mine, theirs = (
        judge(engine_lists(m, later, settings.history_length), later.truth, len(later.products))
        for m in (ours, rival.model)
    )
    report.since_last_model = {
        "shoppers": len(later.shoppers),
        f"this {DECIDING}": mine.means[DECIDING],
        f"in service {DECIDING}": theirs.means[DECIDING],
    }
    return _is_worse(mine, theirs, f"model {rival.model.version} in service", report) is True


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


def _bar(progress: Progress, what: str) -> Callable[[int, int], None]:
    task = progress.add_task(what, total=None)
    return lambda done, of: progress.update(task, completed=done, total=of)

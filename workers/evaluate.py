"""How good are the lists? Our engine beside baselines, on events that none of them has seen."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from pymongo.database import Database
from rich.progress import Progress

from recommender.evaluation.baselines import (
    AGAIN,
    BASELINES,
    RECENT_DAYS,
    Baseline,
    content_knn,
    lists_by,
    popularity_lists,
    taste_scores,
)
from recommender.evaluation.intervals import Interval, intervals
from recommender.evaluation.lists import engine_lists
from recommender.evaluation.metrics import Background, Lists, Quality, describe, judge
from recommender.evaluation.segments import Segment, judge_segment, segments_of
from recommender.evaluation.split_kind import SplitKind
from recommender.evaluation.splits import (
    BASKET_GAP_MS,
    Split,
    cold_products_split,
    cold_rows,
    cold_shoppers_splits,
    given_split,
    held_out_pairs,
    leave_last_out_split,
    next_basket_split,
    temporal_split,
)
from recommender.evaluation.stars import RatingErrors, rating_errors
from recommender.facts.catalog import Product
from recommender.facts.errors import InvalidInput, LeftOut, NotEnoughData
from recommender.learning.interactions import interaction_matrix
from recommender.learning.learn import HowToLearn, Windows, learn
from recommender.learning.trainer import Trainer
from recommender.learning.training import Parameters, attribute_matrix
from recommender.model.features import FeatureSpace
from recommender.mongo.documents import Document
from recommender.mongo.event_table import read_events
from recommender.mongo.products import read_products
from recommender.settings import Settings
from workers.evaluation_files import Shop

ENGINE, KNOWING = "engine", "engine-knowing"
LIGHTFM, LIGHTFM_PURE = "lightfm", "lightfm-pure"
CONTENT_KNN = "content-knn"
LONGEST_LIST = 100
NAMELESS = "#"
"""The name of a product of which nothing is to be told: it has no word."""
FOREMOST = 6
"""Models that segments are shown of."""
COMPARED = ("ndcg", "recall", "hit_rate")
"""Measures that our engine is compared with others by."""


@dataclass(frozen=True, slots=True)
class Question:
    """What an evaluation is to find out. Checks itself."""

    split: SplitKind | None = None
    """None: what the shop's events allow, by time if they have any."""
    repeats: bool = False
    """Whether lists may hold, and are to hold, what a shopper bought before."""
    cutoffs: tuple[int, ...] = (5, 10, 20)
    models: tuple[str, ...] = ()
    """The names of those to measure; none: all that make sense."""
    seeds: int = 1
    """How often what hangs on chance is learned."""
    parameters: Parameters = field(default_factory=Parameters)
    """Of the trainings. The seed is each of 1 to `seeds`."""

    def __post_init__(self) -> None:
        if not self.cutoffs or not all(1 <= k <= LONGEST_LIST for k in self.cutoffs):
            raise InvalidInput("--k", f"must be lengths of 1 to {LONGEST_LIST}, such as 5,10,20")
        if unknown := sorted(set(self.models) - set(MODELS)):
            raise InvalidInput("--models", f"knows no {unknown[0]!r}: {', '.join(MODELS)}")
        if self.seeds < 1:
            raise InvalidInput("--seeds", f"must be 1 or more, not {self.seeds}")

    @classmethod
    def read(
        cls, split: SplitKind | None, k: str, models: str, seeds: int, *, repeats: bool
    ) -> "Question":
        """As a command line tells it: numbers and names with commas between them."""
        try:
            cutoffs = tuple(sorted({int(part) for part in k.split(",")}))
        except ValueError:
            raise InvalidInput("--k", f"must be whole numbers such as 5,10,20, not {k!r}") from None
        names = tuple(name.strip() for name in models.split(",") if name.strip())
        return cls(split, repeats, cutoffs, names, seeds)

    @property
    def main_cutoff(self) -> int:
        """The length that differences, segments and the like are told of."""
        return 10 if 10 in self.cutoffs else min(self.cutoffs)


@dataclass(frozen=True, slots=True)
class Result:
    """How one model did."""

    title: str
    qualities: Sequence[Quality]
    """Accuracy, for each seed."""
    character: Quality
    """What the lists are like, with the first seed."""
    lists: Lists
    """Of the first seed."""
    intervals: Mapping[str, Interval]
    """Of every measure of a shopper, with the first seed."""

    @property
    def means(self) -> dict[str, float]:
        """Every measure, averaged over shoppers and seeds."""
        each = [quality.means for quality in self.qualities]
        accuracy = {name: float(np.mean([means[name] for means in each])) for name in each[0]}
        return {**accuracy, **self.character.means}

    @property
    def deviations(self) -> dict[str, float]:
        """Of every measure of accuracy over the seeds; none where there is one seed."""
        each = [quality.means for quality in self.qualities]
        if len(each) < 2:
            return {}
        return {name: float(np.std([m[name] for m in each], ddof=1)) for name in each[0]}


@dataclass(frozen=True, slots=True)
class View:
    """All models on one kind of list."""

    name: str
    """Such as "among the new products"; empty where there is only one."""
    split: Split
    results: Mapping[str, Result]
    """By the model's name."""
    segments: Sequence[Segment]

    def foremost(self, measure: str) -> list[str]:
        """Our engine and the best of the others, for where there is no room for all."""
        results = self.results
        best = sorted(results, key=lambda name: (name != ENGINE, -results[name].means[measure]))
        return best[:FOREMOST]

    def differences(self, measure: str) -> dict[str, Interval]:
        """Our engine less each of the others, over the same shoppers, with the first seed."""
        if ENGINE not in self.results:
            return {}
        ours = self.results[ENGINE].qualities[0].of_shopper[measure]
        others = {name: r for name, r in self.results.items() if name != ENGINE}
        if not others:
            return {}
        deltas = [ours - r.qualities[0].of_shopper[measure] for r in others.values()]
        return dict(zip(others, intervals(np.column_stack(deltas)), strict=True))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that was found out."""

    question: Question
    kind: SplitKind
    events: int
    views: Sequence[View]
    rating_errors: RatingErrors | None
    left_out: Mapping[str, str]
    """Model -> why it was not measured."""
    seconds: Mapping[str, float]
    """What each model took to learn and to make its lists."""

    def as_dict(self) -> dict[str, Any]:
        """For --json. Everything but `seconds` is the same each time."""
        k = self.question.main_cutoff
        return {
            "split": str(self.kind),
            "repeats": self.question.repeats,
            "seeds": self.question.seeds,
            "events": self.events,
            "views": [_view_as_dict(view, k) for view in self.views],
            "rating_errors": self.rating_errors,
            "left_out": dict(self.left_out),
            "seconds": dict(self.seconds),
        }


def windows_like(split: Split) -> Windows:
    """How our engine is to learn so that its lists suit the moments at which this split makes them.

    As in a shop if most are made when the training events have ended; else a model knows what
    others did after, and learns from windows of that kind.
    """
    if split.moments is None:
        return Windows.BY_TIME
    judged = np.array(split.shoppers)
    moments = split.moments[judged]
    if np.median(moments) >= split.train.newest:
        return Windows.BY_TIME
    latest = np.full(len(split.known.shoppers), np.iinfo(np.int64).min)
    np.maximum.at(latest, split.known.shopper, split.known.at)
    since = np.median(moments - latest[judged])
    if since < 0:
        return Windows.SHARE_OF_EACH
    return Windows.ORDER_OF_EACH if since > BASKET_GAP_MS else Windows.LATEST_OF_EACH


Ranker = Callable[[Split], Lists]
"""Makes the lists of a split's shoppers."""


class Bench:
    """What every model is given: the split, the settings, and where its progress is drawn."""

    def __init__(
        self, split: Split, question: Question, settings: Settings, progress: Progress
    ) -> None:
        self.split = split
        self.parameters = question.parameters
        self.settings = settings
        self.longest = max(question.cutoffs)
        self.windows = windows_like(split)
        self._progress = progress
        products = split.products
        self.attributes = attribute_matrix(
            FeatureSpace.of(list(products.values())),
            (products.get(p) or Product(p, NAMELESS) for p in split.train.products),
        )

    def on(self, split: Split) -> "Bench":
        """The same for another split of the shop."""
        other = copy(self)
        other.split = split
        return other

    @contextmanager
    def trainer(self, what: str, seed: int) -> Iterator[Trainer]:
        """Trains with the seed; its bars are named after `what` is trained."""
        with Trainer(
            version=what,
            trained_at=self.split.cut,
            parameters=replace(self.parameters, seed=seed),
            threads=self.settings.training_threads,
            processes=self.settings.training_processes,
            bar=lambda stage: self.bar(f"{what}: {stage.lower()}"),
        ) as trainer:
            yield trainer

    def bar(self, what: str) -> Callable[[int, int], None]:
        """A bar, as a function of what is done and of how much there is."""
        task = self._progress.add_task(what, total=None)
        return lambda done, of: self._progress.update(task, completed=done, total=of)


def _engine(bench: Bench, seed: int) -> Ranker:
    """What `learn` finds, served by the engine that serves."""
    split, length = bench.split, bench.settings.history_length
    with bench.trainer("our engine", seed) as trainer:
        how = HowToLearn(length, bench.settings.held_out_share, bench.windows)
        model = learn(split.train, split.products, trainer, how)
    return lambda view: engine_lists(
        model, view, length, bench.bar("our engine: making lists"), bench.longest
    )


def _lightfm(bench: Bench, seed: int) -> Ranker:
    return _lightfm_alone("LightFM hybrid", bench, bench.split.products, seed)


def _lightfm_pure(bench: Bench, seed: int) -> Ranker:
    """Of products nothing is told but who took to them."""
    bare = {
        id_: Product(id_, NAMELESS, created_at=p.created_at)
        for id_, p in bench.split.products.items()
    }
    return _lightfm_alone("LightFM pure", bench, bare, seed)


def _lightfm_alone(what: str, bench: Bench, products: Mapping[str, Product], seed: int) -> Ranker:
    with bench.trainer(what, seed) as trainer:
        model = trainer.submit("Training", bench.split.train, products).result()
    told = replace(bench.split, products=products)
    scores = taste_scores(model, told, bench.settings.history_length)
    return lambda view: lists_by(scores, view, bench.longest)


def _by_baseline(baseline: Baseline) -> Callable[[Bench, int], Ranker]:
    def learned(bench: Bench, seed: int) -> Ranker:
        scores = baseline.scores(bench.split, seed)
        return lambda view: lists_by(scores, view, bench.longest)

    return learned


def _content(bench: Bench, seed: int) -> Ranker:
    if not bench.attributes.nnz:
        raise LeftOut("the products have no attributes that two of them share")
    return _by_baseline(content_knn(bench.attributes))(bench, seed)


@dataclass(frozen=True, slots=True)
class Contender:
    """A model to measure."""

    title: str
    learn: Callable[[Bench, int], Ranker]
    """From the training events, with a seed."""
    seeded: bool = False
    """Whether another seed gives other lists."""
    knows_all: bool = False
    """Whether it learns from those shoppers too that the others are not to know."""


MODELS: Mapping[str, Contender] = {
    ENGINE: Contender("our engine", _engine, seeded=True),
    KNOWING: Contender("our engine, having trained on them", _engine, seeded=True, knows_all=True),
    **{
        name: Contender(baseline.title, _by_baseline(baseline), baseline.seeded)
        for name, baseline in BASELINES.items()
    },
    **{name: Contender(again.title, _by_baseline(again)) for name, again in AGAIN.items()},
    CONTENT_KNN: Contender("content kNN", _content),
    LIGHTFM_PURE: Contender("LightFM pure", _lightfm_pure, seeded=True),
    LIGHTFM: Contender("LightFM hybrid", _lightfm, seeded=True),
}
"""By the name that the command line calls each."""


def _usual(kind: SplitKind, question: Question) -> set[str]:
    """Those that make sense here. Of products that nobody met, most have nothing to say."""
    if kind is SplitKind.COLD_PRODUCTS:
        return {ENGINE, "random", CONTENT_KNN, LIGHTFM}
    left = {CONTENT_KNN}
    if not question.repeats:
        left |= set(AGAIN)
    if kind is not SplitKind.COLD_SHOPPERS:
        left.add(KNOWING)
    return set(MODELS) - left


def evaluate(shop: Shop, question: Question, settings: Settings, progress: Progress) -> Evaluation:
    """Train and measure every model that the question names.

    Args:
        shop: events and products.
        question: what to find out.
        settings: history length, held-out share, threads.
        progress: where its bars are drawn.

    Raises:
        NotEnoughData: if there is nobody to judge, or too little to learn from.
    """
    kind, split = split_of(shop, question, settings)
    views = {"": split}
    if kind is SplitKind.COLD_PRODUCTS:
        views = {
            "among the new products": split.among(cold_rows(split).tolist()),
            "in the whole catalogue": split,
        }
    bench = Bench(split, question, settings, progress)
    cold = kind is SplitKind.COLD_SHOPPERS
    parts = [bench.on(part) for part in cold_shoppers_splits(split)] if cold else []
    names = [n for n in MODELS if n in (question.models or _usual(kind, question))]
    whole = progress.add_task("All models", total=len(names))
    made: dict[str, list[list[Lists]]] = {}
    left_out: dict[str, str] = {}
    seconds: dict[str, float] = {}
    for name in names:
        start = time.monotonic()
        try:
            made[name] = [
                _lists_of(MODELS[name], bench, parts, list(views.values()), seed)
                for seed in range(1, question.seeds + 1 if MODELS[name].seeded else 2)
            ]
        except LeftOut as reason:
            left_out[name] = str(reason)
        seconds[name] = round(time.monotonic() - start, 2)
        progress.advance(whole)
    measured = [
        View(
            title,
            view,
            _measured(
                view,
                {name: [of[n] for of in lists] for name, lists in made.items()},
                bench,
                question,
            ),
            segments_of(view),
        )
        for n, (title, view) in enumerate(views.items())
    ]
    return Evaluation(
        question, kind, len(shop.table), measured, rating_errors(split), left_out, seconds
    )


def _lists_of(
    contender: Contender, bench: Bench, parts: Sequence[Bench], views: Sequence[Split], seed: int
) -> list[Lists]:
    """Of every view. With parts it is trained for each of them, without the shoppers in it."""
    if not parts or contender.knows_all:
        ranker = contender.learn(bench, seed)
        return [ranker(view) for view in views]
    place_of = {shopper: place for place, shopper in enumerate(bench.split.shoppers)}
    lists = np.full((len(place_of), bench.longest), -1, np.int32)
    for part in parts:
        places = [place_of[shopper] for shopper in part.split.shoppers]
        lists[places] = contender.learn(part, seed)(part.split)
    return [lists]


def split_of(shop: Shop, question: Question, settings: Settings) -> tuple[SplitKind, Split]:
    """What is held out, and the kind that it is.

    Raises:
        NotEnoughData: if that leaves nobody to judge.
        InvalidInput: if the shop's files do not allow what was asked for.
    """
    table, products, repeats = shop.table, shop.products, question.repeats
    given = bool(shop.is_test.any())
    timeless = not len(table) or table.at.min() == table.at.max()
    usual = SplitKind.GIVEN if given else SplitKind.RANDOM if timeless else SplitKind.TEMPORAL
    kind = question.split or usual
    if kind is SplitKind.GIVEN and not given:
        raise InvalidInput("--split given", "goes with --train FILE and --test FILE")
    if timeless and kind in (SplitKind.TEMPORAL, SplitKind.NEXT_BASKET):
        raise NotEnoughData(
            f"All events bear one moment, so --split {kind} cannot tell earlier from later. Add a "
            f"column timestamp, or use --split {SplitKind.RANDOM}."
        )

    def made(kind: SplitKind) -> Split:
        match kind:
            case SplitKind.TEMPORAL:
                return temporal_split(table, products, settings.held_out_share, repeats=repeats)
            case SplitKind.NEXT_BASKET:
                return next_basket_split(table, products, shop.orders, repeats=repeats)
            case SplitKind.LEAVE_LAST_OUT:
                return leave_last_out_split(table, products, repeats=repeats)
            case SplitKind.RANDOM:
                return held_out_pairs(table, products, settings.held_out_share)
            case SplitKind.GIVEN:
                return given_split(table, products, shop.is_test, repeats=repeats)
            case SplitKind.COLD_PRODUCTS:
                return cold_products_split(made(usual))
            case SplitKind.COLD_SHOPPERS:
                return made(usual)

    return kind, made(kind)


def named_files(
    events: Path | None, train: Path | None, test: Path | None
) -> tuple[Path, Path | None] | None:
    """The file or the two files with events; None for the database.

    Raises:
        InvalidInput: if they do not go together.
    """
    if events and (train or test):
        raise InvalidInput("--events FILE", "goes alone: it is split here. Or leave it out")
    if bool(train) != bool(test):
        raise InvalidInput("--train FILE and --test FILE", "must be given together")
    return (events, None) if events else (train, test) if train else None


def read_database(database: Database[Document], progress: Progress) -> Shop:
    """The shop that is stored in MongoDB.

    Raises:
        NotEnoughData: if it has no events.
    """
    task = progress.add_task("Reading events", total=None)
    table = read_events(database, None, lambda count: progress.advance(task, count))
    progress.update(task, total=len(table), completed=len(table))
    if not len(table):
        raise NotEnoughData(
            f"There are no events in the database {database.name!r}. Name files (--events FILE, or "
            "--train FILE --test FILE), or import some: python -m seed import --help"
        )
    return Shop(
        table,
        np.zeros(len(table), bool),
        np.full(len(table), -1, np.int32),
        {p.product_id: p for p in read_products(database)},
    )


def _measured(
    view: Split, made: Mapping[str, Sequence[Lists]], bench: Bench, question: Question
) -> dict[str, Result]:
    """Each model's lists of every seed -> how good they are."""
    drawn = interaction_matrix(view.train, half_life_days=1e9)
    background = Background(
        on_offer=view.on_offer,
        shoppers_of=np.bincount(drawn.col, minlength=drawn.shape[1]),
        n_shoppers=len(np.unique(drawn.row)),
        attributes=bench.attributes,
        popular=popularity_lists(view, RECENT_DAYS, bench.longest),
    )
    n_products = int(background.on_offer.sum())
    results = {}
    for name, lists in made.items():
        qualities = [judge(of_seed, view.truth, n_products, question.cutoffs) for of_seed in lists]
        character = describe(lists[0], view.truth, background, question.cutoffs)
        results[name] = Result(
            MODELS[name].title, qualities, character, lists[0], _intervals(qualities[0], character)
        )
    return results


def _intervals(*qualities: Quality) -> dict[str, Interval]:
    of_shopper = {name: v for quality in qualities for name, v in quality.of_shopper.items()}
    return dict(zip(of_shopper, intervals(np.column_stack(list(of_shopper.values()))), strict=True))


def _view_as_dict(view: View, k: int) -> dict[str, Any]:
    compared = [f"{measure}@{k}" for measure in COMPARED]
    return {
        "name": view.name,
        "cut": view.split.cut.isoformat(),
        "train_events": len(view.split.train),
        "judged_shoppers": len(view.split.shoppers),
        "truth_pairs": sum(map(len, view.split.truth)),
        "products": int(view.split.on_offer.sum()),
        "models": {
            name: {
                "title": result.title,
                "means": result.means,
                "intervals": {m: [i.low, i.high] for m, i in result.intervals.items()},
                "deviations_over_seeds": result.deviations,
            }
            for name, result in view.results.items()
        },
        "differences": {
            measure: {name: list(i) for name, i in view.differences(measure).items()}
            for measure in compared
        },
        "segments": [
            {
                "kind": segment.kind,
                "name": segment.name,
                "shoppers": len(segment.places),
                "models": {
                    name: judge_segment(segment, result.lists, k)
                    for name, result in view.results.items()
                },
            }
            for segment in view.segments
        ],
    }

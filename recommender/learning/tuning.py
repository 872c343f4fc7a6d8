"""A search for the parameters that suit a shop: bounded, resumable, pruned and seeded.

Trials are judged on a window inside the training period; what wins there replaces the defaults only
if it also does better on a later window, which it was not chosen on.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from itertools import count
from statistics import median
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recommender.evaluation.intervals import difference
from recommender.evaluation.lists import engine_lists
from recommender.evaluation.metrics import judge
from recommender.evaluation.splits import Split
from recommender.facts.catalog import Product
from recommender.facts.errors import NotEnoughData, RecommenderError
from recommender.learning.blend_learning import FEWEST_LEARNERS, lessons
from recommender.learning.blend_learning import learn as learn_blend
from recommender.learning.interactions import EventTable
from recommender.learning.learn import HowToLearn, learn, window_of
from recommender.learning.processes import Processes
from recommender.learning.trainer import SMALL_WORK, Told, Trainer, at_once
from recommender.learning.training import Parameters, recounted, train
from recommender.learning.variety import Panel, Variety
from recommender.model.features import FeatureSpace
from recommender.model.trained_model import Floats, TrainedModel

optuna.logging.set_verbosity(optuna.logging.WARNING)

MEASURE = "ndcg@10"

MOST_SEARCHED = 5_000
"""Shoppers that the search is made on; a random sample of these where there are more."""
MOST_CONFIRMING = 20_000
"""The same, where the winner is compared with the defaults."""
HORIZON = 4
"""A trial is proposed by what was found up to so many trials before it, and by the defaults. So the
same seed proposes the same trials however many of them run side by side, up to this number, and
whether or not the search was cut short and went on."""
RANDOM_TRIALS = 8
"""Of each kind, before the sampler learns from what was found."""
RUNGS = (3, 6, 10)
"""Epochs after which a trial is given up if it lies below the median of those before it."""
FEWEST_BEFORE_PRUNING = 4
COSTLIEST = 1.25
"""The most that epochs times factors may be, in those of the defaults, lest retrains get long."""
SURE = 1 / 3
"""Of the width of its 95 % interval, what a gain must be to count: nine times in ten it is real."""
STARTS = 3
"""Best trials of an earlier search that a new one begins with."""
FEWEST_TELLING = 8
"""Finished trials it takes to say which parameters matter."""


@dataclass(frozen=True, slots=True)
class Range:
    """What a parameter may be. All are searched on a logarithmic scale."""

    low: float
    high: float
    whole: bool = False

    def of(self, value: float) -> float:
        """The value, made to fit."""
        fitting = min(max(value, self.low), self.high)
        return round(fitting) if self.whole else float(fitting)

    @property
    def distribution(self) -> optuna.distributions.BaseDistribution:
        """The same for Optuna."""
        if self.whole:
            return optuna.distributions.IntDistribution(int(self.low), int(self.high), log=True)
        return optuna.distributions.FloatDistribution(self.low, self.high, log=True)


LEARNED = {
    "factors": Range(16, 192, whole=True),
    "epochs": Range(4, 24, whole=True),
    "learning_rate": Range(0.01, 0.2),
    "l2": Range(2e-5, 4e-3),
    "l2_without_features": Range(5e-6, 1e-3),
    "max_sampled": Range(10, 200, whole=True),
    "half_life_days": Range(5, 365),
}
"""What LightFM goes by: to try one of these costs a training."""
COUNTED = {
    "popularity_half_life_days": Range(2, 120),
    "lasting_half_life_days": Range(10, 720),
    "neighbours_l2": Range(20, 2_000),
}
"""What is counted or solved beside LightFM's vectors: to try one of these costs a few seconds."""
SEARCHED = {**LEARNED, **COUNTED}

Values = Mapping[str, float]
"""Of the parameters that are searched."""


class Outcome(StrEnum):
    """How a trial ended."""

    FINISHED = "finished"
    PRUNED = "pruned"
    COLLAPSED = "collapsed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Trial:
    """Parameters that were tried, and what came of it."""

    number: int
    """0: the defaults."""
    values: Values
    outcome: Outcome
    quality: float | None = None
    """NDCG@10 of the blended lists, of shoppers that the blend was not learned from."""
    rungs: Mapping[int, float] = field(default_factory=dict)
    """Epochs -> NDCG@10 of the lists by taste alone."""
    variety: Variety | None = None
    trained: bool = True
    """Whether it cost a training, or went by vectors of an earlier trial."""
    seconds: float = 0.0
    why: str = ""
    """It collapsed, or failed."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The windows of a search, all inside the training period."""

    first: Split
    """What trials are judged on, of a sample of the shoppers."""
    second: Split
    """What the winner and the defaults are judged on: later, and of (nearly) all shoppers."""
    ranges: Mapping[str, Range]
    """What is searched in this shop."""

    @classmethod
    def of(
        cls, table: EventTable, products: Mapping[str, Product], share: float, seed: int = 1
    ) -> "Ground":
        """Two windows, one before the other, at the end of these events.

        Raises:
            NotEnoughData: if too few shoppers can be judged on them.
        """
        second = window_of(_sample(table, MOST_CONFIRMING, seed), products, share, seed=2)
        before = _sample(second.train, MOST_SEARCHED, seed)
        first = window_of(before, second.products, share, seed=3)
        judges = min(len(first.shoppers), len(second.shoppers))
        if judges < FEWEST_LEARNERS:
            raise NotEnoughData(
                f"Too few shoppers to tune by: {judges} of a window came back for something new, "
                f"it takes {FEWEST_LEARNERS}. Retrain without --tune: the defaults are good."
            )
        without = (
            "l2" if not len(FeatureSpace.of(list(products.values()))) else "l2_without_features"
        )
        ranges = {name: range_ for name, range_ in SEARCHED.items() if name != without}
        return cls(first, second, ranges)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to try next, and when to give it up."""

    values: Values
    stop_below: Mapping[int, float]
    """Epochs -> NDCG@10 by taste alone below which it is given up."""
    vectors_of: int | None
    """The trial whose vectors it goes by; None if it is to be trained."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a trial found out, and its model while that may be of use to a later one."""

    outcome: Outcome
    quality: float | None
    rungs: Mapping[int, float]
    variety: Variety | None
    seconds: float
    model: TrainedModel | None
    why: str = ""


def parameters_of(values: Values) -> Parameters:
    """The defaults with these instead."""
    fitting: dict[str, Any] = {name: SEARCHED[name].of(v) for name, v in values.items()}
    return replace(Parameters(), **fitting)


def search(
    ground: Ground,
    known: Iterable[Trial],
    *,
    how: HowToLearn,
    seconds_left: Callable[[], float],
    most_trials: int | None = None,
    starts: Sequence[Values] = (),
    processes: int = 1,
    seed: int = 1,
    ended: Callable[[Trial], None] = lambda _: None,
    told: Callable[[], None] = lambda: None,
    small_work: int = SMALL_WORK,
) -> dict[int, Trial]:
    """Try parameters until the time is over, or so many trials were made.

    The defaults are always tried, whatever the time. A trial that runs when the time is over is
    ended and forgotten.

    Args:
        ground: the windows.
        known: trials of this search that were made before it was cut short.
        how: of learning.
        seconds_left: asked again and again.
        most_trials: None for as many as there is time for.
        starts: tried right after the defaults.
        processes: trials at a time.
        seed: with the same one, so many trials are always the same trials.
        ended: called with each trial as soon as it ends.
        told: called about once a second, to show how far it is.
        small_work: up to so many events times epochs, no process is started.

    Raises:
        RecommenderError: if the defaults themselves cannot be tried.
    """
    trials = {trial.number: trial for trial in known}
    models: dict[int, TrainedModel] = {}
    running: dict[Future[Found], tuple[int, Proposal]] = {}
    work = len(ground.first.train) * Parameters().epochs
    with ExitStack() as stack:
        children = None
        if processes > 1 and work > small_work:
            children = stack.enter_context(Processes(processes))

        def start(number: int) -> None:
            proposal = propose(number, trials, ground.ranges, starts, seed)
            vectors = None if proposal.vectors_of is None else models.get(proposal.vectors_of)
            arguments = (ground.first, proposal, vectors, how.history_length)
            if children:
                future = children.submit(f"Trial {number}", try_out, *arguments)
            else:
                future = at_once(try_out, *arguments)
            running[future] = number, proposal

        def next_number() -> int:
            taken = trials.keys() | {number for number, _ in running.values()}
            return next(number for number in count() if number not in taken)

        def may_start(number: int) -> bool:
            if number == 0:
                return True
            if most_trials is not None and number >= most_trials:
                return False
            return seconds_left() > 0 and all(n in trials for n in _seen_by(number))

        while True:
            while len(running) < (processes if children else 1) and may_start(next_number()):
                start(next_number())
            if not running or (seconds_left() <= 0 and 0 in trials):
                return trials
            done, _ = wait(running, timeout=1.0, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=lambda f: running[f][0]):
                number, proposal = running.pop(future)
                trial, model = _ended(number, proposal, future, trials.get(0))
                trials[number] = trial
                if model:
                    models[number] = model
                ended(trial)
            _forget_models(models, trials)
            told()


def propose(
    number: int,
    trials: Mapping[int, Trial],
    ranges: Mapping[str, Range],
    starts: Sequence[Values],
    seed: int,
) -> Proposal:
    """What to try as this trial: nothing but its number, the seed and earlier trials decide.

    Every second trial costs a training: LightFM's parameters, proposed by TPE (Bergstra et al.
    2011), with the best of the others so far. Every other one goes by the best vectors so far.
    """
    defaults = _defaults(ranges)
    if number == 0:
        return Proposal(defaults, {}, None)
    seen = [trials[n] for n in _seen_by(number)]
    stop_below = _medians(trial for trial in seen if trial.trained)
    if number <= len(starts):
        given = {
            name: ranges[name].of(v) for name, v in starts[number - 1].items() if name in ranges
        }
        return Proposal(_affordable({**defaults, **given}), stop_below, None)
    best = best_of(seen) or trials[0]
    trains = number % 2 == 1
    names = [name for name in ranges if (name in LEARNED) is trains]
    alike = [trial for trial in seen if trial.trained is trains or trial.number == 0]
    sampler = optuna.samplers.TPESampler(
        seed=seed * 1_000_003 + number, multivariate=True, n_startup_trials=RANDOM_TRIALS
    )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.add_trials([told for t in alike if (told := _for_optuna(t, names, ranges))])
    asked = study.ask({name: ranges[name].distribution for name in names}).params
    values = _affordable({**best.values, **asked})
    if trains:
        return Proposal(values, stop_below, None)
    learned = _learned(values)
    return Proposal(values, {}, next(t.number for t in seen if _learned(t.values) == learned))


def best_of(trials: Iterable[Trial]) -> Trial | None:
    """The best that finished; of equals the first."""
    finished = [trial for trial in trials if trial.quality is not None]
    return max(finished, key=lambda t: (t.quality or 0.0, -t.number), default=None)


def importances(trials: Iterable[Trial], ranges: Mapping[str, Range]) -> dict[str, float]:
    """How much each parameter decides whether a trial is among the best (PED-ANOVA, Watanabe et al.
    2023), the largest first; they add up to 1. Empty while there are too few trials to tell."""
    told = [t for t in trials if t.quality is not None and set(t.values) == set(ranges)]
    if len(told) < FEWEST_TELLING or len({t.quality for t in told}) < 2:
        return {}
    study = optuna.create_study(direction="maximize")
    study.add_trials([found for t in told if (found := _for_optuna(t, list(ranges), ranges))])
    shares = optuna.importance.get_param_importances(
        study, evaluator=optuna.importance.PedAnovaImportanceEvaluator()
    )
    return {name: float(share) for name, share in shares.items()}


def try_out(
    window: Split,
    proposal: Proposal,
    vectors: TrainedModel | None,
    history_length: int,
    told: Told,
) -> Found:
    """One trial.

    Args:
        window: trained on its earlier part, judged on its later one.
        proposal: what to try.
        vectors: a model that differs in nothing that LightFM goes by; None: train one.
        history_length: the latest events of a shopper that a list is made from.
        told: called after each epoch.
    """
    start = time.monotonic()
    parameters = parameters_of(proposal.values)
    panel = Panel.of(window.known, window.shoppers, window.truth)
    rungs: dict[int, float] = {}

    def watch(epochs: int, ids: Sequence[str], vectors: Floats, biases: Floats) -> None:
        if epochs in RUNGS and epochs < parameters.epochs:
            rungs[epochs] = panel.ndcg(ids, vectors, biases)
            if rungs[epochs] < proposal.stop_below.get(epochs, 0.0):
                raise _Hopeless

    def found(outcome: Outcome, model: TrainedModel | None = None, **more: Any) -> Found:
        known = {"quality": None, "variety": None, **more}
        seconds = time.monotonic() - start
        return Found(outcome=outcome, rungs=rungs, seconds=seconds, model=model, **known)

    with threadpool_limits(1):
        if vectors is not None:
            model = recounted(vectors, window.train, parameters)
        else:
            try:
                # One whose vectors are gone trains them once more: they were good enough before.
                once_more = proposal.vectors_of is not None
                model = _trained(window, parameters, told, None if once_more else watch)
            except _Hopeless:
                return found(Outcome.PRUNED)
            except ValueError as error:
                # LightFM's own check of its numbers.
                if "diverged" not in str(error):
                    raise
                return found(Outcome.COLLAPSED, why="learning diverged")
        variety = panel.variety(model)
        if why := variety.collapse():
            return found(Outcome.COLLAPSED, variety=variety, why=why)
        blend = learn_blend([lessons(model, window, history_length)])
    quality = max(blend.quality.values(), default=0.0)
    return found(Outcome.FINISHED, model, quality=quality, variety=variety)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a search came to."""

    parameters: Parameters
    """To train with."""
    best: Trial
    defaults: Trial
    shoppers: int = 0
    """Judged on the second window; 0 if nothing was better than the defaults on the first."""
    gain: float = 0.0
    """In NDCG@10 on the second window, of the best against the defaults."""
    low: float = 0.0
    high: float = 0.0
    """Its 95 % interval."""
    why: str = ""

    @property
    def found(self) -> bool:
        """Whether the defaults were replaced."""
        return self.parameters != Parameters()


def settle(
    ground: Ground,
    trials: Mapping[int, Trial],
    *,
    how: HowToLearn,
    processes: int = 1,
    small_work: int = SMALL_WORK,
) -> Settled:
    """Whether the best trial replaces the defaults: only if it does better on the second window.

    Raises:
        ProcessDied: if a training was ended from outside.
    """
    defaults, best = trials[0], best_of(trials.values()) or trials[0]
    if best.number == 0:
        return Settled(Parameters(), best, defaults, why="nothing was better on the first window")
    found = parameters_of(best.values)
    with ExitStack() as stack:
        children = None
        if processes > 1 and len(ground.second.train) * Parameters().epochs > small_work:
            children = stack.enter_context(Processes(processes))
        futures: list[Future[tuple[NDArray[np.float64], Variety]]] = []
        for what, parameters in {"the found": found, "the default": Parameters()}.items():
            arguments = (ground.second, parameters, how)
            if children:
                futures.append(
                    children.submit(f"Comparing {what} parameters", judged_later, *arguments)
                )
            else:
                futures.append(at_once(judged_later, *arguments))
        (ours, variety), (theirs, sound) = (future.result() for future in futures)
    gain, low, high = difference(ours, theirs)
    why = ""
    if collapse := variety.collapse(sound):
        why = f"on the second window the best ones collapsed: {collapse}"
    elif gain <= SURE * (high - low):
        why = "on the second window the best ones were not surely better"
    return Settled(Parameters() if why else found, best, defaults, len(ours), gain, low, high, why)


def judged_later(
    window: Split, parameters: Parameters, how: HowToLearn, told: Told
) -> tuple[NDArray[np.float64], Variety]:
    """NDCG@10 of each shopper of the window, by all that is learned of what came before it.

    As in a retrain, the weights of the blend included: what a search gains must outlast them.
    """
    with threadpool_limits(1):
        with Trainer("trial", window.cut, parameters, bar=lambda _: told) as trainer:
            model = learn(window.train, window.products, trainer, how)
        lists = engine_lists(model, window, how.history_length)
        variety = Panel.of(window.train).variety(model)
    return judge(lists, window.truth, len(window.products)).of_shopper[MEASURE], variety


class _Hopeless(Exception):
    """Ends a training that is not worth its time."""


def _trained(window: Split, parameters: Parameters, told: Told, watch: Any = None) -> TrainedModel:
    return train(
        window.train,
        window.products,
        version="trial",
        trained_at=window.cut,
        parameters=parameters,
        progress=told,
        watch=watch,
    )


def _ended(
    number: int, proposal: Proposal, future: Future[Found], defaults: Trial | None
) -> tuple[Trial, TrainedModel | None]:
    """The trial that a process has ended, and its model if a later one may go by it."""
    trains = proposal.vectors_of is None
    try:
        found = future.result()
    except RecommenderError as error:
        if number == 0:
            raise
        return Trial(number, proposal.values, Outcome.FAILED, trained=trains, why=str(error)), None
    outcome, why, quality = found.outcome, found.why, found.quality
    sound = defaults.variety if defaults else None
    if found.variety and not why and (why := found.variety.collapse(sound) or ""):
        outcome, quality = Outcome.COLLAPSED, None
    trial = Trial(
        number=number,
        values=proposal.values,
        outcome=outcome,
        quality=quality,
        rungs=found.rungs,
        variety=found.variety,
        trained=trains,
        seconds=round(found.seconds, 2),
        why=why,
    )
    if number == 0 and quality is None:
        raise NotEnoughData(f"The defaults cannot be told from chance in this shop: {why}.")
    return trial, found.model if trains and quality is not None else None


def _seen_by(number: int) -> list[int]:
    """The trials that a trial is proposed by."""
    return [0, *range(1, number - HORIZON + 1)]


def _forget_models(models: dict[int, TrainedModel], trials: Mapping[int, Trial]) -> None:
    """Keep the vectors of the best: a trial that needs others trains them once more."""
    by_quality = sorted(models, key=lambda number: trials[number].quality or 0.0, reverse=True)
    for number in by_quality[HORIZON:]:
        del models[number]


def _medians(trained: Iterable[Trial]) -> dict[int, float]:
    """The median stopping rule (Golovin et al. 2017): of each rung, as far as enough came by it."""
    trained = list(trained)
    passed = {rung: [t.rungs[rung] for t in trained if rung in t.rungs] for rung in RUNGS}
    return {
        rung: median(values)
        for rung, values in passed.items()
        if len(values) >= FEWEST_BEFORE_PRUNING
    }


def _for_optuna(
    trial: Trial, names: Sequence[str], ranges: Mapping[str, Range]
) -> optuna.trial.FrozenTrial | None:
    known: dict[str, Any] = {
        "params": {name: trial.values[name] for name in names},
        "distributions": {name: ranges[name].distribution for name in names},
    }
    match trial.outcome:
        case Outcome.FINISHED:
            return optuna.trial.create_trial(value=trial.quality, **known)
        case Outcome.COLLAPSED:
            return optuna.trial.create_trial(value=0.0, **known)
        case Outcome.PRUNED:
            return optuna.trial.create_trial(
                state=optuna.trial.TrialState.PRUNED,
                intermediate_values=dict(trial.rungs),
                **known,
            )
        case Outcome.FAILED:
            return None


def _defaults(ranges: Mapping[str, Range]) -> Values:
    return {name: value for name, value in asdict(Parameters()).items() if name in ranges}


def _learned(values: Values) -> Values:
    return {name: value for name, value in values.items() if name in LEARNED}


def _affordable(values: Values) -> Values:
    """The same with as few epochs as a retrain has time for."""
    defaults = Parameters()
    most = COSTLIEST * defaults.factors * defaults.epochs / values["factors"]
    return {**values, "epochs": min(values["epochs"], max(int(most), int(LEARNED["epochs"].low)))}


def _sample(table: EventTable, most: int, seed: int) -> EventTable:
    shoppers = np.unique(table.shopper)
    if len(shoppers) <= most:
        return table
    chosen = np.random.default_rng(seed).choice(shoppers, most, replace=False)
    return table.where(np.isin(table.shopper, chosen))

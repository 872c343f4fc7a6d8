"""Search for the parameters that suit the shop, and show what a search found."""

import io
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import inf
from pathlib import Path

from pymongo.database import Database
from rich.progress import Progress
from rich.table import Table

from recommender.facts.catalog import Product
from recommender.facts.errors import InvalidInput, LeaseTaken, NoModel
from recommender.learning.interactions import EventTable
from recommender.learning.learn import HowToLearn
from recommender.learning.tuning import (
    MEASURE,
    Ground,
    Outcome,
    Settled,
    Trial,
    best_of,
    importances,
    search,
    settle,
)
from recommender.mongo.documents import Document
from recommender.mongo.leases import Lease
from recommender.mongo.models import attach, attached
from recommender.mongo.tuning import (
    FoundParameters,
    begin_or_go_on,
    latest_search,
    store_settled,
    store_trial,
    trials_of,
)
from recommender.settings import Settings

PLOT = "importances.svg"
"""The name of the plot beside the arrays of a model."""
NO_PLOT = "No plot: matplotlib is not installed (the extra `plots`). The numbers are kept."

SECONDS = {"s": 1, "m": 60, "h": 3_600}
RESERVED = 6.0
"""Of the time the trial of the defaults took, as often: what comparing the best with them takes,
which is part of the time of a search."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long to search."""

    seconds: float = inf
    trials: int | None = None
    """None: as many as there is time for. With a number the search can be repeated."""
    seed: int = 1


def seconds_of(duration: str) -> float:
    """Seconds from a duration in words.

    >>> seconds_of("90s"), seconds_of("20m"), seconds_of("1.5h")
    (90.0, 1200.0, 5400.0)

    Raises:
        InvalidInput: if it is anything else.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", duration.strip())
    if not found or not float(found[1]):
        raise InvalidInput("--tune", f"must be a time such as 90s, 20m or 1h, not {duration!r}")
    return float(found[1]) * SECONDS[found[2]]


def tune(
    database: Database[Document],
    table: EventTable,
    products: Mapping[str, Product],
    settings: Settings,
    progress: Progress,
    held: Lease,
    bounds: Bounds,
    *,
    version: str,
    now: datetime,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[FoundParameters, dict[str, object]]:
    """Search, compare the best with the defaults, and keep all of it in the database.

    Args:
        database: the shop's.
        table: what the models that will be measured may know.
        products: what was sold then.
        settings: processes, history length, held-out share.
        progress: where the bar is drawn.
        held: the lease of the retrain.
        bounds: how long.
        version: of the model that will be trained with what is found.
        now: UTC.
        clock: seconds, from any moment on.

    Returns:
        What to train with, and what there is to tell.

    Raises:
        NotEnoughData: if the shop has too few shoppers to tune by.
    """
    until = clock() + bounds.seconds
    how = HowToLearn(settings.history_length, settings.held_out_share)
    ground = Ground.of(table, products, settings.held_out_share)
    under_way = begin_or_go_on(
        database, ground, bounds.seed, now.strftime("%Y%m%dT%H%M%S.%fZ"), now
    )
    timed = bounds.seconds < inf
    whole = bounds.seconds if timed else bounds.trials
    task = progress.add_task("Tuning", total=whole)
    share = len(ground.second.train) / max(len(ground.first.train), 1)

    def reserved(trials: Mapping[int, Trial]) -> float:
        return RESERVED * share * trials[0].seconds if 0 in trials else 0.0

    known = {trial.number: trial for trial in under_way.trials}

    def ended(trial: Trial) -> None:
        store_trial(database, under_way.search_id, trial)
        known[trial.number] = trial

    def told() -> None:
        best = best_of(known.values())
        what = "Tuning"
        if best and 0 in known:
            what = (
                f"Tuning: {len(known)} trials, best {best.quality:.4f} "
                f"(defaults {known[0].quality:.4f})"
            )
        done = min(bounds.seconds - (until - clock()), bounds.seconds) if timed else len(known)
        progress.update(task, description=what, completed=done)

    trials = search(
        ground,
        under_way.trials,
        how=how,
        seconds_left=lambda: until - reserved(known) - clock(),
        most_trials=bounds.trials,
        starts=under_way.starts,
        processes=settings.training_processes,
        seed=bounds.seed,
        ended=ended,
        told=told,
    )
    settled = settle(ground, trials, how=how, processes=settings.training_processes)
    progress.update(task, completed=whole)
    # Asleep for too long, another one may be searching: what that one finds is newer.
    if not held.still_held():
        raise LeaseTaken("The lease was lost meanwhile: what was found is not used.")
    matters = importances(trials.values(), ground.ranges)
    found = store_settled(
        database, under_way.search_id, settled, matters, len(trials), version, now
    )
    plot = importance_plot(matters)
    if plot:
        attach(database, version, PLOT, plot)
    summary = _summary(under_way.search_id, trials, settled, matters)
    return found, {**summary, "plotted": plot is not None}


def _summary(
    search_id: str,
    trials: Mapping[int, Trial],
    settled: Settled,
    matters: Mapping[str, float],
) -> dict[str, object]:
    """For the report: numbers only, and why."""
    outcomes = [trial.outcome for trial in trials.values()]
    return {
        "search": search_id,
        "trials": len(trials),
        **{str(outcome): outcomes.count(outcome) for outcome in Outcome},
        "defaults": settled.defaults.quality,
        "best": settled.best.quality,
        "second_window": {
            "shoppers": settled.shoppers,
            "gain": settled.gain,
            "low": settled.low,
            "high": settled.high,
        },
        "values": dict(settled.best.values),
        "found": settled.found,
        "why": settled.why,
        "importances": dict(matters),
    }


def in_words(summary: Mapping[str, object]) -> str:
    """The same in a sentence."""
    second = summary["second_window"]
    text = (
        f"{summary['trials']} trials ({summary['pruned']} given up early, {summary['collapsed']} "
        f"collapsed): {MEASURE} {summary['best']:.4f} at best, {summary['defaults']:.4f} by the "
        "defaults"
    )
    if isinstance(second, Mapping) and second["shoppers"]:
        text += (
            f"; on the window after that {second['gain']:+.4f} [{second['low']:+.4f}, "
            f"{second['high']:+.4f}]"
        )
    outcome = (
        "The best ones are used." if summary["found"] else f"The defaults stay: {summary['why']}."
    )
    lack = f" {NO_PLOT}" if summary["importances"] and not summary["plotted"] else ""
    return f"{text}. {outcome}{lack}"


def importance_plot(matters: Mapping[str, float]) -> bytes | None:
    """Bars, as SVG; None where there is nothing to draw, or nothing to draw with."""
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        return None
    if not matters:
        return None
    names = list(matters)[::-1]
    figure = Figure(figsize=(7, 0.6 + 0.35 * len(names)), layout="constrained")
    axes = figure.subplots()
    axes.barh([name.replace("_", " ") for name in names], [matters[name] for name in names])
    axes.set_xlabel("share in being among the best trials (PED-ANOVA)")
    axes.spines[["top", "right"]].set_visible(False)
    drawn = io.BytesIO()
    # The same numbers give the same file.
    with rc_context({"svg.hashsalt": PLOT}):
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()


@dataclass(frozen=True, slots=True)
class Shown:
    """The latest search, for people and for machines."""

    search: Document
    trials: list[Trial]
    has_plot: bool
    """Whether there was something to draw, and to draw with."""

    def table(self) -> Table:
        """Trials as rows, the best first, with what each tried in place of the defaults."""
        found = "found" if self.search.get("found") else "the defaults stayed"
        table = Table(title=f"Search {self.search['_id']} ({found})", caption=self._importances())
        for name in ("trial", MEASURE, "", "seconds"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("instead of the defaults")
        for trial in sorted(self.trials, key=lambda t: (-(t.quality or 0.0), t.number)):
            quality = "" if trial.quality is None else f"{trial.quality:.4f}"
            table.add_row(
                str(trial.number),
                quality,
                trial.outcome,
                f"{trial.seconds:.0f}",
                self._tried_by(trial),
            )
        return table

    def _tried_by(self, trial: Trial) -> str:
        if trial.number == 0:
            return "nothing"
        # A search that was cut short may lack them.
        defaults = next((t.values for t in self.trials if t.number == 0), {})
        return ", ".join(
            f"{name.replace('_', ' ')} {value:.4g}"
            for name, value in trial.values.items()
            if value != defaults.get(name)
        )

    def _importances(self) -> str:
        return ", ".join(
            f"{name.replace('_', ' ')} {share:.0%}"
            for name, share in self.search.get("importances", {}).items()
        )

    def as_dict(self) -> dict[str, object]:
        """For --json."""
        from recommender.mongo.tuning import trial_document

        known = {**self.search, "search": self.search["_id"]}
        del known["_id"]
        dates = {k: v.isoformat() for k, v in known.items() if isinstance(v, datetime)}
        return {**known, **dates, "trials": [trial_document(trial) for trial in self.trials]}


def shown(database: Database[Document], out: Path | None = None) -> Shown:
    """The latest search; its plot is written into the folder `out`.

    Raises:
        NoModel: if there was none.
    """
    latest = latest_search(database)
    if latest is None:
        raise NoModel("Nothing was searched yet: python -m workers retrain --tune 20m")
    plot = attached(database, latest.get("version", ""), PLOT)
    if out and plot:
        out.mkdir(parents=True, exist_ok=True)
        (out / PLOT).write_bytes(plot)
    return Shown(latest, trials_of(database, latest["_id"]), plot is not None)

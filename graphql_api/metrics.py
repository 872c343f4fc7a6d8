"""GET /metrics: what a process counts and times, for Prometheus. docs/operations.md lists it all.

Requests and lists are noted as they pass, and counted together a moment later: at once it would
take a tenth of what a request costs beside its list. Events are counted as they pass. All else is
counted by the part that it concerns, and read off there when somebody looks.

Several processes of one machine that share PROMETHEUS_MULTIPROC_DIR answer for all of them: each
writes what it counts into files there. What a process counted stays when it dies, until the last
one does; what it held goes with it.
"""

import asyncio
import fcntl
import os
import struct
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import psutil
import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from pymongo.errors import PyMongoError

from recommender.facts.errors import InvalidSetting
from recommender.facts.events import EventType
from recommender.facts.placements import Placement
from recommender.facts.request import Shelf
from recommender.mongo.jobs import JobState

if TYPE_CHECKING:
    from graphql_api.context import Context

log = structlog.get_logger(__name__)

Metric = TypeVar("Metric", Counter, Histogram)

# When a series began: one more for each, and nobody asks.
disable_created_metrics()

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds of what requests and lists take."""
EVENT_OUTCOMES = ("recorded", "duplicate", "rejected", "failed")
ERRORS_OF_OURS = ("INTERNAL", "UNAVAILABLE")
LOOK_SECONDS = 5.0
"""How often the parts are read while nobody looks: other processes answer for this one too."""
COUNT_SECONDS = 0.05
"""How long what was noted waits to be counted."""
OF_THE_DEAD = "0"
"""In the place of a process id: what processes counted that are no more."""
LOCK = "lock"
CLOCK_SLACK_SECONDS = 60.0
"""By so much the start of a process and the time of a file may differ, by the clocks they have."""


class Metrics:
    """The metrics of a process."""

    def __init__(self, directory: Path | None = None) -> None:
        """Nothing counted yet.

        Args:
            directory: PROMETHEUS_MULTIPROC_DIR, if there is one.

        Raises:
            InvalidSetting: if it cannot be written to, or is not in the environment itself.
        """
        self._directory = directory
        if directory is not None:
            _check(directory)
            _sweep(directory, starting=True)
        self._registry = CollectorRegistry()
        self._seen: defaultdict[Hashable, float] = defaultdict(float)
        """What was taken over already of what a part counts."""
        self._known_series: dict[tuple[Any, tuple[str, ...]], Any] = {}
        self._counts: Tally[tuple[Counter, tuple[str, ...]]] = Tally()
        self._times: list[tuple[Histogram, tuple[str, ...], float]] = []
        """What was noted, and is not counted yet."""
        self._models: set[str] = set()
        """Versions that answered since the process began."""
        if directory is None:
            ProcessCollector(registry=self._registry)
        self._http_seconds = self._histogram(
            "http_request_duration_seconds",
            "From a request to the begin of its answer.",
            ["route", "method", "status"],
        )
        self._operation_seconds = self._histogram(
            "graphql_operation_duration_seconds",
            "From a request to its answer, or to the first one of a subscription.",
            ["operation", "transport"],
        )
        self._list_seconds = self._histogram(
            "list_duration_seconds",
            "From the request for a list, or for all lists of a page, until it is made.",
            ["placement", "strategy"],
        )
        self._lists = self._counter("lists", "Lists served.", ["placement", "strategy"])
        self._empty_lists = self._counter("empty_lists", "Those with no product.", ["placement"])
        self._short_lists = self._counter(
            "short_lists", "Those with fewer products than asked for, but some.", ["placement"]
        )
        self._products = self._counter("list_products", "Products on lists.", ["placement"])
        self._filler_products = self._counter(
            "list_filler_products",
            "Those that fill a place which the list's own strategy left empty.",
            ["placement"],
        )
        self._events = self._counter(
            "events",
            "Events sent: recorded, duplicate, rejected (a mistake in it), or failed (the "
            "database's).",
            ["type", "outcome"],
        )
        self._errors = self._counter("errors", "Errors that are ours, by their code.", ["code"])
        self._database_errors = self._counter(
            "database_errors", "Those that came from the database.", ["error"]
        )
        self._rate_limited = self._counter(
            "rate_limited_requests", "Requests refused, by the kind of key.", ["key"]
        )
        self._histories_found = self._counter("histories_found", "Histories taken from memory.")
        self._histories_read = self._counter("histories_read", "Histories read from the database.")
        self._lists_written = self._counter("list_log_written_lists", "Lists written to the log.")
        self._lists_lost = self._counter("list_log_lost_lists", "Lists that never came there.")
        self._stream_failures = self._counter(
            "event_stream_failures", "How often the event stream broke.", ["error"]
        )
        self._background_failures = self._counter(
            "background_failures",
            "What went wrong while following catalogue, model, keys and counts.",
            ["what"],
        )
        self._histories_kept = self._gauge("histories_kept", "Histories in memory.", "livesum")
        self._acts_kept = self._gauge("acts_kept", "Acts in memory; the most it holds is set.")
        self._lists_waiting = self._gauge("list_log_waiting_lists", "Lists to be written.")
        self._subscriptions = self._gauge("subscriptions_open", "Subscriptions.")
        self._stream_open = self._gauge(
            "event_stream_open", "1 if changes are told as they happen, 0 if not.", "livemin"
        )
        self._stream_lag = self._gauge(
            "event_stream_lag_seconds",
            "How old what is known of other processes' events may be; +Inf while it is not open.",
            "livemax",
        )
        self._catalogue = self._gauge("catalogue_products", "Products known.", "livemin")
        self._model = self._gauge(
            "model_info", "API processes that answer with this model.", "livesum", ["version"]
        )
        self._model_trained = self._gauge(
            "model_trained_timestamp_seconds",
            "When the model that answers was trained; 0 before the first one.",
            "livemin",
        )
        self._trainings = self._gauge(
            "trainings", "Trainings asked for, by where they stand.", "livemostrecent", ["state"]
        )
        self._training_seconds = self._gauge(
            "last_training_duration_seconds", "Of the last one that ended.", "livemostrecent"
        )
        self._training_ended = self._gauge(
            "last_training_end_timestamp_seconds", "Of the same.", "livemostrecent"
        )
        self._training_succeeded = self._gauge(
            "last_training_succeeded", "1 if there was a model, 0 if it failed.", "livemostrecent"
        )

        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """Prometheus sees no rise in a series that it did not know before."""
        for type_, outcome in product(EventType, EVENT_OUTCOMES):
            self._events.labels(type_.value, outcome)
        for code in ERRORS_OF_OURS:
            self._errors.labels(code)
        for placement, counter in product(
            Placement,
            (self._empty_lists, self._short_lists, self._products, self._filler_products),
        ):
            counter.labels(placement.value)

    def answered(self, route: str, method: str, status: str, seconds: float) -> None:
        """Count a request over HTTP."""
        self._note(self._http_seconds, (route, method, status), seconds)

    def executed(self, operation: str, transport: str, seconds: float) -> None:
        """Count a GraphQL operation."""
        self._note(self._operation_seconds, (operation, transport), seconds)

    def served(self, shelves: Sequence[Shelf], seconds: float) -> None:
        """Count the lists of a page, which were all made in so many seconds."""
        counts = self._counts
        for shelf in shelves:
            placement, found = (shelf.placement,), shelf.recommendations
            counts[self._lists, (shelf.placement, shelf.strategy)] += 1
            if not found:
                counts[self._empty_lists, placement] += 1
                continue
            if shelf.short_reason is not None:
                counts[self._short_lists, placement] += 1
            counts[self._products, placement] += len(found)
            if fillers := sum([each.is_filler for each in found]):
                counts[self._filler_products, placement] += fillers
        of_page = ("several", "several")
        if len(shelves) == 1:
            of_page = (shelves[0].placement, shelves[0].strategy)
        self._note(self._list_seconds, of_page, seconds)

    def told(self, events: Iterable[tuple[EventType, str]]) -> None:
        """Count events, each with what became of it."""
        for (type_, outcome), count in Tally(events).items():
            self._series(self._events, type_.value, outcome).inc(count)

    def _note(self, histogram: Histogram, labels: tuple[str, ...], seconds: float) -> None:
        if not self._times:
            asyncio.get_running_loop().call_later(COUNT_SECONDS, self._count)
        self._times.append((histogram, labels, seconds))

    def _count(self) -> None:
        """Count what was noted."""
        for (counter, labels), count in self._counts.items():
            self._series(counter, *labels).inc(count)
        for histogram, labels, seconds in self._times:
            self._series(histogram, *labels).observe(seconds)
        self._counts.clear()
        self._times.clear()

    def failed(self, code: str, error: BaseException) -> None:
        """Count an error that is ours."""
        self._errors.labels(code).inc()
        if isinstance(error, PyMongoError):
            self._database_errors.labels(type(error).__name__).inc()

    async def run(self, context: "Context") -> None:
        """Look at the parts again and again, until cancelled."""
        while True:
            try:
                self.look_at(context)
                if self._directory is not None:
                    _sweep(self._directory)
                await self._look_at_trainings(context)
            except (PyMongoError, OSError) as error:
                log.warning("metrics_not_read", error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    def look_at(self, context: "Context") -> None:
        """Read off what the parts of the process count themselves."""
        self._count()
        live, stream, histories = context.live, context.event_stream, context.histories
        trained = live.trained
        self._catalogue.set(len(live.row_of))
        self._model_trained.set(trained.trained_at.timestamp() if trained else 0)
        serving = {trained.version} if trained else set()
        self._models |= serving
        for version in self._models:
            self._model.labels(version).set(version in serving)
        self._stream_open.set(stream.is_open)
        self._stream_lag.set(stream.lag_seconds)
        self._histories_kept.set(len(histories))
        self._acts_kept.set(histories.acts)
        self._lists_waiting.set(context.list_log.waiting)
        self._subscriptions.set(len(context.listeners))
        self._add(self._histories_found, histories.found)
        self._add(self._histories_read, histories.read)
        self._add(self._lists_written, context.list_log.written)
        self._add(self._lists_lost, context.list_log.lost)
        self._add_each(self._stream_failures, stream.failures)
        self._add_each(self._rate_limited, context.rate_limits.refused)
        for part in (context.follower, context.keys, context.rate_limits):
            self._add_each(self._background_failures, part.failures)

    def text(self) -> bytes:
        """All of it, in Prometheus' format."""
        if self._directory is None:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=str(self._directory))
        with _locked(self._directory, fcntl.LOCK_SH):
            return generate_latest(registry)

    def close(self) -> None:
        """Count all, and take back what only a process that lives can say."""
        self._count()
        if self._directory is not None:
            mark_process_dead(os.getpid(), str(self._directory))

    async def _look_at_trainings(self, context: "Context") -> None:
        counts, last = await context.jobs.standing()
        for state in JobState:
            self._trainings.labels(state.value).set(counts.get(state, 0))
        if last is not None and last.ended_at is not None:
            self._training_ended.set(last.ended_at.timestamp())
            self._training_succeeded.set(last.state is JobState.SUCCEEDED)
            if last.started_at is not None:
                seconds = (last.ended_at - last.started_at).total_seconds()
                self._training_seconds.set(seconds)

    def _add_each(self, counter: Counter, counts: Mapping[str, int]) -> None:
        for label, count in list(counts.items()):
            self._add(counter, count, label)

    def _add(self, counter: Counter, count: float, *labels: str) -> None:
        """Bring a counter to what a part counted since the process began."""
        key = (id(counter), *labels)
        more, self._seen[key] = count - self._seen[key], count
        (counter.labels(*labels) if labels else counter).inc(more)

    def _series(self, metric: Metric, *labels: str) -> Metric:
        """Those of every request are found at once: `labels` looks at each label anew."""
        found = self._known_series.get((metric, labels))
        if found is None:
            found = self._known_series[metric, labels] = metric.labels(*labels)
        return cast("Metric", found)

    def _histogram(self, name: str, text: str, labels: Sequence[str]) -> Histogram:
        return Histogram(
            f"recommender_{name}", text, labels, buckets=SECONDS, registry=self._registry
        )

    def _counter(self, name: str, text: str, labels: Sequence[str] = ()) -> Counter:
        return Counter(f"recommender_{name}", text, labels, registry=self._registry)

    def _gauge(
        self, name: str, text: str, together: str = "livesum", labels: Sequence[str] = ()
    ) -> Gauge:
        """One that tells, of several processes, what `together` says."""
        return Gauge(
            f"recommender_{name}",
            text,
            labels,
            multiprocess_mode=together,  # type: ignore[arg-type]
            registry=self._registry,
        )


def _check(directory: Path) -> None:
    name = "PROMETHEUS_MULTIPROC_DIR"
    # prometheus-client looks there when it is imported.
    if os.environ.get(name) != str(directory):
        raise InvalidSetting(f"{name} must be set in the environment: a file .env is read too late")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / LOCK).touch()
    except OSError as error:
        raise InvalidSetting(f"{name}={directory}: cannot be written to ({error})") from None


def _sweep(directory: Path, *, starting: bool = False) -> None:
    """Take what dead processes held out of the sums, and put what they counted together.

    Args:
        directory: PROMETHEUS_MULTIPROC_DIR.
        starting: whether what this process wrote there is of another one that had its id.
    """
    with _locked(directory, fcntl.LOCK_EX):
        files = defaultdict(list)
        for file in directory.glob("*.db"):
            files[file.stem.rpartition("_")[2]].append(file)
        dead = {
            pid: of_it
            for pid, of_it in files.items()
            if pid != OF_THE_DEAD and not _lives(int(pid), of_it, starting=starting)
        }
        if files.keys() - {OF_THE_DEAD} == dead.keys():
            # Nobody is left: counters begin anew, as Prometheus knows it of a restart.
            for file in directory.glob("*.db"):
                file.unlink()
            return
        for pid, of_it in dead.items():
            mark_process_dead(int(pid), str(directory))
            for file in of_it:
                if file.exists():
                    _add_to_the_dead(file)


def _lives(pid: int, files: Iterable[Path], *, starting: bool) -> bool:
    """Whether the process that wrote these files does."""
    if pid == os.getpid():
        return not starting
    try:
        process = psutil.Process(pid)
        # A later process may have the same id.
        is_the_same = process.create_time() <= (
            min(file.stat().st_mtime for file in files) + CLOCK_SLACK_SECONDS
        )
        return is_the_same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True


def _add_to_the_dead(file: Path) -> None:
    """Add the counters or histograms in a file to those of other dead processes."""
    kind = file.stem.rpartition("_")[0]
    together = MmapedDict(str(file.with_name(f"{kind}_{OF_THE_DEAD}.db")))
    try:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(file)):
            together.write_value(key, together.read_value(key)[0] + value, 0.0)
    except (RuntimeError, struct.error):
        log.warning("metrics_lost", file=file.name)
    finally:
        together.close()
        file.unlink()


@contextmanager
def _locked(directory: Path, how: int) -> Iterator[None]:
    """Nobody else sweeps in the block; with LOCK_EX nobody reads either."""
    with (directory / LOCK).open() as lock:
        fcntl.flock(lock, how)
        yield

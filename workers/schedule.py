"""Carry out the trainings that are asked for, and one every so many hours."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import structlog
from pymongo.database import Database
from pymongo.errors import PyMongoError
from rich.progress import Progress

from recommender.facts.errors import LeaseTaken, RecommenderError
from recommender.mongo.documents import Document
from recommender.mongo.jobs import HeldJob, request, take
from recommender.settings import Settings
from workers.console import progress_bars
from workers.retrain import Report, retrain
from workers.tune import Bounds

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
"""How often it is looked for a job, and how often it is told how far one is."""
BUSY_SECONDS = 30.0
"""How long a job waits while somebody else trains."""

Train = Callable[..., Report]


def run(
    database: Database[Document],
    settings: Settings,
    *,
    once: bool = False,
    train: Train = retrain,
) -> None:
    """Work until interrupted; with `once`, until nothing waits any more."""
    while True:
        try:
            ask_if_due(database, settings.retrain_hours, datetime.now(UTC))
            held = take(database, settings.lease_seconds)
        except PyMongoError as error:
            log.warning("no_job_taken", error=type(error).__name__)
            held = None
        if held:
            carry_out(database, settings, held, train)
        elif once:
            return
        else:
            time.sleep(LOOK_SECONDS)


def ask_if_due(database: Database[Document], hours: float, now: datetime) -> None:
    """Ask for the training of the current span of so many hours, if nobody did. 0: never."""
    if hours:
        span = timedelta(hours=hours)
        begun = datetime.fromtimestamp(0, UTC)
        number = (now - begun) // span
        request(database, f"schedule/{hours:g}h/{begun + number * span:%Y%m%dT%H%M}", now)


def carry_out(
    database: Database[Document], settings: Settings, held: HeldJob, train: Train = retrain
) -> None:
    """Train, and tell what came of it."""
    job = held.job
    log.info("training", job=job.job_id, attempt=job.attempts)
    tuning = Bounds(60 * job.tune_minutes) if job.tune_minutes else None
    try:
        with progress_bars() as progress, _told(held, progress):
            report = train(database, settings, progress, version=job.job_id, tuning=tuning)
    except LeaseTaken as error:
        log.info("training_waits", job=job.job_id, reason=str(error))
        held.put_back(min(BUSY_SECONDS, settings.lease_seconds))
    except RecommenderError as error:
        log.warning("training_failed", job=job.job_id, reason=str(error))
        held.failed(str(error))
    except PyMongoError as error:
        # The job stays where it is, and is taken over when its time is up.
        log.warning("training_broke_off", job=job.job_id, error=type(error).__name__)
    except (KeyboardInterrupt, SystemExit):
        held.put_back()
        raise
    except Exception as error:
        log.exception("training_failed", job=job.job_id)
        held.failed(f"Unexpected error ({type(error).__name__}); the worker's log has it.")
    else:
        held.succeeded(in_service=report.in_service, verdict=report.verdict)
        log.info("trained", job=job.job_id, in_service=report.in_service)


@contextmanager
def _told(held: HeldJob, progress: Progress) -> Iterator[None]:
    """Tell how far it is while in the block, which also keeps others from taking it over."""
    done = threading.Event()

    def tell() -> None:
        while not done.wait(min(LOOK_SECONDS, held.seconds / 3)):
            under_way = next((task for task in progress.tasks if not task.finished), None)
            stage = under_way.description if under_way else None
            share = under_way.percentage / 100 if under_way and under_way.total else None
            try:
                if not held.goes_on(stage, share):
                    return  # somebody else has it, and the lease of the retrain with it
            except PyMongoError:
                continue  # it is held for longer than two of these

    telling = threading.Thread(target=tell, name="job-progress", daemon=True)
    telling.start()
    try:
        yield
    finally:
        done.set()
        telling.join()

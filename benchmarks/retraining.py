"""How long a retrain on Online Retail takes, stage by stage, and the memory it needs."""

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lightfm import LightFM
from rich.progress import Progress

from benchmarks.processes import answer_of, peak_bytes
from benchmarks.results import Result
from recommender.mongo.connection import open_database
from recommender.settings import Settings
from seed.importers.online_retail import import_online_retail
from workers.retrain import ENGINE, retrain

TRAININGS = (
    "training on the earliest part",
    "training on the earlier part",
    "training on everything",
)
"""The stages that LightFM works in, in this order."""

MEGABYTE = 1_000_000


def measure(uri: str, online_retail: Path, say: Callable[[str], None]) -> list[Result]:
    """Import into a database of its own on this server, and retrain in a process of its own."""
    with open_database(_settings(uri)) as database:
        say("Retrain: importing Online Retail")
        import_online_retail(
            online_retail, database, datetime.now(UTC), rejects=online_retail.parent / "rejects"
        )
    say("Retrain: retraining with the defaults")
    found = answer_of(__name__, uri)
    seconds: dict[str, float] = found["seconds"]
    whole = sum(seconds.values())
    lightfm = dict(zip(TRAININGS, _shares(found["epoch_seconds"]), strict=True))
    events = f"{found['events']:,} events, {found['shoppers']:,} shoppers"
    results = [Result(f"the whole retrain ({events})", whole, "s")]
    for stage, of_stage in seconds.items():
        if stage in lightfm:
            results.append(
                Result.of_cost(stage, of_stage, "s", "LightFM's epochs alone", lightfm[stage])
            )
        else:
            results.append(Result(stage, of_stage, "s"))
    peak, imported = found["peak_bytes"] / MEGABYTE, found["imported_bytes"] / MEGABYTE
    return [
        *results,
        Result.of_cost("peak memory", peak, "MB", "the same process before it reads", imported),
        Result("NDCG@10 of the model, for reference", found["ndcg"], ""),
    ]


def _shares(epochs: list[float]) -> list[float]:
    """Of each training; all have as many epochs."""
    each = len(epochs) // len(TRAININGS)
    return [sum(epochs[start : start + each]) for start in range(0, len(epochs), each)]


def _settings(uri: str) -> Settings:
    return Settings.read({"mongodb_uri": uri, "mongodb_database": "retraining"})


def _timed_epochs() -> list[float]:
    """From now on, the seconds that each call of LightFM's `fit_partial` takes."""
    seconds: list[float] = []
    fit_partial = LightFM.fit_partial

    def timed(self: Any, *arguments: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return fit_partial(self, *arguments, **named)
        finally:
            seconds.append(time.perf_counter() - start)

    LightFM.fit_partial = timed
    return seconds


def main(uri: str) -> None:
    """Retrain once in this process, and print what it took."""
    epochs = _timed_epochs()
    settings = _settings(uri)
    with open_database(settings) as database:
        imported = peak_bytes()
        report = retrain(database, settings, Progress(disable=True))
    found = {
        "events": report.events,
        "shoppers": report.shoppers,
        "seconds": report.seconds,
        "epoch_seconds": epochs,
        "imported_bytes": imported,
        "peak_bytes": peak_bytes(),
        "ndcg": report.metrics[ENGINE]["ndcg@10"],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""How long a retrain on Online Retail takes, stage by stage, and the memory it needs."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.progress import Progress

from benchmarks.processes import answer_of, peak_bytes
from benchmarks.results import Result
from recommender.mongo.connection import open_database
from recommender.settings import Settings
from seed.importers.online_retail import import_online_retail
from workers.retrain import ENGINE, retrain

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
    whole = seconds.pop("the whole")
    events = f"{found['events']:,} events, {found['shoppers']:,} shoppers"
    results = [Result(f"the whole retrain ({events})", whole, "s")]
    results += [Result(stage, of_stage, "s") for stage, of_stage in seconds.items()]
    peak, imported = found["peak_bytes"] / MEGABYTE, found["imported_bytes"] / MEGABYTE
    return [
        *results,
        Result.of_cost("peak memory, children too", peak, "MB", "before it reads", imported),
        Result("NDCG@10 of the model, for reference", found["ndcg"], ""),
    ]


def _settings(uri: str) -> Settings:
    return Settings.read({"mongodb_uri": uri, "mongodb_database": "retraining"})


@contextmanager
def _watched() -> Iterator[list[int]]:
    """The bytes that this process and its children held together, looked up twice a second."""
    held = [0]
    done = threading.Event()

    def watch() -> None:
        this = psutil.Process()
        while not done.wait(0.5):
            together = 0
            for process in (this, *this.children(recursive=True)):
                # Shared pages count once: in shares.
                with suppress(psutil.Error):
                    together += process.memory_full_info().pss
            held.append(together)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield held
    finally:
        done.set()
        watcher.join()


def main(uri: str) -> None:
    """Retrain once in this process, and print what it took."""
    settings = _settings(uri)
    with open_database(settings) as database:
        imported = peak_bytes()
        with _watched() as held:
            report = retrain(database, settings, Progress(disable=True))
    found = {
        "events": report.events,
        "shoppers": report.shoppers,
        "seconds": report.seconds,
        "imported_bytes": imported,
        "peak_bytes": max(held),
        "ndcg": report.metrics[ENGINE]["ndcg@10"],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])

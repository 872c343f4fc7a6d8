"""python -m benchmarks: everything that is measured, each beside a floor of the same run."""

import json
import os
import platform
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import psutil
import typer

from benchmarks import (
    engine,
    importing,
    instructions,
    list_log,
    reading,
    recording,
    results,
    retraining,
    serving,
)
from benchmarks.load import find_wrk
from benchmarks.processes import Cores, on_core
from benchmarks.results import Result
from recommender.mongo.connection import open_database
from recommender.mongo.server import embedded, find_mongod
from recommender.settings import Settings
from workers.console import err, out, plain_failures

README = Path(__file__).with_name("README.md")


class Subject(StrEnum):
    """What can be measured alone."""

    IMPORT = "import"
    READING = "reading"
    RETRAIN = "retrain"
    ENGINE = "engine"
    SERVING = "serving"
    EVENTS = "events"
    LISTS = "lists"
    INSTRUCTIONS = "instructions"


ASKING = {Subject.SERVING, Subject.EVENTS, Subject.LISTS}
"""What asks a server with wrk."""

TITLES = {
    Subject.IMPORT: "Import: files into MongoDB",
    Subject.READING: "Reading for training: MongoDB to matrix",
    Subject.RETRAIN: "Retrain on Online Retail",
    Subject.ENGINE: "One list, without web and database",
    Subject.SERVING: "One recommendation",
    Subject.EVENTS: "Events over GraphQL",
    Subject.LISTS: "The log of lists",
    Subject.INSTRUCTIONS: "One recommendation, in instructions",
}

IMPORTS = {"csv": "generated CSV", "online_retail": "Online Retail"}
IMPORT_WANTED = 0.6

app = typer.Typer(add_completion=False)


@app.command()
def main(
    only: Annotated[
        str, typer.Option(help=f"Measure these alone, with commas between: {', '.join(Subject)}.")
    ] = "",
    online_retail: Annotated[
        Path | None,
        typer.Option(exists=True, help="The folder or file of the UCI Online Retail data set."),
    ] = None,
    seconds: Annotated[
        int, typer.Option(min=1, help="How long each figure of serving is measured.")
    ] = 5,
    events: Annotated[
        int, typer.Option(min=4, help="How many events are read for training.")
    ] = 1_000_000,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write the figures to this file.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the tables as README.md has them.")
    ] = False,
    readme: Annotated[
        bool, typer.Option("--readme", help="Put the tables into benchmarks/README.md.")
    ] = False,
) -> None:
    """Measure import, training and serving, each beside a floor of the same run.

    Everything happens in temporary folders and on 127.0.0.1.
    """
    # An ordinary end, so that servers are stopped and folders removed on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    subjects = _subjects(only)
    if online_retail is None and Subject.RETRAIN in subjects:
        _say("Retrain: skipped. It needs the data: --online-retail PATH")
        subjects.remove(Subject.RETRAIN)
    if Subject.INSTRUCTIONS in subjects and not instructions.has_valgrind():
        _say("Instructions: skipped. They are counted by valgrind: apt-get install valgrind")
        subjects.remove(Subject.INSTRUCTIONS)
    with plain_failures():
        if ASKING & set(subjects):
            find_wrk()
        conditions = _conditions()
        _say(", ".join(conditions.values()))
        found = {subject: _measure(subject, online_retail, seconds, events) for subject in subjects}
        conditions["load"] += f", after {os.getloadavg()[0]:.2f}"
    if json_file:
        figures = {subject: [asdict(r) for r in of_it] for subject, of_it in found.items()}
        json_file.write_text(
            json.dumps({"conditions": conditions, "results": figures}, indent=2) + "\n"
        )
    tables = {str(s): _section(conditions, of_it) for s, of_it in found.items()}
    if readme:
        README.write_text(results.replaced(README.read_text(), tables))
    if markdown:
        print("\n\n".join(f"### {TITLES[s]}\n\n{tables[s]}" for s in found))
        return
    if not out.is_terminal:
        # Into a file or a pipe go whole lines.
        out.width = 200
    for subject, of_it in found.items():
        out.print(results.table(TITLES[subject], of_it))


def _subjects(only: str) -> list[Subject]:
    """Those that were named, or all.

    Raises:
        typer.BadParameter: for what cannot be measured.
    """
    named = [name.strip() for name in only.split(",") if name.strip()]
    for name in named:
        if name not in set(Subject):
            raise typer.BadParameter(f"must be some of {', '.join(Subject)}, not {name!r}")
    return [Subject(name) for name in named] or list(Subject)


def _measure(
    subject: Subject, online_retail: Path | None, seconds: int, events: int
) -> list[Result]:
    """One subject, with a MongoDB of its own."""
    if subject is Subject.ENGINE:
        return engine.measure(seconds, _say)
    cores = Cores.available()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="benchmark-")))
        # While shelves are asked for, MongoDB must not take the server's core.
        with on_core(cores.client if subject in ASKING else None):
            uri = stack.enter_context(embedded(folder / "mongodb"))
        match subject:
            case Subject.IMPORT:
                return _import(uri, folder, online_retail)
            case Subject.READING:
                return reading.measure(uri, events, _say)
            case Subject.RETRAIN if online_retail:
                return retraining.measure(uri, online_retail, _say)
            case Subject.SERVING:
                return serving.measure(uri, folder, seconds, cores, _say)
            case Subject.EVENTS:
                return recording.measure(uri, folder, seconds, cores, _say)
            case Subject.LISTS:
                return list_log.measure(uri, folder, seconds, cores, _say)
            case Subject.INSTRUCTIONS:
                return instructions.measure(uri, folder, _say)
    return []


def _import(uri: str, folder: Path, online_retail: Path | None) -> list[Result]:
    _say("Import: files, and bare inserts of the same documents")
    settings = Settings.read({"mongodb_uri": uri, "mongodb_database": "importing"})
    with open_database(settings) as database:
        found = importing.measure(database, folder / "files", online_retail)
    return [
        Result.of_rate(
            f"{IMPORTS.get(name, name)}, {of_it['events']:,} events",
            of_it["import_events_per_second"],
            "events/s",
            "bare insert_many of the same documents",
            of_it["floor_events_per_second"],
            IMPORT_WANTED,
        )
        for name, of_it in found.items()
    ]


def _conditions() -> dict[str, str]:
    """When and on what."""
    cores = os.cpu_count()
    memory = psutil.virtual_memory().total / 2**30
    mongod = subprocess.run(
        [find_mongod(), "--version"], capture_output=True, text=True, check=True
    ).stdout.split("\n")[0]
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "processor": f"{_processor()}, {cores} cores, {memory:.0f} GiB",
        "python": f"Python {platform.python_version()}",
        "mongodb": f"MongoDB {mongod.rpartition('v')[2]}",
        "load": f"load average before {os.getloadavg()[0]:.2f}",
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _section(conditions: dict[str, str], found: list[Result]) -> str:
    """What stands in README.md between the marks of a subject."""
    return f"Measured {'; '.join(conditions.values())}.\n\n{results.markdown(found)}"


def _say(what: str) -> None:
    err.print(f"[dim]{datetime.now(UTC):%H:%M:%S}[/] ", end="", highlight=False)
    err.print(what, highlight=False, markup=False)


if __name__ == "__main__":
    app()

"""How many instructions one recommendation takes, beside the parts it cannot do without.

Counted by valgrind, so that it says the same on a busy machine, where times say nothing: what
becomes of a change shows to the thousandth. What it leaves out is the same for all: uvicorn, the
kernel, and how long the processor waits for its memory.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.load import CannotMeasure
from benchmarks.processes import ROOT
from benchmarks.results import Result
from benchmarks.serving import AT_HAND, CASES, READ, prepare, users_of
from recommender.mongo.connection import open_database
from recommender.settings import Settings

SHOPPERS = 20
ROUNDS = 2
"""How often each of them is asked for."""


def has_valgrind() -> bool:
    """Whether there is something to count with."""
    return shutil.which("callgrind_control") is not None


def measure(uri: str, folder: Path, say: Callable[[str], None]) -> list[Result]:
    """Seed a demo shop into a database of its own on this server, train, and count.

    Args:
        uri: of a MongoDB.
        folder: for what valgrind writes.
        say: told what is being done.

    Raises:
        CannotMeasure: if something could not be counted.
    """
    given = {"mongodb_uri": uri, "mongodb_database": "counting", "data_dir": str(folder / "data")}
    settings = Settings.read(given)
    with open_database(settings) as database:
        say("Instructions: seeding and training")
        prepare(database, settings)
        users = users_of(database)[:SHOPPERS]
    say("Instructions: counting, for six minutes or more")
    counted = folder / "counted"
    command = [
        *("valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={counted}"),
        *(sys.executable, "-m", "benchmarks.instructions_parts", uri, "counting", *users),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotMeasure(f"valgrind ended with {done.returncode}: {done.stderr[-2000:]}")
    return results_of(counts_in(counted))


def counts_in(written: Path) -> dict[str, float]:
    """Millions of instructions of each part, by name."""
    found: dict[str, float] = {}
    for file in written.parent.glob(f"{written.name}.*"):
        text = file.read_text(errors="replace")
        name, total = (
            re.search(p, text, re.MULTILINE)
            for p in (r"^desc: Trigger: dump (\S+)", r"^summary: (\d+)")
        )
        if name and total:
            found[name[1]] = int(total[1]) / (SHOPPERS * ROUNDS) / 1e6
    return found


def results_of(counts: Mapping[str, float]) -> list[Result]:
    """Each case beside the sum of its parts.

    Raises:
        CannotMeasure: if a count is missing.
    """
    try:
        return [
            Result.of_cost(
                f"{case.name}, {way}",
                counts[f"{case.path}_{name}"],
                "million",
                f"its parts: {counts[f'{case.path}_route']:.2f} route, "
                f"{counts[case.engine]:.2f} engine, {read:.2f} read",
                counts[f"{case.path}_route"] + counts[case.engine] + read,
                case.wanted.get(way),
            )
            for case in CASES
            for way, name, read in (
                (READ, "read", counts["driver"]),
                (AT_HAND, "at_hand", 0.0),
            )
        ]
    except KeyError as missing:
        raise CannotMeasure(f"{missing} was not counted, only {', '.join(counts)}.") from None

"""Asking a server as fast as it answers, with wrk."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from benchmarks.processes import on_core
from recommender.facts.errors import RecommenderError

SCRIPT = Path(__file__).with_name("wrk.lua")


class CannotMeasure(RecommenderError):
    """Something that the benchmark needs is missing, or does not answer as it should."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a server did under load, in microseconds."""

    each: float
    """Time for each request: the whole time by the number of answers."""
    p50: float
    p99: float
    bytes: float
    """Of each answer, with its headers."""


def find_wrk() -> str:
    """The wrk to run.

    Raises:
        CannotMeasure: if there is none, with the remedy.
    """
    if found := shutil.which("wrk"):
        return found
    raise CannotMeasure(
        "There is no wrk here, which measures serving. Install it (Debian, Ubuntu: apt-get install "
        "wrk; macOS: brew install wrk), or measure the rest: python -m benchmarks --only "
        "import,reading,retrain,engine"
    )


def under_load(
    port: int,
    requests: Sequence[str],
    folder: Path,
    connections: int,
    seconds: int,
    core: int | None,
) -> Load:
    """Ask the server on this port for some seconds, after a second to warm up.

    Args:
        port: of a server on 127.0.0.1.
        requests: lines as wrk.lua takes them.
        folder: for the file with the requests.
        connections: how many wait for an answer at any time.
        seconds: how long.
        core: where wrk runs.

    Raises:
        CannotMeasure: if any request failed.
    """
    asked = folder / "requests.txt"
    asked.write_text("\n".join(requests) + "\n")
    _run(port, asked, connections, 1, core)
    return _run(port, asked, connections, seconds, core)


def _run(port: int, asked: Path, connections: int, seconds: int, core: int | None) -> Load:
    command = [
        *(find_wrk(), "--threads", "1", "--connections", str(connections)),
        *("--duration", f"{seconds}s", "--timeout", "10s", "--script", str(SCRIPT)),
        *(f"http://127.0.0.1:{port}", "--", str(asked), uuid4().hex[:8]),
    ]
    with on_core(core):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    if found["failed"] or not found["requests"]:
        raise CannotMeasure(f"{found['failed']} requests failed: {done.stdout}")
    return Load(
        found["microseconds"] / found["requests"],
        found["p50"],
        found["p99"],
        found["bytes"] / found["requests"],
    )

"""Programs that are measured, each in a process of its own that ends when we are done with it."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Cores:
    """Which processor does what, so that those who ask do not slow down those who answer."""

    server: int | None
    client: int | None
    """Of wrk, and of MongoDB."""

    @classmethod
    def available(cls) -> "Cores":
        """One for each side; None where there are too few, or they cannot be chosen."""
        allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        return cls(allowed[0], allowed[1]) if len(allowed) > 1 else cls(None, None)


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """What is started in the block runs on this core only, for as long as it lives."""
    if core is None:
        yield
        return
    # Zero is the calling thread alone, and a child inherits from the thread that started it.
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], core: int | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that lives as long as the block, whatever happens in there."""
    with on_core(core):
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answer_of(module: str, *arguments: str, core: int | None = None) -> Any:
    """The JSON that `python -m MODULE ARGUMENTS` prints.

    Raises:
        subprocess.CalledProcessError: if it fails; what went wrong is on stderr.
    """
    command = [sys.executable, "-m", module, *arguments]
    with on_core(core):
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def peak_bytes() -> int:
    """The most memory this process ever held."""
    # Not getrusage: its ru_maxrss of a child starts at what the parent held when it forked.
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    raise NotImplementedError("Peak memory is read from /proc/self/status, which Linux has.")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

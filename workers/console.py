"""How the commands of worker and seed talk to a person, and how they fail."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from pymongo.errors import PyMongoError
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from recommender.facts.errors import RecommenderError

EXIT_FAILED = 1
"""The exit code of a command that says why it could not do its work."""
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143

out = Console()
"""What was asked for."""
err = Console(stderr=True)
"""Progress and problems, so that --json on the other one stays clean."""


def progress_bars() -> Progress:
    """Bars for whatever takes more than two seconds; silent where nobody watches."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=False,
    )


@contextmanager
def plain_failures() -> Iterator[None]:
    """Problems that somebody can do something about end the command with a sentence.

    SIGTERM ends it like Ctrl-C does: leases are given back and the embedded MongoDB is stopped.
    """
    previous = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    except RecommenderError as error:
        _fail(str(error))
    except PyMongoError as error:
        _fail(f"MongoDB: {str(error)[:300]}")
    except OSError as error:
        # A folder that cannot be made, a disk that is full: DATA_DIR, or a file that was named.
        _fail(str(error))
    except KeyboardInterrupt:
        err.print("Interrupted.")
        sys.exit(EXIT_INTERRUPTED)
    finally:
        signal.signal(signal.SIGTERM, previous)


def _fail(message: str) -> NoReturn:
    err.print(Text.assemble(("Error: ", "bold red"), message))
    sys.exit(EXIT_FAILED)


def _terminate(number: int, frame: FrameType | None) -> None:
    # A second one must not cut short what the first one set going.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(EXIT_TERMINATED)

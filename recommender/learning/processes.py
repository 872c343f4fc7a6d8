"""Long work in processes beside this one, so that two trainings take the time of one."""

import pickle
import signal
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from os import _exit
from types import TracebackType
from typing import Any, Self, TypeVar

from recommender.facts.errors import ProcessDied

Answer = TypeVar("Answer")
Tell = Callable[..., None]
"""Given to the work: what it is called with is told to whoever asked for the work."""

_SPAWN = get_context("spawn")
"""Never a fork: the threads of a database driver do not survive one."""
_TOLD, _DONE, _FAILED = range(3)


@dataclass(frozen=True, slots=True)
class _Child:
    process: SpawnProcess
    pipe: Connection


class Processes:
    """Up to so many child processes, started when there is work for them.

    What goes there and back is pickled, as between the processes of one program it may be: a child
    runs what its own parent sends, and nothing of it is ever stored. Children do not hear Ctrl-C:
    they end at once when this is closed, or when this process is no more.
    """

    def __init__(self, count: int) -> None:
        self._threads = ThreadPoolExecutor(count, "process")
        self._of_thread = threading.local()
        self._starting = threading.Lock()
        self._children: list[_Child] = []
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all children, whatever they are doing. What they had not finished fails."""
        with self._starting:
            self._closed = True
            for child in self._children:
                child.process.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for child in self._children:
            child.process.join()
            child.process.close()
            child.pipe.close()
        self._children.clear()

    def submit(
        self,
        what: str,
        work: Callable[..., Answer],
        *arguments: Any,
        told: Tell = lambda *_: None,
    ) -> Future[Answer]:
        """Have it done as soon as a process is free, in the order of asking.

        Args:
            what: names the work where it goes wrong.
            work: a function of a module, called with the arguments and with a `Tell`.
            arguments: of it.
            told: called with what the work tells, in a thread of this process.

        Returns:
            The answer to come, or what the work raised; `ProcessDied` if its process ended.
        """
        return self._threads.submit(self._do, what, work, arguments, told)

    def _do(
        self, what: str, work: Callable[..., Answer], arguments: tuple[Any, ...], told: Tell
    ) -> Answer:
        child = self._child(what)
        try:
            child.pipe.send((work, arguments))
            while True:
                kind, value = child.pipe.recv()
                if kind == _DONE:
                    answer: Answer = value
                    return answer
                if kind == _FAILED:
                    raise value
                told(*value)
        except (EOFError, ConnectionError):
            del self._of_thread.child
            raise self._died(what, child) from None

    def _child(self, what: str) -> _Child:
        """The process of this thread."""
        child: _Child | None = getattr(self._of_thread, "child", None)
        if child is None:
            with self._starting:
                if self._closed:
                    raise ProcessDied(f"{what}: stopped.")
                child = _started()
                self._children.append(child)
            self._of_thread.child = child
        return child

    def _died(self, what: str, child: _Child) -> ProcessDied:
        if self._closed:
            return ProcessDied(f"{what}: stopped.")
        child.process.join()
        code = child.process.exitcode or 0
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        return ProcessDied(
            f"{what}: its process {how} before it was done. Where memory is short the system ends "
            "the largest process: set TRAINING_PROCESSES=1, or RETRAIN_WINDOW_DAYS to read less."
        )


def _started() -> _Child:
    ours, theirs = _SPAWN.Pipe()
    # Before the signal is blocked, since it leaves it unblocked.
    resource_tracker.ensure_running()
    # A child inherits what its thread blocks. Ctrl-C goes to every process of a terminal: the
    # parent alone decides what it means.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process = _SPAWN.Process(target=_live, args=(theirs,), daemon=True)
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        # Only the child may hold it, so that its end can be noticed.
        theirs.close()
    return _Child(process, ours)


def _live(pipe: Connection) -> None:
    """The life of a child: do what comes through the pipe."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            work, arguments = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((_DONE, work(*arguments, lambda *told: pipe.send((_TOLD, told)))))
        except Exception as error:
            pipe.send((_FAILED, _sendable(error)))


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        # At once and without a word: who would read it is gone.
        _exit(1)


def _sendable(error: Exception) -> Exception:
    """The same error, with where it came from, if it survives the way."""
    error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 (made in this very line)
    except Exception:
        return RuntimeError("".join(traceback.format_exception(error)))
    return error

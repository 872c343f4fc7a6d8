"""The embedded MongoDB: finds a mongod, runs it as a one-member replica set, stops it.

For demos and tests. Every process that works on the same data folder shares one server: each
holds a shared lock on a file while it works, and whoever finds, on leaving, that nobody else
holds it stops the server. A process that is killed lets go of its lock like any other, so the
next one takes over the server that it left running.
"""

import fcntl
import importlib.util
import os
import shutil
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from recommender.facts.errors import ServerUnavailable
from recommender.settings import Settings

START_SECONDS = 60.0
"""A mongod that recovers after a crash may take a while."""
CLOSE_FILES = "file_manager=(close_idle_time=20,close_scan_interval=5)"
"""Seconds: files that nothing reads are closed."""
STOP_SECONDS = 30.0
REPLICA_SET = "shop"

NOT_YET_INITIALIZED = 94
"""MongoDB's code for a member without a replica set."""


@contextmanager
def mongodb(settings: Settings) -> Iterator[str]:
    """The URI of the MongoDB to use: `MONGODB_URI`, or the embedded server while in the block.

    Raises:
        ServerUnavailable: if no mongod can be found or started; the message says what to do.
    """
    if settings.mongodb_uri:
        yield settings.mongodb_uri
        return
    with embedded(settings.data_dir / "mongodb", settings.mongod) as uri:
        yield uri


@contextmanager
def embedded(folder: Path, binary: str = "") -> Iterator[str]:
    """Run, or join, the server of this data folder; the last to leave stops it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ServerUnavailable(f"Cannot use DATA_DIR for the embedded MongoDB: {error}") from None
    with (folder / "users.lock").open("w") as users:
        try:
            with _alone(folder):
                fcntl.flock(users, fcntl.LOCK_SH)
                # One that is alive and silent is busy or recovers: a second mongod on its folder
                # would only fail, and leave nobody who knows how to stop the first.
                if not _is_alive(folder):
                    _start(folder, find_mongod(binary))
                port = _port(folder)
                _become_primary(port, folder)
            yield _uri(port)
        finally:
            with _alone(folder), suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _stop(folder)


def find_mongod(binary: str = "") -> Path:
    """The mongod to run: the one named, the one on the path, or the one inside the wheel.

    Raises:
        ServerUnavailable: if there is none.
    """
    if found := shutil.which(binary or "mongod"):
        return Path(found)
    if binary:
        raise ServerUnavailable(f"MONGOD={binary!r} is not a program that can be run.")
    package = importlib.util.find_spec("fiftyone")
    for place in (package and package.submodule_search_locations) or ():
        inside_wheel = Path(place) / "db" / "bin" / "mongod"
        if inside_wheel.exists():
            # Wheels do not carry the execute bit.
            with suppress(PermissionError):
                inside_wheel.chmod(inside_wheel.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP)
            return inside_wheel
    raise ServerUnavailable(
        "There is no mongod here. Set MONGODB_URI to a MongoDB 6.0 or newer that runs as a "
        "replica set, or MONGOD to a mongod binary, or install the extra: pip install "
        "'shop-recommender[embedded]' (Linux x86-64)."
    )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Only one process at a time starts or stops the server."""
    with (folder / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _uri(port: int) -> str:
    return f"mongodb://127.0.0.1:{port}/?directConnection=true"


def _start(folder: Path, binary: Path) -> None:
    """Start the server, and note how to reach and how to stop it."""
    data = folder.resolve() / "db"
    data.mkdir(exist_ok=True)
    port = _free_port(folder)
    (folder / "port").write_text(str(port))
    arguments = [
        str(binary),
        *("--dbpath", str(data)),
        *("--port", str(port)),
        *("--bind_ip", "127.0.0.1"),
        *("--replSet", REPLICA_SET),
        *("--wiredTigerCacheSizeGB", "1"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        # What was dropped stays open for as long as reads may look back: five minutes, in which a
        # few hundred databases come to more files than a process may open.
        *("--setParameter", "minSnapshotHistoryWindowInSeconds=5"),
        *("--wiredTigerEngineConfigString", CLOSE_FILES),
        "--nounixsocket",
        "--quiet",
    ]
    with (folder / "mongod.log").open("ab") as log:
        pid = os.posix_spawn(
            binary,
            arguments,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
            ],
            # Ctrl-C goes to whoever uses the server; they stop it when they are done.
            setsid=True,
        )
    (folder / "pid").write_text(str(pid))


def _free_port(folder: Path) -> int:
    """The port of last time if it is free, else any."""
    wanted = 0
    with suppress(FileNotFoundError, ValueError):
        wanted = _port(folder)
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError, OverflowError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise ServerUnavailable("There is no free port on 127.0.0.1.")


def _become_primary(port: int, folder: Path) -> None:
    """Wait until the server takes writes, as the only member of its replica set.

    Whoever started it may have been killed at any point since, so this is done each time; to a
    server that is primary already it does nothing.
    """
    deadline = time.monotonic() + START_SECONDS
    with MongoClient[dict[str, object]](
        _uri(port), serverSelectionTimeoutMS=500, socketTimeoutMS=5_000
    ) as client:
        while True:
            # It does not listen yet, or is in the middle of what it was asked for: ask again.
            with suppress(PyMongoError):
                if _is_primary(client, f"127.0.0.1:{port}"):
                    return
            why = f"See the end of {folder / 'mongod.log'}."
            if not _is_alive(folder):
                raise ServerUnavailable(
                    f"The embedded MongoDB did not start. {why} Is another server working on the "
                    "same folder?"
                )
            if time.monotonic() > deadline:
                raise ServerUnavailable(
                    f"The embedded MongoDB (process {_pid(folder)}) is not ready after "
                    f"{START_SECONDS:.0f} seconds. {why} Try again when it is."
                )
            time.sleep(0.02)


def _is_primary(client: MongoClient[dict[str, object]], address: str) -> bool:
    """Whether it takes writes; makes it a replica set of one at this address if it is not yet."""
    config = client.admin.command("replSetGetConfig", allowable_errors=[NOT_YET_INITIALIZED]).get(
        "config"
    )
    if config is None:
        members = [{"_id": 0, "host": address}]
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
    elif config["members"][0]["host"] != address:
        # On another port than last time it would not find itself in its own configuration.
        config["members"][0]["host"] = address
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)
    return bool(client.admin.command("hello")["isWritablePrimary"])


def _stop(folder: Path) -> None:
    """Stop cleanly: all that was acknowledged is on disk, and the folder is free again."""
    deadline = time.monotonic() + STOP_SECONDS
    server = _server(folder)
    if server is None:
        return
    with suppress(psutil.Error):
        server.terminate()
    while _holds_its_files(server) and time.monotonic() < deadline:
        time.sleep(0.02)


def _port(folder: Path) -> int:
    return int((folder / "port").read_text())


def _pid(folder: Path) -> int:
    return int((folder / "pid").read_text())


def _is_alive(folder: Path) -> bool:
    return _server(folder) is not None


def _server(folder: Path) -> psutil.Process | None:
    """The process we once started, if it is there, and still is that server.

    Process numbers are used again, and a stranger must never be stopped.
    """
    with suppress(FileNotFoundError, ValueError, psutil.Error):
        server = psutil.Process(_pid(folder))
        _reap(server)
        if str(folder.resolve() / "db") in server.cmdline():
            return server
    return None


def _holds_its_files(server: psutil.Process) -> bool:
    """Whether the process is still there, or on its way out.

    One that ends loses its command line first and its files, with the lock on its data, later.
    """
    _reap(server)
    with suppress(psutil.NoSuchProcess):
        return bool(server.is_running() and server.status() != psutil.STATUS_ZOMBIE)
    return False


def _reap(server: psutil.Process) -> None:
    with suppress(ChildProcessError):  # not our child, if another process started it
        os.waitpid(server.pid, os.WNOHANG)

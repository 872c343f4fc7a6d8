"""How commands end."""

import asyncio
import os
import signal
import sys

import psutil
import pytest
from builders import settings_for, stock, two_tastes, until
from pymongo import MongoClient

from recommender.mongo.connection import open_database
from workers.console import EXIT_TERMINATED, plain_failures


def test_sigterm_unwinds_a_command_and_a_second_one_does_not_cut_that_short():
    before = signal.getsignal(signal.SIGTERM)
    unwound = []

    @plain_failures()
    def command():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGTERM)
            unwound.append("all of it")

    with pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code == EXIT_TERMINATED
    assert unwound == ["all of it"]
    assert signal.getsignal(signal.SIGTERM) == before


async def test_sigterm_gives_back_the_lease_and_leaves_no_mongod(tmp_path):
    settings = settings_for("", "shop", tmp_path)
    catalogue, events = two_tastes(shoppers=400)
    with open_database(settings) as database:
        stock(database, list(catalogue.values()), events)
    pid_file, port_file = tmp_path / "mongodb" / "pid", tmp_path / "mongodb" / "port"
    stopped = pid_file.read_text()
    retrain = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "workers", "retrain"),
        env={"DATA_DIR": str(tmp_path), "PATH": os.environ["PATH"]},
        stderr=asyncio.subprocess.DEVNULL,
    )
    await until(lambda: pid_file.read_text() not in ("", stopped), seconds=30)
    uri = f"mongodb://127.0.0.1:{port_file.read_text()}/?directConnection=true"
    with MongoClient(uri) as client:
        await until(lambda: client["shop"]["leases"].find_one({"_id": "retrain"}), seconds=30)
    retrain.terminate()
    assert await asyncio.wait_for(retrain.wait(), 30) == EXIT_TERMINATED
    await until(lambda: not psutil.pid_exists(int(pid_file.read_text())))
    with open_database(settings) as database:
        assert database["leases"].count_documents({}) == 0

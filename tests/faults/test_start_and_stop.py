"""Starting says in one sentence what is missing; stopping leaves nothing behind."""

import asyncio
import os
import signal
import subprocess
import sys

import psutil
import pymongo
import pytest
from builders import a_free_port, settings_for, until

from graphql_api.context import open_context
from graphql_api.database import make_indexes, open_database
from recommender.mongo.documents import EVENTS, INDEXES
from recommender.mongo.follow import Follower
from recommender.mongo.server import embedded


async def start(tmp_path, **environment):
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "graphql_api"),
        env={
            "DATA_DIR": str(tmp_path),
            "PORT": str(a_free_port()),
            "PATH": os.environ["PATH"],
            **environment,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def until_it_serves(process):
    while b"Uvicorn running" not in (line := await process.stderr.readline()):
        assert line, "It stopped."


async def test_an_argument_is_no_setting_and_is_not_ignored():
    command = [sys.executable, "-m", "graphql_api", "--port", "8123"]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "unrecognized arguments: --port 8123" in done.stderr
    assert "environment variables, such as HOST and PORT" in done.stderr


async def test_being_told_to_stop_stops_the_embedded_mongodb_too(tmp_path):
    process = await start(tmp_path)
    async with asyncio.timeout(60):
        await until_it_serves(process)
        mongod = int((tmp_path / "mongodb" / "pid").read_text())
        assert psutil.pid_exists(mongod)
        process.send_signal(signal.SIGTERM)
        _, said = await process.communicate()
    assert process.returncode == 0
    assert b"Traceback" not in said
    await until(lambda: not psutil.pid_exists(mongod))


async def test_being_told_to_stop_while_starting_leaves_nothing_running(tmp_path):
    process = await start(tmp_path)
    pid_file = tmp_path / "mongodb" / "pid"
    async with asyncio.timeout(60):
        await until(pid_file.exists, seconds=30)
        process.send_signal(signal.SIGTERM)
        _, said = await process.communicate()
    assert process.returncode == 0
    # A pool of the driver that is interrupted while it is made says so when it is thrown away.
    said = said.partition(b"Exception ignored in: <function Pool.__del__")[0]
    assert b"Traceback" not in said
    await until(lambda: not psutil.pid_exists(int(pid_file.read_text())))


async def test_without_a_database_it_says_so_in_one_sentence(tmp_path):
    port = a_free_port()
    process = await start(
        tmp_path,
        MONGODB_URI=f"mongodb://shop:hunter2@127.0.0.1:{port}/?directConnection=true",
        MONGODB_TIMEOUT_SECONDS="0.5",
    )
    out, said = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    [line] = said.decode().splitlines()
    assert line.startswith(f"ServerUnavailable: Cannot reach MongoDB at 127.0.0.1:{port}: ")
    assert len(line) < 200
    assert b"hunter2" not in out + said


async def test_a_follower_that_dies_at_the_start_is_not_waited_for(settings, monkeypatch):
    async def dies(self):
        raise ZeroDivisionError

    monkeypatch.setattr(Follower, "run", dies)
    async with asyncio.timeout(5):
        with pytest.raises(ZeroDivisionError):
            async with open_context(settings.mongodb_uri, settings):
                pass


async def test_an_index_may_take_longer_to_build_than_a_call_may_last(tmp_path):
    with embedded(tmp_path / "mongodb") as uri, pymongo.MongoClient(uri) as operator:
        settings = settings_for(uri, "shop", tmp_path, MONGODB_TIMEOUT_SECONDS="0.5")
        operator.admin.command("fsync", lock=True)
        async with open_database(uri, settings) as database:
            making = asyncio.create_task(make_indexes(database))
            await asyncio.sleep(1.5)
            operator.admin.command("fsyncUnlock")
            await making
        assert len(operator["shop"][EVENTS].index_information()) == len(INDEXES[EVENTS]) + 1

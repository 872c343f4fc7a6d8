"""The embedded MongoDB: no set-up, nothing lost, nothing left running."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from pymongo import MongoClient

from recommender.facts.errors import ServerUnavailable
from recommender.mongo import server
from recommender.mongo.server import embedded, find_mongod


def pid_of(folder):
    return int((folder / "pid").read_text())


def is_running(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_it_is_a_replica_set_on_loopback_that_keeps_its_data_and_stops(tmp_path):
    with embedded(tmp_path) as uri, MongoClient(uri) as client:
        assert uri.startswith("mongodb://127.0.0.1:")
        assert client.admin.command("hello")["setName"]
        bound = client.admin.command("getCmdLineOpts")["parsed"]["net"]["bindIp"]
        assert bound == "127.0.0.1"
        client["shop"]["products"].insert_one({"_id": "mug"})
        pid = pid_of(tmp_path)
    assert not is_running(pid)
    # Another program may have got the port meanwhile: it comes back on another one.
    (tmp_path / "port").write_text("1")
    with embedded(tmp_path) as uri, MongoClient(uri) as client:
        assert client["shop"]["products"].find_one() == {"_id": "mug"}
        assert client.admin.command("hello")["isWritablePrimary"]


def test_who_comes_second_shares_it_and_the_last_one_stops_it(tmp_path):
    with embedded(tmp_path) as first:
        pid = pid_of(tmp_path)
        with embedded(tmp_path) as second:
            assert first == second
        assert is_running(pid)
    assert not is_running(pid)


def test_it_survives_that_its_user_is_killed_and_the_next_one_stops_it(tmp_path):
    code = (
        "import sys, time; from pathlib import Path\n"
        "from pymongo import MongoClient\n"
        "from recommender.mongo.server import embedded\n"
        "with embedded(Path(sys.argv[1])) as uri:\n"
        "    c = MongoClient(uri, w='majority')\n"
        "    c['shop']['events'].insert_one({'_id': 'acknowledged'})\n"
        "    print('ready', flush=True); time.sleep(60)\n"
    )
    user = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert user.stdout.readline() == "ready\n"
    os.kill(user.pid, signal.SIGKILL)
    user.wait()
    user.stdout.close()
    pid = pid_of(tmp_path)
    assert is_running(pid)
    with embedded(tmp_path) as uri, MongoClient(uri) as client:
        assert pid_of(tmp_path) == pid
        assert client["shop"]["events"].find_one() == {"_id": "acknowledged"}
    deadline = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(pid)


def test_it_survives_being_killed_itself(tmp_path):
    client_options = {"w": "majority", "serverSelectionTimeoutMS": 500}
    with embedded(tmp_path) as uri, MongoClient(uri, **client_options) as client:
        client["shop"]["events"].insert_one({"_id": "acknowledged"})
        os.kill(pid_of(tmp_path), signal.SIGKILL)
        time.sleep(0.2)
    with embedded(tmp_path) as uri, MongoClient(uri) as client:
        assert client["shop"]["events"].find_one() == {"_id": "acknowledged"}


def test_one_that_was_started_and_never_set_up_is_set_up_by_the_next_one(tmp_path):
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from recommender.mongo import server\n"
        "server._become_primary = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "with server.embedded(Path(sys.argv[1])): pass\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    pid = pid_of(tmp_path)
    with embedded(tmp_path) as uri, MongoClient(uri) as client:
        client["shop"]["products"].insert_one({"_id": "mug"})
        assert pid_of(tmp_path) == pid
    assert not is_running(pid)


def test_one_that_is_silent_for_a_while_is_waited_for(tmp_path):
    with embedded(tmp_path) as first:
        pid = pid_of(tmp_path)
        os.kill(pid, signal.SIGSTOP)
        goes_on = threading.Timer(1, os.kill, (pid, signal.SIGCONT))
        goes_on.start()
        try:
            with embedded(tmp_path) as second:
                assert first == second
                assert pid_of(tmp_path) == pid
        finally:
            goes_on.join()
    assert not is_running(pid)


def test_one_that_stays_silent_is_said_so_and_never_replaced(tmp_path, monkeypatch):
    with embedded(tmp_path) as uri:
        pid = pid_of(tmp_path)
        monkeypatch.setattr(server, "START_SECONDS", 0.1)
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(ServerUnavailable, match=rf"process {pid}\) is not ready after"):
                with embedded(tmp_path):
                    pass
        finally:
            os.kill(pid, signal.SIGCONT)
        assert pid_of(tmp_path) == pid
        with MongoClient(uri) as client:
            client["shop"]["products"].insert_one({"_id": "mug"})
    assert not is_running(pid)


def test_a_mongod_that_is_not_there_is_said_plainly():
    with pytest.raises(ServerUnavailable, match="MONGOD='/no/such/mongod' is not a program"):
        find_mongod("/no/such/mongod")


def test_a_mongod_that_cannot_start_says_where_it_says_why(tmp_path):
    false = Path("/bin/false")
    with pytest.raises(ServerUnavailable, match=r"did not start.*mongod\.log"):
        with embedded(tmp_path, str(false)):
            pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ServerUnavailable, match="Cannot use DATA_DIR"):
        with embedded(tmp_path / "file" / "mongodb"):
            pass

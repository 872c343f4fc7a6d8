"""The services of the compose file start one after the other, on a replica set that makes itself.

There is no Docker here: the very command of the health check, by the very shell that it is written
for, is run against a mongod that was started like the one of the compose file.
"""

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from builders import a_free_port, until
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from recommender.mongo.server import find_mongod

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "deploy" / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
MONGOSH = ROOT / "tests" / "conformance" / "node_modules" / ".bin"


@contextmanager
def mongod(folder, port):
    """What the service `mongodb` runs, on this machine's loopback alone."""
    _, *options = SERVICES["mongodb"]["command"]
    options[options.index("--bind_ip_all")] = "--bind_ip=127.0.0.1"
    options[options.index("--wiredTigerCacheSizeGB") + 1] = "0.25"
    data = folder / "db"
    data.mkdir(exist_ok=True)
    with (folder / "mongod.log").open("a") as log:
        server = subprocess.Popen(
            [find_mongod(), *options, f"--port={port}", f"--dbpath={data}"], stdout=log
        )
    try:
        with MongoClient(port=port, directConnection=True) as client:
            client.admin.command("ping")
            yield client
    finally:
        server.terminate()
        server.wait()


def healthy(port, home):
    """What the health check says of it."""
    kind, command = SERVICES["mongodb"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    command = command.replace("mongosh", f"mongosh --port {port}")
    command = command.replace("mongodb:27017", f"127.0.0.1:{port}")
    path = f"{MONGOSH}:{os.environ['PATH']}"
    said = subprocess.run(
        ["/bin/sh", "-c", command],
        env={"PATH": path, "HOME": str(home)},
        check=False,
        capture_output=True,
        timeout=60,
    )
    return said.returncode == 0


async def test_the_health_check_makes_the_replica_set_and_is_content_once_it_can_be_written_to(
    tmp_path,
):
    port = a_free_port()
    assert not healthy(port, tmp_path)
    with mongod(tmp_path, port) as client:
        with pytest.raises(OperationFailure):
            client.admin.command("replSetGetStatus")

        await until(lambda: healthy(port, tmp_path), seconds=60)

        assert client.admin.command("hello")["setName"] == "rs0"
        client.shop.events.insert_one({"_id": 1})
    # A restart finds the set that there is.
    with mongod(tmp_path, port) as client:
        await until(lambda: healthy(port, tmp_path), seconds=60)
        assert client.shop.events.count_documents({}) == 1


def test_whoever_needs_the_database_waits_until_it_is_healthy_and_knows_the_set_by_its_name():
    _, check = SERVICES["mongodb"]["healthcheck"]["test"]
    for name in ("api", "worker"):
        service = SERVICES[name]
        assert service["depends_on"]["mongodb"]["condition"] == "service_healthy"
        assert service["environment"]["MONGODB_URI"] == "mongodb://mongodb:27017/?replicaSet=rs0"
    assert '_id: "rs0"' in check
    assert 'host: "mongodb:27017"' in check
    assert "rs0" in SERVICES["mongodb"]["command"]


def test_the_api_reads_the_pictures_that_the_worker_drew():
    assert "worker:/data" in SERVICES["worker"]["volumes"]
    assert "worker:/data:ro" in SERVICES["api"]["volumes"]

"""Things are killed while they work. What was acknowledged survives, and the rest goes on."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import httpx
import psutil
import pytest
from builders import (
    a_free_port,
    a_product,
    an_event,
    api_process,
    environment,
    settings_for,
    stock,
    two_tastes,
    until,
)
from gridfs import GridFSBucket

from recommender.mongo.connection import open_database
from recommender.mongo.documents import EVENTS
from recommender.mongo.jobs import request
from recommender.mongo.models import load, version_in_service
from recommender.mongo.server import embedded


async def test_every_event_that_was_acknowledged_survives_the_death_of_the_api(settings, database):
    stock(database, [a_product("mug")])
    acknowledged = []
    async with api_process(settings, a_free_port()) as (process, client):

        async def send(name):
            for n in range(10_000):
                body = {
                    "user_id": name,
                    "product_id": "mug",
                    "rating": 4,
                    "event_id": f"{name}-{n}",
                }
                try:
                    response = await client.post("/api/feedback", json=body)
                except httpx.TransportError:
                    return
                if response.status_code == 201:
                    acknowledged.append(body["event_id"])

        senders = [asyncio.create_task(send(f"shopper-{n}")) for n in range(8)]
        await until(lambda: len(acknowledged) > 300, seconds=30)
        process.send_signal(signal.SIGKILL)
        await asyncio.gather(*senders)
    stored = {d["_id"] for d in database[EVENTS].find({}, {"_id": 1})}
    assert set(acknowledged) <= stored
    # At most one of each sender was on its way: stored, and not yet said so.
    assert len(stored) - len(acknowledged) <= 8


async def test_the_api_stops_in_an_orderly_way_and_says_so(settings):
    async with api_process(settings, a_free_port()) as (process, _):
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 15) in (0, -signal.SIGTERM)


async def test_the_api_outlives_its_database_and_finds_it_again(tmp_path):
    folder = tmp_path / "mongodb"
    with embedded(folder) as uri:
        settings = settings_for(uri, "shop", tmp_path)
        with open_database(settings) as database:
            stock(database, [a_product("mug"), a_product("pen")], [an_event("ann", "mug")])
        async with api_process(settings, a_free_port()) as (_, client):
            path = "/api/recommendations?user_id=ann"
            assert (await client.get(path)).status_code == 200
            os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
            await asyncio.sleep(0.3)
            broken = await client.get(path)
            assert broken.status_code == 503
            assert broken.json()["detail"] == "The database cannot be reached. Try again."
            assert (await client.get("/ready")).status_code == 503
            assert (await client.get("/healthy")).status_code == 200
            with embedded(folder) as again:  # on the same port: it was free
                assert again == uri

                async def works():
                    return (await client.get(path)).status_code == 200

                await until(works, seconds=30)
                with open_database(settings) as database:
                    stock(database, [a_product("cup")])

                async def sees_the_new_product():
                    shelf = (await client.get(path)).json()["recommendations"]
                    return "cup" in {p["product_id"] for p in shelf}

                await until(sees_the_new_product, seconds=30)


async def test_a_worker_that_dies_leaves_no_half_model_and_blocks_nobody_for_long(
    settings, database
):
    catalogue, events = two_tastes(shoppers=400)
    stock(database, list(catalogue.values()), events)

    async def retrain():
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "workers", "retrain"),
            env=environment(settings),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )

    first = await retrain()
    await until(lambda: database["leases"].find_one({"_id": "retrain"}), seconds=30)
    first.kill()
    await first.communicate()
    assert version_in_service(database) is None
    second = await retrain()
    _, errors = await second.communicate()
    assert second.returncode == 1
    assert b"Another process is doing this" in errors
    # Its sixty seconds pass; how long a process takes to start has no say in this.
    a_moment_ago = datetime.now(UTC) - timedelta(seconds=1)
    database["leases"].update_one({"_id": "retrain"}, {"$set": {"until": a_moment_ago}})
    third = await retrain()
    _, errors = await third.communicate()
    assert third.returncode == 0, errors
    assert version_in_service(database)


async def test_a_training_whose_worker_dies_is_taken_over_by_another(settings, database):
    catalogue, events = two_tastes(shoppers=400)
    stock(database, list(catalogue.values()), events)
    request(database, "k", datetime.now(UTC))

    async def worker():
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "workers", "schedule", "--once"),
            env=environment(settings, RETRAIN_HOURS="0"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )

    first = await worker()
    await until(lambda: database["leases"].find_one({"_id": "retrain"}), seconds=30)
    first.kill()
    await first.communicate()
    job = database["jobs"].find_one()
    assert (job["state"], job["attempts"]) == ("running", 1)
    # Its sixty seconds pass; how long a process takes to start has no say in this.
    a_moment_ago = {"$set": {"until": datetime.now(UTC) - timedelta(seconds=1)}}
    database["leases"].update_one({"_id": "retrain"}, a_moment_ago)
    database["jobs"].update_one({}, a_moment_ago)
    # And what it may have left of the model's arrays is in nobody's way.
    GridFSBucket(database, "model_files").upload_from_stream_with_id(job["_id"], "half", b"half")
    second = await worker()
    _, errors = await second.communicate()
    assert second.returncode == 0, errors
    job = database["jobs"].find_one()
    assert (job["state"], job["attempts"]) == ("succeeded", 2)
    assert version_in_service(database) == job["_id"]
    assert load(database, job["_id"])


async def test_an_import_that_dies_is_finished_by_doing_it_again(settings, database, tmp_path):
    products = tmp_path / "products.csv"
    products.write_text("product_id,name\n" + "".join(f"p{n},Thing {n}\n" for n in range(50)))
    events = tmp_path / "events.csv"
    rows = (f"u{n % 90},p{n % 50},view,2026-01-01T00:{n % 60:02}:00Z\n" for n in range(60_000))
    events.write_text("user_id,product_id,type,at\n" + "".join(rows))
    command = ["-m", "seed", "import", "tabular", "--products", str(products), "--events"]

    async def start():
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            str(events),
            env=environment(settings),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    process = await start()
    await until(lambda: database[EVENTS].estimated_document_count() > 0, seconds=30)
    process.kill()
    await process.wait()
    there = database[EVENTS].count_documents({})
    process = await start()
    assert await process.wait() == 0
    assert there <= database[EVENTS].count_documents({}) == 60_000


def accepts(port):
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@pytest.mark.parametrize("command", [["-m", "graphql_api"], ["-m", "workers", "retrain"]])
async def test_nothing_is_left_running_when_a_process_is_done(tmp_path, command):
    """With its own embedded MongoDB, which it starts and stops."""
    port = a_free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        env={
            "DATA_DIR": str(tmp_path),
            "PORT": str(port),
            "PATH": os.environ["PATH"],
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    pid_file = tmp_path / "mongodb" / "pid"
    await until(pid_file.exists, seconds=30)
    if "graphql_api" in command:
        # Before it listens, a shell's background job would not hear the signal.
        await until(lambda: accepts(port), seconds=30)
        process.send_signal(signal.SIGINT)
    await asyncio.wait_for(process.wait(), 30)
    await until(lambda: not psutil.pid_exists(int(pid_file.read_text())))

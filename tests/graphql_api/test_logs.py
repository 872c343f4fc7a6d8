"""The log tells what went wrong, and nothing of who it went wrong for."""

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx
import pytest
from builders import a_free_port, a_product, stock, until_it_answers
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
    WTimeoutError,
)

from graphql_api.errors import ErrorCode, logged
from recommender.mongo.documents import EVENTS

SHELF = """query($shopper: ShopperInput!) {
  recommendations(shopper: $shopper) { strategy }
}"""
RECORD = """mutation($events: [EventInput!]!) {
  recordEvents(input: {events: $events, idempotencyKey: "k"}) { acceptedCount }
}"""
SECRETS = ("shopper-of-the-test", "order-of-the-test", "session-of-the-test", "hunter2")


@asynccontextmanager
async def api_process(settings, log_format):
    """The API as operators run it, whose log is ours. The path of the URI stands for a password:
    the server of the tests has none, and what shows the one shows the other.
    """
    port = a_free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "graphql_api"),
        env={
            "MONGODB_URI": urlsplit(settings.mongodb_uri)._replace(path="/hunter2").geturl(),
            "MONGODB_DATABASE": settings.mongodb_database,
            "DATA_DIR": str(settings.data_dir),
            "PORT": str(port),
            "LOG_FORMAT": log_format,
            "PATH": os.environ["PATH"],
        },
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            await until_it_answers(client)
            yield client
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_no_shopper_no_event_and_no_password_reaches_the_log(
    settings, database, capfd, log_format
):
    stock(database, [a_product("mug")])
    # Nothing that we would write: reading this history fails with a mistake of ours, ...
    user = {"userId": SECRETS[0]}
    broken = {"shopper_id": f"user:{SECRETS[0]}", "product_id": "mug", "type": "view"}
    database[EVENTS].insert_one({**broken, "at": SECRETS[1]})
    # ... and writing an event with one of the database.
    database.command("collMod", EVENTS, validator={"shopper_id": {"$exists": False}})
    event = {
        "eventId": "e1",
        "type": "PURCHASE",
        "shopper": {"sessionId": SECRETS[2]},
        "productId": "mug",
        "orderId": SECRETS[1],
    }
    async with api_process(settings, log_format) as api:
        answers = [
            (await api.post("/graphql", json={"query": query, "variables": variables})).json()
            for query, variables in ((SHELF, {"shopper": user}), (RECORD, {"events": [event]}))
        ]
        await api.get("/api/recommendations", params={"user_id": SECRETS[0]})
    logged = "".join(capfd.readouterr())
    for answer in answers:
        [error] = answer["errors"]
        assert (error["message"], error["extensions"]["code"]) == ("Unexpected error.", "INTERNAL")
        assert error["extensions"]["errorId"] in logged
    assert "TypeError" in logged
    assert "BulkWriteError" in logged
    assert "121" in logged  # MongoDB's code for a document that failed validation
    assert "graphql_api/recommendations.py" in logged
    assert [secret for secret in SECRETS if secret in logged] == []
    if log_format == "json":
        assert all(json.loads(line) for line in logged.splitlines())


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AutoReconnect("gone"), ErrorCode.UNAVAILABLE),
        (NetworkTimeout("slow"), ErrorCode.UNAVAILABLE),
        (ServerSelectionTimeoutError("nobody"), ErrorCode.UNAVAILABLE),
        (ExecutionTimeout("too long", 50), ErrorCode.UNAVAILABLE),
        (WTimeoutError("no majority", 64), ErrorCode.UNAVAILABLE),
        (DuplicateKeyError("there", 11000), ErrorCode.INTERNAL),
        (OperationFailure("not authorized", 13), ErrorCode.INTERNAL),
        (BulkWriteError({"writeErrors": [{"code": 121, "op": {}}]}), ErrorCode.INTERNAL),
        (ConfigurationError("wrong"), ErrorCode.INTERNAL),
        (ValueError("ours"), ErrorCode.INTERNAL),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_what_may_pass_asks_to_try_again(error, code):
    assert logged(error)[0] is code

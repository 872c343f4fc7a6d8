"""Each request can be found in the log, which tells what kind it was and nothing more."""

import asyncio
import logging

import pytest
import structlog
from builders import ask, serving, settings_for
from structlog.testing import capture_logs
from subscribing import conversation

from recommender.mongo.documents import EVENTS

SHELF = """query Of($user: ID!) {
  mine: recommendations(shopper: {userId: $user}, first: 3) { nodes { name } }
}"""


@pytest.fixture
def lines():
    """What is logged, with the id of the request."""
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        yield lines


@pytest.fixture
async def telling_api(shop, mongodb_uri, database, tmp_path, caplog):
    """One that writes a line for each request."""
    caplog.set_level(logging.INFO)
    settings = settings_for(mongodb_uri, database.name, tmp_path, ACCESS_LOG_LEVEL="info")
    async with serving(settings) as api:
        yield api


def told(lines, event):
    return [line for line in lines if line["event"] == event]


@pytest.mark.parametrize("given", ["a", "01JDM7Q0-x.y:z", "a" * 128])
async def test_a_request_keeps_the_id_it_came_with(api, given):
    response = await api.get("/healthy", headers={"X-Request-ID": given})
    assert response.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a" * 129, "two words", "a\tb", "\u00e9"])
async def test_an_id_that_could_spoil_the_log_is_replaced(api, given):
    answers = [
        await api.get("/healthy", headers={"X-Request-ID": given.encode("latin-1")})
        for _ in range(2)
    ]
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 2
    assert given not in ids
    assert all(len(id_) == 32 for id_ in ids)


@pytest.mark.parametrize("path", ["/healthy", "/no/such/path", "/graphql", "/api/recommendations"])
async def test_every_answer_says_its_id_also_when_it_is_an_error(api, path):
    response = await api.get(path)
    assert len(response.headers["x-request-id"]) == 32


async def test_the_line_of_a_request_tells_its_kind_and_how_long_it_took(telling_api, lines):
    variables = {"user": "cook-1"}
    headers = {"X-Request-ID": "r1"}
    body = {"query": SHELF, "variables": variables}
    # Also when the document is known already, which is executed another way.
    for _ in range(2):
        await telling_api.post("/graphql", json=body, headers=headers)
    for line in told(lines, "request"):
        assert line.pop("duration_ms") > 0
        assert line == {
            "event": "request",
            "log_level": "info",
            "request_id": "r1",
            "method": "POST",
            "route": "/graphql",
            "status": 200,
            "operations": ("recommendations",),
        }
    assert len(told(lines, "request")) == 2


async def test_the_line_of_a_path_with_a_shopper_in_it_has_no_shopper(telling_api, lines):
    await telling_api.get("/api/recommendations", params={"user_id": "cook-1"})
    [line] = told(lines, "request")
    assert line["route"] == "/api/recommendations"
    assert "cook-1" not in str(line)


async def test_an_error_carries_the_id_of_its_request(telling_api, lines, database):
    broken = {"shopper_id": "user:eve", "product_id": "kitchen-1", "type": "view", "at": "never"}
    database[EVENTS].insert_one(broken)
    body = {"query": SHELF, "variables": {"user": "eve"}}
    answer = await telling_api.post("/graphql", json=body, headers={"X-Request-ID": "r2"})
    [error] = answer.json()["errors"]
    [line] = told(lines, "unexpected_error")
    assert (line["error_id"], line["request_id"]) == (error["extensions"]["errorId"], "r2")


async def test_each_operation_of_a_socket_has_a_line_of_its_own(telling_api, lines):
    async with conversation(telling_api, additional_headers={"X-Request-ID": "r3"}) as socket:
        assert socket.raw.response.headers["x-request-id"] == "r3"
        await socket.subscribe(SHELF, {"user": "cook-1"}, name="1")
        await socket.next("1")
        assert (await socket.hear())["type"] == "complete"
        await socket.subscribe("{ __typename }", {}, name="2")
        await socket.next("2")
    lines = told(lines, "operation")
    assert [line["operations"] for line in lines] == [("recommendations",), ("__typename",)]
    assert {line["request_id"] for line in lines} == {"r3"}
    assert {line["transport"] for line in lines} == {"websocket"}


async def test_requests_side_by_side_keep_their_ids_apart(telling_api, lines):
    ids = [f"r{n}" for n in range(20)]
    body = {"query": SHELF, "variables": {"user": "cook-1"}}
    await asyncio.gather(
        *(telling_api.post("/graphql", json=body, headers={"X-Request-ID": id_}) for id_ in ids)
    )
    assert sorted(line["request_id"] for line in told(lines, "request")) == sorted(ids)


async def test_a_slow_request_is_a_warning(shop, mongodb_uri, database, tmp_path, lines):
    slow = settings_for(mongodb_uri, database.name, tmp_path, SLOW_REQUEST_SECONDS="0.0000001")
    async with serving(slow) as api:
        await ask(api, SHELF, user="cook-1")
    [line] = told(lines, "slow_request")
    assert line["log_level"] == "warning"
    assert line["operations"] == ("recommendations",)


async def test_usually_only_what_is_slow_has_a_line(shop, api, lines):
    await ask(api, SHELF, user="cook-1")
    assert not told(lines, "request")

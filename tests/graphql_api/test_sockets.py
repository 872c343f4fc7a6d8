"""The protocol graphql-transport-ws, in raw frames."""

import json

import pytest
from builders import a_product, serving, settings_for, stock, until
from subscribing import conversation, socket_to

from graphql_api import sockets

pytestmark = pytest.mark.usefixtures("shop")

FOLLOW = "subscription { recommendationsUpdated(shopper: %s) { strategy } }"


@pytest.fixture
async def socket(shop, api):
    async with conversation(api) as socket:
        yield socket


async def test_a_query_is_answered_and_complete(socket):
    await socket.subscribe("query Q($n: Int) { products(first: $n) { totalCount } }", {"n": 1})
    assert await socket.next() == {"products": {"totalCount": 24}}
    assert await socket.hear() == {"type": "complete", "id": "1"}


async def test_a_mutation_is_carried_out(socket, database):
    await socket.subscribe(
        """mutation($p: ID!) { recordFeedback(input: {
             shopper: {userId: "ann"}, productId: $p, rating: 5
           }) { accepted } }""",
        {"p": "kitchen-1"},
    )
    assert await socket.next() == {"recordFeedback": {"accepted": True}}
    assert await socket.hear() == {"type": "complete", "id": "1"}
    assert database["events"].count_documents({"shopper_id": "user:ann"}) == 1


async def test_one_of_several_operations_is_named(socket):
    await socket.subscribe(
        "query A { a: __typename } query B { b: __typename }", None, operationName="B"
    )
    assert await socket.next() == {"b": "Query"}


async def test_an_id_may_be_used_again_once_it_is_complete(socket):
    for _ in range(3):
        await socket.subscribe("{ __typename }", None)
        await socket.next()
        assert await socket.hear() == {"type": "complete", "id": "1"}


async def test_a_ping_is_answered_with_what_it_says(socket):
    await socket.say("ping")
    assert await socket.hear() == {"type": "pong"}
    await socket.say("ping", payload={"at": 5})
    assert await socket.hear() == {"type": "pong", "payload": {"at": 5}}
    await socket.say("pong")
    assert await socket.is_silent()


async def test_a_ping_is_answered_before_hello_too(api):
    async with socket_to(api) as socket:
        await socket.say("ping")
        assert await socket.hear() == {"type": "pong"}


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("subscription { recommendationsUpdated(", "Syntax Error"),
        ("{ noSuchField }", "noSuchField"),
        ("", "query"),
        (FOLLOW % '{userId: ""}', "userId"),
        (FOLLOW % '{userId: "ann"}, placement: "roof"', "placement must be one of home"),
        (FOLLOW % '{userId: "ann"}, first: 0', "first must be"),
    ],
)
async def test_a_mistake_in_an_operation_ends_that_operation_only(socket, query, says):
    await socket.subscribe(query, None)
    heard = await socket.hear()
    assert (heard["type"], heard["id"]) == ("error", "1")
    [error] = heard["payload"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert says in error["message"]
    await socket.subscribe("{ __typename }", None)
    assert await socket.next() == {"__typename": "Query"}


async def test_limits_of_documents_hold_here_too(socket):
    aliases = " ".join(f"a{n}: __typename" for n in range(40))
    await socket.subscribe(f"{{ {aliases} }}", None)
    codes = {error["extensions"]["code"] for error in (await socket.hear())["payload"]}
    assert codes == {"QUERY_TOO_COSTLY"}


async def test_what_goes_wrong_in_us_is_masked(socket, monkeypatch):
    def breaks(*_):
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("graphql_api.subscriptions.made_for", breaks)
    await socket.subscribe()
    heard = await socket.hear()
    assert "secret" not in json.dumps(heard)
    [error] = heard["payload"]["errors"]
    assert (error["message"], error["extensions"]["code"]) == ("Unexpected error.", "INTERNAL")
    assert error["extensions"]["errorId"]


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "hello",
        "5",
        "null",
        "[]",
        '"connection_init"',
        "{}",
        '{"type": 5}',
        '{"type": null}',
        '{"type": "start"}',
        '{"type": "connection_init", "payload": 5}',
        '{"type": "connection_init", "payload": []}',
        '{"type": "ping", "payload": "x"}',
        '{"type": "complete"}',
        '{"type": "complete", "id": 5}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": 1, "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "1", "payload": "{ __typename }"}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 5}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": []}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "operationName": 5}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "extensions": 5}}',
        '{"type": "ping", "payload": {"x": "\\ud800"}}',
        '{"type": "ping", "payload": {"n": ' + "9" * 5_000 + "}}",
        "[" * 100_000,
        '{"type": "connection_init", "payload": ' + '{"a":' * 5_000 + "1" + "}" * 5_000 + "}",
        b"binary",
    ],
)
async def test_a_message_that_is_none_closes_the_socket(api, frame):
    async with conversation(api) as socket:
        await socket.raw.send(frame)
        code, reason = await socket.is_closed()
        assert code == 4400
        assert reason


async def test_nothing_is_answered_before_hello(api):
    async with socket_to(api) as socket:
        await socket.subscribe()
        assert await socket.is_closed() == (4401, "Unauthorized")


async def test_hello_is_said_once(socket):
    await socket.say("connection_init")
    assert await socket.is_closed() == (4429, "Too many initialisation requests")


async def test_who_never_says_hello_is_not_waited_for(api, monkeypatch):
    assert sockets.CONNECTION_INIT_SECONDS == 5
    monkeypatch.setattr(sockets, "CONNECTION_INIT_SECONDS", 0.05)
    async with socket_to(api) as socket:
        assert await socket.is_closed() == (4408, "Connection initialisation timeout")


async def test_an_id_that_is_in_use_closes_the_socket_however_long_it_is(api):
    async with conversation(api) as socket:
        name = "é" * 200
        await socket.subscribe(name=name)
        await socket.next(name)
        await socket.subscribe(name=name)
        code, reason = await socket.is_closed()
        assert code == 4409
        assert reason.startswith("Subscriber for é")


@pytest.mark.parametrize("protocols", [("graphql-ws",), ("chat", "soap")])
async def test_other_protocols_are_not_spoken(api, protocols):
    async with socket_to(api, *protocols) as socket:
        assert (await socket.is_closed())[0] == 4406


async def test_the_protocol_is_chosen_among_others(api):
    async with socket_to(api, "graphql-ws", "graphql-transport-ws") as socket:
        assert socket.raw.subprotocol == "graphql-transport-ws"


async def test_a_connection_has_only_so_many_operations_at_a_time(
    shop, mongodb_uri, settings, tmp_path
):
    few = settings_for(
        mongodb_uri, settings.mongodb_database, tmp_path, MOST_SUBSCRIPTIONS_PER_CONNECTION="2"
    )
    async with serving(few) as api, conversation(api) as socket:
        for name in "12":
            await socket.subscribe(name=name)
            await socket.next_list(name)
        await socket.subscribe(name="3")
        heard = await socket.hear()
        assert (heard["type"], heard["id"]) == ("error", "3")
        assert heard["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert "2 operations" in heard["payload"][0]["message"]
        await socket.say("complete", id="1")
        await socket.subscribe(name="3")
        await socket.next_list("3")


async def test_a_server_has_only_so_many_subscriptions_at_a_time(
    shop, mongodb_uri, settings, tmp_path
):
    few = settings_for(mongodb_uri, settings.mongodb_database, tmp_path, MOST_SUBSCRIPTIONS="1")
    async with serving(few) as api, conversation(api) as socket, conversation(api) as other:
        await socket.subscribe()
        await socket.next_list()
        await other.subscribe()
        heard = await other.hear()
        assert heard["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
        await socket.raw.close()

        async def there_is_room():
            await other.subscribe()
            return (await other.hear())["type"] == "next"

        await until(there_is_room)


async def test_whoever_completes_hears_nothing_more(socket, api, database):
    await socket.subscribe()
    await socket.next_list()
    await socket.say("complete", id="1")
    await socket.say("ping")
    assert await socket.hear() == {"type": "pong"}
    stock(database, [a_product("kitchen-0", available_for_sale=False)])
    assert await socket.is_silent(1.5)


async def test_completing_what_is_not_there_is_no_mistake(socket):
    await socket.say("complete", id="nothing")
    await socket.say("ping")
    assert await socket.hear() == {"type": "pong"}

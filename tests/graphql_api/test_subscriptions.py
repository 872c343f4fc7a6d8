"""A list that changes while the shopper clicks, over both transports."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from builders import (
    CARD,
    NOW,
    a_product,
    an_event,
    ask,
    serving,
    stock,
    trained_on,
    two_tastes,
    with_key,
)
from builders import until as until_true
from subscribing import ANN, LIST, conversation, events_of

from graphql_api import keys, listeners, subscriptions
from graphql_api.context import open_context
from graphql_api.schema import make_schema
from graphql_api.shelves import made_for
from graphql_api.sockets import Sockets
from recommender.facts.events import EventType
from recommender.facts.keys import KeyKind
from recommender.mongo.keys import revoke_keys
from recommender.mongo.models import publish, put_in_service

pytestmark = pytest.mark.usefixtures("shop")


WHICH = """
subscription { recommendationsUpdated(shopper: {userId: "ann"}) { shortReason } }
"""


class OverSocket:
    @staticmethod
    @asynccontextmanager
    async def follow(api, **variables):
        async with conversation(api) as socket:
            await socket.subscribe(variables={**ANN, **variables})
            yield socket.next_list


class OverEvents:
    @staticmethod
    @asynccontextmanager
    async def follow(api, **variables):
        async with events_of(api, variables={**ANN, **variables}) as (response, events):
            assert response.status_code == 200

            async def next_list():
                async with asyncio.timeout(10):
                    name, answer = await anext(events)
                assert (name, "errors" in answer) == ("next", False), answer
                return answer["data"]["recommendationsUpdated"]

            yield next_list


@pytest.fixture(params=[OverSocket, OverEvents])
def transport(request):
    return request.param


@pytest.fixture
async def next_list(shop, api, transport):
    async with transport.follow(api) as next_list:
        yield next_list


RECORD = """
mutation($id: ID!, $product: ID!, $type: EventType!, $user: ID! = "ann") {
  recordEvent(input: {event: {
    eventId: $id, type: $type, productId: $product, shopper: {userId: $user}
  }}) { accepted userErrors { message } }
}
"""


async def act(api, product, type_="PURCHASE", **more):
    told = await ask(api, RECORD, id=f"{product}-{type_}", product=product, type=type_, **more)
    assert told["recordEvent"]["accepted"], told


def products_of(found):
    return [node["productId"] for node in found["nodes"]]


async def test_the_first_list_comes_at_once_and_is_the_one_that_a_query_gives(api, next_list):
    query = LIST.replace("subscription", "query").replace(
        "recommendationsUpdated", "recommendations"
    )
    asked = (await ask(api, query, **ANN))["recommendations"]
    assert products_of(await next_list()) == products_of(asked)


async def test_a_list_follows_every_click(api, next_list):
    lists = [await next_list()]
    for _ in range(3):
        best = products_of(lists[-1])[0]
        await act(api, best)
        lists.append(await next_list())
        assert best not in products_of(lists[-1])
    assert len({found["recommendationId"] for found in lists}) == 4


async def test_what_somebody_else_does_changes_nothing(api, transport):
    async with (
        transport.follow(api) as ann,
        transport.follow(api, shopper={"userId": "bob"}) as bob,
    ):
        await ann()
        first = await bob()
        await act(api, "kitchen-1")
        assert "kitchen-1" not in products_of(await ann())
        await act(api, products_of(first)[0], user="bob")
        assert products_of(await bob()) != products_of(first)


async def test_a_session_is_followed_as_well(api, transport):
    async with transport.follow(api, shopper={"sessionId": "s1"}) as next_list:
        await next_list()
        await ask(
            api,
            """mutation { recordEvent(input: {event: {eventId: "x", type: VIEW,
               productId: "garden-1", shopper: {sessionId: "s1"}}}) { accepted } }""",
        )
        assert await next_list()


async def test_an_event_written_past_every_api_changes_the_list_too(next_list, database):
    await next_list()
    stock(database, [], [an_event("ann", "kitchen-1", EventType.PURCHASE)])
    assert "kitchen-1" not in products_of(await next_list())


async def test_a_burst_of_clicks_makes_few_lists_and_the_last_one_has_them_all(
    api, next_list, database
):
    await next_list()
    kitchen = [f"kitchen-{n}" for n in range(12)]
    for product in kitchen:
        stock(database, [], [an_event("ann", product, EventType.PURCHASE)])
    count = 0
    while True:
        count += 1
        if not set(products_of(await next_list())) & set(kitchen):
            break
    assert count < len(kitchen)


async def test_a_new_model_makes_a_new_list(next_list, database):
    assert (await next_list())["modelVersion"] == "v1"
    publish(database, trained_on(*two_tastes(seed=2), version="v2"), **CARD)
    put_in_service(database, "v2", NOW)
    assert (await next_list())["modelVersion"] == "v2"


async def test_a_product_that_is_sold_out_leaves_the_list(next_list, shop, database):
    found = products_of(await next_list())
    await asyncio.to_thread(stock, database, [a_product(found[0], available_for_sale=False)])
    assert found[0] not in products_of(await next_list())


async def test_a_product_that_is_called_something_else_is_sent_anew(next_list, database):
    found = products_of(await next_list())
    stock(database, [a_product(found[0], name="Something else")])
    again = await next_list()
    assert [n["name"] for n in again["nodes"] if n["productId"] == found[0]] == ["Something else"]


async def test_a_change_that_shows_nowhere_on_the_list_is_not_sent(
    api, next_list, database, monkeypatch
):
    monkeypatch.setattr(listeners, "WAVE_SECONDS", 0.01)
    first = await next_list()
    [elsewhere, *_] = {f"garden-{n}" for n in range(12)} - set(products_of(first))
    stock(database, [a_product(elsewhere, available_for_sale=False)])
    query = "query($id: ID!) { product(productId: $id) { availableForSale } }"

    async def is_known():
        return not (await ask(api, query, id=elsewhere))["product"]["availableForSale"]

    await until_true(is_known)
    await act(api, products_of(first)[0])
    second = await next_list()
    assert products_of(second) != products_of(first)


class ASlowClient:
    """Hears one message at a time, when the test says so."""

    def __init__(self, context):
        self.says = asyncio.Queue()
        self.heard = []
        self.may_hear = asyncio.Semaphore(0)
        self.scope = {
            "type": "websocket",
            "path": "/graphql",
            "headers": [(b"host", b"localhost")],
            "query_string": b"",
            "client": ("127.0.0.1", 1),
            "subprotocols": ["graphql-transport-ws"],
            "state": {"context": context},
        }

    async def receive(self):
        return await self.says.get()

    async def hears(self, message):
        if "text" in message:
            await self.may_hear.acquire()
            self.heard.append(json.loads(message["text"]))

    def say(self, type_, **parts):
        text = json.dumps({"type": type_, **parts})
        self.says.put_nowait({"type": "websocket.receive", "text": text})


async def test_a_shopper_who_is_slow_gets_the_latest_list_and_no_backlog(
    settings, database, monkeypatch
):
    monkeypatch.setattr(subscriptions, "APART_SECONDS", 0)
    made = []

    async def numbered(*given):
        made.extend(await made_for(*given))
        return [replace(made[-1], short_reason=f"list {len(made)}")]

    monkeypatch.setattr(subscriptions, "made_for", numbered)
    async with open_context(settings.mongodb_uri, settings) as context:
        client = ASlowClient(context)
        sockets = Sockets(make_schema(settings), settings)
        talk = asyncio.create_task(sockets(client.scope, client.receive, client.hears))
        client.says.put_nowait({"type": "websocket.connect"})
        client.say("connection_init")
        client.say("subscribe", id="1", payload={"query": WHICH})
        client.may_hear.release()
        await until_true(lambda: made)
        for _ in range(100):
            context.listeners.ring({"user:ann"})
            await asyncio.sleep(0)
        assert len(made) == 1
        for _ in range(3):
            client.may_hear.release()
        await until_true(lambda: len(client.heard) == 3)
        await asyncio.sleep(0.1)
        client.says.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await talk
    said = [m["payload"]["data"]["recommendationsUpdated"]["shortReason"] for m in client.heard[1:]]
    assert said == ["list 1", "list 2"]
    assert len(made) == 2


async def test_every_subscription_that_ends_is_forgotten(transport, settings):
    async with open_context(settings.mongodb_uri, settings) as context:
        async with serving(settings, context) as api:
            async with transport.follow(api) as next_list:
                await next_list()
                assert len(context.listeners) == 1
            await until_true(lambda: len(context.listeners) == 0)
            assert not context.listeners._of_topic


async def test_a_key_that_is_revoked_ends_what_it_began(shop, settings, database, monkeypatch):
    monkeypatch.setattr(keys, "REFRESH_SECONDS", 0.05)
    header = with_key(database, KeyKind.PUBLISHABLE)
    variables = {"shopper": {"sessionId": "s1"}}
    async with (
        serving(settings) as api,
        conversation(api, {"key": header["X-Recs-Key"]}) as socket,
        events_of(api, variables=variables, **header) as (_, events),
    ):
        await socket.subscribe(variables=variables)
        found = await socket.next_list()
        await anext(events)
        revoke_keys(database, header["X-Recs-Key"][:11], NOW)
        await until_true(lambda: is_refused(api, header))
        sold_out = a_product(products_of(found)[0], available_for_sale=False)
        await asyncio.to_thread(stock, database, [sold_out])
        code, reason = await socket.is_closed()
        assert (code, reason[:10]) == (4403, "Forbidden:")
        assert [name async for name, _ in events if name] == []


async def is_refused(api, header):
    answer = await api.post("/graphql", json={"query": "{ __typename }"}, headers=header)
    return answer.status_code == 401

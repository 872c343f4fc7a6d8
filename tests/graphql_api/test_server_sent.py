"""Server-sent events, in the distinct connections mode of graphql-sse."""

import asyncio

import pytest
from builders import serving, settings_for
from strawberry.http.streaming import SSETransport
from subscribing import ANN, LIST, events_of, parsed

pytestmark = pytest.mark.usefixtures("shop")

ACCEPT = {"accept": "text/event-stream"}


async def all_of(events):
    async with asyncio.timeout(10):
        return [(name, data) async for name, data in events]


async def test_it_passes_proxies_that_buffer_and_caches_that_keep(api):
    async with events_of(api) as (response, events):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-cache, no-transform"
        assert response.headers["x-accel-buffering"] == "no"
        assert (await anext(events))[0] == "next"


async def test_an_event_source_asks_by_get(api):
    query = 'subscription { recommendationsUpdated(shopper: {userId: "ann"}) { strategy } }'
    params = {"query": query}
    async with api.stream("GET", "/graphql", params=params, headers=ACCEPT) as response:
        name, answer = await anext(parsed(response))
    assert name == "next"
    assert answer == {"data": {"recommendationsUpdated": {"strategy": "POPULAR"}}}


async def test_a_query_is_answered_and_complete(api):
    async with events_of(api, "{ __typename }", None) as (_, events):
        assert await all_of(events) == [
            ("next", {"data": {"__typename": "Query"}}),
            ("complete", None),
        ]


async def test_silence_is_filled_with_comments(settings, monkeypatch):
    # What the standard transport is made with when the application is.
    monkeypatch.setattr(SSETransport.__init__, "__defaults__", (0.05,))
    async with serving(settings) as api, events_of(api) as (_, events):
        async with asyncio.timeout(10):
            while (await anext(events))[0] != "next":
                pass
            assert await anext(events) == (None, "ping")
            assert await anext(events) == (None, "ping")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("subscription {", "Syntax Error"),
        ("{ noSuchField }", "noSuchField"),
        (None, "query"),
        ('subscription { recommendationsUpdated(shopper: {userId: ""}) { strategy } }', "userId"),
    ],
)
async def test_a_mistake_is_an_event_and_then_it_is_complete(api, query, says):
    async with events_of(api, query, None) as (_, events):
        [(name, answer), last] = await all_of(events)
    assert (name, last) == ("next", ("complete", None))
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert says in error["message"]


async def test_nothing_is_changed_by_get(api, database):
    mutation = """mutation { recordFeedback(input: {
      shopper: {userId: "ann"}, productId: "kitchen-1", rating: 5}) { accepted } }"""
    async with api.stream(
        "GET", "/graphql", params={"query": mutation}, headers=ACCEPT
    ) as response:
        events = await all_of(parsed(response)) if response.status_code == 200 else []
    for _, answer in events:
        assert answer is None or answer["errors"]
    assert database["events"].count_documents({"shopper_id": "user:ann"}) == 0


async def test_what_goes_wrong_in_us_is_masked(api, monkeypatch):
    def breaks(*_):
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("graphql_api.subscriptions.made_for", breaks)
    async with events_of(api) as (_, events):
        [(_, answer), _] = await all_of(events)
    [error] = answer["errors"]
    assert (error["message"], error["extensions"]["code"]) == ("Unexpected error.", "INTERNAL")


async def test_a_subscription_that_is_not_streamed_is_told_how(api):
    response = await api.post("/graphql", json={"query": LIST, "variables": ANN})
    [error] = response.json()["errors"]
    assert "text/event-stream" in error["message"]


async def test_an_answer_that_takes_too_long_ends_the_stream(
    shop, mongodb_uri, settings, tmp_path, monkeypatch
):
    async def never(*_):
        await asyncio.Event().wait()

    monkeypatch.setattr("graphql_api.subscriptions.made_for", never)
    hasty = settings_for(
        mongodb_uri, settings.mongodb_database, tmp_path, REQUEST_TIMEOUT_SECONDS="0.05"
    )
    async with serving(hasty) as api, events_of(api) as (_, events):
        [(_, answer), last] = await all_of(events)
    assert answer["errors"][0]["extensions"]["code"] == "TIMEOUT"
    assert last == ("complete", None)

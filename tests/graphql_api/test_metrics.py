"""Prometheus hears how the service is doing, and nothing of shoppers."""

import pytest
from builders import (
    NOW,
    a_free_port,
    a_product,
    api_process,
    ask,
    serving,
    settings_for,
    stock,
    until,
    with_key,
)
from graphql import OperationDefinitionNode, parse
from prometheus_client.parser import text_string_to_metric_families
from pymongo import AsyncMongoClient
from subscribing import conversation, events_of

from graphql_api.limits import Documents, root_fields
from graphql_api.metrics import Metrics
from graphql_api.schema import make_schema
from recommender.facts.errors import InvalidSetting
from recommender.facts.keys import KeyKind, Scope
from recommender.mongo.connection import CLIENT_OPTIONS
from recommender.mongo.documents import EVENTS, JOBS
from recommender.mongo.jobs import Jobs, request, take
from recommender.settings import Settings

SHELF = '{ recommendations(shopper: {userId: "cook-1"}, first: 3) { nodes { name } } }'
RECORD = """mutation($events: [EventInput!]!, $key: String!) {
  recordEvents(input: {events: $events, idempotencyKey: $key}) { acceptedCount }
}"""


async def measured(api, **headers):
    """Every sample: (name, labels) -> value."""
    response = await api.get("/metrics", headers=headers)
    assert response.status_code == 200, response.text
    return {
        (sample.name.removeprefix("recommender_"), frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def value(samples, name, **labels):
    """Of the series with these labels, whatever others they have; 0 where there is none."""
    wanted = frozenset(labels.items())
    return sum(v for (n, given), v in samples.items() if n == name and wanted <= given)


def an_input(event_id, product_id="kitchen-1", type_="VIEW"):
    shopper = {"userId": "cook-1"}
    return {"eventId": event_id, "type": type_, "shopper": shopper, "productId": product_id}


async def test_a_list_is_counted_by_shelf_and_timed_by_operation(shop, api):
    await ask(api, SHELF)
    await ask(api, SHELF)
    samples = await measured(api)
    assert value(samples, "lists_total", placement="home", strategy="personalized") == 2
    assert value(samples, "list_products_total", placement="home") == 6
    assert value(samples, "list_duration_seconds_count", placement="home") == 2
    of_it = {"operation": "recommendations", "transport": "http"}
    assert value(samples, "graphql_operation_duration_seconds_count", **of_it) == 2
    of_it = {"route": "/graphql", "method": "POST", "status": "200"}
    assert value(samples, "http_request_duration_seconds_count", **of_it) == 2


async def test_fillers_short_lists_and_empty_ones_show(database, settings):
    stock(database, [a_product("mug"), a_product("pen")])
    async with serving(settings) as api:
        await ask(api, '{ recommendations(shopper: {userId: "ann"}) { nodes { name } } }')
        seen = 'recentlyViewed(shopper: {userId: "ann"}, strict: true)'
        await ask(api, f"{{ {seen} {{ nodes {{ name }} }} }}")
        samples = await measured(api)
    assert value(samples, "list_filler_products_total", placement="home") == 2
    assert value(samples, "short_lists_total", placement="home") == 1
    assert value(samples, "empty_lists_total", placement="recently_viewed") == 1


async def test_every_event_is_counted_by_what_became_of_it(shop, database, api):
    sent = [an_input("e1"), an_input("e2"), an_input("e3", "no-such-product", "ADD_TO_CART")]
    await ask(api, RECORD, events=sent, key="k1")
    await ask(api, RECORD, events=sent[:1], key="k2")
    # From here on the database refuses every event.
    database.command("collMod", EVENTS, validator={"no_such_field": {"$exists": True}})
    try:
        refused = {"events": [an_input("e4")], "key": "k3"}
        await api.post("/graphql", json={"query": RECORD, "variables": refused})
    finally:
        database.command("collMod", EVENTS, validator={}, validationLevel="off")
    samples = await measured(api)
    assert value(samples, "events_total", type="view", outcome="recorded") == 2
    assert value(samples, "events_total", type="view", outcome="duplicate") == 1
    assert value(samples, "events_total", type="add_to_cart", outcome="rejected") == 1
    assert value(samples, "events_total", type="view", outcome="failed") == 1
    assert value(samples, "errors_total", code="INTERNAL") == 1
    assert value(samples, "database_errors_total", error="BulkWriteError") == 1


async def test_a_refused_order_counts_as_rejected_purchases(shop, api):
    order = """mutation { recordOrder(input: {orderId: "o1", shopper: {userId: "cook-1"},
      lines: [{productId: "kitchen-1"}, {productId: "no-such-product"}]}) { accepted } }"""
    await ask(api, order)
    samples = await measured(api)
    assert value(samples, "events_total", type="purchase", outcome="rejected") == 2


async def test_model_catalogue_histories_and_stream_show(shop, api):
    await ask(api, SHELF)
    await until(lambda: _stream_is_open(api))
    samples = await measured(api)
    assert value(samples, "model_info", version="v1") == 1
    assert value(samples, "model_trained_timestamp_seconds") == NOW.timestamp()
    assert value(samples, "catalogue_products") == 24
    assert value(samples, "histories_read_total") == 1
    assert value(samples, "event_stream_lag_seconds") < 60


async def _stream_is_open(api):
    samples = await measured(api)
    is_current = value(samples, "event_stream_lag_seconds") < 60
    return value(samples, "event_stream_open") == 1 and is_current


async def test_a_followed_list_is_an_operation_of_its_own_and_an_open_subscription(shop, api):
    async with conversation(api) as socket:
        await socket.subscribe()
        await socket.next_list()
        samples = await measured(api)
        of_it = {"operation": "recommendationsUpdated", "transport": "websocket"}
        assert value(samples, "graphql_operation_duration_seconds_count", **of_it) == 1
        assert value(samples, "subscriptions_open") == 1
    async with events_of(api) as (_, events):
        while (await anext(events))[0] != "next":
            pass
        samples = await measured(api)
    of_it = {"operation": "recommendationsUpdated", "transport": "sse"}
    assert value(samples, "graphql_operation_duration_seconds_count", **of_it) == 1


async def test_trainings_that_were_asked_for_show(shop, database, settings):
    for minute, key in enumerate("abc"):
        request(database, key, NOW.replace(minute=minute))
    take(database, 60).failed("It went wrong.")
    take(database, 60).succeeded(in_service=True, verdict=[])
    async with serving(settings) as api:
        samples = await until(lambda: _with_trainings(api))
    assert value(samples, "trainings", state="failed") == 1
    assert value(samples, "trainings", state="succeeded") == 1
    assert value(samples, "last_training_succeeded") == 1
    assert value(samples, "last_training_end_timestamp_seconds") > NOW.timestamp()


async def _with_trainings(api):
    samples = await measured(api)
    return samples if value(samples, "trainings", state="queued") else None


async def test_the_last_training_is_the_one_that_was_asked_for_last(database, mongodb_uri):
    states = ("succeeded", "failed", "running")
    jobs = [{"_id": f"v{n}", "key": n, "state": state} for n, state in enumerate(states)]
    for n, job in enumerate(jobs):
        database[JOBS].insert_one({**job, "requested_at": NOW.replace(minute=n), "ended_at": NOW})
    async with AsyncMongoClient(mongodb_uri, **CLIENT_OPTIONS) as client:
        standing = await Jobs(client[database.name]).standing()
    assert standing.last.job_id == "v1"
    assert standing.counts == dict.fromkeys(states, 1)


@pytest.mark.parametrize(
    ("query", "name", "found"),
    [
        ("{ a: popular { x } b: popular { x } newest { x } }", None, ("popular", "newest")),
        ("{ ...F } fragment F on Query { popular { x } ...F }", None, ("popular",)),
        ("{ ... on Query { popular { x } } __typename }", None, ("popular", "__typename")),
        ("query A { popular { x } } query B { newest { x } }", "B", ("newest",)),
        ("query A { popular { x } }", None, ("popular",)),
    ],
)
def test_an_operation_is_known_by_its_fields_and_never_by_what_its_sender_calls_it(
    query, name, found
):
    document = parse(query)
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    [operation] = [o for o in operations if name in (None, o.name and o.name.value)]
    assert root_fields(document, operation) == found


def test_an_operation_is_found_by_its_name_and_the_only_one_by_none():
    settings = Settings.read({})
    documents = Documents(make_schema(settings)._schema, settings)
    two = "query A { popular { placement } } query B { newest { placement } }"
    known = {name: o.root_fields for name, o in documents.checked(two).operations.items()}
    assert known == {"A": ("popular",), "B": ("newest",)}
    assert documents.checked("query A { popular { placement } }").operations.keys() == {"A", None}


async def test_labels_are_of_our_choosing_whatever_a_client_sends(shop, api):
    await ask(api, "query Secret { mine: popular { nodes { name } } }")
    await ask(api, "{ popular { nodes { name } } newest { nodes { name } } }")
    await ask(api, "{ __typename }")
    await api.post("/graphql", json={"query": "{ no_such_field }"})
    await api.get("/no/such/path")
    await api.request("PROPFIND", "/graphql")
    samples = await measured(api)
    operations = {v for _, labels in samples for n, v in labels if n == "operation"}
    assert operations == {"popular", "several", "introspection"}
    routes = {v for _, labels in samples for n, v in labels if n == "route"}
    assert routes == {"/graphql", "none"}
    methods = {v for _, labels in samples for n, v in labels if n == "method"}
    assert methods == {"GET", "POST", "other"}


async def test_with_keys_it_takes_a_secret_key_of_its_own_scope(shop, database, settings):
    prometheus = with_key(database, scopes=[Scope.METRICS])
    shop_server = with_key(database, name="importer", scopes=[Scope.CATALOGUE])
    page = with_key(database, KeyKind.PUBLISHABLE)
    async with serving(settings) as api:
        assert (await api.get("/metrics")).status_code == 401
        assert (await api.get("/metrics", headers=page)).status_code == 403
        assert (await api.get("/metrics", headers=shop_server)).status_code == 403
        assert (await api.get("/metrics", headers=prometheus)).status_code == 200
        refused = await api.post("/graphql", json={"query": SHELF}, headers=prometheus)
        assert refused.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_an_operator_may_open_it(shop, database, mongodb_uri, tmp_path):
    with_key(database)
    open_to_all = settings_for(mongodb_uri, database.name, tmp_path, METRICS_WITHOUT_KEY="true")
    async with serving(open_to_all) as api:
        assert value(await measured(api), "catalogue_products") == 24


async def test_requests_that_are_one_too_many_show(shop, database, mongodb_uri, tmp_path):
    page = with_key(database, KeyKind.PUBLISHABLE)
    prometheus = with_key(database, scopes=[Scope.METRICS])
    narrow = settings_for(mongodb_uri, database.name, tmp_path, RATE_LIMIT="2/hour")
    async with serving(narrow) as api:
        for _ in range(3):
            await api.post("/graphql", json={"query": SHELF}, headers=page)
        samples = await measured(api, **prometheus)
    assert value(samples, "rate_limited_requests_total", key="publishable") == 1


def process(settings, folder):
    """An API process that shares its metrics, and a client that knows it."""
    return api_process(settings, a_free_port(), PROMETHEUS_MULTIPROC_DIR=str(folder))


async def test_each_process_of_a_machine_answers_for_all_and_the_dead_are_not_forgotten(
    shop, settings, tmp_path
):
    folder = tmp_path / "metrics"

    async def lists(api):
        return value(await measured(api), "lists_total", placement="home")

    async def serving_it(api):
        return value(await measured(api), "model_info", version="v1")

    async with process(settings, folder) as (_, first):
        async with process(settings, folder) as (killed, second):
            for api in (first, second, second):
                await ask(api, SHELF)
            # The other one tells what it counts in a moment, and of itself in a while.
            await until(lambda: _is(3, lists(first)))
            assert await lists(second) == 3
            await until(lambda: _is(2, serving_it(first)), 20)
            killed.kill()
            await killed.wait()
        # What it counted stays, what it was does not.
        await until(lambda: _is(1, serving_it(first)), 20)
        assert await lists(first) == 3
        names = {file.name for file in folder.glob("*.db")}
        assert not [name for name in names if name.endswith(f"_{killed.pid}.db")]
        async with process(settings, folder) as (_, third):
            assert await lists(third) == 3
    # Nobody is left, so counting begins anew, as it does where there is one process.
    async with process(settings, folder) as (_, fourth):
        assert await lists(fourth) == 0
        assert await serving_it(fourth) == 1


async def _is(wanted, found):
    return await found == wanted


def test_a_folder_that_is_named_too_late_is_refused(tmp_path):
    with pytest.raises(InvalidSetting, match="must be set in the environment"):
        Metrics(tmp_path)

"""Events come in: in batches that can be sent again, and as orders."""

import asyncio

import pytest
from builders import a_product, ask, serving, settings_for, stock
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from recommender.mongo.documents import ANSWERS, EVENTS

RECORD = """
mutation($events: [EventInput!]!, $key: String!) {
  recordEvents(input: {events: $events, idempotencyKey: $key}) {
    acceptedCount duplicateCount rejectedCount
    results { eventId outcome error { code message } }
    userErrors { message code field }
  }
}
"""
ORDER = """
mutation($input: RecordOrderInput!) {
  recordOrder(input: $input) {
    accepted duplicate recordedCount duplicateCount userErrors { message code field }
  }
}
"""
MUGS = {"productId": "mug", "quantity": 2, "unitPrice": {"amount": "9.50", "currencyCode": "EUR"}}
PEN = {"productId": "pen", "unitPrice": {"amount": "1.20", "currencyCode": "EUR"}}


@pytest.fixture(autouse=True)
def products(database):
    stock(database, [a_product("mug"), a_product("pen")])


def an_input(event_id, product_id="mug", type_="VIEW", **more):
    known = {"eventId": event_id, "type": type_, "shopper": {"userId": "ann"}}
    return {**known, "productId": product_id, **more}


async def record(api, *events, key="k"):
    return (await ask(api, RECORD, events=list(events), key=key))["recordEvents"]


async def order(api, *lines, order_id="o-1", **more):
    sent = {"orderId": order_id, "shopper": {"userId": "ann"}, "lines": list(lines), **more}
    return (await ask(api, ORDER, input=sent))["recordOrder"]


def stored(database):
    return {d["_id"]: d for d in database[EVENTS].find()}


async def test_a_retry_with_the_same_key_gets_the_first_answer(api, database):
    batch = [an_input("a"), an_input("a"), an_input("b", "no such thing")]
    first = await record(api, *batch)
    assert [(r["eventId"], r["outcome"]) for r in first["results"]] == [
        ("a", "RECORDED"),
        ("a", "DUPLICATE"),
        ("b", "REJECTED"),
    ]
    assert first["results"][2]["error"]["code"] == "NOT_FOUND"
    # Even when the database would answer otherwise by now.
    stock(database, [a_product("no such thing")])
    assert await record(api, *batch) == first
    assert set(stored(database)) == {"a"}


async def test_a_key_stands_for_one_batch(api, database):
    await record(api, an_input("a"))
    other = await record(api, an_input("b"))
    assert (other["acceptedCount"], other["rejectedCount"]) == (0, 1)
    [error] = other["userErrors"]
    assert (error["code"], error["field"]) == ("CONFLICT", ["input", "idempotencyKey"])
    assert error["message"].startswith("The key 'k' came with another recordEvents before.")
    assert set(stored(database)) == {"a"}
    assert (await record(api, an_input("b"), key="l"))["acceptedCount"] == 1


async def test_two_that_send_the_same_batch_at_once_get_the_same_answer(api, database):
    batch = [an_input(f"e{n}") for n in range(50)]
    answers = await asyncio.gather(*(record(api, *batch) for _ in range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert len(stored(database)) == 50


async def test_an_answer_is_kept_for_a_while_and_names_no_shopper(api, database):
    await record(api, an_input("a"), an_input("b", "nothing"))
    [kept] = database[ANSWERS].find()
    assert kept["expires_at"]
    assert "ann" not in str(kept)
    assert database[ANSWERS].index_information()["kept"]["expireAfterSeconds"] == 0


async def test_a_sender_that_died_before_the_answer_finishes_by_sending_again(api, database):
    """The claim is there and some of the events are, as if the process had been killed."""
    batch = [an_input("a"), an_input("b")]
    await record(api, *batch)
    database[ANSWERS].update_one({}, {"$unset": {"answer": 1}})
    database[EVENTS].delete_one({"_id": "b"})
    again = await record(api, *batch)
    assert (again["acceptedCount"], again["duplicateCount"]) == (1, 1)
    assert set(stored(database)) == {"a", "b"}
    assert await record(api, *batch) == again


@pytest.mark.parametrize("key", ["", "k" * 129])
async def test_a_key_has_bounds(api, database, key):
    refused = await record(api, an_input("a"), key=key)
    assert refused["userErrors"][0]["field"] == ["input", "idempotencyKey"]
    assert not stored(database)


async def test_too_many_events_are_refused_as_a_whole(mongodb_uri, database, tmp_path):
    settings = settings_for(mongodb_uri, database.name, tmp_path, LARGEST_BATCH="2")
    async with serving(settings) as api:
        refused = await record(api, *(an_input(f"e{n}") for n in range(3)))
        too_long = await order(api, MUGS, PEN, PEN)
    assert refused["userErrors"] == [
        {
            "message": "events must be at most 2, not 3",
            "code": "TOO_MANY",
            "field": ["input", "events"],
        }
    ]
    assert refused["rejectedCount"] == 3
    assert too_long["userErrors"][0]["code"] == "TOO_MANY"
    assert not stored(database)


@given(
    st.lists(
        st.lists(st.integers(0, 30), min_size=1, max_size=12).map(tuple), min_size=1, max_size=6
    )
)
@examples(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_however_batches_are_cut_and_repeated_the_same_events_are_stored(
    api, database, batches
):
    database[EVENTS].delete_many({})
    database[ANSWERS].delete_many({})
    told = {}
    for ids in batches:
        answer = await record(api, *(an_input(f"e{n}") for n in ids), key=str(ids))
        assert told.setdefault(ids, answer) == answer
        assert answer["acceptedCount"] + answer["duplicateCount"] == len(ids)
    assert set(stored(database)) == {f"e{n}" for ids in batches for n in ids}
    assert sum(a["acceptedCount"] for a in told.values()) == len(stored(database))


async def test_an_order_is_a_purchase_for_each_line(api, database):
    done = await order(api, MUGS, {**PEN, "recommendationId": "list-1", "rank": 3})
    assert done == {
        "accepted": True,
        "duplicate": False,
        "recordedCount": 2,
        "duplicateCount": 0,
        "userErrors": [],
    }
    mugs, pen = stored(database)["order:o-1:1"], stored(database)["order:o-1:2"]
    assert (mugs["type"], mugs["quantity"], mugs["order_id"]) == ("purchase", 2, "o-1")
    assert mugs["unit_price"] == {"minor_units": 950, "currency": "EUR"}
    assert (pen["recommendation_id"], pen["rank"]) == ("list-1", 3)
    assert mugs["at"] == pen["at"]


async def test_an_order_sent_again_changes_nothing_and_one_that_was_cut_short_is_completed(
    api, database
):
    await order(api, MUGS, PEN)
    assert (await order(api, MUGS, PEN))["duplicate"] is True
    database[EVENTS].delete_one({"_id": "order:o-1:2"})
    done = await order(api, MUGS, PEN)
    assert (done["accepted"], done["recordedCount"], done["duplicateCount"]) == (True, 1, 1)


@pytest.mark.parametrize("lines", [[PEN, MUGS], [MUGS], [{**MUGS, "quantity": 3}, PEN]])
async def test_another_order_of_the_same_id_is_a_conflict(api, database, lines):
    await order(api, MUGS, PEN)
    before = stored(database)
    refused = await order(api, *lines)
    assert not refused["accepted"]
    assert [(e["code"], e["field"]) for e in refused["userErrors"]] == [
        ("CONFLICT", ["input", "orderId"])
    ]
    assert stored(database) == before


async def test_an_order_with_a_mistake_is_not_stored_and_each_line_says_what_is_wrong(
    api, database
):
    wrong = [{**MUGS, "productId": "nothing"}, PEN, {**MUGS, "quantity": 0}]
    refused = await order(api, *wrong)
    assert [(e["code"], e["field"]) for e in refused["userErrors"]] == [
        ("NOT_FOUND", ["input", "lines", "0", "productId"]),
        ("INVALID", ["input", "lines", "2", "quantity"]),
    ]
    assert not stored(database)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"shopper": {"userId": ""}}, ["input", "shopper", "userId"]),
        ({"occurredAt": "2090-01-01T00:00:00Z"}, ["input", "occurredAt"]),
        ({"order_id": "o" * 110}, ["input", "orderId"]),
        ({"order_id": ""}, ["input", "orderId"]),
    ],
)
async def test_what_is_wrong_with_the_whole_order_is_said_once(api, database, more, field):
    refused = await order(api, MUGS, PEN, **more)
    assert [e["field"] for e in refused["userErrors"]] == [field]
    assert not stored(database)


async def test_an_order_has_lines(api):
    assert (await order(api))["userErrors"][0]["field"] == ["input", "lines"]


async def test_nobody_takes_the_event_ids_of_an_order(api, database):
    refused = await record(api, an_input("order:o-1:1", type_="PURCHASE"))
    assert refused["userErrors"][0]["field"] == ["input", "events", "0", "eventId"]
    assert (await order(api, MUGS))["recordedCount"] == 1


async def test_what_is_wrong_in_a_long_batch_is_said_as_in_a_short_one(api):
    async def said_of(batch):
        answer = await api.post(
            "/graphql", json={"query": RECORD, "variables": {"events": batch, "key": "k"}}
        )
        return [error["message"].replace("[50]", "[0]") for error in answer.json()["errors"]]

    wrong = {**an_input("wrong"), "quantity": "many", "colour": "red"}
    long = [*(an_input(f"e{n}") for n in range(50)), wrong]
    assert await said_of(long) == await said_of([wrong])


async def test_null_and_nothing_are_two_things_to_say_under_a_key(api, database):
    mutation = """mutation($products: [ProductChangeInput!]!) {
      updateProducts(input: {products: $products, idempotencyKey: "k"}) {
        updatedCount userErrors { code }
      }
    }"""
    await ask(api, mutation, products=[{"productId": "mug"}])
    other = await ask(api, mutation, products=[{"productId": "mug", "price": None}])
    assert other["updateProducts"]["userErrors"] == [{"code": "CONFLICT"}]


PAGE = """page(shelves: [{placement: "home", first: 4}, {placement: "recently_viewed", first: 4}]) {
  placement strategy nodes { productId }
}"""


@pytest.mark.parametrize(
    "mutation",
    [
        """recordEvent(input: {event: {
             eventId: "e", type: VIEW, shopper: {sessionId: "s"}, productId: "garden-1"}})""",
        """recordEvents(input: {idempotencyKey: "k", events: [{
             eventId: "e", type: VIEW, shopper: {sessionId: "s"}, productId: "garden-1"}]})""",
        """recordFeedback(input: {
             shopper: {sessionId: "s"}, productId: "garden-1", rating: 5})""",
        """recordOrder(input: {
             orderId: "o", shopper: {sessionId: "s"}, lines: [{productId: "garden-1"}]})""",
    ],
)
async def test_an_act_and_the_page_that_it_leads_to_are_one_call(shop, api, mutation):
    [done] = (await ask(api, f"mutation {{ {mutation} {{ {PAGE} }} }}")).values()
    home, viewed = done["page"]
    assert (home["placement"], viewed["placement"]) == ("home", "recently_viewed")
    assert home["strategy"] == "PERSONALIZED"
    assert all(node["productId"].startswith("garden") for node in home["nodes"])
    shown = [node["productId"] for shelf in done["page"] for node in shelf["nodes"]]
    assert len(shown) == len(set(shown))


async def test_a_sign_in_brings_the_page_of_the_user(shop, api):
    await record(api, an_input("e", "garden-1", shopper={"sessionId": "s"}))
    join = f'joinShopper(input: {{sessionId: "s", userId: "new"}}) {{ {PAGE} }}'
    done = (await ask(api, f"mutation {{ {join} }}"))["joinShopper"]
    assert done["page"][0]["strategy"] == "PERSONALIZED"

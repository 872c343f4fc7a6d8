"""A shop says what it knows of its shoppers, and strangers get lists that suit them."""

import pytest
from builders import (
    CARD,
    NOW,
    ask,
    countries,
    serving,
    settings_for,
    stock,
    trained_on,
    two_tastes,
    until,
)

from recommender.mongo.documents import EVENTS, FORGOTTEN, FROZEN_LISTS, LISTS, SHOPPERS
from recommender.mongo.models import publish, put_in_service

UPSERT = """
mutation($shoppers: [ShopperAttributesInput!]!) {
  upsertShoppers(input: {shoppers: $shoppers}) {
    createdCount updatedCount unchangedCount rejectedCount userErrors { message code field }
  }
}
"""
SHELF = """
query($shopper: ShopperInput!) {
  recommendations(shopper: $shopper, first: 6) {
    strategy edges { node { productId } reasons { kind text } }
  }
}
"""


def living_in(country, **shopper):
    return {"shopper": shopper, "attributes": [{"name": "Country", "value": country}]}


def open_shop(database, said=None):
    catalogue, events = two_tastes()
    stock(database, list(catalogue.values()), events)
    publish(database, trained_on(catalogue, events, said=said and countries(events)), **CARD)
    put_in_service(database, "v1", NOW)


async def test_a_shopper_nobody_has_seen_act_gets_what_shoppers_like_them_take_to(
    database, settings
):
    open_shop(database, said=True)
    ann, visitor = {"userId": "ann"}, {"sessionId": "visitor"}
    async with serving(settings) as api:
        before = (await ask(api, SHELF, shopper=ann))["recommendations"]
        said = [living_in("France", **ann), living_in("Italy", **visitor)]
        stored = (await ask(api, UPSERT, shoppers=said))["upsertShoppers"]
        cook = (await ask(api, SHELF, shopper=ann))["recommendations"]
        gardener = (await ask(api, SHELF, shopper=visitor))["recommendations"]
        rest = (await api.get("/api/recommendations", params={"user_id": "ann"})).json()
    assert before["strategy"] == "POPULAR"
    assert (stored["createdCount"], stored["userErrors"]) == (2, [])
    assert (cook["strategy"], gardener["strategy"]) == ("PERSONALIZED", "PERSONALIZED")
    assert {e["node"]["productId"].partition("-")[0] for e in cook["edges"]} == {"kitchen"}
    assert {e["node"]["productId"].partition("-")[0] for e in gardener["edges"]} == {"garden"}
    assert cook["edges"][0]["reasons"][0] == {
        "kind": "SHOPPERS_LIKE_YOU",
        "text": "Popular with shoppers like you (Country: France)",
    }
    assert rest["recommendations"][0]["product_id"] == cook["edges"][0]["node"]["productId"]


async def test_a_shop_whose_model_knows_no_attributes_does_not_look_them_up(database, settings):
    open_shop(database)
    async with serving(settings) as api:
        await ask(api, UPSERT, shoppers=[living_in("France", userId="ann")])
        database.command("profile", 2)
        shelf = (await ask(api, SHELF, shopper={"userId": "ann"}))["recommendations"]
        database.command("profile", 0)
    reads = [d["ns"] for d in database["system.profile"].find({"op": "query"})]
    assert f"{database.name}.events" in reads
    assert f"{database.name}.{SHOPPERS}" not in reads
    assert shelf["strategy"] == "POPULAR"


async def test_one_mistake_keeps_none_of_the_others_out_and_is_named(api):
    said = [
        living_in("France", userId="ann"),
        living_in("", userId="bob"),
        living_in("Italy", userId=""),
    ]
    for outcome in ("createdCount", "unchangedCount"):
        stored = (await ask(api, UPSERT, shoppers=said))["upsertShoppers"]
        assert (stored[outcome], stored["rejectedCount"]) == (1, 2)
    assert [error["field"] for error in stored["userErrors"]] == [
        ["input", "shoppers", "1", "attributes"],
        ["input", "shoppers", "2", "shopper", "userId"],
    ]
    assert stored["userErrors"][0]["message"] == "attributes must not have an empty entry"
    moved = (await ask(api, UPSERT, shoppers=[living_in("Italy", userId="ann")]))["upsertShoppers"]
    assert moved["updatedCount"] == 1


async def test_a_batch_has_a_longest(mongodb_uri, database, tmp_path):
    settings = settings_for(mongodb_uri, database.name, tmp_path, LARGEST_BATCH="2")
    said = [living_in("France", userId=f"u{n}") for n in range(3)]
    async with serving(settings) as api:
        refused = (await ask(api, UPSERT, shoppers=said))["upsertShoppers"]
    assert refused["rejectedCount"] == 3
    assert refused["userErrors"][0]["message"] == "shoppers must be at most 2, not 3"


WALKED = """
query($shopper: ShopperInput!) {
  recommendations(shopper: $shopper, first: 2) { pageInfo { endCursor } }
}
"""
JOIN = """
mutation($session: ID!, $user: ID!) {
  joinShopper(input: {sessionId: $session, userId: $user}) {
    joinedEventCount userErrors { code field }
  }
}
"""
FORGET = """
mutation($shopper: ShopperInput!) {
  forgetShopper(input: {shopper: $shopper}) { removedEventCount userErrors { field } }
}
"""
EXPORT = """
query($shopper: ShopperInput!, $first: Int, $after: String) {
  exportShopper(shopper: $shopper, first: $first, after: $after) {
    attributes { name value }
    signIns { sessionId userId since }
    records { collection document }
    pageInfo { hasNextPage endCursor }
  }
}
"""
VIEW = """
mutation($id: ID!, $shopper: ShopperInput!, $product: ID!) {
  recordEvent(input: {event: {
    eventId: $id, type: VIEW, shopper: $shopper, productId: $product
  }}) { accepted }
}
"""


async def test_what_a_visitor_did_counts_for_them_when_they_sign_in(shop, api):
    visitor, ann = {"sessionId": "s-1"}, {"userId": "new"}
    await ask(api, VIEW, id="e1", shopper=visitor, product="garden-1")
    before = (await ask(api, SHELF, shopper=ann))["recommendations"]
    joined = (await ask(api, JOIN, session="s-1", user="new"))["joinShopper"]
    after = (await ask(api, SHELF, shopper=ann))["recommendations"]
    visitor_now = (await ask(api, SHELF, shopper=visitor))["recommendations"]
    assert (before["strategy"], after["strategy"]) == ("POPULAR", "PERSONALIZED")
    assert joined == {"joinedEventCount": 1, "userErrors": []}
    assert visitor_now["strategy"] == "POPULAR"
    again = (await ask(api, JOIN, session="s-1", user="new"))["joinShopper"]
    assert again == {"joinedEventCount": 0, "userErrors": []}


async def test_a_sign_in_without_an_id_is_a_mistake(api):
    refused = (await ask(api, JOIN, session="", user="ann"))["joinShopper"]
    assert refused["userErrors"] == [{"code": "INVALID", "field": ["input", "sessionId"]}]


async def test_a_shopper_sees_all_that_is_held_and_is_forgotten(shop, api, database):
    visitor, ann = {"sessionId": "s-1"}, {"userId": "new"}
    await ask(api, VIEW, id="e1", shopper=visitor, product="garden-1")
    await ask(api, VIEW, id="e2", shopper=ann, product="garden-2")
    await ask(api, JOIN, session="s-1", user="new")
    await ask(api, UPSERT, shoppers=[living_in("France", **ann)])
    held, after = [], None
    while True:
        page = (await ask(api, EXPORT, shopper=ann, first=1, after=after))["exportShopper"]
        held += page["records"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert page["attributes"] == [{"name": "Country", "value": "France"}]
    assert [(s["sessionId"], s["userId"]) for s in page["signIns"]] == [("s-1", "new")]
    events = [r["document"] for r in held if r["collection"] == EVENTS]
    assert [(e["id"], e["product_id"]) for e in events] == [("e1", "garden-1"), ("e2", "garden-2")]
    assert events[0]["at"].startswith("20")

    forgotten = (await ask(api, FORGET, shopper=ann))["forgetShopper"]
    assert forgotten == {"removedEventCount": 2, "userErrors": []}
    nothing = (await ask(api, EXPORT, shopper=ann))["exportShopper"]
    assert nothing == {
        "attributes": [],
        "signIns": [],
        "records": [],
        "pageInfo": {"hasNextPage": False, "endCursor": None},
    }
    assert (await ask(api, SHELF, shopper=ann))["recommendations"]["strategy"] == "POPULAR"
    # Nothing of the shopper is left anywhere, but that they are to be forgotten once more.
    left = {
        name
        for name in database.list_collection_names()
        if any("user:new" in (d["_id"], d.get("shopper_id")) for d in database[name].find())
    }
    assert left == {FORGOTTEN}
    assert (await ask(api, FORGET, shopper=ann))["forgetShopper"]["removedEventCount"] == 0


async def test_lists_that_a_session_gets_after_the_sign_in_are_the_users(shop, database, settings):
    visitor, ann = {"sessionId": "s-1"}, {"userId": "new"}
    async with serving(settings) as api:
        await ask(api, JOIN, session="s-1", user="new")
        await ask(api, WALKED, shopper=visitor)
        await until(lambda: database[LISTS].count_documents({}) == 1)
        held = (await ask(api, EXPORT, shopper=ann))["exportShopper"]["records"]
        assert [r["collection"] for r in held] == [LISTS]

        await ask(api, SHELF, shopper=visitor)
        await until(lambda: database[LISTS].count_documents({}) == 2)
        assert database[FROZEN_LISTS].count_documents({}) == 1
        await ask(api, FORGET, shopper=ann)
        assert database[LISTS].count_documents({}) == 0
        assert database[FROZEN_LISTS].count_documents({}) == 0


@pytest.mark.parametrize("cursor", ["?", "bm9uZQ==", "WzEsIDJd"])
async def test_a_cursor_of_an_export_is_one_of_ours(api, cursor):
    answer = await api.post(
        "/graphql",
        json={"query": EXPORT, "variables": {"shopper": {"userId": "ann"}, "after": cursor}},
    )
    [error] = answer.json()["errors"]
    assert error["message"].startswith("after must be a cursor from an earlier page")

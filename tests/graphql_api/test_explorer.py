"""One shopper looked at: what they did, and what they would be shown after more."""

import pytest
from builders import an_event, ask, serving, settings_for, until, with_key

from recommender.facts.events import EventType
from recommender.facts.keys import KeyKind
from recommender.mongo.documents import event_document

HISTORY = """
query($user: ID!) { shopperHistory(shopper: {userId: $user}) {
  boughtCount turnedAwayCount attributes { name value }
  acts(limit: 3) { type at productId product { name } rating }
} }
"""
WHAT_IF = """
query($user: ID!, $acts: [SupposedActInput!]!, $first: Int = 5) {
  whatIf(shopper: {userId: $user}, acts: $acts, shelves: [{first: $first}]) {
    strategy endCursor edges { cursor node { productId } }
  }
}
"""
RECORD = """
mutation($user: ID!, $product: ID!, $type: EventType!, $id: ID!) {
  recordEvent(input: {event: {
    eventId: $id, type: $type, shopper: {userId: $user}, productId: $product
  }}) { accepted }
}
"""
LISTS = """
query($user: ID!) { page(shopper: {userId: $user}, shelves: [{first: 5}]) { nodes { productId } } }
"""


def products(shelf):
    return [edge["node"]["productId"] for edge in shelf["edges"]]


async def what_if(api, user, *acts, **more):
    given = [{"type": type_, "productId": product} for type_, product in acts]
    [shelf] = (await ask(api, WHAT_IF, user=user, acts=given, **more))["whatIf"]
    return shelf


@pytest.mark.usefixtures("shop")
class TestWhatIf:
    async def test_without_acts_it_is_the_list_as_it_is(self, api):
        [shelf] = (await ask(api, LISTS, user="cook-1"))["page"]
        now = [node["productId"] for node in shelf["nodes"]]
        assert products(await what_if(api, "cook-1")) == now

    async def test_a_stranger_who_would_buy_garden_things_would_be_shown_more_of_them(self, api):
        acts = [("PURCHASE", "garden-0"), ("PURCHASE", "garden-1")]
        shown = await what_if(api, "nobody-yet", *acts)
        assert shown["strategy"] == "PERSONALIZED"
        assert all(p.startswith("garden-") for p in products(shown))
        assert not {"garden-0", "garden-1"} & set(products(shown))

    async def test_what_would_be_dismissed_goes_and_comes_back_with_a_later_verdict(self, api):
        first, *_ = products(await what_if(api, "cook-1"))
        assert first not in products(await what_if(api, "cook-1", ("DISMISS", first), first=20))
        acts = ("DISMISS", first), ("LIKE", first)
        assert first in products(await what_if(api, "cook-1", *acts, first=20))

    async def test_it_is_the_list_that_the_act_brings_when_it_is_done(self, api):
        supposed = await what_if(api, "cook-2", ("PURCHASE", "garden-3"))
        variables = {"user": "cook-2", "product": "garden-3", "type": "PURCHASE", "id": "really"}
        await ask(api, RECORD, **variables)
        assert products(await what_if(api, "cook-2")) == products(supposed)

    async def test_nothing_of_it_is_kept(self, api, database):
        before = database["events"].count_documents({})
        shown = await what_if(api, "cook-1", ("VIEW", "garden-5"))
        # What is recorded after it is there, so it would be there as well.
        await ask(api, LISTS, user="cook-1")
        await until(lambda: database["lists"].count_documents({}) == 1)
        assert database["events"].count_documents({}) == before
        assert shown["endCursor"] is None
        assert {edge["cursor"] for edge in shown["edges"]} == {""}

    @pytest.mark.parametrize(
        ("acts", "problem"),
        [
            ([{"type": "VIEW", "productId": "mug"}] * 51, "acts must be at most 50, not 51"),
            ([{"type": "RATING", "productId": "mug"}], "rating belongs to acts of type RATING"),
            ([{"type": "RATING", "productId": "mug", "rating": 6}], "rating must be 1 to 5"),
            ([{"type": "VIEW", "productId": ""}], "productId"),
        ],
    )
    async def test_what_cannot_be_is_said(self, api, acts, problem):
        body = {"query": WHAT_IF, "variables": {"user": "ann", "acts": acts}}
        [error] = (await api.post("/graphql", json=body)).json()["errors"]
        assert error["message"].startswith(problem)
        assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.usefixtures("shop")
async def test_a_history_has_the_latest_acts_first_and_what_became_of_their_products(api, database):
    gone = an_event("ann", "gone", EventType.RATING, rating=1)
    database["events"].insert_one(event_document(gone))
    await ask(api, RECORD, user="ann", product="kitchen-1", type="DISLIKE", id="disliked")
    found = (await ask(api, HISTORY, user="ann"))["shopperHistory"]
    assert [(act["productId"], act["type"]) for act in found["acts"]] == [
        ("kitchen-1", "DISLIKE"),
        ("gone", "RATING"),
    ]
    assert [act["product"] for act in found["acts"]] == [{"name": "kitchen pan 1"}, None]
    assert (found["boughtCount"], found["turnedAwayCount"]) == (1, 2)
    assert (await ask(api, HISTORY, user="cook-1"))["shopperHistory"]["boughtCount"] == 5


async def test_only_who_may_act_for_shoppers_looks_at_them(mongodb_uri, database, tmp_path):
    publishable = with_key(database, name="page", kind=KeyKind.PUBLISHABLE)
    settings = settings_for(mongodb_uri, database.name, tmp_path)
    async with serving(settings) as api:
        for query, more in ((HISTORY, {}), (WHAT_IF, {"acts": []})):
            body = {"query": query, "variables": {"user": "ann", **more}}
            for headers, code in (({}, "UNAUTHENTICATED"), (publishable, "FORBIDDEN")):
                answer = (await api.post("/graphql", json=body, headers=headers)).json()
                assert answer["errors"][0]["extensions"]["code"] == code

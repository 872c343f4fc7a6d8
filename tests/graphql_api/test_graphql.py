"""The schema: typed, predictable, and every mistake named."""

from pathlib import Path

import pytest
from builders import ask, serving, settings_for, until
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType

from graphql_api.schema import make_schema
from recommender.facts.placements import Placement
from recommender.mongo.documents import EVENTS
from recommender.settings import Settings

pytestmark = pytest.mark.usefixtures("shop")

SHELF = """
query Shelf($shopper: ShopperInput!, $placement: String! = "home", $first: Int! = 6) {
  recommendations(shopper: $shopper, placement: $placement, first: $first) {
    recommendationId placement strategy modelVersion generatedAt shortReason
    nodes { productId }
    edges {
      rank score strategy isFiller
      node {
        id productId name description brand categories tags url image { url altText }
        price { amount currencyCode } compareAtPrice { amount } availableForSale
        attributes { name value } itemGroupId createdAt updatedAt
      }
      reasons { kind text weight product { productId } }
    }
  }
}
"""
RECORD = """
mutation Record($events: [EventInput!]!, $key: String! = "k") {
  recordEvents(input: {events: $events, idempotencyKey: $key}) {
    acceptedCount duplicateCount rejectedCount userErrors { message code field }
  }
}
"""


def user(user_id):
    return {"userId": user_id}


def view(event_id="e1", product_id="garden-1", **more):
    return {
        "eventId": event_id,
        "type": "VIEW",
        "shopper": user("new"),
        "productId": product_id,
        **more,
    }


async def test_a_shelf_has_all_that_a_page_needs(api):
    shelf = (await ask(api, SHELF, shopper=user("cook-0")))["recommendations"]
    assert (shelf["strategy"], shelf["modelVersion"]) == ("PERSONALIZED", "v1")
    assert [e["node"]["productId"] for e in shelf["edges"]] == [
        n["productId"] for n in shelf["nodes"]
    ]
    first = shelf["edges"][0]
    assert first["rank"] == 1
    assert first["node"]["price"] == {"amount": "9.50", "currencyCode": "EUR"}
    assert first["node"]["categories"] == ["Home > Kitchen"]
    assert first["reasons"][0]["kind"] == "BECAUSE_YOU_BOUGHT"
    assert first["reasons"][0]["product"]["productId"].startswith("kitchen")


async def test_an_anonymous_session_is_a_shopper_too(api):
    session = {"sessionId": "s-1"}
    shelf = (await ask(api, SHELF, shopper=session))["recommendations"]
    assert shelf["strategy"] == "POPULAR"
    await ask(api, RECORD, events=[view(shopper=session)])
    shelf = (await ask(api, SHELF, shopper=session))["recommendations"]
    assert shelf["strategy"] == "PERSONALIZED"
    # The user of the same name is somebody else.
    shelf = (await ask(api, SHELF, shopper=user("s-1")))["recommendations"]
    assert shelf["strategy"] == "POPULAR"


async def test_the_last_act_counts_in_the_very_next_answer(api):
    before = (await ask(api, SHELF, shopper=user("new")))["recommendations"]
    assert before["strategy"] == "POPULAR"
    recorded = await ask(
        api,
        """mutation($e: EventInput!) {
             recordEvent(input: {event: $e}) { accepted duplicate userErrors { message } }
           }""",
        e=view(),
    )
    assert recorded["recordEvent"] == {"accepted": True, "duplicate": False, "userErrors": []}
    after = (await ask(api, SHELF, shopper=user("new")))["recommendations"]
    assert all(e["node"]["productId"].startswith("garden") for e in after["edges"])
    assert after["edges"][0]["reasons"][0]["product"]["productId"] == "garden-1"


async def test_a_product_added_after_training_is_recommended_without_a_retrain(api, database):
    database["products"].insert_one(
        {
            **database["products"].find_one({"_id": "garden-2"}),
            "_id": "brand-new",
            "name": "garden spade deluxe",
        }
    )
    await ask(api, RECORD, events=[view()])

    async def shown():
        shelf = (await ask(api, SHELF, shopper=user("new"), first=24))["recommendations"]
        return next((e for e in shelf["edges"] if e["node"]["productId"] == "brand-new"), None)

    edge = await until(shown, seconds=2)
    assert edge["strategy"] == "PERSONALIZED"
    assert "SHARED_ATTRIBUTE" in {r["kind"] for r in edge["reasons"]}


async def test_similar_products_are_of_the_same_kind(api):
    data = await ask(
        api,
        """{ similarProducts(productId: "kitchen-1", first: 5) {
               strategy edges { node { productId } reasons { text } } } }""",
    )
    edges = data["similarProducts"]["edges"]
    assert all(e["node"]["productId"].startswith("kitchen") for e in edges)
    assert "kitchen-1" not in {e["node"]["productId"] for e in edges}
    assert edges[0]["reasons"][0]["text"] == "Similar to kitchen pan 1"


async def test_a_page_names_what_it_shows_so_that_it_is_not_shown_twice(api):
    data = await ask(
        api,
        """{ recommendations(
               shopper: {userId: "cook-0"}, placement: "similar", first: 24,
               context: {productIds: ["kitchen-1", "kitchen-2"]}
             ) { strategy nodes { productId } } }""",
    )
    shown = {n["productId"] for n in data["recommendations"]["nodes"]}
    assert not shown & {"kitchen-1", "kitchen-2"}


async def test_every_shelf_can_be_asked_for_with_a_cart_a_category_and_diversity(api):
    for placement in Placement:
        data = await ask(
            api,
            """query($placement: String!) { recommendations(
                   shopper: {userId: "cook-0"}, placement: $placement, first: 3, diversity: 0.5,
                   context: {cartProductIds: ["kitchen-1"], category: "Home > Garden"}
                 ) { placement nodes { productId } edges { isFiller reasons { kind } } } }""",
            placement=placement,
        )
        found = data["recommendations"]
        assert found["placement"] == placement
        assert len(found["nodes"]) == 3
        assert "kitchen-1" not in {n["productId"] for n in found["nodes"]}
        if placement in (Placement.HOME, Placement.NEWEST, Placement.NEXT_BASKET):
            assert all(n["productId"].startswith("garden") for n in found["nodes"])


@pytest.mark.parametrize(("longest", "length"), [("5", 5), ("100", 12)])
async def test_a_shelf_of_no_given_length_is_no_longer_than_the_server_allows(
    mongodb_uri, database, tmp_path, longest, length
):
    settings = settings_for(mongodb_uri, database.name, tmp_path, LONGEST_SHELF=longest)
    async with serving(settings) as api:
        data = await ask(
            api,
            """{ recommendations(shopper: {userId: "new"}) { nodes { productId } }
                 similarProducts(productId: "kitchen-1") { nodes { productId } } }""",
        )
    assert [len(shelf["nodes"]) for shelf in data.values()] == [length, length]


async def test_a_product_is_found_by_the_shops_own_id(api):
    query = "query($id: ID!) { product(productId: $id) { id name } }"
    found = (await ask(api, query, id="kitchen-1"))["product"]
    assert found["name"] == "kitchen pan 1"
    assert (await ask(api, query, id="nothing"))["product"] is None


async def test_a_walk_through_the_pages_meets_every_product_once_both_ways(api, shop):
    query = """query($first: Int, $after: String, $last: Int, $before: String) {
      products(first: $first, after: $after, last: $last, before: $before) {
        nodes { productId } totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }"""
    forward, after = [], None
    while True:
        page = (await ask(api, query, first=7, after=after))["products"]
        forward += [n["productId"] for n in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    backward, before = [], None
    while True:
        page = (await ask(api, query, last=5, before=before))["products"]
        backward = [n["productId"] for n in page["nodes"]] + backward
        before = page["pageInfo"]["startCursor"]
        if not page["pageInfo"]["hasPreviousPage"]:
            break
    assert forward == backward == sorted(shop)
    assert page["totalCount"] == len(shop)


async def test_a_batch_says_of_each_event_what_became_of_it(api, database):
    events = [
        view("a"),
        view("a"),
        view("b", "no such thing"),
        view("c", quantity=0),
        view("d", shopper={"sessionId": ""}),
        view("e", unitPrice={"amount": "1.234", "currencyCode": "EUR"}),
        view("f", occurredAt="2090-01-01T00:00:00Z"),
        view("g", type="RATING", rating=9),
        view("h", type="PURCHASE", unitPrice={"amount": "9.50", "currencyCode": "EUR"}),
        view("i", unitPrice={"amount": "NaN", "currencyCode": "EUR"}),
        view("j", unitPrice={"amount": "1e300000", "currencyCode": "EUR"}),
        view("k", unitPrice={"amount": "1e999999", "currencyCode": "EUR"}),
        view("l", occurredAt="0001-01-01T00:00:00+14:00"),
        view("m", occurredAt="9999-12-31T23:59:59-14:00"),
    ]
    done = (await ask(api, RECORD, events=events))["recordEvents"]
    assert (done["acceptedCount"], done["duplicateCount"], done["rejectedCount"]) == (2, 1, 11)
    assert [(e["code"], e["field"]) for e in done["userErrors"]] == [
        ("NOT_FOUND", ["input", "events", "2", "productId"]),
        ("INVALID", ["input", "events", "3", "quantity"]),
        ("INVALID", ["input", "events", "4", "shopper", "sessionId"]),
        ("INVALID", ["input", "events", "5", "unitPrice", "amount"]),
        ("INVALID", ["input", "events", "6", "occurredAt"]),
        ("INVALID", ["input", "events", "7", "rating"]),
        ("INVALID", ["input", "events", "9", "unitPrice", "amount"]),
        ("INVALID", ["input", "events", "10", "unitPrice", "amount"]),
        ("INVALID", ["input", "events", "11", "unitPrice", "amount"]),
        ("INVALID", ["input", "events", "12", "occurredAt"]),
        ("INVALID", ["input", "events", "13", "occurredAt"]),
    ]
    assert done["userErrors"][-2]["message"] == (
        "occurredAt must be a date after 1970, not 0001-01-01T00:00:00+14:00"
    )
    stored = {d["_id"]: d for d in database[EVENTS].find({"shopper_id": "user:new"})}
    assert set(stored) == {"a", "h"}
    assert stored["h"]["unit_price"] == {"minor_units": 950, "currency": "EUR"}
    again = (await ask(api, RECORD, events=events, key="another"))["recordEvents"]
    assert (again["acceptedCount"], again["duplicateCount"]) == (0, 3)


async def test_feedback_is_recorded_under_an_id(api, database):
    mutation = """mutation($rating: Float!, $id: ID) {
      recordFeedback(input: {
        shopper: {userId: "new"}, productId: "garden-1", rating: $rating, eventId: $id
      }) { eventId accepted duplicate userErrors { message field } }
    }"""
    done = (await ask(api, mutation, rating=4.5))["recordFeedback"]
    assert database[EVENTS].find_one({"_id": done["eventId"]})["rating"] == 4.5
    for duplicate in (False, True):
        done = (await ask(api, mutation, rating=1, id="mine"))["recordFeedback"]
        assert (done["eventId"], done["duplicate"]) == ("mine", duplicate)
    done = (await ask(api, mutation, rating=6))["recordFeedback"]
    assert done["accepted"] is False
    assert done["eventId"] is None
    assert done["userErrors"] == [
        {"message": "rating must be 1 to 5, not 6.0", "field": ["input", "rating"]}
    ]


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        (
            '{ recommendations(shopper: {userId: "a"}, first: 0) { strategy } }',
            "BAD_USER_INPUT",
            "first must be 1 to 100, not 0",
        ),
        (
            '{ recommendations(shopper: {userId: "a"}, diversity: 1.5) { strategy } }',
            "BAD_USER_INPUT",
            "diversity must be 0 to 1, not 1.5",
        ),
        (
            '{ recommendations(shopper: {userId: "a"}, placement: "attic") { strategy } }',
            "BAD_USER_INPUT",
            "placement must be one of home, similar, bought_together,",
        ),
        (
            '{ recommendations(shopper: {userId: ""}) { strategy } }',
            "BAD_USER_INPUT",
            "userId must be 1 to 128 characters, not empty",
        ),
        (
            '{ recommendations(shopper: {userId: "a"}, placement: "similar") { strategy } }',
            "BAD_USER_INPUT",
            "productIds must name a product for the shelf similar",
        ),
        (
            '{ similarProducts(productId: "nothing") { strategy } }',
            "NOT_FOUND",
            "There is no product 'nothing' in the catalogue.",
        ),
        ("{ products(first: 101) { totalCount } }", "BAD_USER_INPUT", "first must be 1 to 100"),
        (
            "{ products(first: 1, last: 1) { totalCount } }",
            "BAD_USER_INPUT",
            "first and last exclude one another",
        ),
        (
            '{ products(after: "?") { totalCount } }',
            "BAD_USER_INPUT",
            "after must be a cursor from an earlier page, not '?'",
        ),
        ("{ nothing }", "BAD_USER_INPUT", "Cannot query field 'nothing' on type 'Query'."),
        (
            '{ recommendations(shopper: {userId: "a", sessionId: "b"}) { strategy } }',
            "BAD_USER_INPUT",
            "OneOf Input Object 'ShopperInput' must specify exactly one key.",
        ),
        ("{", "BAD_USER_INPUT", "Syntax Error"),
    ],
)
async def test_a_mistake_is_named_with_a_code(api, query, code, message):
    response = await api.post("/graphql", json={"query": query})
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == code
    assert error["message"].startswith(message), error["message"]


async def test_an_error_of_ours_is_shown_as_an_id_only(api, database, capfd):
    # A document that we would never write, and that reading a history trips over.
    broken = {"shopper_id": "user:ann", "product_id": "x", "type": "view", "at": "secret act"}
    database[EVENTS].insert_one(broken)
    response = await api.post(
        "/graphql", json={"query": SHELF, "variables": {"shopper": user("ann")}}
    )
    body = response.json()
    assert body["data"] == {"recommendations": None}
    [error] = body["errors"]
    assert error["message"] == "Unexpected error."
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret act" not in response.text
    logged = capfd.readouterr()
    assert error["extensions"]["errorId"] in logged.out + logged.err


async def test_a_mistake_of_the_caller_is_not_logged_as_ours(api, capfd):
    await api.post("/graphql", json={"query": "{ products(first: 101) { totalCount } }"})
    logged = capfd.readouterr()
    assert "101" not in logged.out + logged.err


def test_the_printed_schema_is_the_schema():
    """`make schema` prints it anew; the difference is what clients will notice."""
    printed = Path("graphql_api/schema.graphql").read_text()
    assert make_schema(Settings.read({})).as_str() + "\n" == printed


def test_everything_in_the_schema_has_a_description():
    missing = []
    for name, type_ in make_schema(Settings.read({}))._schema.type_map.items():
        if name.startswith("__"):
            continue
        if not type_.description:
            missing.append(name)
        if isinstance(type_, GraphQLEnumType):
            missing += [f"{name}.{v}" for v, value in type_.values.items() if not value.description]
        if isinstance(type_, GraphQLInputObjectType | GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in type_.fields.items():
                if not field.description:
                    missing.append(f"{name}.{field_name}")
                for argument, definition in getattr(field, "args", {}).items():
                    if not definition.description:
                        missing.append(f"{name}.{field_name}({argument})")
    assert missing == []

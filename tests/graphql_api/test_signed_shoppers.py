"""One shopper's tastes are nobody else's business."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from builders import ask, serving, settings_for, with_key
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from recommender.facts.keys import KeyKind, Scope
from recommender.facts.signed_users import sign

pytestmark = pytest.mark.usefixtures("shop")

SECRET, OLD_SECRET = "s" * 40, "o" * 40
SIGNED = {"REQUIRE_SIGNED_SHOPPER": "true", "SHOPPER_SIGNING_SECRETS": f"{SECRET},{OLD_SECRET}"}
LISTS = """query($shopper: ShopperInput!) {
  recommendations(shopper: $shopper, first: 24) { edges { node { productId } reasons { text } } }
}"""
TOLD = """mutation($shopper: ShopperInput!) {
  recordFeedback(input: {shopper: $shopper, productId: "kitchen-1", rating: 5}) { accepted }
}"""
JOINED = """mutation($user: ID, $signed: ID) {
  joinShopper(input: {sessionId: "s", userId: $user, signedUserId: $signed}) { joinedEventCount }
}"""


def signed(user_id, secret=SECRET, minutes=60):
    return sign(user_id, datetime.now(UTC) + timedelta(minutes=minutes), secret)


@pytest.fixture
def publishable(database):
    return with_key(database, KeyKind.PUBLISHABLE)


@pytest.fixture
def secret(database):
    return with_key(database, KeyKind.SECRET)


@pytest.fixture
async def api(shop, mongodb_uri, database, tmp_path, publishable, secret):
    async with serving(settings_for(mongodb_uri, database.name, tmp_path, **SIGNED)) as client:
        yield client


async def code_of(api, query, headers, **variables):
    response = await api.post(
        "/graphql", json={"query": query, "variables": variables}, headers=headers
    )
    errors = response.json().get("errors")
    return errors[0]["extensions"]["code"] if errors else None


@pytest.mark.parametrize("query", [LISTS, TOLD])
async def test_a_page_names_a_user_only_by_a_signed_id(api, publishable, query):
    async def code(**shopper):
        return await code_of(api, query, publishable, shopper=shopper)

    assert await code(userId="cook-1") == "UNAUTHENTICATED"
    assert await code(signedUserId="cook-1") == "UNAUTHENTICATED"
    assert await code(signedUserId=signed("cook-1", minutes=-1)) == "UNAUTHENTICATED"
    assert await code(signedUserId=signed("cook-1", secret="x" * 40)) == "UNAUTHENTICATED"
    assert await code(signedUserId=signed("cook-1")) is None
    assert await code(signedUserId=signed("cook-1", secret=OLD_SECRET)) is None
    assert await code(sessionId="anonymous") is None


async def test_a_page_signs_in_as_nobody_else(api, publishable):
    assert await code_of(api, JOINED, publishable, user="cook-1") == "UNAUTHENTICATED"
    forged = signed("gardener-1").replace("gardener", "cook")
    assert await code_of(api, JOINED, publishable, signed=forged) == "UNAUTHENTICATED"
    assert await code_of(api, JOINED, publishable, signed=signed("cook-1")) is None


async def test_the_shops_server_names_anybody_if_its_key_may(database, shop, settings):
    server = with_key(database, KeyKind.SECRET)
    reader = with_key(database, KeyKind.SECRET, name="reader", scopes=[Scope.READ])
    async with serving(settings.model_copy(update={"require_signed_shopper": True})) as api:
        assert await code_of(api, LISTS, server, shopper={"userId": "cook-1"}) is None
        code = await code_of(api, LISTS, reader, shopper={"userId": "cook-1"})
        assert code == "UNAUTHENTICATED"


async def test_rest_takes_the_signature_beside_the_user(api, publishable):
    _, _, signature = signed("cook-1").partition(".")
    address = "/api/recommendations?user_id={}&signature={}"

    async def status(user_id, signature):
        path = address.format(user_id, signature)
        return (await api.get(path, headers=publishable)).status_code

    assert await status("cook-1", signature) == 200
    assert await status("cook-2", signature) == 401
    bare = await api.get("/api/recommendations?user_id=cook-1", headers=publishable)
    assert bare.status_code == 401
    body = {"user_id": "cook-1", "product_id": "kitchen-1", "rating": 5}
    for more, expected in (({}, 401), ({"signature": "1.x"}, 401), ({"signature": signature}, 201)):
        sent = await api.post("/api/feedback", json={**body, **more}, headers=publishable)
        assert sent.status_code == expected


async def test_what_one_field_may_not_see_no_other_field_of_the_page_shows(api, publishable):
    query = """query($mine: ShopperInput!, $other: ShopperInput!) {
      mine: recommendations(shopper: $mine) { nodes { productId } }
      other: recommendations(shopper: $other) { nodes { productId } }
    }"""
    variables = {"mine": {"signedUserId": signed("cook-1")}, "other": {"userId": "gardener-1"}}
    response = await api.post(
        "/graphql", json={"query": query, "variables": variables}, headers=publishable
    )
    data = response.json()["data"]
    assert data["mine"]["nodes"]
    assert data["other"] is None


shoppers = st.sampled_from(["a", "b", "c", "d"])
products = st.sampled_from([f"{kind}-{n}" for kind in ("kitchen", "garden") for n in range(12)])
acts = st.lists(st.tuples(shoppers, products), min_size=1, max_size=12, unique=True)
REASONS = """query($shopper: ShopperInput!) { recommendations(shopper: $shopper, first: 12) {
  edges { reasons { kind product { productId } } }
} }"""
OF_THE_SHOPPER = {"BECAUSE_YOU_VIEWED", "BECAUSE_YOU_BOUGHT", "BECAUSE_YOU_LIKED"}


@pytest.fixture
async def open_api(shop, settings):
    async with serving(settings) as client:
        yield client


@examples(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=acts)
async def test_reasons_tell_of_the_shoppers_own_acts_however_many_ask_at_once(open_api, acts):
    run = uuid4().hex

    async def view(shopper, product):
        event = {
            "eventId": f"{run}-{shopper}-{product}",
            "type": "VIEW",
            "shopper": {"sessionId": f"{run}-{shopper}"},
            "productId": product,
        }
        query = """mutation($event: EventInput!) {
          recordEvent(input: {event: $event}) { accepted }
        }"""
        assert (await ask(open_api, query, event=event))["recordEvent"]["accepted"]

    async def reasons(shopper):
        found = await ask(open_api, REASONS, shopper={"sessionId": f"{run}-{shopper}"})
        return shopper, [
            reason["product"]["productId"]
            for edge in found["recommendations"]["edges"]
            for reason in edge["reasons"]
            if reason["kind"] in OF_THE_SHOPPER and reason["product"]
        ]

    await asyncio.gather(*(view(*act) for act in acts))
    told = await asyncio.gather(*(reasons(s) for s in "abcd" for _ in range(3)))
    for shopper, of_products in told:
        own = {product for who, product in acts if who == shopper}
        assert set(of_products) <= own
    assert any(of_products for _, of_products in told)

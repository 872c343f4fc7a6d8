"""The API as a part of the shop's own graph. Gateways ask it in tests/conformance."""

import pytest
from builders import serving
from graphql import ObjectTypeDefinitionNode, parse

from graphql_api.federation import subgraph
from graphql_api.schema import make_schema
from recommender.settings import Settings

pytestmark = pytest.mark.usefixtures("shop")

ENTITIES = """
query($representations: [_Any!]!) {
  _entities(representations: $representations) { ... on Product { productId name } }
}
"""
KNOWN = {"__typename": "Product", "productId": "kitchen-1"}


@pytest.fixture
async def federated(settings):
    async with serving(settings.model_copy(update={"federation": True})) as api:
        yield api


async def asked_for(api, *representations):
    body = {"query": ENTITIES, "variables": {"representations": list(representations)}}
    response = await api.post("/graphql", json=body)
    return response.json()


async def test_products_are_found_by_their_key_in_the_order_they_are_asked_for(federated):
    unknown = {**KNOWN, "productId": "no such thing"}
    answer = await asked_for(federated, {**KNOWN, "productId": "kitchen-2"}, unknown, KNOWN)
    assert "errors" not in answer
    first, second, third = answer["data"]["_entities"]
    assert (first["productId"], second, third["productId"]) == ("kitchen-2", None, "kitchen-1")


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"productId": "kitchen-1"}, "representations[0] "),
        ({"__typename": "Order", "productId": "kitchen-1"}, "representations[0] "),
        ({"__typename": ["Product"]}, "representations[0] "),
        ("Product", "representations[0] "),
        ({"__typename": "Product"}, "representations[0].productId "),
        ({"__typename": "Product", "productId": True}, "representations[0].productId "),
        ({"__typename": "Product", "productId": ""}, "representations[0].productId "),
        ({"__typename": "Product", "productId": "x" * 10_000}, "representations[0].productId "),
    ],
)
async def test_what_is_no_key_is_told_and_keeps_no_other_out(federated, wrong, place):
    answer = await asked_for(federated, wrong, KNOWN)
    [error] = answer["errors"]
    assert error["message"].startswith(place)
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert error["path"] == ["_entities", 0]
    assert answer["data"]["_entities"] == [
        None,
        {"productId": "kitchen-1", "name": "kitchen pan 1"},
    ]


async def test_without_the_setting_there_is_no_subgraph(api):
    for query in ("{ _service { sdl } }", "{ _entities(representations: []) { __typename } }"):
        answer = (await api.post("/graphql", json={"query": query})).json()
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_secret_is_no_key_of_a_product(federated):
    """Only what the schema calls an entity can be asked for by way of a gateway."""
    answer = await asked_for(federated, {"__typename": "ShopperExport", "shopper": "ann"})
    assert answer["data"]["_entities"] == [None]


def test_the_shops_graph_gets_what_is_ours_alone():
    told = parse(subgraph(make_schema(Settings.read({"FEDERATION": "true"})).as_str()))
    fields = {
        type_.name.value: {field.name.value for field in type_.fields}
        for type_ in told.definitions
        if isinstance(type_, ObjectTypeDefinitionNode)
    }
    assert fields["Product"] == {"productId", "similar", "boughtTogether"}
    assert {"recommendations", "page"} <= fields["Query"]
    assert not {"product", "products", "node", "nodes", "_entities"} & fields["Query"]
    # What nothing leads to is not told of.
    assert "Image" not in fields

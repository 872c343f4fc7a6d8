"""What an operation costs, known before it is executed."""

import pytest
from builders import serving, settings_for
from graphql import build_schema, parse

from graphql_api.cost import UNBOUNDED, costs_of

SCHEMA = build_schema("""
    type Query {
      product: Product
      products(first: Int, last: Int): ProductConnection
      recommendations(first: Int = 12): RecommendationConnection
      nodes(ids: [ID!]!): [Node]!
    }
    type Mutation { record: Payload  }
    type Payload { product: Product }
    interface Node { id: ID! }
    type Product implements Node {
      id: ID!
      name: String
      price: Money
      attributes: [Attribute!]!
      reasons(limit: Int = 2): [Reason!]!
      similar(first: Int = 12): RecommendationConnection
    }
    type Money { amount: String }
    type Attribute { name: String }
    type Reason { product: Product }
    type Edge { node: Product }
    type ProductConnection { edges: [Edge!]! nodes: [Product!]! pageInfo: PageInfo }
    type RecommendationConnection { edges: [Edge!]! nodes: [Product!]! pageInfo: PageInfo }
    type PageInfo { endCursor: String }
""")


def cost(query, **variables):
    [found] = costs_of(parse(query), SCHEMA, 100).values()
    return found.of(variables)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ __typename }", 0),
        ("{ product { id name } }", 1),
        ("{ product { price { amount } } }", 2),
        ("{ products(first: 3) { nodes { name } } }", 1 + 3),
        ("{ products(last: 3) { nodes { name } } }", 1 + 3),
        ("{ products { nodes { name } } }", 1 + 20),
        (
            "{ products(first: 3) { edges { node { name } } pageInfo { endCursor } } }",
            1 + 3 * 2 + 1,
        ),
        ("{ recommendations(first: 3) { nodes { name } } }", 10 + 3),
        ("{ recommendations { nodes { name } } }", 10 + 12),
        ("{ recommendations(first: 5) { nodes { similar(first: 4) { nodes { id } } } } }", 85),
        ("{ product { reasons { product { id } } } }", 1 + 2 * 2),
        ("{ product { attributes { name } } }", 1 + 5),
        ('{ nodes(ids: ["a", "b"]) { id ... on Product { price { amount } } } }', 2 * 2),
        ("mutation { record { product { id } } }", 10 + 1 + 1),
        ("{ __schema { types { fields { name } } } }", 0),
        # More than a page may have is refused by the field itself, with the bounds.
        ("{ products(first: 2000000000) { nodes { id } } }", 1 + 100),
        ("{ products(first: -1) { nodes { id } } }", 1 + 20),
    ],
)
def test_lists_cost_as_often_as_they_are_long(query, expected):
    assert cost(query) == expected


def test_what_components_ask_for_together_is_counted_once():
    apart = """
        { recommendations(first: 3) { ...Card ...Price ...Card } }
        fragment Card on RecommendationConnection { nodes { id price { amount } } }
        fragment Price on RecommendationConnection { nodes { ... on Product { price { amount } } } }
    """
    assert cost(apart) == cost("{ recommendations(first: 3) { nodes { price { amount } } } }") == 16


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"n": 3}, 10 + 3),
        ({"n": 3.0}, 10 + 3),
        ({}, 10 + 7),
        ({"n": None}, 10 + 12),
        ({"n": 10**9}, 10 + 100),
        ({"n": "x"}, 10 + 12),
        ({"n": float("nan")}, 10 + 12),
    ],
)
def test_a_page_is_as_long_as_the_variable_says(given, expected):
    assert cost("query($n: Int = 7) { recommendations(first: $n) { nodes { id } } }", **given) == (
        expected
    )


def test_as_many_nodes_as_ids_in_the_variable():
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert cost(query, ids=["a"] * 40) == 40
    assert cost(query, ids="a") == 1
    [found] = costs_of(parse(query), SCHEMA, 100).values()
    assert found.most == UNBOUNDED


def test_the_worst_variables_are_known_before_any_come():
    query = "query($n: Int) { recommendations(first: $n) { nodes { id } } }"
    [found] = costs_of(parse(query), SCHEMA, 100).values()
    assert found.most == 110


def test_each_operation_has_its_own_cost():
    document = parse("query A { product { id } } query B { recommendations { nodes { id } } }")
    costs = costs_of(document, SCHEMA, 100)
    assert {name: c.of({}) for name, c in costs.items()} == {"A": 1, "B": 22}


def test_fragments_that_spread_one_another_are_walked_once():
    fragments = [f"fragment f{n} on Product {{ ...f{n + 1} ...f{n + 1} }}" for n in range(200)]
    last = "fragment f200 on Product { price { amount } }"
    assert cost("{ product { ...f0 } } " + " ".join([*fragments, last])) == 2


PAGES = """query($n: Int!) { products(first: $n) { nodes { name price { amount } } } }"""


async def test_an_operation_that_costs_too_much_is_refused_by_its_variables(
    mongodb_uri, database, tmp_path
):
    settings = settings_for(mongodb_uri, database.name, tmp_path, MOST_QUERY_COST="50")
    async with serving(settings) as api:
        for n, allowed in ((24, True), (25, False), (24, True)):
            body = {"query": PAGES, "variables": {"n": n}}
            answer = (await api.post("/graphql", json=body)).json()
            assert ("data" in answer) == allowed
            if not allowed:
                [error] = answer["errors"]
                assert error["message"].startswith("The operation costs 51; at most 50 is allowed.")
                assert error["extensions"] == {
                    "code": "QUERY_TOO_COSTLY",
                    "limit": 50,
                    "value": 51,
                }


async def test_what_an_operation_costs_is_told_to_who_asks(api):
    body = {"query": PAGES, "variables": {"n": 10}}
    assert "extensions" not in (await api.post("/graphql", json=body)).json()
    asked = await api.post("/graphql", json={**body, "extensions": {"cost": True}})
    assert asked.json()["extensions"] == {"cost": {"requested": 21, "maximum": 5_000}}
    by_get = await api.get(
        "/graphql",
        params={"query": "{ product(productId: 1) { name } }", "extensions": '{"cost":true}'},
    )
    assert by_get.json()["extensions"]["cost"]["requested"] == 1

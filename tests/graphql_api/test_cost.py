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
      page(shelves: [ShelfInput!]!): [RecommendationShelf!]
      whyNot(before: [ShelfInput!]): WhyNot
    }
    type Mutation { record(input: RecordInput): Payload  }
    type Payload { product: Product shelves: [RecommendationShelf!] }
    input RecordInput { shelves: [ShelfInput!] }
    input ShelfInput { first: Int filter: String }
    type WhyNot { score: Float }
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
    type ProductConnection {
      edges: [Edge!]!
      nodes: [Product!]!
      pageInfo: PageInfo
      facets(fields: [String!]!, limit: Int! = 20): [Facet!]!
    }
    type Facet { values: [Value!]! }
    type Value { count: Int }
    type RecommendationShelf { edges: [Edge!]! nodes: [Product!]! pageInfo: PageInfo }
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
        ("{ products(first: 3) { nodes { name } } }", 10 + 3),
        ("{ products(last: 3) { nodes { name } } }", 10 + 3),
        ("{ products { nodes { name } } }", 10 + 20),
        (
            "{ products(first: 3) { edges { node { name } } pageInfo { endCursor } } }",
            10 + 3 * 2 + 1,
        ),
        ("{ recommendations(first: 3) { nodes { name } } }", 10 + 3),
        ("{ recommendations { nodes { name } } }", 10 + 12),
        ("{ recommendations(first: 5) { nodes { similar(first: 4) { nodes { id } } } } }", 85),
        ("{ product { reasons { product { id } } } }", 1 + 2 * 2),
        ("{ product { attributes { name } } }", 1 + 5),
        ('{ nodes(ids: ["a", "b"]) { id ... on Product { price { amount } } } }', 2 * 2),
        ("mutation { record { product { id } } }", 10 + 1 + 1),
        ("{ __schema { types { fields { name } } } }", 0),
        # Of a page, each shelf as it would alone.
        ("{ page(shelves: [{first: 3}, {first: 4}]) { nodes { id } } }", 2 * 10 + 7),
        ("{ page(shelves: {first: 3}) { nodes { id } } }", 10 + 3),
        ("{ page(shelves: [{}, {first: 2000000000}]) { edges { node { id } } } }", 20 + 2 * 120),
        ("mutation { record(input: {shelves: [{first: 3}]}) { shelves { nodes { id } } } }", 24),
        ("{ whyNot(before: [{}, {}]) { score } }", 10 + 2 * 10),
        # A facet goes through all products, for each field.
        (
            '{ products { facets(fields: ["brand", "tags"], limit: 7) { values { count } } } }',
            10 + 2 * (10 + 7),
        ),
        # More than a page may have is refused by the field itself, with the bounds.
        ("{ products(first: 2000000000) { nodes { id } } }", 10 + 100),
        ("{ products(first: -1) { nodes { id } } }", 10 + 20),
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


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query($s: [ShelfInput!]!) { page(shelves: $s) { nodes { id } } }", {"s": [{"first": 5}]}),
        ("query($n: Int) { page(shelves: [{first: $n}]) { nodes { id } } }", {"n": 5}),
        ("query($n: Int = 5) { page(shelves: [{first: $n}]) { nodes { id } } }", {}),
        (
            "query($s: [ShelfInput!]! = [{first: 5}]) { page(shelves: $s) { nodes { id } } }",
            {},
        ),
    ],
)
def test_shelves_of_a_page_are_as_long_as_the_variables_say(query, variables):
    assert cost(query, **variables) == 10 + 5
    [found] = costs_of(parse(query), SCHEMA, 100).values()
    assert found.most >= 10 + 100


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
    settings = settings_for(mongodb_uri, database.name, tmp_path, MOST_QUERY_COST="59")
    async with serving(settings) as api:
        for n, allowed in ((24, True), (25, False), (24, True)):
            body = {"query": PAGES, "variables": {"n": n}}
            answer = (await api.post("/graphql", json=body)).json()
            assert ("data" in answer) == allowed
            if not allowed:
                [error] = answer["errors"]
                assert error["message"].startswith("The operation costs 60; at most 59 is allowed.")
                assert error["extensions"] == {
                    "code": "QUERY_TOO_COSTLY",
                    "limit": 59,
                    "value": 60,
                }


async def test_what_an_operation_costs_is_told_to_who_asks(api):
    body = {"query": PAGES, "variables": {"n": 10}}
    assert "extensions" not in (await api.post("/graphql", json=body)).json()
    asked = await api.post("/graphql", json={**body, "extensions": {"cost": True}})
    assert asked.json()["extensions"] == {"cost": {"requested": 30, "maximum": 5_000}}
    by_get = await api.get(
        "/graphql",
        params={"query": "{ product(productId: 1) { name } }", "extensions": '{"cost":true}'},
    )
    assert by_get.json()["extensions"]["cost"]["requested"] == 1


HOME = """
query($shopper: ShopperInput!, $shelves: [ShelfInput!]!) {
  page(shopper: $shopper, shelves: $shelves) {
    recommendationId placement strategy
    edges {
      rank score isFiller strategy
      reasons { kind text product { productId name } }
      node { productId name brand url image { url altText } price { amount currencyCode } }
    }
    endCursor
  }
}
"""
WITHIN_A_LIST = """
query($shopper: ShopperInput!) { recommendations(shopper: $shopper, first: 100) {
  nodes { similar(first: 12) { nodes { similar(first: 12) { nodes { name } } } } }
} }
"""
OF_MANY_IDS = """
query($ids: [ID!]!) { nodes(ids: $ids) { ... on Product { boughtTogether(first: 100) {
  nodes { name attributes { value } }
} } } }
"""
COUNTED = (
    'products { facets(fields: ["brand", "tags", "categories"], limit: 100) { values { count } } }'
)
COSTLIEST = {
    "a list for each product of a page": "{ products(first: 100) { nodes { similar(first: 100) { "
    "nodes { name } } } } }",
    "lists within lists within a list": WITHIN_A_LIST,
    "a list for each of many ids": OF_MANY_IDS,
    "a page of the longest shelves": HOME,
    "everything counted many times": "{ "
    + " ".join(f"again{n}: {COUNTED}" for n in range(20))
    + " }",
}


async def test_a_whole_home_page_is_let_through(api):
    variables = {"shopper": {"userId": "ann"}, "shelves": [{"first": 12}] * 6}
    body = {"query": HOME, "variables": variables, "extensions": {"cost": True}}
    answer = (await api.post("/graphql", json=body)).json()
    assert "errors" not in answer
    # With room for three of them.
    assert answer["extensions"]["cost"]["requested"] * 3 < 5_000


@pytest.mark.parametrize("query", COSTLIEST.values(), ids=COSTLIEST.keys())
async def test_the_costliest_questions_there_are_are_refused(api, query):
    variables = {
        "shopper": {"userId": "ann"},
        "ids": ["UHJvZHVjdDpraXRjaGVuLTE="] * 100,
        "shelves": [{"first": 100}] * 12,
    }
    answer = (await api.post("/graphql", json={"query": query, "variables": variables})).json()
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "QUERY_TOO_COSTLY"
    assert error["extensions"]["value"] > error["extensions"]["limit"] == 5_000

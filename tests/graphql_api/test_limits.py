"""Documents that are kept parsed, and those that are not."""

import pytest
from graphql import parse, print_ast

from graphql_api.limits import Documents, Refused
from graphql_api.persisted import LONGEST_KEPT_TEXT
from graphql_api.schema import make_schema
from recommender.settings import Settings

QUERY = "{ __typename }"


@pytest.fixture
def document():
    settings = Settings.read({})
    return Documents(make_schema(settings)._schema, settings).checked


def test_a_document_is_parsed_and_validated_once(document):
    assert document(QUERY) is document(QUERY)


def test_a_long_text_works_and_is_not_kept(document):
    """Comments are no tokens: the text is as long as a body may be."""
    longest = QUERY + "#" * (LONGEST_KEPT_TEXT - len(QUERY))
    assert document(longest) is document(longest)
    assert document(longest + "#") is not document(longest + "#")
    assert print_ast(document(longest + "#" * 900_000).document) == print_ast(parse(QUERY))


@pytest.mark.parametrize("query", ["{ nothing }", "{ a " * 13 + "}" * 13], ids=["wrong", "deep"])
def test_a_document_with_a_mistake_is_refused_each_time_and_not_kept(document, query):
    with pytest.raises(Refused) as first:
        document(query)
    with pytest.raises(Refused) as second:
        document(query)
    assert len(first.value.errors) == len(second.value.errors) == 1
    assert first.value is not second.value


async def test_a_query_with_a_long_comment_is_answered(api):
    for _ in range(2):
        response = await api.post("/graphql", json={"query": QUERY + "#" * 900_000})
        assert response.json() == {"data": {"__typename": "Query"}}


async def test_a_document_from_the_cache_is_not_validated_again(api, monkeypatch):
    """Validating takes a millisecond, more than everything else together."""

    def not_again(*_):
        pytest.fail("Strawberry validated a document that we had validated")

    monkeypatch.setattr("strawberry.schema.schema.validate_document", not_again)
    for _ in range(2):
        response = await api.post("/graphql", json={"query": "{ __typename }"})
        assert response.json() == {"data": {"__typename": "Query"}}


PRODUCT = "query Product($id: ID!) { product(productId: $id) { productId name image { url } } }"
TWO = 'query A { __typename } query B { product(productId: "kitchen-1") { name } }'
FORGET = 'mutation { forgetShopper(input: {userId: "nobody"}) { userErrors { message } } }'
ASKED = [
    {"query": PRODUCT, "variables": {"id": "kitchen-1"}},
    {"query": PRODUCT, "variables": {"id": "no such"}},
    {"query": PRODUCT, "variables": {"id": {}}},
    {"query": PRODUCT, "variables": {}},
    {"query": PRODUCT, "variables": {"id": "kitchen-1"}, "operationName": "Other"},
    {"query": PRODUCT, "variables": {"id": "kitchen-1"}, "extensions": {"cost": True}},
    {"query": TWO},
    {"query": TWO, "operationName": "B"},
    {"query": '{ recommendations(shopper: {userId: "u"}, first: 0) { placement } }'},
    {"query": "subscription { modelUpdated { version } }"},
    {"query": "{ trending(first: 2, strict: true) { nodes { productId } } }"},
    {"query": FORGET},
]


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
@pytest.mark.parametrize("asked", ASKED, ids=str)
async def test_a_document_that_came_before_is_answered_as_it_was(shop, api, asked, accept):
    headers = {"Accept": accept}
    first, *more = [await api.post("/graphql", json=asked, headers=headers) for _ in range(3)]
    for again in more:
        assert again.status_code == first.status_code
        assert again.headers["content-type"] == first.headers["content-type"]
        assert again.json() == first.json()


async def test_a_document_that_came_before_is_refused_where_it_must_not_come(shop, api):
    for _ in range(2):
        assert (await api.post("/graphql", json={"query": FORGET})).status_code == 200
        got = await api.get("/graphql", params={"query": FORGET})
        assert (got.status_code, got.headers["allow"]) == (405, "POST")

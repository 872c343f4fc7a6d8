"""What scanners for GraphQL try: nothing is left but what is on by choice.

The requests are our own, after the list of graphql-cop. The server is as it is outside of this
machine, with everything else as nobody set it.
"""

import pytest
from builders import serving, settings_for
from graphql import get_introspection_query

RATE = """mutation {
  recordFeedback(input: {shopper: {userId: "a"}, productId: "b", rating: 1}) { accepted }
}"""


@pytest.fixture
async def outside(mongodb_uri, database, tmp_path):
    settings = settings_for(mongodb_uri, database.name, tmp_path, PUBLIC_URL="https://shop.example")
    async with serving(settings) as api:
        yield api


async def asked(api, query, **more):
    return (await api.post("/graphql", json={"query": query, **more})).json()


async def test_a_field_under_a_hundred_aliases(outside):
    answer = await asked(outside, "{" + " ".join(f"a{n}: __typename" for n in range(101)) + "}")
    assert "data" not in answer


async def test_ten_queries_in_one_body(outside):
    response = await outside.post("/graphql", json=[{"query": "{ __typename }"}] * 10)
    assert response.status_code == 400


async def test_a_field_five_hundred_times(outside):
    answer = await asked(outside, "{ " + "__typename " * 500 + "}")
    assert "data" not in answer


async def test_the_same_directive_again_and_again(outside):
    answer = await asked(outside, "{ __typename" + "@aa" * 10 + " }")
    assert "data" not in answer
    assert len(answer["errors"]) < 10


async def test_introspection_in_circles(outside):
    circle = "fields { type { " * 4 + "name" + " } }" * 4
    assert "data" not in await asked(outside, "{ __schema { types { " + circle + " } } }")


async def test_fragments_in_circles(outside):
    answer = await asked(
        outside, "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }"
    )
    assert "data" not in answer


@pytest.mark.parametrize(
    "query",
    [
        "{ produc(productId: 1) { name } }",
        "{ product(productI: 1) { name } }",
        "{ product(productId: 1) { nam } }",
        "mutation { recordEvent(input: {event: {typ: VIEW, type: VIW}}) { accepted } }",
        "query($s: ShopperInpu) { __typename @skip(if: $s) }",
    ],
)
async def test_a_guess_at_a_name(outside, query):
    answer = await asked(outside, query)
    assert answer["errors"]
    assert "Did you mean" not in str(answer)


async def test_a_guess_at_a_name_in_the_variables(outside):
    answer = await asked(
        outside,
        "mutation($e: EventInput!) { recordEvent(input: {event: $e}) { accepted } }",
        variables={"e": {"typ": "VIEW", "type": "VIEWW"}},
    )
    assert answer["errors"]
    assert "Did you mean" not in str(answer)


@pytest.mark.parametrize("path", ["/graphql", "/", "/graphiql", "/playground", "/console"])
async def test_a_page_to_type_queries_into(outside, path):
    response = await outside.get(path, headers={"accept": "text/html"}, follow_redirects=True)
    assert "graphiql" not in response.text.lower()
    assert "playground" not in response.text.lower()


async def test_a_mutation_by_get(outside):
    response = await outside.get("/graphql", params={"query": RATE})
    assert response.status_code == 405


async def test_a_body_that_a_form_on_another_page_could_send(outside):
    response = await outside.post("/graphql", data={"query": "{ __typename }"})
    assert response.status_code == 415


async def test_a_trace_of_the_execution(outside):
    headers = {"x-apollo-tracing": "1", "apollo-query-plan-experimental": "1"}
    response = await outside.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
    assert response.json() == {"data": {"__typename": "Query"}}


async def test_a_mistake_that_shows_what_is_inside(outside):
    answer = await asked(outside, "queryy { __typename }")
    assert set(answer["errors"][0]) <= {"message", "locations", "extensions"}
    assert answer["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize("on", ["true", "false"])
async def test_introspection_is_on_by_choice(mongodb_uri, database, tmp_path, on):
    settings = settings_for(mongodb_uri, database.name, tmp_path, INTROSPECTION=on)
    async with serving(settings) as api:
        answer = await asked(api, get_introspection_query())
        assert ("data" in answer) == (on == "true")


@pytest.mark.parametrize("on", ["true", "false"])
async def test_queries_by_get_are_on_by_choice(mongodb_uri, database, tmp_path, on):
    settings = settings_for(mongodb_uri, database.name, tmp_path, QUERIES_BY_GET=on)
    async with serving(settings) as api:
        response = await api.get("/graphql", params={"query": "{ __typename }"})
        assert response.status_code == (200 if on == "true" else 405)


async def test_suggestions_are_a_setting(mongodb_uri, database, tmp_path):
    settings = settings_for(mongodb_uri, database.name, tmp_path, FIELD_SUGGESTIONS="true")
    async with serving(settings) as api:
        assert "Did you mean 'product'" in str(
            await asked(api, "{ produc(productId: 1) { name } }")
        )

"""GraphQL over HTTP: media types, status codes, malformed and oversized requests."""

import asyncio
import time

import httpx
import pytest
from builders import serving, settings_for
from graphql import build_client_schema, get_introspection_query, parse
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from graphql_api import shop
from graphql_api.cost import UNBOUNDED
from graphql_api.html_page import policy
from graphql_api.http import GRAPHIQL_PAGE, accepted
from graphql_api.limits import size_of

NEW, OLD = "application/graphql-response+json", "application/json"


async def post(api, body, accept=OLD, content_type=OLD):
    headers = {"accept": accept, "content-type": content_type}
    return await api.post("/graphql", content=body, headers=headers)


@pytest.mark.parametrize("accept", [NEW, OLD, "*/*", f"{NEW}, {OLD};q=0.9", f"{NEW};q=0.1, {OLD}"])
async def test_an_answer_is_in_the_media_type_that_was_asked_for(api, accept):
    response = await post(api, b'{"query": "{ __typename }"}', accept)
    assert response.status_code == 200
    wanted = NEW if accept.startswith(NEW) and "0.1" not in accept else OLD
    assert response.headers["content-type"] == f"{wanted}; charset=utf-8"
    assert response.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("query", ["{", "{ nothing }", "query($a: Int!) { __typename }"])
async def test_a_request_that_cannot_be_executed_is_a_400_for_those_who_know_the_media_type(
    api, query
):
    body = httpx.Request("POST", "http://x", json={"query": query}).content
    for accept, status in ((NEW, 400), (OLD, 200)):
        response = await post(api, body, accept)
        assert response.status_code == status
        assert "data" not in response.json()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"5",
        b'"x"',
        b"null",
        b"true",
        b"[]",
        b"[{}]",
        b"{}",
        b'{"query": 5}',
        b'{"query": "{__typename}", "variables": []}',
        b'{"query": "{__typename}", "operationName": 5}',
        b'{"query": "\xff"}',
        b"[" * 200_000,
        b"[" * 200_000 + b"]" * 200_000,
        b'{"variables": {"a": ' + b"1" * 5000 + b"}}",
    ],
    ids=lambda body: body[:30],
)
async def test_a_malformed_body_is_refused_as_a_graphql_error(api, body):
    response = await post(api, body)
    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_other_methods_and_content_types_are_refused(api):
    response = await api.delete("/graphql")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
    for content_type in ("text/plain", "multipart/form-data", "application/xml"):
        response = await post(api, b'{"query": "{__typename}"}', content_type=content_type)
        assert response.status_code == 415
        assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_mutation_by_get_is_refused(api):
    query = 'mutation { recordFeedback(input: {shopper: {userId: "a"}, productId: "b", rating: 1}) { accepted } }'  # noqa: E501
    response = await api.get("/graphql", params={"query": query})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert "use POST" in response.json()["errors"][0]["message"]


async def chunks():
    for _ in range(11):
        yield b"x" * 100_000


@pytest.mark.parametrize("body", [b"x" * 1_000_001, chunks()], ids=["at once", "in pieces"])
async def test_a_body_that_is_too_long_is_refused_with_the_limit(api, body):
    response = await post(api, body)
    assert response.status_code == 413
    [error] = response.json()["errors"]
    assert error["message"] == "The body is longer than 1000000 bytes, the most that is allowed."
    assert error["extensions"]["code"] == "QUERY_TOO_COSTLY"
    assert error["extensions"]["limit"] == 1_000_000 < error["extensions"]["value"]


def nested(levels):
    """Reasons point at products only, so this is no query of ours: depth is judged before that."""
    return "{ product " + "{ similar " * (levels - 1) + "{ name } " + "} " * (levels - 1) + "}"


@pytest.mark.parametrize(
    ("query", "message", "limit_and_value"),
    [
        (
            "{ product {" + " ".join(f"a{n}: name" for n in range(31)) + "} }",
            "The document is using 31 aliases; at most 30 are allowed.",
            (30, 31),
        ),
        (
            nested(12),
            "The document is nested 13 levels deep; at most 12 are allowed.",
            (12, 13),
        ),
        (
            "{" + " __typename" * 3000 + "}",
            "The document has more than 2000 tokens, the most that is allowed.",
            (2_000, 2_001),
        ),
        (
            "{" + " __typename" * 21 + "}",
            "The document asks for 21 root fields; at most 20 are allowed.",
            (20, 21),
        ),
        (
            "{ __typename " + "@nothing " * 900 + "}",
            "The document is using 900 directives; at most 50 are allowed.",
            (50, 900),
        ),
    ],
    ids=["aliases", "depth", "tokens", "root fields", "directives"],
)
async def test_a_document_over_a_limit_is_refused_with_limit_and_value(
    api, query, message, limit_and_value
):
    response = await api.post("/graphql", json={"query": query})
    [error] = response.json()["errors"]
    assert error["message"] == message
    assert error["extensions"]["code"] == "QUERY_TOO_COSTLY"
    assert (error["extensions"]["limit"], error["extensions"]["value"]) == limit_and_value


async def test_fragments_that_spread_one_another_without_end_take_no_time():
    """Each spreads the next one twice: two to the power of 150 fields, if one counted them."""
    fragments = [f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(150)]
    last = "fragment f150 on Query { x: __typename }"
    start = time.process_time()
    size = size_of(parse("{ ...f0 } " + " ".join([*fragments, last])))
    assert size.depth == 1
    assert size.aliases == UNBOUNDED
    assert time.process_time() - start < 5


def test_a_fragment_that_spreads_itself_is_measured_all_the_same():
    assert size_of(parse("{ ...f } fragment f on Query { ...f a: x }")).aliases == 1


async def test_mistakes_without_end_give_few_errors(api):
    query = "{ __typename " + "".join(f"... {{ nothing{n} }} " for n in range(300)) + "}"
    response = await api.post("/graphql", json={"query": query})
    assert len(response.json()["errors"]) <= 6


def spread_twice(kind, last, around=""):
    """Each fragment spreads the next one twice: two to the power of 150 fields in all."""
    one = f"fragment f%d on {kind} {{ ...f%d {around} ...f%d }} "
    return "".join(one % (n, n + 1, n + 1) for n in range(150)) + f"fragment f150 on {kind} {last}"


def numbered(pattern, most):
    return " ".join(pattern % n for n in range(most))


HEAVY = {
    "brackets": "{ a(b: " + "[" * 200_000 + "]" * 200_000 + ") }",
    "braces": "{ a " * 100_000,
    "a long integer": "{ products(first: " + "9" * 5_000 + ") { totalCount } }",
    "a long default": "query($n: Int = " + "9" * 5_000 + ") { products(first: $n) { totalCount } }",
    "a long name": "{ " + "a" * 500_000 + " }",
    "a long string": '{ product(productId: "' + "a" * 500_000 + '") { name } }',
    "arguments": "{ products(" + numbered("a%d: 1", 600) + ") { totalCount } }",
    "variables": "query(" + numbered("$a%d: Int", 600) + ") { __typename }",
    "operations": numbered("query q%d { __typename }", 400),
    "conflicts": "{" + numbered("...{ product(productId: %d) { name } }", 200) + "}",
    "wide": "{ ...f0 } " + spread_twice("Query", "{ __typename }"),
    "wide and deep": "{ products { ...f0 } } "
    + spread_twice("ProductConnection", "{ totalCount }", "nodes { id }"),
    "circles": "{ ...f0 } "
    + numbered("fragment f%d on Query {" + numbered("...f%d", 25) + "}", 25),
    "comments": "{ __typename }" + "#" * 900_000,
    "half a character": r'{ product(productId: "\uD800") { name } }',
}


@pytest.mark.parametrize("query", HEAVY.values(), ids=HEAVY)
async def test_what_is_heavy_is_answered_in_good_time_and_never_with_a_mistake_of_ours(api, query):
    response = await asyncio.wait_for(api.post("/graphql", json={"query": query}), timeout=20)
    assert response.status_code == 200
    assert len(response.content) < 10_000
    for error in response.json().get("errors", ()):
        assert error["extensions"]["code"] in ("BAD_USER_INPUT", "QUERY_TOO_COSTLY"), error


@pytest.mark.parametrize("first", ["9" * 5_000, "9" * 400, "2147483648", "1e999", "-1", "1.5"])
async def test_numbers_beyond_all_bounds_are_refused(api, first):
    query = "query($n: Int) { products(first: $n) { totalCount } }"
    response = await post(api, f'{{"query": "{query}", "variables": {{"n": {first}}}}}'.encode())
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_request_that_takes_too_long_is_given_up(mongodb_uri, database, tmp_path, shop):
    settings = settings_for(
        mongodb_uri, database.name, tmp_path, REQUEST_TIMEOUT_SECONDS="0.000001"
    )
    query = '{ recommendations(shopper: {userId: "cook-1"}) { nodes { name } } }'
    async with serving(settings) as api:
        response = await api.post("/graphql", json={"query": query})
    assert response.status_code == 503
    [error] = response.json()["errors"]
    assert error["message"] == "The answer took longer than 1e-06 seconds."
    assert error["extensions"]["code"] == "TIMEOUT"


async def test_a_subscription_without_a_stream_is_told_how_to_ask(api):
    subscription = "subscription { anything { name } }"
    for response in (
        await api.post("/graphql", json={"query": subscription}),
        await api.get("/graphql", params={"query": subscription}),
    ):
        assert response.status_code == 400
        [error] = response.json()["errors"]
        assert "text/event-stream" in error["message"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_tools_can_ask_for_the_schema_as_they_always_do(api):
    response = await api.post("/graphql", json={"query": get_introspection_query()})
    assert build_client_schema(response.json()["data"]).query_type.name == "Query"


async def test_introspection_without_end_is_refused(api):
    deep = "fields { type { " * 8 + "name" + " } }" * 8
    response = await api.post(
        "/graphql", json={"query": f"{{ __schema {{ types {{ {deep} }} }} }}"}
    )
    assert "data" not in response.json()


async def test_introspection_is_a_setting(mongodb_uri, database, tmp_path):
    query = {"query": "{ __schema { queryType { name } } }"}
    for allowed in ("true", "false"):
        settings = settings_for(mongodb_uri, database.name, tmp_path, INTROSPECTION=allowed)
        async with serving(settings) as api:
            answer = (await api.post("/graphql", json=query)).json()
            assert ("data" in answer) == (allowed == "true")


async def test_a_browser_gets_graphiql_from_our_own_files(api):
    response = await api.get("/graphql", headers={"accept": "text/html,*/*;q=0.8"})
    assert response.status_code == 200
    assert response.headers["content-security-policy"] == policy()
    assert "Accept" in response.headers["vary"]
    page = GRAPHIQL_PAGE.read_text()
    assert response.text == page
    for piece in page.split('"'):
        assert not piece.startswith("http")
        if piece.startswith("/static/"):
            assert (await api.get(piece)).status_code == 200


async def test_the_bare_address_is_the_demo_shop_or_leads_to_graphiql(
    api, mongodb_uri, database, tmp_path
):
    headers = {"accept": "text/html"}
    assert (await api.get("/", headers=headers)).text == shop.PAGE.read_text()
    settings = settings_for(mongodb_uri, database.name, tmp_path, STOREFRONT="false")
    async with serving(settings) as other:
        response = await other.get("/", headers=headers, follow_redirects=True)
        assert response.text == GRAPHIQL_PAGE.read_text()


async def test_graphiql_is_a_setting(mongodb_uri, database, tmp_path):
    settings = settings_for(mongodb_uri, database.name, tmp_path, GRAPHIQL="false")
    async with serving(settings) as api:
        response = await api.get("/graphql", headers={"accept": "text/html"})
        assert response.status_code == 404


@given(st.text(max_size=60))
@hypothesis_settings(max_examples=300)
def test_any_accept_header_chooses_one_of_the_two(header):
    assert accepted(header) in (NEW, OLD)

"""Ten thousand malformed requests, and not one of them is our mistake."""

import asyncio
import json
from contextlib import nullcontext
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from graphql_api.app import create_app
from graphql_api.context import open_context
from graphql_api.errors import ErrorCode
from graphql_api.http import GRAPHIQL_PAGE

AT_ONCE = 25
"""Requests of one example: making examples is what takes the time."""

PAGE = GRAPHIQL_PAGE.read_bytes()
JSON = "application/json"
WORDS = [
    *("{", "}", "(", ")", "[", "]", ":", "!", "=", "...", "@", "$", "|", "&", "#", '"', '"""'),
    *(
        "query",
        "mutation",
        "subscription",
        "fragment",
        "on",
        "true",
        "null",
        "-1",
        "1e999",
        "9" * 400,
    ),
    *(
        "a",
        "__typename",
        "__schema",
        "products",
        "product",
        "recommendations",
        "recordEvent",
        "node",
    ),
    *(
        "first",
        "after",
        "nodes",
        "edges",
        "name",
        "similar",
        "input",
        "shopper",
        "userId",
        "Product",
    ),
    *(
        "productId",
        "placement",
        "filter",
        "skip",
        "include",
        "if",
        "\ufeff",
        "\x00",
        "é",
        "\u2028",
        "😀",
    ),
]
documents = st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
NAMES = ["query", "variables", "operationName", "extensions", "documentId", "id", "persistedQuery"]
requests = st.dictionaries(st.sampled_from(NAMES), values | documents, max_size=5)
VALID = [
    "query($first: Int, $after: String) { products(first: $first, after: $after) { totalCount } }",
    "query($shopper: ShopperInput!) { recommendations(shopper: $shopper) { nodes { productId } } }",
    "mutation($input: RecordEventInput!) { recordEvent(input: $input) { accepted } }",
    "query($id: ID!) { product(productId: $id) { name } }",
]
VARIABLES = ["first", "after", "shopper", "input", "id"]
answerable = st.fixed_dictionaries(
    {
        "query": st.sampled_from(VALID),
        "variables": st.dictionaries(st.sampled_from(VARIABLES), values, max_size=3),
    }
)
escapes = st.sampled_from(["\\ud800", "\\udfff\\ud800", "\\u0000", "\\x", "\\u12"])
broken = st.builds(
    lambda body, place, junk: (
        body[: place % (len(body) + 1)] + junk + body[place % (len(body) + 1) :]
    ),
    (requests | answerable).map(lambda body: json.dumps(body).encode()),
    st.integers(0, 400),
    st.binary(max_size=6) | escapes.map(str.encode),
)
bodies = (
    st.binary(max_size=60)
    | values.map(lambda v: json.dumps(v).encode())
    | (requests | answerable).map(lambda v: json.dumps(v).encode())
    | (requests | answerable).map(
        lambda v: json.dumps(v, ensure_ascii=False).encode(errors="surrogatepass")
    )
    | broken
)
content_types = (
    st.just(JSON)
    | st.text(max_size=20)
    | st.sampled_from(
        [
            "",
            "application/json; charset=utf-16",
            "text/plain",
            "multipart/form-data; boundary=a",
            ";;",
        ]
    )
)
accepts = st.sampled_from(
    [JSON, "application/graphql-response+json", "*/*", "text/html;q=x", ",;,"]
)
posts = st.tuples(st.just("POST"), st.just(b""), bodies, content_types, accepts)
gets = st.tuples(
    st.just("GET"),
    st.binary(max_size=30).map(lambda b: quote(b, safe="&=+%").encode())
    | st.dictionaries(st.sampled_from(NAMES), st.text(max_size=12) | documents, max_size=4).map(
        lambda p: urlencode(p, errors="replace").encode()
    ),
    st.just(b""),
    content_types,
    accepts,
)
others = st.tuples(
    st.sampled_from(["PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "X"]),
    st.just(b""),
    bodies,
    content_types,
    accepts,
)


async def answer(app, context, method, query, body, content_type, accept):
    """The status and the body, without a network in between."""
    headers = [
        (b"host", b"127.0.0.1"),
        (b"accept", accept.encode()),
        (b"content-type", content_type.encode("latin-1", "replace")),
    ]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "method": method,
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "query_string": query,
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "http_version": "1.1",
        "state": {"context": context},
    }
    sent = []

    unread = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        return unread.pop() if unread else await asyncio.Future()

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:])


@pytest.fixture
def runner():
    with asyncio.Runner() as runner:
        yield runner


@pytest.mark.usefixtures("shop")
def test_whatever_is_sent_is_answered_with_an_error_of_the_sender_or_with_data(settings, runner):
    opened = open_context(settings.mongodb_uri, settings)
    context = runner.run(opened.__aenter__())
    app = create_app(settings, lambda: nullcontext(context))
    codes, statuses = set(), set()

    async def check(request):
        status, body = await answer(app, context, *request)
        assert status < 500, (request, status, body)
        statuses.add(status)
        if request[0] in ("GET", "POST") and not body.startswith(PAGE):
            for error in json.loads(body).get("errors", ()):
                codes.add(error["extensions"]["code"])
                assert error["extensions"]["code"] in set(ErrorCode) - {"INTERNAL"}, (request, body)

    @hypothesis_settings(
        max_examples=10_000 // AT_ONCE,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    @given(st.lists(posts | gets | others, min_size=AT_ONCE, max_size=AT_ONCE))
    def sent(requests):
        async def all_of_them():
            for request in requests:
                await check(request)

        runner.run(all_of_them())

    try:
        sent()
    finally:
        runner.run(opened.__aexit__(None, None, None))
    # They were not all refused for one and the same reason.
    assert statuses >= {200, 400, 405, 415}
    assert codes >= {"BAD_USER_INPUT", "PERSISTED_QUERY_NOT_FOUND"}

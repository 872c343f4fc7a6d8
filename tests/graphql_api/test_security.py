"""What stands before every answer: origins, headers, and where it listens."""

import asyncio
import sys

import pytest
from builders import a_free_port, environment, serving, settings_for, with_key
from subscribing import conversation, socket_to
from websockets.exceptions import InvalidStatus

from graphql_api.context import open_context
from graphql_api.rate_limits import RateLimits
from graphql_api.security import check_may_listen
from recommender.facts.keys import KeyKind

SHOP, OTHER = "https://shop.example", "https://other.example"
REST = "/api/recommendations?user_id=ann"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,x-recs-key",
}


@pytest.fixture
def secret(database):
    return with_key(database, KeyKind.SECRET)


@pytest.fixture
def publishable(database):
    return with_key(database, KeyKind.PUBLISHABLE, origins=["https://app.example"])


@pytest.fixture
def elsewhere(database):
    return with_key(database, KeyKind.PUBLISHABLE, name="elsewhere", origins=[OTHER])


@pytest.fixture
async def api(mongodb_uri, database, tmp_path, secret, publishable, elsewhere):
    """With three keys, and the shop's site allowed for all of them."""
    settings = settings_for(mongodb_uri, database.name, tmp_path, ALLOWED_ORIGINS=f"{SHOP}/")
    async with serving(settings) as client:
        yield client


@pytest.mark.parametrize("origin", [SHOP, "https://app.example"])
async def test_pages_of_the_shop_and_of_a_keys_sites_may_call(publishable, api, origin):
    asked = await api.options("/graphql", headers={"Origin": origin, **PREFLIGHT})
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == origin
    assert asked.headers["access-control-max-age"] == "7200"
    assert "access-control-allow-credentials" not in asked.headers
    answer = await api.get(REST, headers={"Origin": origin, **publishable})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert "RateLimit" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://shop.example", "https://shop.example:444", "null"]
)
async def test_pages_of_others_may_not(publishable, api, origin):
    asked = await api.options("/graphql", headers={"Origin": origin, **PREFLIGHT})
    assert asked.status_code == 400
    assert "access-control-allow-origin" not in asked.headers
    answer = await api.get(REST, headers={"Origin": origin, **publishable})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


async def test_a_key_of_one_site_is_not_for_another(publishable, elsewhere, api):
    """Though a preflight, which shows no key, has to allow both."""
    headers = {"Origin": OTHER}
    assert (await api.get(REST, headers={**headers, **publishable})).status_code == 403
    assert (await api.get(REST, headers={**headers, **elsewhere})).status_code == 200


async def test_our_own_pages_need_no_permission(publishable, api):
    origin = str(api.base_url).rstrip("/")
    response = await api.get(REST, headers={"Origin": origin, **publishable})
    assert response.status_code == 200


async def test_a_secret_key_in_a_page_is_refused_with_the_advice_to_revoke_it(secret, api):
    response = await api.get(REST, headers={"Origin": SHOP, **secret})
    assert response.status_code == 403
    assert "Revoke sk_" in response.json()["detail"]


async def test_only_pages_that_may_call_may_open_a_socket(publishable, api):
    for origin in (SHOP, "https://app.example", str(api.base_url).rstrip("/")):
        hello = {"key": publishable["X-Recs-Key"]}
        async with conversation(api, hello, origin=origin) as socket:
            await socket.subscribe("{ products { totalCount } }", None)
            assert await socket.next() == {"products": {"totalCount": 0}}
    for origin in ("https://evil.example", "null"):
        with pytest.raises(InvalidStatus, match="403"):
            async with socket_to(api, origin=origin):
                pass


async def test_a_page_may_open_a_socket_and_not_use_a_key_of_another_site(publishable, api):
    async with socket_to(api, origin=OTHER) as socket:
        await socket.say("connection_init", payload={"key": publishable["X-Recs-Key"]})
        code, reason = await socket.is_closed()
        assert code == 4403
        assert OTHER in reason


async def test_over_a_socket_a_key_is_as_good_as_over_http(secret, api):
    asked = "mutation { upsertShoppers(input: {shoppers: []}) { createdCount } }"
    async with conversation(api, {"authorization": secret["Authorization"]}) as socket:
        await socket.subscribe(asked, None)
        assert await socket.next() == {"upsertShoppers": {"createdCount": 0}}
    async with conversation(api) as socket:
        await socket.subscribe(asked, None)
        answer = (await socket.hear())["payload"]
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("wrong", [{"key": "pk_wrong"}, {"key": 5}, {"authorization": "Bearer x"}])
async def test_a_wrong_key_ends_the_conversation(api, wrong):
    async with socket_to(api) as socket:
        await socket.say("connection_init", payload=wrong)
        assert (await socket.is_closed())[0] == 4403


async def test_errors_can_be_read_by_the_page_that_caused_them(publishable, api):
    for path in (REST, "/graphql", "/nowhere"):
        response = await api.get(path, headers={"Origin": SHOP, "X-Recs-Key": "pk_wrong"})
        assert response.status_code >= 400
        assert response.headers["access-control-allow-origin"] == SHOP


async def test_while_all_is_open_only_pages_of_this_machine_may_read(settings):
    async with serving(settings) as open_api:
        for origin, allowed in (
            ("http://localhost:3000", True),
            ("http://127.0.0.1:5173", True),
            (SHOP, False),
            ("http://localhost.evil.example", False),
        ):
            answer = await open_api.get(REST, headers={"Origin": origin})
            assert ("access-control-allow-origin" in answer.headers) == allowed, origin


@pytest.mark.parametrize("path", ["/graphql", REST, "/healthy", "/nowhere", "/static/nothing"])
async def test_every_answer_tells_browsers_what_not_to_do_with_it(api, path):
    headers = (await api.get(path, headers={"Accept": "text/html"})).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "Origin" in headers["vary"]
    assert "cache-control" in headers
    assert "set-cookie" not in headers
    assert "strict-transport-security" not in headers


async def test_where_the_world_comes_by_https_it_must_go_on_so(mongodb_uri, database, tmp_path):
    settings = settings_for(mongodb_uri, database.name, tmp_path, PUBLIC_URL="https://recs.example")
    async with serving(settings) as client:
        assert "strict-transport-security" in (await client.get("/healthy")).headers


async def test_without_a_key_it_does_not_listen_where_others_can_reach_it(settings, database):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "graphql_api"),
        env=environment(settings, HOST="0.0.0.0", PORT=str(a_free_port())),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert "HOST='0.0.0.0'" in said.decode()
    assert "python -m workers keys create" in said.decode()
    assert "Traceback" not in said.decode()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "shop.example"])
async def test_with_a_key_it_listens_where_it_is_told(api, mongodb_uri, database, tmp_path, host):
    settings = settings_for(mongodb_uri, database.name, tmp_path, HOST=host)
    async with open_context(mongodb_uri, settings) as context:
        check_may_listen(settings, context.keys)


async def test_what_goes_wrong_at_the_door_is_shown_by_its_id_alone(api, monkeypatch):
    async def failing(*_: object, **__: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(RateLimits, "spend", failing)
    found = await api.get("/api/recommendations", params={"user_id": "ann"})
    posted = await api.post("/graphql", json={"query": "{ __typename }"})
    assert (found.status_code, posted.status_code) == (500, 500)
    assert len(found.json()["error_id"]) == 32
    assert len(posted.json()["errors"][0]["extensions"]["errorId"]) == 32
    for answer in (found, posted):
        assert "secret" not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-request-id"]

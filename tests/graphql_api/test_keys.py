"""Who may do what."""

from datetime import timedelta

import pytest
from builders import NOW, a_product, serving, stock, until, with_key
from graphql import GraphQLNonNull, GraphQLObjectType, Undefined

from graphql_api import keys as keys_module
from graphql_api.keys import ANYBODY, NOBODY, Caller, KeyRing, Proof, Scope
from graphql_api.schema import make_schema
from recommender.facts.errors import Forbidden, Unauthenticated
from recommender.facts.keys import Key, KeyKind
from recommender.mongo.keys import revoke_keys
from recommender.settings import Settings

LISTS = '{ recommendations(shopper: {sessionId: "s"}) { nodes { productId } } }'
REST = "/api/recommendations?user_id=ann"


@pytest.mark.parametrize("scope", Scope)
class TestAnyScope:
    def test_a_key_that_has_it_may_go_on(self, scope):
        Caller("shop", frozenset({scope})).require(scope)
        ANYBODY.require(scope)

    def test_a_key_that_has_all_others_is_forbidden_it(self, scope):
        with pytest.raises(Forbidden, match=f"scope {scope}; 'shop'"):
            Caller("shop", frozenset(Scope) - {scope}).require(scope)

    def test_who_sends_no_key_is_asked_for_one(self, scope):
        with pytest.raises(Unauthenticated, match="none was sent"):
            NOBODY.require(scope)


async def code_of(api, query, **headers):
    """The code of the first error, or None, and the status."""
    response = await api.post("/graphql", json={"query": query}, headers=headers)
    errors = response.json().get("errors")
    return (errors[0]["extensions"]["code"] if errors else None), response.status_code


@pytest.fixture
def publishable(database):
    return with_key(database, KeyKind.PUBLISHABLE)


@pytest.fixture
def secret(database):
    return with_key(database, KeyKind.SECRET)


async def test_without_any_key_this_machine_may_do_everything(api):
    assert await code_of(api, LISTS) == (None, 200)
    assert (await api.get(REST)).status_code == 200
    assert (await api.get("/healthy")).json()["access"] == "open"


async def test_without_any_key_no_other_name_is_answered(api):
    """A page whose own name was made to lead here is no page of this machine."""
    for host in ("evil.example", "127.0.0.1.evil.example", "192.0.2.1:8000"):
        response = await api.get(REST, headers={"Host": host})
        assert response.status_code == 403
        assert "python -m workers keys create" in response.json()["detail"]


async def test_without_any_key_nobody_behind_a_proxy_is_answered(api):
    response = await api.get(REST, headers={"X-Forwarded-For": "192.0.2.7"})
    assert response.status_code == 403


async def test_with_a_key_configured_who_sends_none_is_turned_away(publishable, api):
    assert await code_of(api, LISTS) == ("UNAUTHENTICATED", 200)
    response = await api.get(REST)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert (await api.get("/healthy")).json()["access"] == "keys"


async def test_each_key_is_known_where_it_belongs(publishable, secret, api):
    key = publishable["X-Recs-Key"]
    assert await code_of(api, LISTS, **publishable) == (None, 200)
    assert await code_of(api, LISTS, **secret) == (None, 200)
    assert (await api.get(f"{REST}&key={key}")).status_code == 200
    assert (await api.get("/graphql", params={"query": LISTS, "key": key})).status_code == 200


@pytest.mark.parametrize("door", ["/graphql", REST])
async def test_a_secret_key_in_an_address_or_a_page_header_is_refused(secret, api, door):
    text = secret["Authorization"].removeprefix("Bearer ")
    for response in (
        await api.get(door, params={"query": LISTS, "key": text, "user_id": "ann"}),
        await api.get(door, headers={"X-Recs-Key": text}),
    ):
        assert response.status_code == 401
        assert text not in response.text
        assert "Authorization: Bearer" in response.text


async def test_a_key_that_nobody_made_is_refused_and_not_repeated(publishable, api):
    text = publishable["X-Recs-Key"]
    for wrong in (text[:-1], text + "0", "pk_00000000_" + "0" * 40, "pk_", "x", "pk_\xe9"):
        response = await api.post(
            "/graphql", json={"query": LISTS}, headers={b"x-recs-key": wrong.encode("latin-1")}
        )
        assert response.status_code == 401
        assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert text[12:-1] not in response.text


async def test_a_password_for_somebody_elses_proxy_is_not_ours(publishable, api):
    response = await api.get(REST, headers={"Authorization": "Basic YTpi", **publishable})
    assert response.status_code == 200


async def test_keys_change_under_a_running_api(publishable, database, api, monkeypatch):
    monkeypatch.setattr(keys_module, "REFRESH_SECONDS", 0.05)
    second = with_key(database, KeyKind.PUBLISHABLE)

    async def answers(headers):
        return (await api.get(REST, headers=headers)).status_code == 200

    await until(lambda: answers(second))
    assert await answers(publishable)
    revoke_keys(database, publishable["X-Recs-Key"][:11], NOW)

    async def is_refused():
        return not await answers(publishable)

    await until(is_refused)
    assert await answers(second)
    revoke_keys(database, "publishable", NOW)

    async def is_closed():
        # Closed, and not open to all: there was a key.
        return (await api.get(REST)).status_code == 401 and not await answers(second)

    await until(is_closed)


async def test_the_hour_of_a_keys_last_use_is_noted(publishable, database, api, monkeypatch):
    monkeypatch.setattr(keys_module, "REFRESH_SECONDS", 0.05)
    await api.get(REST, headers=publishable)
    noted = await until(lambda: database["keys"].find_one().get("last_used_at"))
    assert (noted.minute, noted.second) == (0, 0)


class KeysInHand:
    def __init__(self, *keys):
        self.keys = keys

    async def all(self):
        return list(self.keys)


async def test_a_key_dies_at_its_hour_without_being_read_again():
    key, text = Key.make("shop", KeyKind.SECRET, NOW, expires_in=timedelta(hours=1))
    now = NOW
    ring = KeyRing(KeysInHand(key), lambda: now, origins=frozenset(), on_loopback=True)
    await ring.read()
    assert ring.caller_of(Proof(bearer=text)).may(Scope.CATALOGUE)
    now += timedelta(hours=1)
    with pytest.raises(Unauthenticated, match="expired"):
        ring.caller_of(Proof(bearer=text))


async def test_where_others_can_reach_us_nobody_may_do_anything_without_a_key():
    ring = KeyRing(KeysInHand(), lambda: NOW, origins=frozenset(), on_loopback=False)
    await ring.read()
    assert ring.caller_of(Proof(host="127.0.0.1", client="127.0.0.1")) is NOBODY


def fields_of(name):
    """Every field of Query, Mutation or Subscription with its description."""
    type_ = make_schema(Settings.read({}))._schema.type_map.get(name)
    return type_.fields if isinstance(type_, GraphQLObjectType) else {}


ROOT_FIELDS = [(t, n, f) for t in ("Query", "Mutation") for n, f in fields_of(t).items()]


def example_of(type_):
    """A value of an input type: the least that is valid."""
    text = str(type_)
    if not text.endswith("!"):
        return "null"
    text = text[:-1]
    if text.startswith("["):
        return "[]"
    known = {"ID": '"x"', "String": '"x"', "Int": "1", "Float": "1", "Boolean": "true"}
    if text in known:
        return known[text]
    named = type_.of_type
    if hasattr(named, "values"):
        return next(iter(named.values))
    if not hasattr(named, "fields"):
        return '"2026-11-25T00:00:00Z"'
    needed = {n: f for n, f in named.fields.items() if is_needed(f)}
    if not needed:
        # One of several is.
        return f'{{{next(iter(named.fields))}: "x"}}'
    return "{" + ", ".join(f"{n}: {example_of(f.type)}" for n, f in needed.items()) + "}"


def is_needed(field):
    return isinstance(field.type, GraphQLNonNull) and field.default_value is Undefined


def query_of(root, name, field):
    """The shortest valid operation that calls the field."""
    needed = {n: a.type for n, a in field.args.items() if is_needed(a)}
    arguments = ", ".join(f"{n}: {example_of(type_)}" for n, type_ in needed.items())
    inner = field.type
    while hasattr(inner, "of_type"):
        inner = inner.of_type
    selection = " { __typename }" if hasattr(inner, "fields") or hasattr(inner, "types") else ""
    call = f"{name}({arguments})" if arguments else name
    return f"{root.lower()} {{ {call}{selection} }}"


async def test_every_field_refuses_those_whom_it_must(publishable, secret, api):
    """A description that says "Needs a secret key" is kept, and nothing is open to all."""
    assert ROOT_FIELDS
    for root, name, field in ROOT_FIELDS:
        query = query_of(root, name, field)
        assert (await code_of(api, query))[0] == "UNAUTHENTICATED", query
        code, _ = await code_of(api, query, **publishable)
        if "Needs a secret key" in (field.description or ""):
            assert code == "FORBIDDEN", query
        else:
            assert code not in ("FORBIDDEN", "UNAUTHENTICATED"), query
        code, _ = await code_of(api, query, **secret)
        assert code not in ("FORBIDDEN", "UNAUTHENTICATED"), query


async def test_every_subscription_refuses_those_whom_it_must(publishable, api):
    stream = {"Accept": "text/event-stream"}
    for name, field in fields_of("Subscription").items():
        query = query_of("Subscription", name, field)
        refused = [({}, "UNAUTHENTICATED")]
        if "Needs a secret key" in (field.description or ""):
            refused.append((publishable, "FORBIDDEN"))
        for headers, code in refused:
            body = {"query": query}
            answer = await api.post("/graphql", json=body, headers={**stream, **headers})
            assert code in answer.text, query


def test_what_needs_a_secret_key_stands_where_a_test_sees_it():
    types = make_schema(Settings.read({}))._schema.type_map.values()
    named = {
        (type_.name, name)
        for type_ in types
        for name, field in getattr(type_, "fields", {}).items()
        if "Needs a secret key" in (field.description or "")
    }
    assert {root for root, _ in named} <= {"Query", "Mutation", "Subscription"}
    assert len(named) >= 8


async def test_a_purchase_that_anybody_could_make_up_is_not_believed(
    publishable, secret, api, database
):
    stock(database, [a_product("mug")])
    for name, headers in (("page", publishable), ("server", secret)):
        event = (
            f'{{eventId: "{name}", type: PURCHASE, shopper: {{sessionId: "s"}}, productId: "mug"}}'
        )
        query = f"mutation {{ recordEvent(input: {{event: {event}}}) {{ accepted }} }}"
        answer = await api.post("/graphql", json={"query": query}, headers=headers)
        assert answer.json()["data"]["recordEvent"]["accepted"]
    stored = {d["_id"]: d.get("trusted", True) for d in database["events"].find()}
    assert stored == {"page": False, "server": True}


async def test_a_secret_key_for_one_thing_does_no_other(database, settings):
    only_reads = with_key(database, KeyKind.SECRET, scopes=[Scope.READ])
    async with serving(settings) as api:
        assert await code_of(api, LISTS, **only_reads) == (None, 200)
        for root, name, field in ROOT_FIELDS:
            if "Needs a secret key" in (field.description or ""):
                code, _ = await code_of(api, query_of(root, name, field), **only_reads)
                assert code == "FORBIDDEN", name

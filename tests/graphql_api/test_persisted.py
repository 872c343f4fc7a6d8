"""Documents known by an id: sent before by clients, or trusted because they are in the manifest."""

import json
from hashlib import md5, sha256

import pytest
from builders import serving, settings_for

from graphql_api.persisted import LONGEST_KEPT_TEXT, PersistedDocuments
from recommender.facts.errors import InvalidSetting
from recommender.settings import Settings

QUERY = "query Name { __typename }"
OTHER = "query Other { products(first: 1) { totalCount } }"
ANSWER = {"data": {"__typename": "Query"}}


def sha(text):
    return sha256(text.encode()).hexdigest()


def by_hash(text, **more):
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha(text)}}, **more}


def in_the_url(body):
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in body.items()}


async def code_of(api, body):
    response = await api.post("/graphql", json=body)
    [error] = response.json()["errors"]
    return error["extensions"]["code"], error["message"]


APOLLO = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [{"id": sha(QUERY), "name": "Name", "type": "query", "body": QUERY}],
}
RELAY = {md5(QUERY.encode()).hexdigest(): QUERY}


@pytest.fixture
def manifest(tmp_path):
    def written(content):
        path = tmp_path / "manifest.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return written


async def test_a_hash_is_not_known_until_its_document_was_sent_once(api):
    assert await code_of(api, by_hash(QUERY)) == (
        "PERSISTED_QUERY_NOT_FOUND",
        "PersistedQueryNotFound",
    )
    sent = await api.post("/graphql", json=by_hash(QUERY, query=QUERY))
    assert sent.json() == ANSWER
    assert (await api.post("/graphql", json=by_hash(QUERY))).json() == ANSWER
    by_get = await api.get("/graphql", params=in_the_url(by_hash(QUERY)))
    assert by_get.json() == ANSWER
    document_id = {"documentId": f"sha256:{sha(QUERY)}"}
    assert (await api.post("/graphql", json=document_id)).json() == ANSWER
    assert (await api.get("/graphql", params=document_id)).json() == ANSWER


async def test_what_is_not_found_may_be_found_a_moment_later_so_nobody_keeps_the_answer(api):
    response = await api.get("/graphql", params=in_the_url(by_hash(QUERY)))
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (by_hash(OTHER, query=QUERY), "sha256Hash must be the SHA-256 of the query"),
        ({"extensions": {"persistedQuery": {"version": 2}}}, "persistedQuery must be an object of"),
        ({"extensions": {"persistedQuery": 1}}, "persistedQuery must be an object of version 1."),
        ({"extensions": {"persistedQuery": {"version": 1}}}, "persistedQuery must have a sha256H"),
        ({"documentId": "sha256:12"}, "documentId must have 64 hexadecimal digits"),
        ({"documentId": ""}, "documentId must be a string, and not empty."),
        ({"documentId": 5}, "documentId must be a string or null"),
        ({"extensions": {"documentId": 5}}, "documentId must be a string"),
        ({"documentId": "a", "query": QUERY}, "Send a query or a documentId, not both."),
    ],
)
async def test_a_wrong_hash_is_named(api, body, message):
    code, found = await code_of(api, body)
    assert code == "BAD_USER_INPUT"
    assert found.startswith(message)


async def test_a_mutation_known_by_its_hash_is_refused_by_get_all_the_same(api):
    mutation = 'mutation { recordFeedback(input: {shopper: {userId: "a"}, productId: "b", rating: 1}) { accepted } }'  # noqa: E501
    await api.post("/graphql", json=by_hash(mutation, query=mutation))
    response = await api.get("/graphql", params=in_the_url(by_hash(mutation)))
    assert response.status_code == 405


def test_no_more_documents_are_kept_than_the_setting_says():
    persisted = PersistedDocuments(Settings.read({"PERSISTED_DOCUMENTS": "2"}))
    for n in range(3):
        text = f"query Q{n} {{ __typename }}"
        persisted.text_of(text, by_hash(text)["extensions"])
        # The first one is asked for again and again, so the second one goes.
        persisted.text_of(None, by_hash("query Q0 { __typename }")["extensions"])
    kept = [n for n in range(3) if sha(f"query Q{n} {{ __typename }}") in persisted._sent]
    assert kept == [0, 2]


def test_a_long_document_is_executed_and_not_kept():
    persisted = PersistedDocuments(Settings.read({}))
    text = QUERY + "#" * LONGEST_KEPT_TEXT
    assert persisted.text_of(text, by_hash(text)["extensions"]) == text
    assert not persisted._sent


async def test_a_server_that_keeps_none_says_so(mongodb_uri, database, tmp_path):
    settings = settings_for(mongodb_uri, database.name, tmp_path, PERSISTED_DOCUMENTS="0")
    async with serving(settings) as api:
        assert (await api.post("/graphql", json=by_hash(QUERY, query=QUERY))).json() == ANSWER
        assert await code_of(api, by_hash(QUERY)) == (
            "PERSISTED_QUERY_NOT_SUPPORTED",
            "PersistedQueryNotSupported",
        )


@pytest.mark.parametrize("content", [APOLLO, RELAY], ids=["apollo", "relay"])
async def test_only_documents_of_the_manifest_are_executed_where_the_shop_wants_that(
    mongodb_uri, database, tmp_path, manifest, content
):
    settings = settings_for(
        mongodb_uri,
        database.name,
        tmp_path,
        TRUSTED_DOCUMENTS=manifest(content),
        TRUSTED_DOCUMENTS_ONLY="true",
    )
    [id_] = content if content is RELAY else [sha(QUERY)]
    async with serving(settings) as api:
        trusted = [{"documentId": id_}, {"query": QUERY}]
        if content is APOLLO:
            trusted += [by_hash(QUERY), by_hash(QUERY, query=QUERY)]
        for body in trusted:
            assert (await api.post("/graphql", json=body)).json() == ANSWER
            assert (await api.get("/graphql", params=in_the_url(body))).json() == ANSWER
        strangers = [
            {"query": OTHER},
            {"query": QUERY + " "},
            by_hash(OTHER, query=OTHER),
            by_hash(OTHER),
            {"documentId": "unknown"},
            {},
        ]
        for body in strangers:
            code, _ = await code_of(api, body)
            assert code == "DOCUMENT_NOT_TRUSTED"


async def test_beside_a_manifest_other_documents_work_unless_they_are_refused(
    mongodb_uri, database, tmp_path, manifest
):
    settings = settings_for(mongodb_uri, database.name, tmp_path, TRUSTED_DOCUMENTS=manifest(RELAY))
    async with serving(settings) as api:
        for body in ({"documentId": next(iter(RELAY))}, {"query": "{ __typename }"}):
            assert (await api.post("/graphql", json=body)).json() == ANSWER


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "5", '{"a": 1}', '{"format": "apollo-persisted-query-manifest"}', None],
)
def test_a_manifest_that_is_none_is_refused_at_start(manifest, tmp_path, content):
    path = str(tmp_path / "missing.json") if content is None else manifest(content)
    with pytest.raises(InvalidSetting, match=r"TRUSTED_DOCUMENTS=.*json"):
        PersistedDocuments(Settings.read({"TRUSTED_DOCUMENTS": path}))


def test_trusting_nothing_but_an_empty_manifest_is_refused_at_start(manifest):
    for path in ("", manifest("{}")):
        given = {"TRUSTED_DOCUMENTS": path, "TRUSTED_DOCUMENTS_ONLY": "true"}
        with pytest.raises(InvalidSetting, match="needs TRUSTED_DOCUMENTS"):
            PersistedDocuments(Settings.read(given))

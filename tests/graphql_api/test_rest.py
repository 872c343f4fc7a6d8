"""Two URLs, exactly as documented."""

import asyncio

import pytest
from builders import serving, settings_for

from recommender.facts.placements import Placement
from recommender.mongo.documents import EVENTS

pytestmark = pytest.mark.usefixtures("shop")


async def shelf(api, user_id, **more):
    response = await api.get("/api/recommendations", params={"user_id": user_id, **more})
    assert response.status_code == 200
    return response.json()


async def test_a_user_gets_products_with_all_that_a_card_needs(api):
    answer = await shelf(api, "cook-0")
    assert answer["user_id"] == "cook-0"
    assert answer["model_version"] == "v1"
    assert answer["recommendation_id"]
    assert len(answer["recommendations"]) == 10
    for product in answer["recommendations"]:
        assert {"product_id", "name", "image", "price", "score", "reason"} <= set(product)
        assert product["price"] == "9.50"
    # All that cook-0 did not buy of the kitchen's twelve comes first.
    first = [p["product_id"] for p in answer["recommendations"][:7]]
    assert all(p.startswith("kitchen") for p in first)


async def test_a_stranger_gets_what_is_popular_and_is_told_so(api):
    answer = await shelf(api, "nobody")
    assert answer["strategy"] == "popular"
    assert {p["reason"] for p in answer["recommendations"]} == {"Popular in this shop"}
    assert all(p["is_filler"] for p in answer["recommendations"])


@pytest.mark.parametrize("limit", [1, 10, 24, 100])
async def test_a_list_is_as_long_as_asked_or_says_why_not(api, limit):
    answer = await shelf(api, "nobody", limit=limit)
    assert len(answer["recommendations"]) == min(limit, 24)
    assert (answer["short_reason"] is None) == (limit <= 24)


@pytest.mark.parametrize(
    ("query", "messages"),
    [
        ("", ["user_id must be 1 to 128 characters, not empty"]),
        ("user_id=", ["user_id must be 1 to 128 characters, not empty"]),
        ("user_id=" + "x" * 129, ["user_id must be 1 to 128 characters, not 129"]),
        ("user_id=a%00b", ["user_id must have no control characters"]),
        ("user_id=a&limit=0", ["limit must be 1 to 100, not 0"]),
        ("user_id=a&limit=101", ["limit must be 1 to 100, not 101"]),
        ("user_id=a&limit=-1", ["limit must be 1 to 100, not -1"]),
        ("user_id=a&limit=ten", ["limit must be a whole number from 1 to 100, not 'ten'"]),
        ("user_id=a&limit=", ["limit must be a whole number from 1 to 100, not ''"]),
        ("user_id=a&limit=1_0", ["limit must be a whole number from 1 to 100, not '1_0'"]),
        ("user_id=a&limit=" + "9" * 5000, ["limit must be a whole number from 1 to 100"]),
        ("limit=0", ["user_id must be 1 to 128 characters", "limit must be 1 to 100, not 0"]),
    ],
)
async def test_a_wrong_parameter_is_named_with_its_bounds(api, query, messages):
    response = await api.get("/api/recommendations?" + query)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    found = [entry["message"] for entry in response.json()["errors"]]
    assert all(f.startswith(m) for f, m in zip(found, messages, strict=True)), found


async def test_feedback_is_stored_before_the_answer_and_counts_in_the_next_list(api, database):
    body = {"user_id": "new", "product_id": "garden-1", "rating": 5}
    response = await api.post("/api/feedback", json=body)
    assert response.status_code == 201
    stored = database[EVENTS].find_one({"_id": response.json()["event_id"]})
    assert (stored["shopper_id"], stored["type"], stored["rating"]) == ("user:new", "rating", 5)
    answer = await shelf(api, "new", limit=8)
    assert answer["strategy"] == "personalized"
    assert all(p["product_id"].startswith("garden") for p in answer["recommendations"])
    assert "Because you liked garden spade 1" in {p["reason"] for p in answer["recommendations"]}


async def test_one_star_pushes_things_like_it_down(api):
    await api.post("/api/feedback", json={"user_id": "new", "product_id": "garden-1", "rating": 1})
    answer = await shelf(api, "new", limit=8)
    assert all(p["product_id"].startswith("kitchen") for p in answer["recommendations"])


async def test_feedback_given_to_one_process_counts_in_the_answers_of_another(
    api, mongodb_uri, database, tmp_path
):
    async with serving(settings_for(mongodb_uri, database.name, tmp_path)) as other:
        await api.post(
            "/api/feedback", json={"user_id": "new", "product_id": "garden-1", "rating": 5}
        )
        answer = await shelf(other, "new")
        assert answer["recommendations"][0]["product_id"].startswith("garden")


async def test_feedback_sent_twice_with_one_id_counts_once(api, database):
    body = {"user_id": "new", "product_id": "garden-1", "rating": 4, "event_id": "mine"}
    first, second = [await api.post("/api/feedback", json=body) for _ in range(2)]
    assert first.json() == {"event_id": "mine", "duplicate": False}
    assert (second.status_code, second.json()) == (201, {"event_id": "mine", "duplicate": True})
    assert database[EVENTS].count_documents({"shopper_id": "user:new"}) == 1


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["user_id", "product_id", "rating"]),
        ([], ["user_id", "product_id", "rating"]),
        ({"user_id": 7, "product_id": None, "rating": "5"}, ["user_id", "product_id", "rating"]),
        ({"user_id": "a", "product_id": "kitchen-1", "rating": 0}, ["rating"]),
        ({"user_id": "a", "product_id": "kitchen-1", "rating": 5.1}, ["rating"]),
        ({"user_id": "a", "product_id": "kitchen-1", "rating": True}, ["rating"]),
        ({"user_id": "", "product_id": "x" * 129, "rating": 3}, ["user_id", "product_id"]),
        ({"user_id": "a", "product_id": "p", "rating": 3, "event_id": ""}, ["event_id"]),
    ],
)
async def test_missing_and_wrong_fields_have_an_entry_each(api, database, body, fields):
    before = database[EVENTS].estimated_document_count()
    response = await api.post("/api/feedback", json=body)
    assert response.status_code == 422
    assert [entry["field"] for entry in response.json()["errors"]] == fields
    assert database[EVENTS].estimated_document_count() == before


async def test_feedback_on_an_unknown_product_is_not_found(api):
    body = {"user_id": "a", "product_id": "no such thing", "rating": 3}
    response = await api.post("/api/feedback", json=body)
    assert response.status_code == 404
    assert "'no such thing'" in response.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{'rating': 5}", b"\xff", b"[" * 100_000, b'{"rating": ' + b"1" * 5000 + b"}"],
    ids=["empty", "half", "single quotes", "no utf-8", "nested", "a number beyond every float"],
)
async def test_what_is_not_json_is_refused(api, body):
    response = await api.post("/api/feedback", content=body)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"].startswith("The body is not JSON")


async def test_a_number_that_is_json_and_no_rating_is_a_wrong_field(api):
    body = b'{"user_id": "a", "product_id": "kitchen-1", "rating": ' + b"1" * 300 + b"}"
    response = await api.post("/api/feedback", content=body)
    assert response.status_code == 422
    assert [entry["field"] for entry in response.json()["errors"]] == ["rating"]


async def test_a_body_that_is_too_long_is_refused(api):
    response = await api.post("/api/feedback", content=b"x" * 1_000_001)
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/api/recommendations", "GET, HEAD"),
        ("DELETE", "/api/recommendations", "GET, HEAD"),
        ("GET", "/api/feedback", "POST"),
        ("PUT", "/api/feedback", "POST"),
    ],
)
async def test_other_methods_are_not_allowed(api, method, path, allowed):
    response = await api.request(method, path)
    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == set(allowed.split(", "))


async def test_many_shoppers_at_once_get_their_own_lists(api):
    users = [f"{kind}-{n}" for kind in ("cook", "gardener") for n in range(10)]
    answers = await asyncio.gather(*(shelf(api, user) for user in users))
    assert [a["user_id"] for a in answers] == users
    assert len({a["recommendation_id"] for a in answers}) == len(users)


async def test_an_error_of_ours_is_shown_as_an_id_only(mongodb_uri, database, tmp_path, capfd):
    database["models"].drop()
    settings = settings_for(mongodb_uri, database.name, tmp_path)
    async with serving(settings) as api:
        # A document that we would never write, and that reading a history trips over.
        broken = {"shopper_id": "user:ann", "product_id": "x", "type": "view", "at": "secret act"}
        database[EVENTS].insert_one(broken)
        response = await api.get("/api/recommendations", params={"user_id": "ann"})
    assert response.status_code == 500
    body = response.json()
    assert body["detail"] == "Unexpected error."
    assert "secret act" not in response.text
    logged = capfd.readouterr()
    assert body["error_id"] in logged.out + logged.err


async def test_every_shelf_can_be_asked_for(api):
    for placement in Placement:
        response = await api.get(
            "/api/recommendations",
            params={
                "user_id": "cook-0",
                "limit": 3,
                "placement": placement.value,
                "product_id": "kitchen-1",
                "category": "Home > Garden",
            },
        )
        answer = response.json()
        assert answer["placement"] == placement
        assert len(answer["recommendations"]) == 3
        assert "kitchen-1" not in {r["product_id"] for r in answer["recommendations"]}


async def test_a_shelf_that_there_is_not_is_named_beside_all_that_is_wrong(api):
    response = await api.get(
        "/api/recommendations", params={"user_id": "", "placement": "attic", "product_id": ""}
    )
    assert response.status_code == 422
    assert {e["field"] for e in response.json()["errors"]} == {
        "user_id",
        "placement",
        "product_id",
    }

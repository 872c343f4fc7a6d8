"""Does it live, and can it serve?"""

from builders import a_product, an_event, serving, settings_for, stock


async def test_before_the_first_training_it_lives_and_is_ready_without_a_model(api):
    assert (await api.get("/healthy")).json() == {"status": "healthy", "access": "open"}
    response = await api.get("/ready")
    assert response.status_code == 200
    assert response.json()["model"] is None


async def test_it_says_which_model_serves_and_how_old_it_is(shop, api):
    body = (await api.get("/ready")).json()
    assert body["status"] == "ready"
    assert body["products"] == 24
    assert body["model"]["version"] == "v1"
    assert body["model"]["age_seconds"] > 0


async def test_a_shop_that_wants_to_wait_for_its_model_can(mongodb_uri, database, tmp_path):
    settings = settings_for(mongodb_uri, database.name, tmp_path, READY_WITHOUT_MODEL="false")
    async with serving(settings) as api:
        response = await api.get("/ready")
        assert (response.status_code, response.json()["status"]) == (503, "not ready")


async def test_before_the_first_training_shelves_are_popular_and_new(database, settings):
    stock(database, [a_product("mug"), a_product("pen")], [an_event("ann", "pen")])
    async with serving(settings) as api:
        response = await api.get("/api/recommendations", params={"user_id": "bob"})
    assert [(p["product_id"], p["strategy"]) for p in response.json()["recommendations"]] == [
        ("pen", "popular"),
        ("mug", "newest"),
    ]

"""A shop puts products in, changes them and takes them out, and lists have it at once."""

import asyncio

import pytest
from builders import NOW, a_product, ask, serving, settings_for, stock, until

from recommender.mongo.documents import PRODUCTS

UPSERT = """
mutation($products: [ProductInput!]!, $key: String!) {
  upsertProducts(input: {products: $products, idempotencyKey: $key}) {
    createdCount updatedCount unchangedCount rejectedCount
    products { productId name price { amount } }
    userErrors { message code field }
  }
}
"""
UPDATE = """
mutation($products: [ProductChangeInput!]!, $key: String!) {
  updateProducts(input: {products: $products, idempotencyKey: $key}) {
    updatedCount unchangedCount rejectedCount
    products { productId name price { amount } }
    userErrors { message code field }
  }
}
"""
REMOVE = """
mutation($ids: [ID!]!, $key: String!) {
  removeProducts(input: {productIds: $ids, idempotencyKey: $key}) {
    removedProductIds userErrors { message code field }
  }
}
"""
SHELF = """
{ recommendations(shopper: {userId: "new"}, placement: "newest", first: 50) {
    nodes { productId name price { amount } } } }
"""


def euros(amount):
    return {"amount": amount, "currencyCode": "EUR"}


def mug(**more):
    return {"productId": "mug", "name": "Mug", "price": euros("9.50"), **more}


async def upsert(api, *products, key="k"):
    return (await ask(api, UPSERT, products=list(products), key=key))["upsertProducts"]


async def update(api, *products, key="u"):
    return (await ask(api, UPDATE, products=list(products), key=key))["updateProducts"]


def counts(done):
    return tuple(done.get(f"{what}Count") for what in ("created", "updated", "unchanged"))


async def shown(api):
    shelf = (await ask(api, SHELF))["recommendations"]
    return {node["productId"]: node for node in shelf["nodes"]}


async def test_products_are_on_lists_as_soon_as_they_are_stored_and_off_when_removed(api):
    first = await upsert(api, mug(), {"productId": "pen", "name": "Pen"})
    assert counts(first) == (2, 0, 0)
    assert [p["productId"] for p in first["products"]] == ["mug", "pen"]

    async def both_are_shown():
        return {"mug", "pen"} <= (await shown(api)).keys()

    await until(both_are_shown)
    done = await ask(api, REMOVE, ids=["pen", "never was", "pen"], key="r")
    assert done["removeProducts"] == {"removedProductIds": ["pen"], "userErrors": []}

    async def one_is_shown():
        return (await shown(api)).keys() == {"mug"}

    await until(one_is_shown)
    assert await ask(api, REMOVE, ids=["pen", "never was", "pen"], key="r") == done


async def test_what_is_stored_like_that_is_left_alone(api, database):
    await upsert(api, mug(), key="1")
    before = database[PRODUCTS].find_one()
    assert counts(await upsert(api, mug(), key="2")) == (0, 0, 1)
    assert database[PRODUCTS].find_one() == before
    changed = await upsert(api, mug(name="Cup"), mug(name="Tea cup"), key="3")
    assert counts(changed) == (0, 1, 0)
    assert database[PRODUCTS].find_one()["name"] == "Tea cup"
    assert database[PRODUCTS].find_one()["created_at"] == before["created_at"]


async def test_a_product_is_stored_with_all_that_was_said(api, database):
    said = mug(
        description="Holds tea.",
        brand="Kiln",
        categories=["Home > Kitchen"],
        tags=["tea"],
        url="https://shop.example/mug",
        imageUrl="/media/mug.svg",
        imageAltText="A mug",
        compareAtPrice=euros("12"),
        availableForSale=False,
        attributes=[{"name": "colour", "value": "red"}],
        itemGroupId="mugs",
        createdAt="2026-01-02T03:04:05+01:00",
    )
    await upsert(api, said)
    stored = database[PRODUCTS].find_one()
    assert stored.pop("created_at").isoformat() == "2026-01-02T02:04:05"
    del stored["updated_at"]
    assert stored == {
        "_id": "mug",
        "name": "Mug",
        "description": "Holds tea.",
        "brand": "Kiln",
        "categories": ["Home > Kitchen"],
        "tags": ["tea"],
        "url": "https://shop.example/mug",
        "image_url": "/media/mug.svg",
        "image_alt_text": "A mug",
        "price": {"minor_units": 950, "currency": "EUR"},
        "compare_at_price": {"minor_units": 1200, "currency": "EUR"},
        "available_for_sale": False,
        "attributes": [{"name": "colour", "value": "red"}],
        "item_group_id": "mugs",
    }


async def test_a_mistake_keeps_none_of_the_others_out_and_is_named(api, database):
    done = await upsert(
        api,
        mug(),
        mug(productId=""),
        mug(productId="a", name=" "),
        mug(productId="b", price=euros("1.234")),
        mug(productId="c", compareAtPrice={"amount": "1", "currencyCode": "euros"}),
        mug(productId="d", compareAtPrice={"amount": "1", "currencyCode": "USD"}),
        mug(productId="e", url="javascript:alert(1)"),
        mug(productId="f", createdAt="0001-01-01T00:00:00+14:00"),
    )
    assert counts(done) == (1, 0, 0)
    assert done["rejectedCount"] == 7
    assert [error["field"][2:] for error in done["userErrors"]] == [
        ["1", "productId"],
        ["2", "name"],
        ["3", "price", "amount"],
        ["4", "compareAtPrice", "currencyCode"],
        ["5", "compareAtPrice"],
        ["6", "url"],
        ["7", "createdAt"],
    ]
    assert {p["_id"] for p in database[PRODUCTS].find()} == {"mug"}


async def test_a_change_leaves_alone_what_it_does_not_say_and_null_takes_away(api, database):
    await upsert(api, mug(brand="Kiln", description="Holds tea.", tags=["tea"]))
    done = await update(
        api,
        {"productId": "mug", "price": euros("8"), "brand": None, "description": None},
        {"productId": "mug", "availableForSale": False},
        {"productId": "mug", "availableForSale": False},
        {"productId": "nothing", "availableForSale": False},
        {"productId": "mug", "compareAtPrice": {"amount": "9", "currencyCode": "USD"}},
    )
    assert counts(done) == (None, 2, 1)
    assert [(e["code"], e["field"][2:]) for e in done["userErrors"]] == [
        ("NOT_FOUND", ["3", "productId"]),
        ("INVALID", ["4", "compareAtPrice"]),
    ]
    stored = database[PRODUCTS].find_one()
    assert stored["price"]["minor_units"] == 800
    assert stored["available_for_sale"] is False
    assert (stored["name"], stored["tags"]) == ("Mug", ["tea"])
    assert not stored.keys() & {"brand", "description"}


async def test_what_a_product_always_has_cannot_be_taken_away(api):
    response = await api.post(
        "/graphql",
        json={
            "query": UPDATE,
            "variables": {"products": [{"productId": "mug", "name": None}], "key": "k"},
        },
    )
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_changes_at_once_are_none_of_them_lost(api, database):
    """Each sets a field of its own on every product, as different systems of a shop do."""
    stock(database, [a_product(f"p{n}") for n in range(20)])
    changes = [
        {"price": euros("1")},
        {"brand": "Kiln"},
        {"tags": ["tea"]},
        {"availableForSale": False},
        {"description": "New"},
        {"compareAtPrice": euros("2")},
    ]
    answers = await asyncio.gather(
        *(
            update(api, *({"productId": f"p{n}", **change} for n in range(20)), key=f"u{place}")
            for place, change in enumerate(changes)
        )
    )
    assert [counts(answer) for answer in answers] == [(None, 20, 0)] * len(changes)
    for stored in database[PRODUCTS].find():
        assert (stored["price"]["minor_units"], stored["brand"]) == (100, "Kiln")
        assert (stored["tags"], stored["description"]) == (["tea"], "New")
        assert stored["available_for_sale"] is False
        assert stored["compare_at_price"]["minor_units"] == 200


async def test_a_change_shows_on_lists_at_once(database, settings):
    stock(database, [a_product("mug", updated_at=NOW)])
    async with serving(settings) as api:
        await update(api, {"productId": "mug", "price": euros("1.10")})

        async def has_the_new_price():
            return (await shown(api))["mug"]["price"]["amount"] == "1.10"

        await until(has_the_new_price)


async def test_a_retry_with_the_same_key_changes_nothing(api, database):
    first = await upsert(api, mug())
    await update(api, {"productId": "mug", "name": "Cup"})
    again = await upsert(api, mug())
    assert counts(again) == counts(first) == (1, 0, 0)
    assert database[PRODUCTS].find_one()["name"] == "Cup"
    conflict = await upsert(api, mug(name="Glass"))
    assert conflict["userErrors"][0]["code"] == "CONFLICT"
    assert conflict["rejectedCount"] == 1


@pytest.mark.parametrize("mutation", [UPSERT, UPDATE])
async def test_a_batch_has_a_longest(mongodb_uri, database, tmp_path, mutation):
    settings = settings_for(mongodb_uri, database.name, tmp_path, LARGEST_BATCH="2")
    products = [{"productId": f"p{n}", "name": "P"} for n in range(3)]
    async with serving(settings) as api:
        [done] = (await ask(api, mutation, products=products, key="k")).values()
        removed = await ask(api, REMOVE, ids=["a", "b", "c"], key="k")
    assert done["rejectedCount"] == 3
    assert done["userErrors"][0]["code"] == "TOO_MANY"
    assert removed["removeProducts"]["userErrors"][0]["code"] == "TOO_MANY"

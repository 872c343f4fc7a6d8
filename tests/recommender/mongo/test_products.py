"""The catalogue in MongoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOW, a_product

from graphql_api.database import open_database
from recommender.facts.catalog import UNSAID
from recommender.mongo.products import Products, read_products, upsert_products

LATER = NOW + timedelta(hours=1)


def test_importing_twice_changes_nothing(database):
    catalogue = [a_product(f"p{n}") for n in range(5)]
    assert vars(upsert_products(database, catalogue, NOW)) == {
        "created": 5,
        "updated": 0,
        "unchanged": 0,
    }
    before = list(read_products(database))
    done = upsert_products(database, catalogue, LATER)
    assert (done.created, done.updated, done.unchanged) == (0, 0, 5)
    assert list(read_products(database)) == before


def test_a_changed_product_is_stamped_so_that_followers_see_it(database):
    upsert_products(database, [a_product("mug"), a_product("pen")], NOW)
    done = upsert_products(database, [a_product("mug", name="Blue mug")], LATER)
    assert (done.created, done.updated) == (0, 1)
    stamps = {p.product_id: p.updated_at for p in read_products(database)}
    assert stamps == {"mug": LATER, "pen": NOW}


def test_the_last_of_two_products_with_the_same_id_counts(database):
    upsert_products(database, [a_product("mug"), a_product("mug", name="Other")], NOW)
    [mug] = read_products(database)
    assert mug.name == "Other"


@pytest.fixture
async def products(settings):
    async with open_database(settings.mongodb_uri, settings) as opened:
        yield Products(opened)


async def test_changes_since_a_moment_are_found(products, database):
    upsert_products(database, [a_product("mug")], NOW)
    upsert_products(database, [a_product("pen")], LATER)
    assert [d["_id"] for d in await products.changed_since(LATER)] == ["pen"]
    assert len(await products.all()) == 2


async def test_which_products_are_known(products, database):
    upsert_products(database, [a_product("mug")], NOW)
    assert await products.known(["mug", "pen"]) == {"mug"}


def test_two_products_are_the_same_whenever_they_were_said():
    mug = a_product("mug")
    assert mug.same_as(replace(mug, updated_at=LATER))
    assert not mug.same_as(replace(mug, name="Mugs"))


def test_a_product_that_does_not_say_since_when_it_is_sold_is_new_once(database):
    undated = a_product("mug", created_at=UNSAID)
    upsert_products(database, [undated], NOW)
    done = upsert_products(database, [undated], LATER)
    assert done.unchanged == 1
    assert [p.created_at for p in read_products(database)] == [NOW]

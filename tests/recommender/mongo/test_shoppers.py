"""What the shop says of its shoppers, in MongoDB."""

import pytest
from builders import a_product, an_event, stock

from graphql_api.database import open_database
from recommender.facts.shopper_attributes import ShopperAttributes
from recommender.mongo.event_table import read_events
from recommender.mongo.shoppers import (
    Shoppers,
    attributes_of,
    read_shoppers,
    upsert_shoppers,
)

ANN = ShopperAttributes("user:ann", (("country", "France"),))
BOB = ShopperAttributes("user:bob", (("country", "Italy"), ("age", "40")))


@pytest.fixture
async def shoppers(settings):
    async with open_database(settings.mongodb_uri, settings) as opened:
        yield Shoppers(opened)


def test_saying_it_twice_changes_nothing(database):
    done = upsert_shoppers(database, [ANN, BOB])
    assert vars(done) == {"created": 2, "updated": 0, "unchanged": 0}
    done = upsert_shoppers(database, [ANN, BOB])
    assert vars(done) == {"created": 0, "updated": 0, "unchanged": 2}
    assert sorted(read_shoppers(database), key=lambda s: s.shopper_id) == [ANN, BOB]


def test_what_is_said_last_takes_the_place_of_all_before(database):
    moved = ShopperAttributes("user:ann", (("city", "Rome"),))
    upsert_shoppers(database, [ANN])
    done = upsert_shoppers(database, [ANN, moved])
    assert (done.updated, attributes_of(database, "user:ann")) == (1, moved.attributes)


def test_of_a_stranger_nothing_is_said(database):
    assert attributes_of(database, "user:nobody") == ()


async def test_the_api_stores_and_reads_the_same(shoppers, database):
    assert (await shoppers.upsert([ANN, BOB])).created == 2
    assert (await shoppers.upsert([])).created == 0
    assert await shoppers.attributes_of("user:bob") == BOB.attributes
    assert attributes_of(database, "user:bob") == BOB.attributes
    assert await shoppers.attributes_of("user:nobody") == ()


def test_training_reads_what_is_said_of_those_who_did_something(database):
    stock(database, [a_product("mug")], [an_event("ann", "mug"), an_event("eve", "mug")])
    upsert_shoppers(database, [ANN, BOB])
    assert read_events(database).shopper_attributes == {"user:ann": ANN.attributes}

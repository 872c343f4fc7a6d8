"""A running process picks up products and models by itself, and never stops answering."""

import asyncio
from contextlib import asynccontextmanager
from functools import partial

import pytest
from bson.datetime_ms import DatetimeMS
from builders import CARD, NOW, a_product, an_event, stock, trained_on, two_tastes, until
from pymongo.errors import OperationFailure

from graphql_api.context import open_context
from graphql_api.database import model_files, open_database, watch
from recommender.facts.events import EventType
from recommender.mongo.documents import MODEL_FILES
from recommender.mongo.follow import NO_REPLICA_SET, Follower
from recommender.mongo.models import Models, publish, put_in_service
from recommender.mongo.products import read_products, upsert_products

SHOP = two_tastes()


@pytest.fixture
async def context(settings):
    async with open_context(settings.mongodb_uri, settings) as opened:
        yield opened


def serve_model(database, version):
    publish(database, trained_on(*SHOP, version=version), **CARD)
    put_in_service(database, version, NOW)


async def test_a_new_product_is_there_within_a_blink(context, database):
    stock(database, [a_product("mug")])
    await until(lambda: context.live.get("mug"), seconds=2)


async def test_a_changed_price_and_a_sold_out_product_are_seen(context, database):
    stock(database, [a_product("mug")])
    stock(database, [a_product("mug", name="Blue mug", available_for_sale=False)])
    await until(lambda: context.live.get("mug") and context.live.get("mug").name == "Blue mug")
    assert not context.live.available.any()


async def test_a_deleted_product_goes(context, database):
    stock(database, [a_product("mug")])
    await until(lambda: context.live.get("mug"))
    database["products"].delete_one({"_id": "mug"})
    await until(lambda: context.live.get("mug") is None)


async def test_a_new_model_is_served_and_a_roll_back_too(context, database):
    stock(database, list(SHOP[0].values()))
    serve_model(database, "v1")
    await until(lambda: context.live.version == "v1")
    serve_model(database, "v2")
    await until(lambda: context.live.version == "v2")
    put_in_service(database, "v1", NOW)
    await until(lambda: context.live.version == "v1")
    assert len(context.live) == 24


async def test_a_product_added_after_training_has_a_vector(context, database):
    stock(database, list(SHOP[0].values()))
    serve_model(database, "v1")
    await until(lambda: context.live.version == "v1")
    stock(database, [a_product("new", name="kitchen pan", categories=("Home > Kitchen",))])
    await until(lambda: context.live.get("new"))
    assert context.live.vectors[context.live.row_of["new"]].any()


async def test_a_damaged_model_is_refused_and_the_old_one_serves_on(context, database):
    stock(database, list(SHOP[0].values()))
    serve_model(database, "v1")
    await until(lambda: context.live.version == "v1")
    publish(database, trained_on(*SHOP, version="v2"), **CARD)
    database[f"{MODEL_FILES}.chunks"].update_one({"files_id": "v2"}, {"$set": {"data": b"damaged"}})
    put_in_service(database, "v2", NOW)
    await until(lambda: context.follower.failures["model"])
    assert context.live.version == "v1"
    serve_model(database, "v3")
    await until(lambda: context.live.version == "v3")


WRONG = [
    {"_id": "no name"},
    {"_id": "name is a number", "name": 5, "available_for_sale": True},
    {"_id": 7, "name": "x", "available_for_sale": True, "created_at": NOW, "updated_at": NOW},
    {
        "_id": "no such year",
        "name": "x",
        "available_for_sale": True,
        "created_at": DatetimeMS(10**17),
        "updated_at": NOW,
    },
    {"_id": "text for tags", "name": "x", "tags": 3, "available_for_sale": True},
]


async def test_products_that_somebody_wrote_wrongly_do_not_stop_the_others(context, database):
    database["products"].insert_many(WRONG)
    stock(database, [a_product("mug")])
    await until(lambda: context.live.get("mug"))
    assert context.follower.failures["product"] == len(WRONG)
    serve_model(database, "v1")
    await until(lambda: context.live.version == "v1")
    stock(database, [a_product("pen")])
    await until(lambda: context.live.get("pen"))


async def test_products_and_events_that_somebody_wrote_wrongly_do_not_keep_the_api_from_starting(
    settings, database
):
    database["products"].insert_many(WRONG)
    database["events"].insert_one({"_id": "x", "type": "telepathy", "received_at": NOW})
    stock(database, [a_product("mug")])
    async with open_context(settings.mongodb_uri, settings) as context:
        assert list(context.live.row_of) == ["mug"]
    assert [p.product_id for p in read_products(database)] == ["mug"]


async def test_before_the_first_training_popularity_follows_what_shoppers_do(
    settings, database, monkeypatch
):
    monkeypatch.setattr("recommender.mongo.follow.RECOUNT_SECONDS", 0.05)
    stock(database, [a_product("mug"), a_product("pen")])
    async with open_context(settings.mongodb_uri, settings) as context:
        stock(database, [], [an_event("ann", "pen", EventType.PURCHASE)])
        await until(lambda: context.live.popularity[context.live.row_of["pen"]])


async def test_a_dropped_catalogue_is_read_anew(context, database):
    stock(database, [a_product("mug")])
    await until(lambda: context.live.get("mug"))
    database["products"].drop()
    await until(lambda: len(context.live.row_of) == 0)
    stock(database, [a_product("pen")])
    await until(lambda: context.live.get("pen"))


@asynccontextmanager
async def following(settings, watch_as):
    async with open_database(settings.mongodb_uri, settings) as opened:
        follower = Follower(
            opened,
            Models(opened, model_files(opened)),
            partial(watch_as, opened),
            popular_events=100,
            poll_seconds=0.05,
        )
        task = asyncio.create_task(follower.run())
        await follower.loaded()
        try:
            yield follower
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def no_streams(opened, pipeline, token):
    raise OperationFailure("The $changeStream stage is only supported on replica sets", 40573)
    yield


async def test_where_there_are_no_change_streams_it_polls(settings, database):
    assert NO_REPLICA_SET == 40573
    async with following(settings, no_streams) as follower:
        upsert_products(database, SHOP[0].values(), NOW.replace(year=2090))
        await until(lambda: len(follower.live) == 24)
        serve_model(database, "v1")
        await until(lambda: follower.live.version == "v1")


async def test_a_stream_that_breaks_is_taken_up_where_it_was(settings, database):
    streams = []

    @asynccontextmanager
    async def breaks_once(opened, pipeline, token):
        streams.append(token)
        async with watch(opened, pipeline, token) as stream:
            if len(streams) == 1:

                async def one_change():
                    yield await anext(aiter(stream))
                    raise OperationFailure("the oplog has moved on", 286)

                yield one_change()
            else:
                yield stream

    async with following(settings, breaks_once) as follower:
        stock(database, [a_product("mug")])
        await until(lambda: follower.failures["change_stream"])
        stock(database, [a_product("pen")])
        await until(lambda: follower.live.get("pen") and follower.live.get("mug"))
    assert len(streams) == 2

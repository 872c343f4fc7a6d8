"""Servers come and go under those who listen to them."""

import asyncio
import os
import signal

import pytest
from builders import (
    a_free_port,
    a_product,
    an_event,
    api_process,
    ask,
    settings_for,
    stock,
    until,
)
from subscribing import conversation, events_of

from recommender.facts.events import EventType
from recommender.mongo.connection import open_database
from recommender.mongo.server import embedded

SHOP = [a_product(name) for name in ("mug", "pen", "cup")]

RECORD = """
mutation($id: ID!, $product: ID!) { recordFeedback(input: {
  shopper: {userId: "ann"}, productId: $product, rating: 5, eventId: $id
}) { accepted } }
"""


def products_of(found):
    return {node["productId"] for node in found["nodes"]}


async def next_list_of(events):
    async with asyncio.timeout(10):
        async for name, answer in events:
            if name == "next":
                return answer["data"]["recommendationsUpdated"]
    raise AssertionError("The stream ended.")


async def test_what_one_process_records_is_pushed_by_another(settings, database):
    stock(database, SHOP)
    async with (
        api_process(settings, a_free_port()) as (_, here),
        api_process(settings, a_free_port()) as (_, there),
        conversation(here) as socket,
        events_of(here) as (_, events),
    ):
        await socket.subscribe()
        everything = {"mug", "pen", "cup"}
        assert products_of(await socket.next_list()) == everything
        assert products_of(await next_list_of(events)) == everything
        for product in ("mug", "pen"):
            await ask(there, RECORD, id=product, product=product)
            everything.remove(product)
            assert products_of(await socket.next_list()) == everything
            assert products_of(await next_list_of(events)) == everything


async def test_what_one_process_acknowledged_a_tenth_of_a_second_ago_is_in_the_lists_of_another(
    settings, database
):
    products = [a_product(f"product-{n}") for n in range(40)]
    stock(database, products)
    path = "/api/recommendations?user_id=ann&limit=100"
    async with (
        api_process(settings, a_free_port()) as (_, here),
        api_process(settings, a_free_port()) as (_, there),
    ):
        for n in range(40):
            # So that it is in memory there.
            await there.get(path)
            await ask(here, RECORD, id=f"{n}", product=f"product-{n}")
            mine = (await here.get(path)).json()["recommendations"]
            await asyncio.sleep(0.1)
            theirs = (await there.get(path)).json()["recommendations"]
            assert len(mine) == len(theirs) == 39 - n


async def test_a_process_that_is_told_to_stop_lets_go_of_everybody_at_once(settings, database):
    """They are not told that it is over, so that their clients ask another server."""
    stock(database, SHOP)
    async with (
        api_process(settings, a_free_port()) as (process, api),
        conversation(api) as socket,
        events_of(api) as (_, events),
    ):
        await socket.subscribe()
        await socket.next_list()
        await anext(events)
        process.send_signal(signal.SIGTERM)
        assert (await socket.is_closed())[0] == 1012
        assert [name async for name, _ in events if name] == []
        # Not the ten seconds that others may take.
        async with asyncio.timeout(8):
            assert await process.wait() in (0, -signal.SIGTERM)


async def test_a_list_goes_on_when_the_database_was_away(tmp_path):
    folder = tmp_path / "mongodb"
    with embedded(folder) as uri:
        settings = settings_for(uri, "shop", tmp_path)
        with open_database(settings) as database:
            stock(database, SHOP)
        async with api_process(settings, a_free_port()) as (_, api), conversation(api) as socket:
            await socket.subscribe()
            assert products_of(await socket.next_list()) == {"mug", "pen", "cup"}
            os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
            await asyncio.sleep(0.3)
            with embedded(folder) as again:
                assert again == uri
                with open_database(settings) as database:
                    stock(database, [], [an_event("ann", "mug", EventType.PURCHASE)])
                async with asyncio.timeout(30):
                    assert products_of(await socket.next_list()) == {"pen", "cup"}


@pytest.mark.parametrize("acts_in_memory", ["0", "1000"])
async def test_a_stopped_database_makes_no_list_old(tmp_path, acts_in_memory):
    """While nothing proves that what we know is current, it is not used."""
    folder = tmp_path / "mongodb"
    with embedded(folder) as uri:
        settings = settings_for(uri, "shop", tmp_path, ACTS_IN_MEMORY=acts_in_memory)
        with open_database(settings) as database:
            stock(database, SHOP, [an_event("ann", "mug")])
        async with api_process(settings, a_free_port()) as (_, api):
            path = "/api/recommendations?user_id=ann"
            for _ in range(20):
                assert (await api.get(path)).status_code == 200
                await asyncio.sleep(0.02)
            mongod = int((folder / "pid").read_text())
            os.kill(mongod, signal.SIGSTOP)
            try:
                await asyncio.sleep(0.2)
                assert (await api.get(path)).status_code == 503
            finally:
                os.kill(mongod, signal.SIGCONT)

            async def works():
                return (await api.get(path)).status_code == 200

            await until(works, seconds=30)

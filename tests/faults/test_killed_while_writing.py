"""The API is killed in the middle of a mutation. Sending it again finishes it."""

import asyncio
import signal

import httpx
from builders import NOW, a_free_port, a_product, api_process, ask, stock, until

from recommender.mongo.documents import EVENTS, JOINS

RECORD = """
mutation($events: [EventInput!]!, $key: String!) {
  recordEvents(input: {events: $events, idempotencyKey: $key}) {
    acceptedCount duplicateCount rejectedCount
  }
}
"""
JOIN = """
mutation { joinShopper(input: {sessionId: "s", userId: "ann"}) { joinedEventCount } }
"""
FORGET = """
mutation { forgetShopper(input: {shopper: {userId: "ann"}}) { removedEventCount } }
"""


def batch(number, size=100):
    return [
        {
            "eventId": f"{number}-{n}",
            "type": "VIEW",
            "shopper": {"userId": f"u{n}"},
            "productId": "mug",
        }
        for n in range(size)
    ]


def acts_of(shopper_id, count):
    return [
        {"_id": f"e{n}", "shopper_id": shopper_id, "product_id": "mug", "type": "view"}
        | {"at": NOW, "received_at": NOW}
        for n in range(count)
    ]


async def test_batches_that_were_acknowledged_are_whole_and_the_others_can_be_sent_again(
    settings, database
):
    stock(database, [a_product("mug")])
    acknowledged = {}
    async with api_process(settings, a_free_port()) as (process, client):

        async def send(sender):
            for n in range(1_000):
                number = f"{sender}/{n}"
                try:
                    done = await ask(client, RECORD, events=batch(number), key=number)
                except httpx.TransportError:
                    return number
                acknowledged[number] = done["recordEvents"]
            return None

        senders = [asyncio.create_task(send(n)) for n in range(4)]
        await until(lambda: len(acknowledged) > 20, seconds=30)
        process.send_signal(signal.SIGKILL)
        cut_short = await asyncio.gather(*senders)
    stored = {d["_id"] for d in database[EVENTS].find({}, {"_id": 1})}
    assert {f"{number}-{n}" for number in acknowledged for n in range(100)} <= stored
    async with api_process(settings, a_free_port()) as (_, client):
        for number in [*filter(None, cut_short), *list(acknowledged)[:5]]:
            done = (await ask(client, RECORD, events=batch(number), key=number))["recordEvents"]
            assert done == acknowledged.get(number, done)
            assert done["acceptedCount"] + done["duplicateCount"] == 100
    stored = {d["_id"] for d in database[EVENTS].find({}, {"_id": 1})}
    everything = [*filter(None, cut_short), *acknowledged]
    assert stored == {f"{number}-{n}" for number in everything for n in range(100)}


async def killed_at(client, process, mutation, condition):
    """Kill the process while it does this, as soon as the condition holds."""
    asked = asyncio.create_task(ask(client, mutation))
    await until(lambda: condition() or asked.done(), seconds=30)
    process.send_signal(signal.SIGKILL)
    await asyncio.gather(asked, return_exceptions=True)


async def test_a_sign_in_that_was_cut_short_is_finished_by_doing_it_again(settings, database):
    database[EVENTS].insert_many(acts_of("session:s", 6_000))

    def moved():
        return database[EVENTS].count_documents({"shopper_id": "user:ann"})

    async with api_process(settings, a_free_port()) as (process, client):
        await killed_at(client, process, JOIN, moved)
    assert database[JOINS].find_one({"_id": "session:s"})
    async with api_process(settings, a_free_port()) as (_, client):
        await ask(client, JOIN)
    assert moved() == 6_000


async def test_a_forgetting_that_was_cut_short_is_finished_by_doing_it_again(settings, database):
    database[EVENTS].insert_many(acts_of("user:ann", 6_000))

    def left():
        return database[EVENTS].count_documents({"shopper_id": "user:ann"})

    async with api_process(settings, a_free_port()) as (process, client):
        await killed_at(client, process, FORGET, lambda: left() < 6_000)
    async with api_process(settings, a_free_port()) as (_, client):
        await ask(client, FORGET)
    assert left() == 0

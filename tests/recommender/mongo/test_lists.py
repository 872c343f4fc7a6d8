"""The log of lists costs requests nothing, and says so when it loses one."""

from datetime import timedelta

import pytest
from builders import NOW, a_product, an_event
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from recommender.facts.events import EventType, History, shopper_of_user
from recommender.facts.placements import Placement
from recommender.facts.request import Request
from recommender.mongo.connection import CLIENT_OPTIONS
from recommender.mongo.documents import LISTS, event_document
from recommender.mongo.lists import BATCH, ListLog
from recommender.serving.engine import recommend
from recommender.serving.live_model import LiveModel

LIVE = LiveModel(None, [a_product(f"p{n}") for n in range(9)], {"p1": 2.0, "p2": 1.0})
ANN = shopper_of_user("ann")
KEPT = timedelta(days=90)


@pytest.fixture
async def client(mongodb_uri):
    async with AsyncMongoClient(mongodb_uri, **CLIENT_OPTIONS) as client:
        yield client


@pytest.fixture
def log(client, database):
    return ListLog(client[database.name], kept=KEPT)


def a_shelf(limit=3, longest=0, at=NOW):
    return recommend(Request(Placement.HOME, limit, at), History(), LIVE, longest=longest)


async def test_lists_wait_until_they_are_written_together(log, database):
    shelves = [a_shelf() for _ in range(5)]
    for shelf in shelves:
        log.served(shelf, ANN)
    assert database[LISTS].count_documents({}) == 0
    await log.flush()
    found = {d["_id"]: d for d in database[LISTS].find()}
    assert set(found) == {s.recommendation_id for s in shelves}
    document = found[shelves[0].recommendation_id]
    assert document["products"] == ["p1", "p2", "p0"]
    assert document["strategies"] == ["popular", "popular", "newest"]
    assert document["fillers"] == [True, True, True]
    assert document["expires_at"] - document["at"] == KEPT


async def test_more_than_one_batch_is_written_whole(log, database):
    for _ in range(BATCH + 7):
        log.served(a_shelf(1), None)
    await log.flush()
    assert database[LISTS].count_documents({}) == BATCH + 7


async def test_what_finds_no_room_is_lost_and_counted(client, database):
    log = ListLog(client[database.name], kept=KEPT, room=2)
    for _ in range(5):
        log.served(a_shelf(), ANN)
    await log.flush()
    assert log.lost == 3
    assert database[LISTS].count_documents({}) == 2


async def test_what_cannot_be_written_waits_and_what_is_left_at_the_end_is_counted(mongodb_uri):
    async with AsyncMongoClient(mongodb_uri, **CLIENT_OPTIONS) as closed:
        log = ListLog(closed["shop"], kept=KEPT)
    log.served(a_shelf(), ANN)
    await log.flush()
    await log.flush()
    assert log.lost == 0
    await log.close()
    assert log.lost == 1
    with pytest.raises(PyMongoError):
        await log.served_now(a_shelf(), ANN)


async def test_what_mongodb_refuses_is_lost_alone_and_counted(log, database):
    database.command("collMod", LISTS, validator={"shopper_id": {"$ne": "user:refused"}})
    log.served(a_shelf(), "user:refused")
    log.served(a_shelf(), ANN)
    await log.flush()
    assert log.lost == 1
    assert database[LISTS].count_documents({}) == 1


async def test_what_is_sent_again_because_the_answer_was_lost_is_stored_once(log, database):
    shelf, other = a_shelf(), a_shelf()
    log.served(shelf, ANN)
    await log.flush()
    log.served(shelf, ANN)
    log.served(other, ANN)
    await log.flush()
    assert database[LISTS].count_documents({}) == 2
    assert log.lost == 0


async def test_a_list_that_is_walked_says_how_far(log, database):
    shelf = a_shelf(2, longest=9)
    await log.served_now(shelf, ANN)
    document = database[LISTS].find_one()
    assert (len(document["products"]), document["shown"]) == (9, 2)
    for rank in (4, 6, 5):
        log.walked(shelf.recommendation_id, rank)
    await log.flush()
    log.walked(shelf.recommendation_id, 3)
    await log.flush()
    assert database[LISTS].find_one()["shown"] == 6


async def test_what_was_shown_lately_is_known_before_it_is_written_and_after(log, database):
    hours = timedelta(hours=1)
    log.served(a_shelf(1, at=NOW - 9 * hours), ANN)
    log.served(a_shelf(2, at=NOW - 2 * hours), ANN)
    log.served(a_shelf(9), shopper_of_user("bob"))
    before = await log.shown_lately(ANN, NOW - 5 * hours)
    assert before == {"p1": NOW - 2 * hours, "p2": NOW - 2 * hours}
    await log.flush()
    assert await log.shown_lately(ANN, NOW - 5 * hours) == before
    # Of a list that can be walked further only what was shown.
    await log.served_now(a_shelf(1, longest=9, at=NOW - hours), ANN)
    assert await log.shown_lately(ANN, NOW - 5 * hours) == {**before, "p1": NOW - hours}


async def test_impressions_count_as_shown_too(log, database):
    event = an_event("ann", "p7", EventType.IMPRESSION, days_ago=0.01)
    database["events"].insert_one(event_document(event))
    database["events"].insert_one(event_document(an_event("ann", "p8", EventType.VIEW)))
    assert await log.shown_lately(ANN, NOW - timedelta(hours=1)) == {"p7": event.at}


async def test_a_shop_that_keeps_no_lists_waits_for_none(client, database):
    log = ListLog(client[database.name], kept=timedelta(0))
    log.served(a_shelf(), ANN)
    await log.served_now(a_shelf(), ANN)
    await log.close()
    assert database[LISTS].count_documents({}) == 0

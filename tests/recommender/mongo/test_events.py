"""Events in MongoDB: each counts once, and none is lost."""

import re

import numpy as np
import pytest
from builders import NOW, an_event, two_tastes
from pymongo.errors import BulkWriteError

from graphql_api.database import open_database
from recommender.facts.events import EventType, shopper_of_user
from recommender.learning.interactions import EventTable
from recommender.mongo.documents import EVENTS, event_document
from recommender.mongo.event_table import read_events
from recommender.mongo.events import Events, EventWriter, Outcome, acts_of_each, history


@pytest.fixture
async def events(settings):
    async with open_database(settings.mongodb_uri, settings) as database:
        yield Events(database, history_length=5)


async def test_an_event_sent_twice_counts_once(events, database):
    view = an_event("ann", "mug")
    assert await events.append([view]) == [Outcome.RECORDED]
    assert await events.append([view]) == [Outcome.DUPLICATE]
    assert database[EVENTS].count_documents({}) == 1


async def test_a_duplicate_keeps_none_of_the_others_out(events, database):
    first, second, third = (an_event("ann", p) for p in ("mug", "pen", "cup"))
    await events.append([second])
    outcomes = await events.append([first, second, third, first])
    assert [o.value for o in outcomes] == ["recorded", "duplicate", "recorded", "duplicate"]
    assert database[EVENTS].count_documents({}) == 3


async def test_no_events_are_no_work(events):
    assert await events.append([]) == []


async def test_a_history_is_latest_first_and_no_longer_than_asked(events):
    await events.append([an_event("ann", f"p{n}", days_ago=n) for n in range(9)])
    await events.append([an_event("bob", "mug")])
    found = await events.history(shopper_of_user("ann"))
    assert [act.product_id for act in found.acts] == ["p0", "p1", "p2", "p3", "p4"]


async def test_what_was_bought_before_the_history_begins_is_still_known(events, database):
    await events.append([an_event("ann", "mug", EventType.PURCHASE, days_ago=99)])
    await events.append([an_event("ann", f"p{n}") for n in range(7)])
    found = await events.history(shopper_of_user("ann"))
    assert "mug" not in {act.product_id for act in found.acts}
    assert found.bought == {"mug"}
    assert history(database, shopper_of_user("ann"), 5) == found


async def test_histories_read_together_are_those_that_are_read_alone(events):
    await events.append([an_event("ann", "mug", EventType.PURCHASE, days_ago=99)])
    await events.append([an_event("ann", f"p{n}", days_ago=n) for n in range(7)])
    await events.append([an_event("bob", f"p{n}", EventType.IMPRESSION) for n in range(9)])
    await events.append([an_event("bob", "pen", EventType.RATING, days_ago=3, rating=4.0)])
    shoppers = [shopper_of_user(user) for user in ("bob", "nobody", "ann", "$where")]
    found = await events.histories(shoppers)
    assert found == [await events.history(shopper) for shopper in shoppers]
    assert [len(history.acts) for history in found] == [1, 0, 5, 0]
    assert found[2].bought == {"mug"}


async def test_histories_read_together_come_from_the_index_alone(events, database):
    await events.append([an_event(user, "mug") for user in ("ann", "bob", "cy")])
    shoppers = [shopper_of_user(user) for user in ("ann", "bob")]
    plan = database.command(
        "explain",
        {"aggregate": EVENTS, "pipeline": acts_of_each(shoppers, 5), "cursor": {}},
        verbosity="executionStats",
    )
    assert set(re.findall(r"'totalDocsExamined': (\d+)", str(plan))) == {"0"}
    assert "'stage': 'IXSCAN'" in str(plan)


async def test_a_stranger_has_no_history(events):
    found = await events.history(shopper_of_user("nobody"))
    assert not found.acts
    assert not found.bought


async def test_popularity_before_training_counts_what_speaks_for_a_product(events):
    await events.append(
        [
            an_event("ann", "mug", EventType.PURCHASE),
            an_event("ann", "pen"),
            an_event("bob", "pen"),
            an_event("bob", "cup", EventType.DISLIKE),
        ]
    )
    assert await events.popular_lately(100) == {"mug": 10.0, "pen": 2.0}


def test_a_writer_streams_everything_in_and_counts(database):
    stream = [an_event("ann", f"p{n}") for n in range(12_000)]
    with EventWriter(database) as writer:
        writer.write(iter(stream))
    assert (writer.written.recorded, writer.written.duplicate) == (12_000, 0)
    with EventWriter(database) as writer:
        writer.write([*stream[:10], an_event("ann", "new")])
    assert (writer.written.recorded, writer.written.duplicate) == (1, 10)
    assert database[EVENTS].estimated_document_count() == 12_001


def test_a_writer_does_not_hide_what_the_database_refuses(database):
    database.command("collMod", EVENTS, validator={"product_id": {"$ne": "bad"}})
    with pytest.raises(BulkWriteError), EventWriter(database) as writer:
        writer.write([an_event("ann", "good"), an_event("ann", "bad")])
    assert database[EVENTS].count_documents({}) == 1


def test_a_shop_is_read_as_it_was_written(database):
    _, events = two_tastes()
    events.append(an_event("ann", "kitchen-1", EventType.RATING, rating=4.5))
    database[EVENTS].insert_many([event_document(e) for e in events])
    counted = []
    table = read_events(database, progress=counted.append)
    assert sum(counted) == len(table) == len(events)
    assert facts(table) == facts(EventTable.of(events))


def test_a_window_goes_by_when_we_heard_of_an_event(database):
    late = an_event("ann", "late", at=NOW.replace(year=2020), received_at=NOW)
    early = an_event("ann", "early", at=NOW.replace(year=2020), received_at=NOW.replace(year=2021))
    database[EVENTS].insert_many([event_document(e) for e in (late, early)])
    assert read_events(database, received_since=NOW).products == ["late"]


def test_an_empty_database_gives_an_empty_table(database):
    assert len(read_events(database)) == 0


def facts(table):
    stars = [None if np.isnan(r) else r for r in table.rating.tolist()]
    return sorted(
        zip(
            [table.shoppers[s] for s in table.shopper],
            [table.products[p] for p in table.product],
            table.type.tolist(),
            table.at.tolist(),
            stars,
            strict=True,
        ),
        key=str,
    )


def test_the_same_events_give_the_same_table_whatever_order_they_came_in(database):
    _, events = two_tastes()
    documents = [event_document(e) for e in events]
    database[EVENTS].insert_many(documents)
    first = read_events(database)
    database[EVENTS].drop()
    database[EVENTS].insert_many(documents[::-1])
    second = read_events(database)
    assert (first.shoppers, first.products) == (second.shoppers, second.products)
    assert first.shoppers == sorted(first.shoppers)
    assert facts(first) == facts(second)


async def test_impressions_never_push_what_a_shopper_did_out_of_their_history(events):
    await events.append([an_event("ann", "mug", EventType.ADD_TO_CART, days_ago=1)])
    await events.append([an_event("ann", f"p{n}", EventType.IMPRESSION) for n in range(50)])
    found = await events.history(shopper_of_user("ann"))
    assert [act.product_id for act in found.acts] == ["mug"]


async def test_what_was_turned_away_from_before_the_history_begins_is_still_known(events):
    await events.append([an_event("ann", "mug", EventType.DISLIKE, days_ago=99)])
    await events.append([an_event("ann", f"p{n}") for n in range(7)])
    assert (await events.history(shopper_of_user("ann"))).turned_away == {"mug"}


async def test_one_shopper_cannot_make_a_product_popular_alone(events):
    await events.append([an_event("ann", "mug") for _ in range(20)])
    await events.append([an_event("bob", "pen"), an_event("cy", "pen")])
    assert await events.popular_lately(100) == {"mug": 1.0, "pen": 2.0}


async def test_an_event_of_a_type_that_only_a_newer_version_knows_breaks_nothing(events, database):
    await events.append([an_event("ann", "mug")])
    database[EVENTS].insert_one(
        {**event_document(an_event("ann", "pen")), "_id": "x", "type": "telepathy"}
    )
    assert [a.product_id for a in (await events.history(shopper_of_user("ann"))).acts] == ["mug"]
    assert await events.popular_lately(100) == {"mug": 1.0}
    table = read_events(database)
    assert len(table) == 1
    assert table.weights.tolist() == [1.0]

"""Whose the events of a session are, whoever signs in on it and whatever goes on at the time."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from builders import NOW, an_event
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from graphql_api.database import open_database
from recommender.facts.errors import InvalidInput
from recommender.facts.shopper_attributes import ShopperAttributes
from recommender.mongo.documents import EVENTS, FORGOTTEN, JOINS, SHOPPERS
from recommender.mongo.events import Events
from recommender.mongo.joins import MOST_TURNS, MOVED_AT_ONCE, Joins
from recommender.mongo.shoppers import Shoppers

SESSION = "session:s"
ANN, BOB = "user:ann", "user:bob"


@pytest.fixture
async def opened(settings):
    async with open_database(settings.mongodb_uri, settings) as found:
        yield found


def act(event_id, minutes, shopper=SESSION):
    at = NOW + timedelta(minutes=minutes)
    return replace(
        an_event("x", "mug"), event_id=event_id, shopper_id=shopper, at=at, received_at=at
    )


def owners(database):
    return {d["_id"]: d["shopper_id"] for d in database[EVENTS].find()}


async def test_what_a_session_did_is_the_users_and_so_is_what_comes_later(opened, database):
    events, joins = Events(opened, 10), Joins(opened)
    await events.append([act("before", -5)])
    assert await joins.join(SESSION, ANN, NOW) == 1
    await events.append([act("late", -4), act("after", 5), act("else", 5, "session:other")])
    assert owners(database) == {
        "before": ANN,
        "late": ANN,
        "after": ANN,
        "else": "session:other",
    }
    assert len((await events.history(ANN)).acts) == 3
    assert await joins.join(SESSION, ANN, NOW + timedelta(hours=1)) == 0


async def test_who_signs_in_second_on_a_device_inherits_nothing(opened, database):
    events, joins = Events(opened, 10), Joins(opened)
    await events.append([act("anonymous", -5)])
    await joins.join(SESSION, ANN, NOW)
    await events.append([act("ann", 5)])
    await joins.join(SESSION, BOB, NOW + timedelta(minutes=10))
    await events.append([act("bob", 15), act("late of ann", 6), act("late of nobody", -6)])
    await joins.join(SESSION, ANN, NOW + timedelta(minutes=20))
    await events.append([act("ann again", 25), act("late of bob", 16)])
    found = owners(database)
    assert {e for e, owner in found.items() if owner == BOB} == {"bob", "late of bob"}
    assert set(found.values()) == {ANN, BOB}


async def test_a_join_that_was_cut_short_is_finished_by_anybody(opened, database):
    """The document is there and no event was moved, as if the process had been killed."""
    events, joins = Events(opened, 10), Joins(opened)
    await joins.join(SESSION, ANN, NOW)
    database[EVENTS].insert_many(
        {"_id": f"e{n}", "shopper_id": SESSION, "product_id": "mug", "type": "view", "at": NOW}
        for n in range(MOVED_AT_ONCE + 5)
    )
    assert await joins.settle(NOW) == 0  # not due yet
    assert await joins.settle(NOW + timedelta(minutes=2)) == 1
    assert set(owners(database).values()) == {ANN}
    assert await joins.settle(NOW + timedelta(minutes=2)) == 0
    assert (await events.history(ANN)).acts


async def test_a_sign_in_while_another_one_is_settled_is_settled_later(opened, database):
    joins = Joins(opened)
    await joins.join(SESSION, ANN, NOW)
    carry_out = joins.carry_out

    async def slowly(join):
        await Joins(opened).join(SESSION, BOB, NOW + timedelta(minutes=9))
        return await carry_out(join)

    joins.carry_out = slowly
    await joins.settle(NOW + timedelta(minutes=9))
    assert "settle_at" in database[JOINS].find_one()


async def test_events_and_sign_ins_at_once_leave_nothing_under_the_session(opened, database):
    events, joins = Events(opened, 10), Joins(opened)
    batches = [[act(f"e{b}-{n}", -b) for n in range(5)] for b in range(20)]
    await asyncio.gather(
        *(events.append(batch) for batch in batches[:10]),
        joins.join(SESSION, ANN, NOW),
        joins.join(SESSION, ANN, NOW),
        *(events.append(batch) for batch in batches[10:]),
    )
    await joins.settle(NOW + timedelta(minutes=2))
    assert set(owners(database).values()) == {ANN}
    assert len(database[JOINS].find_one()["turns"]) == 1


async def test_of_two_users_who_sign_in_at_once_each_event_has_one_owner(opened, database):
    joins = Joins(opened)
    await asyncio.gather(*(joins.join(SESSION, user, NOW) for user in (ANN, BOB) * 4))
    turns = database[JOINS].find_one()["turns"]
    assert all(a["user"] != b["user"] for a, b in pairwise(turns))
    assert all(a["since"] <= b["since"] for a, b in pairwise(turns))


@given(
    st.lists(
        st.tuples(st.sampled_from([ANN, BOB, "act"]), st.integers(-3, 12)), min_size=1, max_size=8
    )
)
@examples(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_an_act_goes_to_whose_turn_it_was_when_it_was_done(opened, database, story):
    """Sign-ins come in the order of the clock; of acts we hear at any time before or after."""
    for name in (EVENTS, JOINS):
        database[name].delete_many({})
    events, joins = Events(opened, 10), Joins(opened)
    turns, acts, expected, clock = [(SESSION, 0)], {}, {}, 0

    def owner(minutes):
        """Of those known by now; the first one has what was before."""
        return next((user for user, since in turns[:0:-1] if since <= minutes), turns[:2][-1][0])

    for number, (what, minutes) in enumerate(story):
        if what == "act":
            acts[f"e{number}"] = minutes
            expected[f"e{number}"] = owner(minutes)
            await events.append([act(f"e{number}", minutes)])
        else:
            clock += max(minutes, 0)
            await joins.join(SESSION, what, NOW + timedelta(minutes=clock))
            if turns[-1][0] != what:
                turns.append((what, clock))
            expected |= {e: owner(acts[e]) for e, user in expected.items() if user == SESSION}
    assert owners(database) == expected


async def test_what_the_shop_said_of_a_session_is_said_of_who_signs_in_first(opened, database):
    shoppers = Shoppers(opened)
    await shoppers.upsert([ShopperAttributes(SESSION, (("country", "France"),))])
    await shoppers.joins.join(SESSION, ANN, NOW)
    assert await shoppers.attributes_of(ANN) == (("country", "France"),)
    assert database[SHOPPERS].count_documents({}) == 1
    await shoppers.upsert([ShopperAttributes("session:t", (("country", "Italy"),))])
    await shoppers.joins.join("session:t", ANN, NOW)
    assert await shoppers.attributes_of(ANN) == (("country", "France"),)


async def test_a_session_has_no_end_of_sign_ins(opened, database):
    turns = [{"user": f"user:{n}", "since": NOW} for n in range(MOST_TURNS)]
    database[JOINS].insert_one({"_id": SESSION, "turns": turns})
    with pytest.raises(InvalidInput, match="had 100 sign-ins already"):
        await Joins(opened).join(SESSION, ANN, NOW)


async def test_a_forgotten_shopper_is_gone_with_sessions_and_attributes(opened, database):
    events, shoppers = Events(opened, 10), Shoppers(opened)
    await events.append([act("mine", -5), act("bob's", -5, BOB)])
    await shoppers.joins.join(SESSION, ANN, NOW)
    await shoppers.joins.join("session:shared", ANN, NOW)
    await shoppers.joins.join("session:shared", BOB, NOW + timedelta(minutes=5))
    await shoppers.upsert([ShopperAttributes(ANN, (("country", "France"),))])
    assert await shoppers.forget(ANN, NOW + timedelta(minutes=6)) == 1
    assert set(owners(database)) == {"bob's"}
    assert await shoppers.attributes_of(ANN) == ()
    [join] = database[JOINS].find()
    assert [turn["user"] for turn in join["turns"]] == [None, BOB]
    # What ann did on it and we hear of now is not bob's.
    await events.append([act("late of ann", 1, "session:shared")])
    assert owners(database)["late of ann"] == "session:shared"
    # A new beginning.
    await events.append([act("new", 60, ANN)])
    assert owners(database)["new"] == ANN


async def test_what_was_on_its_way_when_its_shopper_was_forgotten_is_removed_later(
    opened, database
):
    events, shoppers = Events(opened, 10), Shoppers(opened)
    await shoppers.forget(ANN, NOW)
    await events.append([act("on its way", -1, ANN), act("new", 1, ANN)])
    await shoppers.settle(NOW + timedelta(minutes=2))
    assert set(owners(database)) == {"new"}
    assert database[FORGOTTEN].count_documents({}) == 0


async def test_a_forgetting_that_was_cut_short_is_finished_by_anybody(opened, database):
    events, shoppers = Events(opened, 10), Shoppers(opened)
    await events.append([act("mine", -5, ANN)])
    await shoppers.upsert([ShopperAttributes(ANN, (("country", "France"),))])
    due = {"at": NOW, "settle_at": NOW, "done": False}
    database[FORGOTTEN].insert_one({"_id": ANN, **due})
    await shoppers.settle(NOW)
    assert owners(database) == {}
    assert database[SHOPPERS].count_documents({}) == 0


async def test_what_is_held_is_read_page_by_page_once_each(opened):
    events, shoppers = Events(opened, 10), Shoppers(opened)
    await events.append([act(f"e{n}", n // 4, ANN) for n in range(23)])
    seen, place = [], None
    while True:
        held = await shoppers.held(ANN, place, 5)
        seen += [document["_id"] for _, document in held.documents]
        if (place := held.end) is None:
            break
    assert sorted(seen) == sorted(f"e{n}" for n in range(23))
    assert len(seen) == 23

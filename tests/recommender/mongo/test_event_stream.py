"""Every process hears of what shoppers do on any other, and knows how current its knowledge is."""

import asyncio
import time
from collections import deque
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from functools import partial

import pytest
from builders import NOW, a_product, an_event, settings_for, stock, until
from pymongo.errors import AutoReconnect, OperationFailure

from graphql_api.database import open_database
from recommender.facts.events import EventType
from recommender.facts.shopper_attributes import ShopperAttributes
from recommender.mongo.documents import EVENTS, SHOPPERS, event_document
from recommender.mongo.event_stream import (
    IDLE_PATIENCE_SECONDS,
    LARGEST_BATCH,
    LEAST_PATIENCE_SECONDS,
    MOST_BEHIND_SECONDS,
    ROUND_SECONDS,
    Batch,
    EventStream,
    open_stream,
)
from recommender.mongo.events import Events
from recommender.mongo.follow import NO_REPLICA_SET
from recommender.mongo.joins import Joins
from recommender.mongo.shoppers import Shoppers


def clicked(shopper):
    return {
        "operationType": "insert",
        "ns": {"coll": EVENTS},
        "fullDocument": {"shopper_id": shopper},
    }


class AServer:
    """Answers when the test says so, by a clock that the test sets."""

    def __init__(self):
        self.now = 1000.0
        self.opened = 0
        self.asked = deque()
        """One for each batch that is asked for: how patient, and where to put the answer."""

    @contextmanager
    def open(self, pipeline):
        self.opened += 1
        yield self.next_batch

    def next_batch(self, patience):
        answer = Future()
        self.asked.append((patience, answer))
        return answer.result()

    async def answer(self, *changes, is_full=False):
        _, answer = self.asked.popleft()
        answer.set_result(Batch(changes, is_full))
        await self.is_asked_again()

    def breaks(self, error):
        _, answer = self.asked.popleft()
        answer.set_exception(error)

    async def is_asked_again(self):
        await until(lambda: self.asked)

    @property
    def patience(self):
        return self.asked[0][0]


@pytest.fixture
def server():
    server = AServer()
    yield server
    # A thread that waits for an answer would keep the tests from ending.
    for _, answer in server.asked:
        answer.set_exception(AutoReconnect("over"))


@asynccontextmanager
async def following(open_stream, told, **more):
    stream = EventStream(open_stream, told, **{"poll_seconds": 0.01, **more})
    task = asyncio.create_task(stream.run())
    try:
        yield stream
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def told():
    return []


@pytest.fixture
async def stream(server, told):
    async with following(server.open, told.append, clock=lambda: server.now) as stream:
        await server.is_asked_again()
        yield stream


async def test_it_is_not_current_before_the_first_answer(stream, server):
    assert not stream.is_current()
    await server.answer()
    assert stream.is_current()


async def test_an_answer_proves_only_what_was_acknowledged_before_it_was_asked_for(stream, server):
    server.now += 5  # the answer takes that long
    await server.answer()
    assert not stream.is_current()


async def test_a_stream_that_says_nothing_for_a_tenth_of_a_second_is_not_current(stream, server):
    await server.answer()
    server.now += MOST_BEHIND_SECONDS - 0.001
    assert stream.is_current()
    server.now += 0.002
    assert not stream.is_current()


async def test_a_full_batch_proves_nothing_since_more_may_follow(stream, server, told):
    await server.answer(clicked("ann"), is_full=True)
    assert not stream.is_current()
    assert told[-1] == {"ann"}
    await server.answer(clicked("bob"))
    assert stream.is_current()
    assert told[-1] == {"bob"}


async def test_changes_are_told_before_it_calls_itself_current(server):
    seen = []

    def told(shoppers):
        seen.append((shoppers, stream.is_current()))

    async with following(server.open, told, clock=lambda: server.now) as stream:
        await server.is_asked_again()
        await server.answer(clicked("ann"))
        assert stream.is_current()
        assert seen == [(None, False), ({"ann"}, False)]


async def test_what_was_heard_is_told_however_busy_the_event_loop_is(stream, server, told):
    """Whoever asks how current it is has been told all that it has heard by then."""
    told.clear()
    server.asked.popleft()[1].set_result(Batch([clicked("ann")], is_full=False))
    while not server.asked:
        time.sleep(0.001)  # noqa: ASYNC251 (the event loop is to stand still)
    assert stream.is_current()
    assert told == [{"ann"}]


async def test_a_fault_of_ours_is_not_swallowed(server, told):
    stream = EventStream(server.open, told.append, poll_seconds=1, clock=lambda: "no time")
    with pytest.raises(TypeError):
        await stream.run()
    assert not stream.is_open


async def test_when_it_breaks_it_is_not_current_and_then_anybody_may_have_changed(
    stream, server, told, monkeypatch
):
    monkeypatch.setattr("recommender.mongo.event_stream.RETRY_SECONDS", 0.01)
    await server.answer(clicked("ann"))
    told.clear()
    server.breaks(AutoReconnect("connection reset"))
    await until(lambda: not stream.is_current())
    await until(lambda: server.opened == 2)
    assert told == [None]
    assert stream.failures == {"AutoReconnect": 1}
    await server.answer(clicked("bob"))
    assert stream.is_current()


async def test_the_server_waits_for_less_long_while_somebody_asks(stream, server):
    await server.answer()
    assert server.patience == IDLE_PATIENCE_SECONDS
    stream.is_current()
    await server.answer()
    assert server.patience == ROUND_SECONDS
    assert 2 * ROUND_SECONDS < MOST_BEHIND_SECONDS


@pytest.mark.parametrize(
    ("way", "patience"), [(0.01, ROUND_SECONDS - 0.01), (0.5, LEAST_PATIENCE_SECONDS)]
)
async def test_the_server_waits_for_less_long_when_the_way_takes_longer(
    stream, server, way, patience
):
    stream.is_current()
    await server.answer()
    server.now += ROUND_SECONDS + way
    stream.is_current()
    await server.answer()
    assert server.patience == pytest.approx(patience)


@pytest.mark.parametrize(
    "change",
    [
        {"operationType": "delete", "ns": {"coll": EVENTS}, "documentKey": {"_id": "e1"}},
        {"operationType": "update", "ns": {"coll": EVENTS}, "documentKey": {"_id": "e1"}},
        {"operationType": "drop", "ns": {"coll": EVENTS}},
        {"operationType": "drop", "ns": {"coll": SHOPPERS}},
        {"operationType": "dropDatabase", "ns": {"db": "shop"}},
        {"operationType": "invalidate", "ns": {}},
    ],
)
async def test_what_does_not_tell_whose_it_was_may_have_been_anybodys(stream, server, told, change):
    await server.answer(clicked("ann"), change)
    assert told[-1] is None


@contextmanager
def no_streams(_pipeline):
    raise OperationFailure("The $changeStream stage is only supported on replica sets", 40573)
    yield


async def test_where_there_are_no_change_streams_it_is_never_current_and_says_so_now_and_then(told):
    assert NO_REPLICA_SET == 40573
    async with following(no_streams, told.append) as stream:
        await until(lambda: len(told) >= 3)
        assert set(told) == {None}
        assert not stream.is_open
        assert not stream.is_current()


# And with a real one:


@asynccontextmanager
async def real(settings, told):
    opened = partial(open_stream, settings.mongodb_uri, settings)
    async with following(opened, told.append) as stream:
        await until(stream.is_current)
        told.clear()
        yield stream


async def test_what_another_process_wrote_is_told(settings, database, told):
    async with real(settings, told):
        database[EVENTS].insert_one(event_document(an_event("ann", "mug")))
        await until(lambda: {"user:ann"} in told)


async def test_impressions_are_not_told_since_no_history_has_them(settings, database, told):
    async with real(settings, told):
        stock(database, [a_product("mug")], [an_event("ann", "mug", EventType.IMPRESSION)])
        stock(database, [], [an_event("bob", "mug")])
        await until(lambda: {"user:bob"} in told)
        assert told == [{"user:bob"}]


async def test_what_was_said_of_a_shopper_is_told(settings, database, told):
    async with real(settings, told), open_database(settings.mongodb_uri, settings) as opened:
        await Shoppers(opened).upsert([ShopperAttributes("user:ann", (("Country", "France"),))])
        await until(lambda: {"user:ann"} in told)


async def test_a_session_that_joins_a_user_changes_both_and_nobody_else(settings, database, told):
    stock(database, [], [an_event("x", "mug", shopper_id="session:s1")])
    here = []
    async with real(settings, told), open_database(settings.mongodb_uri, settings) as opened:
        assert await Joins(opened, changed=here.append).join("session:s1", "user:ann", NOW) == 1
        await until(lambda: {"session:s1", "user:ann"} in told)
        assert None not in told
    assert here == [{"session:s1", "user:ann"}]


async def test_events_that_were_removed_are_told_as_anybodys(settings, database, told):
    stock(database, [], [an_event("ann", "mug")])
    async with real(settings, told):
        database[EVENTS].delete_many({"shopper_id": "user:ann"})
        await until(lambda: None in told)


async def test_a_batch_of_many_batches_is_told_whole(settings, database, told):
    async with real(settings, told) as stream:
        count = 3 * LARGEST_BATCH + 1
        stock(database, [], [an_event(f"user-{n}", "mug") for n in range(count)])
        await until(stream.is_current)
        everybody = {f"user:user-{n}" for n in range(count)}
        await until(lambda: set().union(*told) == everybody)


async def test_whenever_it_is_current_all_that_was_acknowledged_is_told(settings, database, told):
    """The promise itself: whoever writes, waits, and asks later than may be, finds it told."""
    async with real(settings, told) as stream:
        for n in range(30):
            database[EVENTS].insert_one(event_document(an_event(f"user-{n}", "mug")))
            await asyncio.sleep(MOST_BEHIND_SECONDS)
            if stream.is_current():
                assert {f"user:user-{n}"} in told
        await until(stream.is_current)
        assert {"user:user-29"} in told


async def test_what_this_process_writes_is_told_before_it_is_acknowledged(settings, database):
    told = []
    async with open_database(settings.mongodb_uri, settings) as opened:
        events = Events(opened, 10, told.append)
        await events.append([an_event("ann", "mug"), an_event("bob", "mug")])
        assert told == [{"user:ann", "user:bob"}]
        # A duplicate changes nothing, but what is stored may be new to us.
        event = an_event("cy", "mug")
        await events.append([event])
        await events.append([event])
        assert told[1:] == [{"user:cy"}] * 2


async def test_events_that_may_be_stored_although_it_failed_are_told_too(mongodb_uri, tmp_path):
    told = []
    settings = settings_for(
        "mongodb://127.0.0.1:9/", "shop", tmp_path, MONGODB_TIMEOUT_SECONDS="0.1"
    )
    async with open_database(settings.mongodb_uri, settings) as opened:
        with pytest.raises(AutoReconnect):
            await Events(opened, 10, told.append).append([an_event("ann", "mug")])
    assert told == [{"user:ann"}]

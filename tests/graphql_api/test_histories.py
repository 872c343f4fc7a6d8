"""A history from memory is never older than one may be: whatever interleaves, whatever breaks."""

import asyncio

import hypothesis.strategies as st
import pytest
from builders import a_history, an_act
from hypothesis import given

from graphql_api.histories import ACTS_OF_A_SHOPPER, Histories


class ADatabase:
    """Who did what, and reads that end when the test says so."""

    def __init__(self):
        self.acts = {}
        self.reads = 0

    def history(self, shopper):
        return a_history(*(an_act(product) for product in self.acts.get(shopper, [])))

    async def read(self, shopper):
        self.reads += 1
        return self.history(shopper)


@pytest.fixture
def database():
    return ADatabase()


def histories_of(database, is_current=lambda: True, most_acts=1000):
    return Histories(database.read, is_current, most_acts)


def products_of(history):
    return [act.product_id for act in history.acts]


async def test_a_shopper_who_did_nothing_since_is_read_once(database):
    database.acts["ann"] = ["mug"]
    histories = histories_of(database)
    assert products_of(await histories.of("ann")) == ["mug"]
    assert products_of(await histories.of("ann")) == ["mug"]
    assert (database.reads, histories.found) == (1, 1)


async def test_a_shopper_who_did_something_is_read_anew_and_nobody_else(database):
    histories = histories_of(database)
    await histories.of("ann")
    await histories.of("bob")
    database.acts["ann"] = ["mug"]
    histories.drop({"ann"})
    assert products_of(await histories.of("ann")) == ["mug"]
    await histories.of("bob")
    assert database.reads == 3


async def test_while_it_is_not_known_to_be_current_everything_is_read(database):
    current = True
    histories = histories_of(database, lambda: current)
    await histories.of("ann")
    current = False
    database.acts["ann"] = ["mug"]  # elsewhere, and nobody told us
    assert products_of(await histories.of("ann")) == ["mug"]
    assert products_of(await histories.of("ann")) == ["mug"]
    assert database.reads == 3


@pytest.mark.parametrize("dropped", [{"ann"}, None])
async def test_what_was_read_before_an_act_is_not_kept_when_it_arrives_after_it(dropped):
    under_way, may_end = asyncio.Event(), asyncio.Event()
    acts = []

    async def slow_read(_):
        seen = a_history(*map(an_act, acts))
        under_way.set()
        await may_end.wait()
        return seen

    histories = Histories(slow_read, lambda: True, 1000)
    reading = asyncio.create_task(histories.of("ann"))
    await under_way.wait()
    acts.append("mug")
    histories.drop(dropped)
    may_end.set()
    assert products_of(await reading) == []
    assert products_of(await histories.of("ann")) == ["mug"]


async def test_of_two_reads_at_once_the_older_one_is_not_kept():
    answers = [asyncio.Future(), asyncio.Future()]
    asked = iter(answers)
    histories = Histories(lambda _: next(asked), lambda: True, 1000)
    first, second = (asyncio.create_task(histories.of("ann")) for _ in range(2))
    await asyncio.sleep(0)
    answers[1].set_result(a_history(an_act("new")))
    await second
    answers[0].set_result(a_history(an_act("old")))
    await first
    assert products_of(await histories.of("ann")) == ["new"]


async def test_a_read_that_fails_leaves_nothing_behind():
    async def fails(_):
        raise ConnectionError

    histories = Histories(fails, lambda: True, 1000)
    with pytest.raises(ConnectionError):
        await histories.of("ann")
    assert (len(histories), histories.acts, histories._reading) == (0, 0, {})


async def test_who_came_least_recently_goes_first_when_there_is_no_more_room(database):
    room = 2 * (ACTS_OF_A_SHOPPER + 3)
    histories = histories_of(database, most_acts=room)
    for shopper in ("ann", "bob", "cy"):
        database.acts[shopper] = ["mug", "pen", "cup"]
    await histories.of("ann")
    await histories.of("bob")
    await histories.of("ann")
    await histories.of("cy")
    assert (len(histories), histories.acts) == (2, room)
    await histories.of("ann")
    assert database.reads == 3
    await histories.of("bob")
    assert database.reads == 4


async def test_a_history_that_is_longer_than_all_the_room_is_not_kept(database):
    histories = histories_of(database, most_acts=5)
    database.acts["ann"] = ["mug"] * 50
    await histories.of("ann")
    assert (len(histories), histories.acts) == (0, 0)


async def test_nothing_is_kept_where_there_is_no_room_at_all(database):
    histories = histories_of(database, most_acts=0)
    await histories.of("ann")
    await histories.of("ann")
    assert (database.reads, len(histories), histories.acts) == (2, 0, 0)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "act here", "act elsewhere", "told", "read ends", "broke"]),
        st.integers(0, 1),
    ),
    max_size=60,
)


@given(STEPS)
def test_in_whatever_order_things_happen_no_answer_is_older_than_it_may_be(steps):
    """Two shoppers, whose histories are counts of acts.

    "told" is the moment up to which the stream has told everything. An answer must have all that
    was acknowledged here before it was asked for, and all that was acknowledged anywhere before the
    stream was last told, if the stream is what made the answer possible.
    """

    async def play():
        counts = [0, 0]
        untold = set()
        waiting = []

        async def read(shopper):
            seen = counts[shopper]
            ended = asyncio.get_running_loop().create_future()
            waiting.append(ended)
            await ended
            return a_history(*[an_act("mug")] * seen)

        is_open = True
        histories = Histories(read, lambda: is_open, 30)
        owed = [0, 0]  # what an answer must have
        asked = []
        for step, shopper in steps:
            if step == "ask":
                asked.append((asyncio.create_task(histories.of(shopper)), owed[shopper]))
            elif step == "act here":
                counts[shopper] += 1
                histories.drop({shopper})
                owed[shopper] = counts[shopper]
            elif step == "act elsewhere":
                counts[shopper] += 1
                untold.add(shopper)
            elif step == "told":
                is_open = True
                histories.drop(set(untold))
                for one in untold:
                    owed[one] = counts[one]
                untold.clear()
            elif step == "read ends" and waiting:
                waiting.pop(shopper % len(waiting)).set_result(None)
            elif step == "broke":
                is_open = False
                untold.clear()
                histories.drop(None)
                owed[:] = counts
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        while waiting:
            waiting.pop().set_result(None)
            await asyncio.sleep(0)
        for answer, least in asked:
            assert len((await answer).acts) >= least
        assert histories._reading == {}
        assert histories.acts <= 30

    asyncio.run(play())

"""Histories that are asked for at once are read together, and nobody notices."""

import asyncio

import hypothesis.strategies as st
import pytest
from builders import a_history, an_act
from hypothesis import given
from pymongo.errors import AutoReconnect

from graphql_api.gathered import MOST_TOGETHER, Gathered


class ADatabase:
    """Tells what everybody did by now, as soon as the test lets it."""

    def __init__(self):
        self.acts = {}
        self.calls = []
        self.broken = set()
        self.down = False
        self.open = asyncio.Event()
        self.open.set()

    async def read(self, shoppers):
        self.calls.append(list(shoppers))
        seen = [a_history(*map(an_act, self.acts.get(shopper, []))) for shopper in shoppers]
        await self.open.wait()
        if self.down:
            raise AutoReconnect("down")
        if self.broken & set(shoppers):
            raise KeyError("product_id")
        return seen


def products_of(history):
    return [act.product_id for act in history.acts]


async def asking(gathered, *shoppers):
    """Tasks that have all asked."""
    tasks = [asyncio.create_task(gathered.of(shopper)) for shopper in shoppers]
    await asyncio.sleep(0)
    return tasks


async def test_who_comes_alone_is_read_alone_and_at_once():
    database = ADatabase()
    gathered = Gathered(database.read)
    for shopper in ("ann", "bob", "ann"):
        await gathered.of(shopper)
    assert database.calls == [["ann"], ["bob"], ["ann"]]


async def test_who_comes_while_one_is_read_shares_the_next_call():
    database = ADatabase()
    database.acts = {f"u{n}": [f"p{n}"] for n in range(40)}
    database.open.clear()
    gathered = Gathered(database.read)
    tasks = await asking(gathered, *database.acts, "u1")
    assert database.calls == [["u0"]]
    database.open.set()
    found = [products_of(history) for history in await asyncio.gather(*tasks)]
    assert found == [*([f"p{n}"] for n in range(40)), ["p1"]]
    assert [len(call) for call in database.calls] == [1, MOST_TOGETHER, MOST_TOGETHER, 7]


async def test_nobody_is_told_what_was_read_before_they_asked():
    database = ADatabase()
    database.open.clear()
    gathered = Gathered(database.read)
    early = await asking(gathered, "ann", "ann")
    database.acts["ann"] = ["mug"]
    late = await asking(gathered, "ann")
    database.open.set()
    found = [products_of(history) for history in await asyncio.gather(*early, *late)]
    assert found == [[], ["mug"], ["mug"]]


async def test_a_database_that_is_down_is_told_to_all_and_asked_again_by_the_next():
    database = ADatabase()
    database.open.clear()
    database.down = True
    gathered = Gathered(database.read)
    tasks = await asking(gathered, "ann", "bob", "cy")
    database.open.set()
    errors = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(error) for error in errors] == [AutoReconnect] * 3
    assert database.calls == [["ann"], ["bob", "cy"]]
    database.down = False
    assert products_of(await gathered.of("ann")) == []


async def test_what_is_wrong_with_one_shopper_harms_no_other():
    database = ADatabase()
    database.acts = {"bob": ["mug"], "dot": ["pen"]}
    database.broken = {"cy"}
    database.open.clear()
    gathered = Gathered(database.read)
    tasks = await asking(gathered, "ann", "bob", "cy", "dot")
    database.open.set()
    ann, bob, cy, dot = await asyncio.gather(*tasks, return_exceptions=True)
    assert [products_of(history) for history in (ann, bob, dot)] == [[], ["mug"], ["pen"]]
    assert isinstance(cy, KeyError)


async def test_who_goes_away_takes_nobody_along():
    database = ADatabase()
    database.acts = {"bob": ["mug"], "cy": ["pen"]}
    database.open.clear()
    gathered = Gathered(database.read)
    ann, bob, cy = await asking(gathered, "ann", "bob", "cy")
    ann.cancel()
    bob.cancel()
    await asyncio.sleep(0)
    database.open.set()
    assert products_of(await cy) == ["pen"]
    with pytest.raises(asyncio.CancelledError):
        await bob
    assert products_of(await gathered.of("bob")) == ["mug"]


@given(st.lists(st.sampled_from(["ann", "bob", "act", "turn", "go", "leave"]), max_size=40))
def test_every_history_has_what_was_done_before_it_was_asked_for(steps):
    async def go():
        database = ADatabase()
        gathered = Gathered(database.read)
        asked = []
        for number, step in enumerate(steps):
            match step:
                case "act":
                    database.acts["ann"] = [*database.acts.get("ann", []), f"p{number}"]
                case "turn":
                    (database.open.clear if database.open.is_set() else database.open.set)()
                case "go":
                    await asyncio.sleep(0)
                case "leave" if asked:
                    asked[-1][1].cancel()
                case "ann" | "bob":
                    task = asyncio.create_task(gathered.of(step))
                    asked.append((set(database.acts.get(step, [])), task))
                    await asyncio.sleep(0)
        database.open.set()
        answers = await asyncio.gather(*(task for _, task in asked), return_exceptions=True)
        for (known, _), history in zip(asked, answers, strict=True):
            if not isinstance(history, asyncio.CancelledError):
                assert known <= set(products_of(history))

    asyncio.run(go())

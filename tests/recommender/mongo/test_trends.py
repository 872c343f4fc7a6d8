"""What shoppers are drawn to is counted once for all who ask."""

import asyncio
from datetime import timedelta

import pytest
from builders import NOW, an_event, stock
from pymongo import AsyncMongoClient

from recommender.facts.events import EventType
from recommender.facts.placements import TrendingWindow
from recommender.mongo.connection import CLIENT_OPTIONS
from recommender.mongo.events import Events
from recommender.mongo.trends import AGE, Trends

DAY, WEEK = TrendingWindow.LAST_24_HOURS, TrendingWindow.LAST_7_DAYS


class Counting:
    """Events that count how often they are counted."""

    def __init__(self, fails=False):
        self.times = 0
        self.fails = fails

    async def shoppers_drawn_since(self, since):
        self.times += 1
        await asyncio.sleep(0)
        if self.fails:
            raise ConnectionError
        return {"mug": self.times}


async def test_shoppers_count_once_for_a_product_and_only_if_they_are_drawn_to_it(
    mongodb_uri, database
):
    stock(
        database,
        [],
        [
            an_event("ann", "mug"),
            an_event("ann", "mug", EventType.PURCHASE),
            an_event("bob", "mug", days_ago=2),
            an_event("bob", "pen", days_ago=6),
            an_event("eve", "pen", EventType.DISLIKE),
            an_event("eve", "pen", EventType.IMPRESSION),
            an_event("eve", "cup", days_ago=8),
        ],
    )
    async with AsyncMongoClient(mongodb_uri, **CLIENT_OPTIONS) as client:
        trends = Trends(Events(client[database.name], 10), lambda: NOW)
        assert await trends.shoppers_drawn(DAY) == {"mug": 1}
        assert await trends.shoppers_drawn(WEEK) == {"mug": 2, "pen": 1}


async def test_all_who_ask_within_a_minute_share_one_count():
    now, events = [NOW], Counting()
    trends = Trends(events, lambda: now[0])
    found = await asyncio.gather(*(trends.shoppers_drawn(DAY) for _ in range(5)))
    assert found == [{"mug": 1}] * 5
    now[0] += AGE - timedelta(seconds=1)
    assert await trends.shoppers_drawn(DAY) == {"mug": 1}
    now[0] += timedelta(seconds=1)
    assert await trends.shoppers_drawn(DAY) == {"mug": 2}


async def test_a_count_that_failed_is_tried_again_by_the_next_who_asks():
    events = Counting(fails=True)
    trends = Trends(events, lambda: NOW)
    with pytest.raises(ConnectionError):
        await trends.shoppers_drawn(DAY)
    events.fails = False
    assert await trends.shoppers_drawn(DAY) == {"mug": 2}

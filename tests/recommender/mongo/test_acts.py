"""What is read for insights is what was stored."""

from datetime import timedelta

import pytest
from builders import NOW, an_event, stock

from graphql_api.database import open_database
from recommender.facts.errors import InvalidInput
from recommender.facts.events import MOST_AHEAD, EventType
from recommender.facts.insights import Range
from recommender.facts.money import Money
from recommender.insights.acts import TYPES, ActTable
from recommender.mongo.acts import ActReader

WEEK = Range(NOW - timedelta(days=7), NOW)


@pytest.fixture
async def read(settings, database):
    """Events go in, and those of the week come out."""
    async with open_database(settings.mongodb_uri, settings) as client:

        async def reading(events, most=None) -> ActTable:
            stock(database, [], events)
            return await ActReader(client, most).read(WEEK)

        yield reading


def rows(table: ActTable) -> list[tuple]:
    """Without the numbers that stand for shoppers and orders."""
    return sorted(
        (
            table.products[table.product[n]],
            TYPES[table.type[n]],
            int(table.at[n]),
            int(table.quantity[n]),
            int(table.revenue[n]) if table.currency[n] >= 0 else None,
            table.currencies[table.currency[n]] if table.currency[n] >= 0 else None,
            bool(table.order[n] >= 0),
        )
        for n in range(len(table))
    )


async def test_events_are_read_as_they_were_stored(read):
    price = Money.of("9.50", "EUR")
    events = [
        an_event("ann", "mug", EventType.PURCHASE, 1, unit_price=price, quantity=3, order_id="o"),
        an_event("ann", "cup", EventType.PURCHASE, 1, unit_price=price, trusted=False),
        an_event("bob", "mug", EventType.PURCHASE, 2, unit_price=Money.of("500", "JPY")),
        an_event("bob", "mug", EventType.VIEW, 3),
        an_event("cat", "pen", EventType.RATING, 3, rating=4.0),
    ]
    table = await read(events)
    assert rows(table) == rows(ActTable.of(events))
    assert table.n_shoppers == 3


async def test_only_the_time_that_was_asked_for_is_read(read):
    inside = [an_event("ann", p, at=at) for p, at in (("a", WEEK.start), ("b", NOW - _ms()))]
    outside = [an_event("ann", p, at=at) for p, at in (("c", WEEK.start - _ms()), ("d", NOW))]
    table = await read(inside + outside)
    assert sorted(table.products) == ["a", "b"]


async def test_late_events_and_those_of_clocks_that_are_ahead_are_read(read):
    late = an_event("ann", "late", at=WEEK.start, received_at=NOW + timedelta(days=100))
    ahead = an_event("ann", "ahead", at=WEEK.start, received_at=WEEK.start - MOST_AHEAD)
    assert sorted((await read([late, ahead])).products) == ["ahead", "late"]


async def test_no_events_are_an_empty_table(read):
    assert len(await read([])) == 0


async def test_a_time_with_too_many_events_says_which_setting_bounds_it(read):
    events = [an_event("ann", "mug") for _ in range(5)]
    events = [an_event("ann", "mug", days_ago=1) for _ in range(5)]
    with pytest.raises(InvalidInput, match="MOST_INSIGHT_EVENTS"):
        await read(events, most=4)
    assert len(await read([], most=5)) == 5


async def test_an_event_of_a_type_that_is_not_known_yet_is_left_aside(read, database):
    stock(database, [], [an_event("ann", "mug", days_ago=1)])
    database["events"].update_many({}, {"$set": {"type": "teleport"}})
    assert len(await read([an_event("ann", "pen", days_ago=1)])) == 1


def _ms():
    return timedelta(milliseconds=1)

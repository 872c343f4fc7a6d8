"""A list that is walked is the list that was made, whatever the pages and whatever went since."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOW, a_history, a_product, an_act
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pymongo import AsyncMongoClient

from recommender.facts.errors import InvalidInput
from recommender.facts.events import EventType
from recommender.facts.placements import Placement
from recommender.facts.request import Request
from recommender.mongo.connection import CLIENT_OPTIONS
from recommender.mongo.frozen_lists import FrozenLists
from recommender.serving.engine import recommend
from recommender.serving.live_model import LiveModel

PRODUCTS = {f"p{n}": a_product(f"p{n}", created_at=NOW - timedelta(days=n)) for n in range(30)}
LIVE = LiveModel(None, PRODUCTS.values(), {f"p{n}": float(n) for n in range(10)})
HISTORY = a_history(an_act("p3", EventType.VIEW), an_act("p4", EventType.PURCHASE))
DAY = timedelta(days=1)


class Lists:
    """The frozen lists of one database, for tests that wait for no loop."""

    def __init__(self, uri, name):
        self._runner = asyncio.Runner()
        self._client = AsyncMongoClient(uri, **CLIENT_OPTIONS)
        self._lists = FrozenLists(self._client[name], DAY)

    def freeze(self, shelf, with_reasons=True):
        self._runner.run(self._lists.freeze(shelf, "user:ann", "asked", with_reasons=with_reasons))

    def page(self, shelf, after, count, find=PRODUCTS.get, now=NOW, with_reasons=True):
        return self._runner.run(
            self._lists.page(
                shelf.recommendation_id, after, count, find, now, with_reasons=with_reasons
            )
        )

    def close(self):
        self._runner.run(self._client.close())
        self._runner.close()


@pytest.fixture
def lists(mongodb_uri, database):
    lists = Lists(mongodb_uri, database.name)
    yield lists
    lists.close()


def a_shelf(limit=5, longest=30, placement=Placement.RECENTLY_VIEWED):
    return recommend(Request(placement, limit, NOW), HISTORY, LIVE, longest=longest)


def told(recommendations):
    """All that a page says of its products."""
    return [(r, list(r.reasons)) for r in recommendations]


def test_any_walk_gives_exactly_the_list_that_was_made(lists):
    @given(
        st.lists(st.integers(1, 9), min_size=30, max_size=30),
        st.integers(1, 30),
        st.integers(0, 30),
        st.sampled_from([Placement.RECENTLY_VIEWED, Placement.POPULAR]),
        st.booleans(),
        st.frozensets(st.sampled_from(sorted(PRODUCTS)), max_size=20),
    )
    @examples(max_examples=40)
    def walk(sizes, limit, longest, placement, with_reasons, gone):
        shelf = a_shelf(limit, longest, placement)
        lists.freeze(shelf, with_reasons)
        made = [*shelf.recommendations, *shelf.rest]
        walked, after = list(shelf.recommendations), len(shelf.recommendations)
        for size in sizes:
            page = lists.page(
                shelf,
                after,
                size,
                lambda p: None if p in gone else PRODUCTS[p],
                with_reasons=with_reasons,
            )
            walked += page.shelf.recommendations
            if not page.has_more:
                break
            assert len(page.shelf.recommendations) == size
            after = walked[-1].rank
        assert not page.has_more
        expected = shelf.recommendations + [
            r for r in shelf.rest if r.product.product_id not in gone
        ]
        assert walked == expected
        if with_reasons and not gone:
            assert told(walked) == told(made)

    walk()


def test_what_cannot_be_bought_now_is_not_shown_on_a_later_page(lists):
    shelf = a_shelf()
    lists.freeze(shelf)
    sold_out = shelf.rest[0].product.product_id
    page = lists.page(shelf, 5, 2, lambda p: replace(PRODUCTS[p], available_for_sale=p != sold_out))
    assert [r.rank for r in page.shelf.recommendations] == [7, 8]


def test_a_list_that_expired_is_gone_to_the_minute(lists):
    shelf = a_shelf()
    lists.freeze(shelf)
    assert lists.page(shelf, 5, 2, now=NOW + DAY - timedelta(minutes=1)) is not None
    assert lists.page(shelf, 5, 2, now=NOW + DAY) is None


def test_mongodb_forgets_lists_that_expired(database, lists):
    lists.freeze(a_shelf())
    expiry = database["frozen_lists"].index_information()["expiry"]
    assert expiry["expireAfterSeconds"] == 0
    [document] = database["frozen_lists"].find()
    assert document["expires_at"].replace(tzinfo=NOW.tzinfo) == NOW + DAY


def test_reasons_that_were_not_kept_are_refused(lists):
    shelf = a_shelf()
    lists.freeze(shelf, with_reasons=False)
    page = lists.page(shelf, 5, 2)
    with pytest.raises(InvalidInput, match="first page"):
        _ = page.shelf.recommendations[0].reasons


def test_a_reason_whose_product_is_gone_still_says_what_it_said(lists):
    shelf = a_shelf(1)
    lists.freeze(shelf)
    [seen] = lists.page(shelf, 0, 1).shelf.recommendations
    assert seen.reasons == shelf.recommendations[0].reasons
    page = lists.page(shelf, 1, 1, lambda p: None if p == "p3" else PRODUCTS[p])
    assert page.shelf.recommendations[0].reasons[0].phrase == shelf.rest[0].reasons[0].phrase

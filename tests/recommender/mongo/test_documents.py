"""What is stored comes back, and is found by an index."""

from datetime import UTC, datetime, timedelta

import pytest
from builders import NOW, a_product, an_event, stock
from hypothesis import given
from hypothesis import strategies as st

from recommender.facts.catalog import Product
from recommender.facts.events import VERDICTS, Event, EventType, shopper_of_user
from recommender.facts.money import Money
from recommender.facts.shopper_attributes import ShopperAttributes
from recommender.mongo.documents import (
    EVENTS,
    HISTORY_FIELDS,
    PRODUCTS,
    SHOPPERS,
    SPEAKING_TYPES,
    acts_of,
    event_document,
    event_of,
    product_document,
    product_of,
    shopper_document,
    shopper_of,
)
from recommender.mongo.events import history, popular_lately

ids = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1, max_size=30).filter(
    str.isprintable
)
labels = st.lists(ids, max_size=3).map(tuple)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2050, 1, 1)).map(  # noqa: DTZ001
    lambda m: m.replace(microsecond=m.microsecond // 1000 * 1000, tzinfo=UTC)
)
prices = st.none() | st.builds(Money, st.integers(0, 10**9), st.sampled_from(["EUR", "JPY"]))
events = st.builds(
    Event,
    event_id=ids,
    type=st.sampled_from([t for t in EventType if t is not EventType.RATING]),
    shopper_id=ids.map(shopper_of_user),
    product_id=ids,
    at=moments,
    received_at=st.just(datetime(2050, 1, 1, tzinfo=UTC)),
    quantity=st.integers(1, 100),
    unit_price=prices,
    order_id=st.none() | ids,
    recommendation_id=st.none() | ids,
    rank=st.none() | st.integers(1, 100),
)
products = st.builds(
    Product,
    product_id=ids,
    name=ids,
    description=st.text(max_size=50),
    brand=st.none() | ids,
    categories=labels,
    tags=labels,
    attributes=st.lists(st.tuples(ids, ids), max_size=3).map(tuple),
    url=st.none() | st.just("https://shop.example/mug"),
    image_url=st.none() | st.just("/media/mug.svg"),
    price=prices,
    available_for_sale=st.booleans(),
    item_group_id=st.none() | ids,
    created_at=moments,
    updated_at=moments,
)
shoppers = st.builds(
    ShopperAttributes,
    shopper_id=ids.map(shopper_of_user),
    attributes=st.lists(st.tuples(ids, ids), max_size=3).map(tuple),
)


@given(st.lists(events, min_size=1, max_size=5, unique_by=lambda e: e.event_id))
def test_events_come_back_as_they_were(mongodb_client, stored):
    collection = mongodb_client["test_documents"][EVENTS]
    collection.drop()
    collection.insert_many([event_document(e) for e in stored])
    assert {e.event_id: e for e in map(event_of, collection.find())} == {
        e.event_id: e for e in stored
    }


@given(st.lists(products, min_size=1, max_size=5, unique_by=lambda p: p.product_id))
def test_products_come_back_as_they_were(mongodb_client, stored):
    collection = mongodb_client["test_documents"][PRODUCTS]
    collection.drop()
    collection.insert_many([product_document(p) for p in stored])
    assert {p.product_id: p for p in map(product_of, collection.find())} == {
        p.product_id: p for p in stored
    }


@given(st.lists(shoppers, min_size=1, max_size=5, unique_by=lambda s: s.shopper_id))
def test_shoppers_come_back_as_they_were(mongodb_client, stored):
    collection = mongodb_client["test_documents"][SHOPPERS]
    collection.drop()
    collection.insert_many([shopper_document(s) for s in stored])
    assert {s.shopper_id: s for s in map(shopper_of, collection.find())} == {
        s.shopper_id: s for s in stored
    }


QUERIES = {
    "history": {
        "find": EVENTS,
        "filter": {"shopper_id": "user:ann", "type": {"$in": SPEAKING_TYPES}},
        "projection": HISTORY_FIELDS,
        "sort": {"at": -1},
        "limit": 1000,
    },
    "verdicts": {
        "find": EVENTS,
        "filter": {"shopper_id": "user:ann", "type": {"$in": [t.value for t in VERDICTS]}},
        "projection": HISTORY_FIELDS,
        "sort": {"at": -1},
    },
    "latest": {
        "find": EVENTS,
        "filter": {},
        "projection": {"_id": 0, "shopper_id": 1, "product_id": 1, "type": 1},
        "sort": {"received_at": -1},
        "limit": 100,
    },
    "changes": {"find": PRODUCTS, "filter": {"updated_at": {"$gte": NOW}}},
}
"""Every query that reads a shopper's data, as it reaches the database, and that for changes."""


def stages(plan):
    yield plan["stage"]
    for child in [plan.get("inputStage"), *plan.get("inputStages", [])]:
        if child:
            yield from stages(child)


@pytest.mark.parametrize("name", QUERIES)
def test_no_query_scans_a_collection(database, name):
    stock(
        database,
        [a_product(f"p{n}") for n in range(50)],
        [an_event(f"u{n % 9}", f"p{n % 50}") for n in range(500)],
    )
    explained = database.command("explain", QUERIES[name], verbosity="executionStats")
    used = set(stages(explained["queryPlanner"]["winningPlan"]))
    assert "COLLSCAN" not in used
    assert "IXSCAN" in used
    if name in ("history", "verdicts"):
        assert "FETCH" not in used  # answered from the index alone
        assert explained["executionStats"]["totalDocsExamined"] == 0


def test_the_queries_above_are_those_that_are_sent(database, mongodb_uri, settings):
    """The profiler of MongoDB tells what came in while histories and popularity were read."""
    stock(database, [a_product("mug")], [an_event("ann", "mug")])
    database.command("profile", 2)
    history(database, shopper_of_user("ann"), 1)
    popular_lately(database, 100)
    database.command("profile", 0)
    sent = [
        d["command"]
        for d in database["system.profile"].find({"ns": f"{database.name}.{EVENTS}"})
        if "find" in d["command"]
    ]
    kinds = [QUERIES[name] for name in ("history", "verdicts", "latest")]
    for command in sent:
        assert any(
            all(command.get(key) == kind[key] for key in kind if key != "limit") for kind in kinds
        ), command
    assert len(sent) == 3


def test_an_act_is_what_serving_needs_of_an_event():
    rating = an_event("ann", "mug", EventType.RATING, rating=2)
    [act] = acts_of([event_document(rating)])
    assert (act.product_id, act.type, act.at, act.rating) == ("mug", EventType.RATING, NOW, 2)
    assert timedelta(0) == act.at - rating.at

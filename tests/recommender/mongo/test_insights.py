"""What recommendations earn: a log with a known answer, replayed."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from builders import NOW, an_event, stock
from pymongo.database import Database

from graphql_api.database import open_database
from recommender.facts.attribution import Way
from recommender.facts.events import EventType
from recommender.facts.insights import Acts, Granularity, Range, Totals
from recommender.facts.money import Money
from recommender.mongo.credits import Crediting
from recommender.mongo.documents import CREDITS, LISTS
from recommender.mongo.insights import Insights

DAY = Range(NOW - timedelta(hours=12), NOW + timedelta(hours=12))
WINDOW = timedelta(hours=24)
LATER = NOW + timedelta(days=2)


def a_list(name: str, products: list[str], user: str = "ann", hours_ago: float = 1, **more):
    """One that was served, as it is stored."""
    at = NOW - timedelta(hours=hours_ago)
    return {
        "_id": name,
        "shopper_id": f"user:{user}",
        "placement": "home",
        "strategy": "personalized",
        "model_version": "v1",
        "at": at,
        "expires_at": at + timedelta(days=365),
        "products": products,
        "scores": [1.0] * len(products),
        **more,
    }


def bought(user: str, product: str, euros: str = "10.00", **more):
    return an_event(user, product, EventType.PURCHASE, unit_price=Money.of(euros, "EUR"), **more)


@pytest.fixture
async def shop(settings, database: Database):
    """Lists and events go in, and are credited."""
    async with open_database(settings.mongodb_uri, settings) as client:

        async def told(lists, events) -> Insights:
            if lists:
                database[LISTS].insert_many(lists)
            stock(database, [], events)
            await Crediting(client, WINDOW, lambda: LATER).catch_up()
            return Insights(client, DAY)

        yield told


async def test_an_act_that_names_a_list_is_credited_to_it(shop):
    told = await shop(
        [a_list("l1", ["mug", "pen"])],
        [
            an_event("ann", "mug", EventType.IMPRESSION, recommendation_id="l1"),
            an_event("ann", "pen", EventType.IMPRESSION, recommendation_id="l1"),
            an_event("ann", "mug", EventType.CLICK, recommendation_id="l1"),
            an_event("ann", "mug", EventType.ADD_TO_CART, recommendation_id="l1"),
            bought("ann", "mug", "9.50", quantity=2, recommendation_id="l1"),
        ],
    )
    totals = await told.totals()
    assert totals == Totals(
        lists=1,
        products=2,
        direct=Acts(impressions=2, clicks=1, add_to_carts=1, purchases=1, revenue={"EUR": 1900}),
    )
    assert totals.click_through_rate == 0.5
    assert totals.conversion_rate == 1


async def test_what_is_told_twice_counts_once(shop):
    seen = [
        an_event("ann", "mug", type_, recommendation_id="l1")
        for type_ in (EventType.IMPRESSION, EventType.CLICK)
        for _ in range(3)
    ]
    told = await shop([a_list("l1", ["mug"])], seen)
    again = await shop([], [])
    assert (await told.totals()).direct == Acts(impressions=1, clicks=1)
    assert (await again.totals()).direct == Acts(impressions=1, clicks=1)


async def test_who_names_a_list_that_never_showed_the_product_earns_it_nothing(shop):
    told = await shop(
        [a_list("l1", ["mug"], user="bob")],
        [bought("ann", "pen", recommendation_id="l1"), bought("ann", "mug", recommendation_id="x")],
    )
    assert (await told.totals()).direct == Acts()
    assert (await told.totals()).within_window == Acts()


async def test_a_purchase_that_names_no_list_is_credited_to_the_last_one_that_showed_it(shop):
    told = await shop(
        [
            a_list("old", ["mug"], hours_ago=5, placement="popular"),
            a_list("last", ["mug", "pen"], hours_ago=2),
            a_list("other", ["cup"], hours_ago=1, placement="similar"),
            a_list("too-old", ["jar"], hours_ago=30, placement="newest"),
        ],
        [bought("ann", "mug"), bought("ann", "jar"), bought("bob", "pen")],
    )
    totals = await told.totals()
    assert totals.direct == Acts()
    assert totals.within_window == Acts(purchases=1, revenue={"EUR": 1000})
    by_placement = await told.by_placement()
    assert by_placement["home"].within_window.purchases == 1
    assert by_placement["popular"].within_window.purchases == 0


async def test_what_anybody_could_have_made_up_is_no_revenue(shop):
    told = await shop(
        [a_list("l1", ["mug"])], [bought("ann", "mug", recommendation_id="l1", trusted=False)]
    )
    assert (await told.totals()).direct == Acts(purchases=1)


async def test_what_was_frozen_but_not_shown_earns_nothing(shop):
    told = await shop(
        [a_list("l1", ["mug", "pen"], shown=1)],
        [an_event("ann", "pen", EventType.CLICK, recommendation_id="l1"), bought("ann", "pen")],
    )
    totals = await told.totals()
    assert totals.products == 1
    assert totals.direct == totals.within_window == Acts()
    assert await told.products_shown() == 1


async def test_fillers_and_strategies_are_told_apart(shop):
    told = await shop(
        [
            a_list(
                "l1",
                ["mug", "pen", "cup"],
                strategies=["personalized", "popular", "popular"],
                fillers=[False, True, True],
            ),
            a_list("l2", ["mug"]),
            a_list("l3", []),
        ],
        [an_event("ann", "pen", EventType.CLICK, recommendation_id="l1")],
    )
    totals = await told.totals()
    assert (totals.lists, totals.products, totals.fillers, totals.empty_lists) == (3, 4, 2, 1)
    assert totals.filler_share == 0.5
    by_strategy = await told.by_strategy()
    assert by_strategy["popular"].direct.clicks == 1
    assert (by_strategy["popular"].lists, by_strategy["popular"].products) == (1, 2)
    assert by_strategy["popular"].fillers == 2
    assert (by_strategy["personalized"].lists, by_strategy["personalized"].fillers) == (2, 0)


async def test_late_and_early_events_are_credited_once_however_they_come_in(shop, database):
    lists = [a_list("l1", ["mug"])]
    late = bought("ann", "mug", recommendation_id="l1", received_at=LATER - timedelta(seconds=30))
    await shop(lists, [an_event("ann", "mug", EventType.CLICK, recommendation_id="l1")])
    told = await shop([], [late])
    assert (await told.totals()).direct == Acts(clicks=1, purchases=1, revenue={"EUR": 1000})
    assert database[CREDITS].count_documents({}) == 2


async def test_more_events_of_one_moment_than_are_read_at_once_are_all_credited(shop, monkeypatch):
    monkeypatch.setattr("recommender.mongo.credits.BATCH", 7)
    products = [f"p{n}" for n in range(20)]
    told = await shop(
        [a_list("l1", products)],
        [an_event("ann", p, EventType.CLICK, recommendation_id="l1") for p in products],
    )
    assert (await told.totals()).direct.clicks == 20


async def test_two_processes_that_credit_at_once_count_nothing_twice(settings, database):

    database[LISTS].insert_one(a_list("l1", [f"p{n}" for n in range(50)]))
    stock(
        database,
        [],
        [an_event("ann", f"p{n}", EventType.CLICK, recommendation_id="l1") for n in range(50)],
    )
    async with open_database(settings.mongodb_uri, settings) as client:
        several = [Crediting(client, WINDOW, lambda: LATER) for _ in range(4)]
        await asyncio.gather(*(c.catch_up() for c in several))
        assert (await Insights(client, DAY).totals()).direct.clicks == 50


async def test_a_generated_log_gives_the_answer_it_was_made_with(shop):
    """A hundred shoppers, a thousand lists: counted while they are made, and by the service."""
    dice = random.Random(7)
    lists, events = [], []
    wanted: dict[tuple, Counter] = {}
    for n in range(1_000):
        user = f"u{dice.randrange(100)}-{n}"  # lists of one shopper must not compete for credit
        placement = dice.choice(["home", "similar", "popular"])
        hours = dice.uniform(-11, 11)
        products = [f"p{i}" for i in dice.sample(range(200), dice.randrange(1, 8))]
        lists.append(
            a_list(
                f"l{n}", products, user=user, hours_ago=hours, placement=placement,
                model_version=dice.choice(["v1", "v2"]),
            )
        )  # fmt: skip
        at = NOW - timedelta(hours=hours)
        hour = at.replace(minute=0, second=0, microsecond=0)
        for product in products:
            for type_, chance in (
                (EventType.IMPRESSION, 0.7),
                (EventType.CLICK, 0.2),
                (EventType.ADD_TO_CART, 0.1),
                (EventType.PURCHASE, 0.1),
            ):
                if dice.random() > chance:
                    continue
                named = dice.random() < 0.8
                times = dice.choice([1, 2]) if type_ is EventType.IMPRESSION else 1
                cents, quantity = dice.randrange(100, 5_000), dice.randrange(1, 4)
                for _ in range(times):
                    more = {"unit_price": Money(cents, "EUR"), "quantity": quantity}
                    events.append(
                        an_event(
                            user, product, type_, at=at, received_at=at,
                            recommendation_id=f"l{n}" if named else None,
                            **(more if type_ is EventType.PURCHASE else {}),
                        )
                    )  # fmt: skip
                if not named and type_ in (EventType.IMPRESSION, EventType.CLICK):
                    continue
                way = Way.DIRECT if named else Way.WITHIN_WINDOW
                for key in (
                    ("all",),
                    ("placement", placement),
                    ("hour", hour),
                    ("product", product),
                ):
                    counter = wanted.setdefault(key, Counter())
                    counter[way, type_] += 1
                    if type_ is EventType.PURCHASE:
                        counter[way, "EUR"] += cents * quantity
    dice.shuffle(events)
    told = await shop(lists, events)

    def counted(totals: Totals) -> Counter:
        found: Counter = Counter()
        for way, acts in ((Way.DIRECT, totals.direct), (Way.WITHIN_WINDOW, totals.within_window)):
            found[way, EventType.IMPRESSION] = acts.impressions
            found[way, EventType.CLICK] = acts.clicks
            found[way, EventType.ADD_TO_CART] = acts.add_to_carts
            found[way, EventType.PURCHASE] = acts.purchases
            found[way, "EUR"] = acts.revenue.get("EUR", 0)
        return +found

    assert counted(await told.totals()) == wanted[("all",)]
    for placement, totals in (await told.by_placement()).items():
        assert counted(totals) == wanted[("placement", placement)]
    series = await told.series(Granularity.HOUR)
    assert {at: counted(t) for at, t in series.items() if counted(t)} == {
        key[1]: counter for key, counter in wanted.items() if key[0] == "hour"
    }
    assert all(at.tzinfo is UTC and isinstance(at, datetime) for at in series)
    for product, totals in (await told.top_products(100)).items():
        assert counted(totals) == wanted[("product", product)]
    shown = {p for served in lists for p in served["products"]}
    assert await told.products_shown() == len(shown)

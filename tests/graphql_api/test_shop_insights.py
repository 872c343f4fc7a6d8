"""What the shop's data say, asked over GraphQL."""

from datetime import timedelta

import pytest
from builders import NOW, a_product, an_event, ask, serving, settings_for, stock

from recommender.facts.events import EventType
from recommender.facts.money import Money

QUERY = """
query ($from: DateTime!, $to: DateTime!) {
  shopInsights(range: {from: $from, to: $to}) {
    events { type count } shoppers changesCountedBy
    revenue { amount currencyCode }
    risingProducts(limit: 5) { productId product { name } shoppers shoppersBefore change }
    fallingProducts { productId change }
    risingCategories { category shoppers shoppersBefore change }
    fallingCategories { category }
    funnel { viewed addedToCart purchased purchasedUnseen cartRate purchaseRate }
    funnelByCategory(limit: 1) { category funnel { viewed } }
    funnelByPrice { from { amount } below { amount } funnel { viewed } }
    baskets { count meanProducts medianProducts meanPieces
              values { baskets total { amount } mean { amount } median { amount } } }
    boughtTogether { productIds products { name } support lift }
    repeatPurchases { buyers returning returningShare daysBetween boughtAgainShare }
    wantedOutOfStock { productId product { name } viewed addedToCart }
  }
}
"""
WEEK = {"from": (NOW - timedelta(days=7)).isoformat(), "to": NOW.isoformat()}


@pytest.fixture
def shop(database):
    """Sixty shoppers took to mugs and saucers this week; the week before they bought rugs."""
    products = [
        a_product("mug", categories=("Home > Mugs",)),
        a_product("saucer", categories=("Home > Mugs",)),
        a_product("rug", categories=("Home > Rugs",)),
        a_product("lamp", available_for_sale=False),
    ]
    price = Money.of("10.00", "EUR")
    events = []
    for n in range(60):
        user = f"u{n}"
        events += [
            an_event(user, "mug", EventType.VIEW, 2),
            an_event(user, "lamp", EventType.VIEW, 2),
            an_event(user, "rug", EventType.PURCHASE, 10, unit_price=price),
        ]
        if n % 2 == 0:
            events += [
                an_event(user, p, EventType.PURCHASE, 1, unit_price=price, order_id=f"o{n}")
                for p in ("mug", "saucer")
            ]
    stock(database, products, events)
    return events


async def test_the_shop_is_told_what_its_data_say(shop, api):
    found = (await ask(api, QUERY, **WEEK))["shopInsights"]
    mug, saucer = "Mug", "Saucer"
    assert found["events"] == [{"type": "VIEW", "count": 120}, {"type": "PURCHASE", "count": 60}]
    assert found["shoppers"] == 60
    assert found["changesCountedBy"] == "PURCHASE"
    assert found["revenue"] == [{"amount": "600.00", "currencyCode": "EUR"}]
    assert found["risingProducts"] == [
        {
            "productId": name.lower(),
            "product": {"name": name},
            "shoppers": 30,
            "shoppersBefore": 0,
            "change": None,
        }
        for name in (mug, saucer)
    ]
    assert found["fallingProducts"] == [{"productId": "rug", "change": -1.0}]
    assert [c["category"] for c in found["risingCategories"]] == ["Home > Mugs"]
    assert found["fallingCategories"] == [{"category": "Home > Rugs"}]
    assert found["funnel"] == {
        "viewed": 60,
        "addedToCart": 30,
        "purchased": 30,
        "purchasedUnseen": 0,
        "cartRate": 0.5,
        "purchaseRate": 0.5,
    }
    assert found["funnelByCategory"] == [{"category": "Home", "funnel": {"viewed": 60}}]
    assert found["funnelByPrice"] == [
        {"from": {"amount": "5.00"}, "below": {"amount": "10.00"}, "funnel": {"viewed": 60}}
    ]
    assert found["baskets"] == {
        "count": 30,
        "meanProducts": 2.0,
        "medianProducts": 2.0,
        "meanPieces": 2.0,
        "values": [
            {
                "baskets": 30,
                "total": {"amount": "600.00"},
                "mean": {"amount": "20.00"},
                "median": {"amount": "20.00"},
            }
        ],
    }
    # In every basket: no more often together than by chance.
    assert found["boughtTogether"] == []
    assert found["repeatPurchases"] == {
        "buyers": 30,
        "returning": 0,
        "returningShare": 0.0,
        "daysBetween": [],
        "boughtAgainShare": 0.0,
    }
    assert found["wantedOutOfStock"] == [
        {"productId": "lamp", "product": {"name": "Lamp"}, "viewed": 60, "addedToCart": 0}
    ]


async def test_an_empty_shop_has_nothing_to_say(api):
    found = (await ask(api, QUERY, **WEEK))["shopInsights"]
    assert found["shoppers"] == 0
    assert found["baskets"]["count"] == 0
    assert found["baskets"]["meanProducts"] is None
    assert found["risingProducts"] == found["boughtTogether"] == found["events"] == []


async def test_more_events_than_may_be_read_are_refused_with_the_setting(shop, settings, tmp_path):
    small = settings_for(
        settings.mongodb_uri, settings.mongodb_database, tmp_path, MOST_INSIGHT_EVENTS="100"
    )
    async with serving(small) as api:
        answer = (await api.post("/graphql", json={"query": QUERY, "variables": WEEK})).json()
    error = answer["errors"][0]
    assert "MOST_INSIGHT_EVENTS" in error["message"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("field", ["risingProducts", "funnelByCategory", "boughtTogether"])
async def test_no_list_is_longer_than_its_bound(shop, api, field):
    inner = {"risingProducts": "productId", "funnelByCategory": "category"}.get(field, "support")
    query = (
        "query ($from: DateTime!, $to: DateTime!) { shopInsights(range: {from: $from, to: $to}) "
        f"{{ {field}(limit: 101) {{ {inner} }} }} }}"
    )
    answer = (await api.post("/graphql", json={"query": query, "variables": WEEK})).json()
    assert "limit must be 1 to 100" in answer["errors"][0]["message"]


async def test_moments_before_all_events_are_refused(api):
    long_ago = {"from": "0001-01-01T00:00:00Z", "to": "0001-01-02T00:00:00Z"}
    answer = (await api.post("/graphql", json={"query": QUERY, "variables": long_ago})).json()
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"

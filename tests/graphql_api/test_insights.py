"""What recommendations earn, asked over GraphQL."""

from datetime import datetime, timedelta

import pytest
from builders import ask, until

from recommender.facts.events import EventType

INSIGHTS = """
query ($from: DateTime!, $to: DateTime!, $placement: String) {
  insights(range: {from: $from, to: $to}, placement: $placement) {
    creditedThrough catalogueCoverage
    totals { lists impressions clicks purchases clickThroughRate fillerShare
             attributedRevenue { amount currencyCode } }
    series(granularity: HOUR) { at totals { clicks } }
    byPlacement { placement totals { lists clicks } }
    byStrategy { strategy totals { clicks } }
    byModel { modelVersion totals { clicks } }
    topProducts(limit: 5) { productId product { name } totals { purchases } }
  }
}
"""


@pytest.fixture
def now(monkeypatch):
    """The crediting need not wait for lists that are written late."""
    monkeypatch.setattr("recommender.mongo.credits.SETTLING", timedelta(seconds=-5))


async def test_a_click_and_a_purchase_from_a_list_are_what_the_list_earned(
    shop, api, database, now
):
    shelf = """{ recommendations(shopper: {userId: "cook-1"}, first: 3) {
        recommendationId edges { node { productId name } } generatedAt } }"""
    served = (await ask(api, shelf))["recommendations"]
    first = served["edges"][0]["node"]
    events = [
        {
            "eventId": f"e{n}",
            "type": type_.name,
            "shopper": {"userId": "cook-1"},
            "productId": first["productId"],
            "recommendationId": served["recommendationId"],
            "rank": 1,
            **more,
        }
        for n, (type_, more) in enumerate(
            [
                (EventType.IMPRESSION, {}),
                (EventType.CLICK, {}),
                (
                    EventType.PURCHASE,
                    {"quantity": 2, "unitPrice": {"amount": "9.50", "currencyCode": "EUR"}},
                ),
            ]
        )
    ]
    await ask(
        api,
        "mutation ($input: RecordEventsInput!) { recordEvents(input: $input) { rejectedCount } }",
        input={"events": events, "idempotencyKey": "k1"},
    )
    day = {"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"}
    assert (await ask(api, INSIGHTS, **day))["insights"]["totals"]["lists"] == 0
    at = datetime.fromisoformat(served["generatedAt"])
    hour = timedelta(hours=1)
    within = {"from": (at - hour).isoformat(), "to": (at + hour).isoformat()}

    async def counted():
        return (await ask(api, INSIGHTS, **within))["insights"]

    async def complete():
        # The list log writes within a second.
        found = await counted()
        return found if found["totals"]["purchases"] and found["totals"]["lists"] else None

    found = await until(complete)
    assert found["totals"] == {
        "lists": 1,
        "impressions": 1,
        "clicks": 1,
        "purchases": 1,
        "clickThroughRate": 1.0,
        "fillerShare": 0.0,
        "attributedRevenue": [{"amount": "19.00", "currencyCode": "EUR"}],
    }
    assert found["byPlacement"] == [{"placement": "home", "totals": {"lists": 1, "clicks": 1}}]
    assert found["byStrategy"] == [{"strategy": "PERSONALIZED", "totals": {"clicks": 1}}]
    assert found["byModel"] == [{"modelVersion": "v1", "totals": {"clicks": 1}}]
    assert found["topProducts"] == [
        {
            "productId": first["productId"],
            "product": {"name": first["name"]},
            "totals": {"purchases": 1},
        }
    ]
    assert found["catalogueCoverage"] == pytest.approx(3 / 24)


@pytest.mark.parametrize(
    ("range_", "message"),
    [
        ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "later than from"),
        ({"from": "2020-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "at most 800 days"),
    ],
)
async def test_a_range_that_cannot_be_answered_says_why(shop, api, range_, message):
    query = "query ($r: TimeRangeInput!) { insights(range: $r) { totals { lists } } }"
    answer = (await api.post("/graphql", json={"query": query, "variables": {"r": range_}})).json()
    assert message in answer["errors"][0]["message"]
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"

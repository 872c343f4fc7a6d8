"""What recommendations earn, asked over GraphQL."""

import pytest


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

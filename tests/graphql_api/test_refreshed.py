"""An act, and the shelves that follow from it, in one answer."""

from builders import ask

REFRESHED = """
mutation ($input: RecordEventInput!, $shelves: [ShelfInput!]!) {
  recordEvent(input: $input) {
    accepted
    page(shelves: $shelves) { placement edges { node { productId } } }
  }
}
"""


async def test_a_click_and_the_page_it_leads_to_are_one_round_trip(shop, api):
    shelves = [{"placement": "home", "first": 4}, {"placement": "because_you_viewed", "first": 2}]
    event = {
        "eventId": "view-1",
        "type": "VIEW",
        "shopper": {"sessionId": "somebody-new"},
        "productId": "garden-1",
    }
    answer = await ask(api, REFRESHED, input={"event": event}, shelves=shelves)
    page = answer["recordEvent"]["page"]
    assert [shelf["placement"] for shelf in page] == ["home", "because_you_viewed"]
    shown = [edge["node"]["productId"] for shelf in page for edge in shelf["edges"]]
    assert len(shown) == len(set(shown)) == 6
    # It is made after the click: a stranger gets what is like what they looked at.
    assert all(product_id.startswith("garden") for product_id in shown)


async def test_a_batch_without_events_brings_back_no_page(shop, api):
    query = """mutation { recordEvents(input: {events: [], idempotencyKey: "none"}) {
        acceptedCount page(shelves: [{placement: "home"}]) { placement } } }"""
    assert await ask(api, query) == {"recordEvents": {"acceptedCount": 0, "page": None}}

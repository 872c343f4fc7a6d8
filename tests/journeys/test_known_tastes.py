"""The demo's shoppers have known tastes. Do they get what they like?"""

import pytest
from builders import NOW, ask, serving
from rich.console import Console
from rich.progress import Progress

from recommender.facts.events import EventType
from recommender.learning.training import Parameters
from seed.demo import DemoSize, seed_demo
from seed.shoppers import taste_of, user_id_of
from workers.retrain import retrain

SIZE = DemoSize(products=900, events=15_000, shoppers=300, days=90)

SHELF = """query($user: ID!) {
  recommendations(shopper: {userId: $user}, first: 10) {
    strategy edges { node { productId name categories } reasons { kind text } }
  }
}"""


@pytest.fixture
def demo(database, settings):
    silent = Progress(console=Console(quiet=True))
    seed_demo(database, settings, SIZE, silent, NOW)
    retrain(database, settings, silent, parameters=Parameters(factors=32, epochs=8))


async def test_shoppers_get_what_they_like_far_more_often_than_what_is_popular(
    demo, settings, database
):
    busy = [
        number
        for number in range(1, 120)
        if database["events"].count_documents({"shopper_id": f"user:{user_id_of(number)}"}) >= 15
    ][:40]
    async with serving(settings) as api:
        popular = (await ask(api, SHELF, user="nobody"))["recommendations"]
        assert popular["strategy"] == "POPULAR"
        liked, liked_by_chance = [], []
        for number in busy:
            shelf = (await ask(api, SHELF, user=user_id_of(number)))["recommendations"]
            assert shelf["strategy"] == "PERSONALIZED"
            tastes = set(taste_of(number).categories)
            for found, edges in ((liked, shelf["edges"]), (liked_by_chance, popular["edges"])):
                found += [edge["node"]["categories"][0] in tastes for edge in edges]
    assert len(busy) >= 20
    share, by_chance = sum(liked) / len(liked), sum(liked_by_chance) / len(liked_by_chance)
    assert share > 2 * by_chance, (share, by_chance)
    assert share > 0.4, share


async def test_a_stranger_becomes_known_click_by_click(demo, settings, database):
    coffee = database["products"].find({"categories": {"$regex": "Coffee$"}}).limit(3)
    async with serving(settings) as api:
        for n, product in enumerate(coffee):
            await ask(
                api,
                "mutation($e: EventInput!) { recordEvent(input: {event: $e}) { accepted } }",
                e={
                    "eventId": f"click-{n}",
                    "type": EventType.VIEW.name,
                    "shopper": {"sessionId": "visitor"},
                    "productId": product["_id"],
                },
            )
        shelf = await ask(api, SHELF.replace("userId", "sessionId"), user="visitor")
    edges = shelf["recommendations"]["edges"]
    assert any(edge["node"]["categories"][0].endswith("Coffee") for edge in edges[:5])
    assert edges[0]["reasons"][0]["kind"] == "BECAUSE_YOU_VIEWED"

"""Models and products change under a running API, and no request notices but by better lists."""

import asyncio

from builders import CARD, NOW, a_product, serving, stock, trained_on, two_tastes, until

from recommender.mongo.models import publish, put_in_service


async def test_ten_new_models_and_a_hundred_changed_products_fail_no_request(database, settings):
    catalogue, events = two_tastes()
    stock(database, list(catalogue.values()), events)
    models = [trained_on(catalogue, events, version=f"v{n}") for n in range(10)]
    seen: dict[str, int] = {}
    done = asyncio.Event()

    async with serving(settings) as api:

        async def ask_on():
            while not done.is_set():
                response = await api.get("/api/recommendations?user_id=cook-1")
                assert response.status_code == 200, response.text
                shelf = response.json()
                assert len(shelf["recommendations"]) == 10
                seen[shelf["model_version"]] = seen.get(shelf["model_version"], 0) + 1

        shoppers = [asyncio.create_task(ask_on()) for _ in range(4)]
        for n, model in enumerate(models):

            def change(n=n, model=model):
                publish(
                    database,
                    model,
                    **CARD,
                )
                put_in_service(database, model.version, NOW)
                stock(database, [a_product(f"new-{n}-{k}") for k in range(10)])

            await asyncio.to_thread(change)
            await until(lambda n=n: seen.get(f"v{n}"))
        done.set()
        await asyncio.gather(*shoppers)
    assert {f"v{n}" for n in range(10)} <= set(seen)

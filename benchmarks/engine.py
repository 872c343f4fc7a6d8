"""One list, made of nothing but memory: what the engine takes beside one pass over the vectors."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.results import Result
from recommender.facts.catalog import Product
from recommender.facts.events import Act, EventType, History
from recommender.facts.placements import Placement
from recommender.facts.request import Reason, Request
from recommender.facts.shopper_attributes import NO_FEATURES
from recommender.model.blend import UNLEARNED
from recommender.model.features import MOST_KEPT, FeatureSpace
from recommender.model.trained_model import TrainedModel
from recommender.serving.engine import recommend
from recommender.serving.live_model import LiveModel

PRODUCTS, FACTORS, ACTS, LIMIT = 20_000, 64, 40, 10
NEIGHBOURS, PARTNERS, FEATURES, BRANDS = 100, 50, 2_000, 100
ALLOWED_PASSES, ALLOWED_MS = 3, 0.3
"""What one list may take: so many passes over the vectors, and so many milliseconds."""
WANTED = 1.0
SHOPPERS = 50
NOW = datetime(2026, 1, 1, tzinfo=UTC)
WEIGHTS = (0.1, 0.3, 0.1, 1.4, -1.4, 0.1, 0.1)
"""Of the parts of a score, all of which are to be worked out."""


def a_model(rng: np.random.Generator) -> TrainedModel:
    """Full of chance: what is in the arrays does not change how long they take."""

    def floats(*shape: int) -> NDArray[np.float32]:
        return rng.random(shape, np.float32)

    def rows(count: int, most: int) -> NDArray[np.int32]:
        return rng.integers(0, most, (PRODUCTS, count), dtype=np.int32)

    values = floats(PRODUCTS, MOST_KEPT)
    return TrainedModel(
        version="benchmark",
        trained_at=NOW,
        known_until=NOW,
        product_ids=[f"p{n}" for n in range(PRODUCTS)],
        product_vectors=floats(PRODUCTS, FACTORS) - np.float32(0.5),
        product_biases=floats(PRODUCTS),
        popularity=floats(PRODUCTS),
        lasting_popularity=floats(PRODUCTS),
        age_days=floats(PRODUCTS),
        neighbours=rows(NEIGHBOURS, PRODUCTS),
        neighbour_weights=floats(PRODUCTS, NEIGHBOURS),
        partners=rows(PARTNERS, PRODUCTS),
        partner_strength=floats(PRODUCTS, PARTNERS),
        partner_support=floats(PRODUCTS, PARTNERS),
        partner_lift=floats(PRODUCTS, PARTNERS),
        repeat_chances=floats(PRODUCTS),
        repeat_gap_days=floats(PRODUCTS) + 1,
        attributes=rows(MOST_KEPT, FEATURES),
        attribute_values=values / np.linalg.norm(values, axis=1, keepdims=True),
        feature_space=FeatureSpace(
            {f"word:{n}": n for n in range(FEATURES)}, np.ones(FEATURES, np.float32), {}
        ),
        feature_vectors=floats(FEATURES, FACTORS),
        feature_biases=floats(FEATURES),
        shopper_space=NO_FEATURES,
        shopper_vectors=floats(0, FACTORS),
        typical_taste=floats(FACTORS),
        blend=replace(UNLEARNED, weights=np.array(WEIGHTS, np.float32)),
    )


def measure(seconds: float, say: Callable[[str], None]) -> list[Result]:
    """Each shelf's median beside what one for the home page may take."""
    rng = np.random.default_rng(1)
    model = a_model(rng)
    live = LiveModel(
        model,
        [
            Product(p, f"Product {p}", brand=f"brand {n % BRANDS}", item_group_id=f"g{n // 2}")
            for n, p in enumerate(model.product_ids)
        ],
    )
    histories = [
        History.of(
            [
                Act(f"p{row}", EventType.PURCHASE if n % 4 == 0 else EventType.VIEW, at)
                for n, row in enumerate(rng.choice(PRODUCTS, ACTS, replace=False).tolist())
                for at in [NOW - timedelta(days=n)]
            ]
        )
        for _ in range(SHOPPERS)
    ]
    vector = model.product_vectors[0].copy()
    with threadpool_limits(1):  # as in the API
        one_pass = median_ms(lambda _: live.vectors @ vector, seconds)
        allowed = ALLOWED_PASSES * one_pass + ALLOWED_MS
        found = [Result(f"one pass over {PRODUCTS:,} x {FACTORS} vectors", one_pass, "ms")]
        for placement in Placement:
            say(f"Engine: {placement}")
            request = Request(placement, LIMIT, NOW, product_ids=(model.product_ids[7],))
            found.append(
                Result.of_cost(
                    f"{placement}: {LIMIT} products with reasons, {ACTS} acts known, median",
                    median_ms(partial(_one_of, request, histories, live), seconds),
                    "ms",
                    f"{ALLOWED_PASSES} passes + {ALLOWED_MS} ms",
                    allowed,
                    WANTED if placement is Placement.HOME else None,
                )
            )
    return found


def _one_of(
    request: Request, histories: Sequence[History], live: LiveModel, n: int
) -> list[Sequence[Reason]]:
    """The reasons, too, which are worked out when they are asked for."""
    shelf = recommend(request, histories[n % len(histories)], live)
    return [recommendation.reasons for recommendation in shelf.recommendations]


def median_ms(call: Callable[[int], object], seconds: float) -> float:
    """Of one call, in turns for some seconds."""
    for n in range(SHOPPERS):
        call(n)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        call(len(times))
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1000

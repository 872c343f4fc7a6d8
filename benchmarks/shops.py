"""Shops that are made up by other rules than the demo's, as files for `workers evaluate`.

python -m benchmarks.shops FOLDER [NAME ...]
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

START, DAY = 1_700_000_000, 86_400
"""Seconds since 1970, and of a day."""
KINDS, HABITS = 40, 12
"""Kinds of products, and dimensions of taste."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"

Shop = tuple[pd.DataFrame, pd.DataFrame | None]
"""Events, and products where there is something to say of them."""


def by_taste(
    shoppers: int,
    products: int,
    mean: float,
    seed: int,
    *,
    taste: float,
    steepness: float,
    described: bool = False,
    timed: bool = True,
) -> Shop:
    """Zipf's popularity times a taste that never changes; each product at most once.

    Args:
        shoppers, products: how many.
        mean: products of a shopper, beyond two.
        seed: the same one gives the same shop.
        taste: how much it counts beside popularity.
        steepness: of popularity.
        described: whether products have names, categories and prices.
        timed: whether it is known when things happened.
    """
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, KINDS, products)
    centres = rng.normal(size=(KINDS, HABITS))
    vectors = centres[kind] * 0.8 + rng.normal(size=(products, HABITS)) * 0.6
    popularity = -steepness * np.log(rng.permutation(products) + 3.0)
    counts = np.maximum(rng.negative_binomial(1.2, 1.2 / (1.2 + mean), shoppers) + 2, 2)
    parts = []
    for shopper in range(shoppers):
        mine = rng.normal(size=HABITS)
        count = int(min(counts[shopper], products // 3))
        worth = popularity + taste * (vectors @ mine) / np.sqrt(HABITS)
        drawn = worth + rng.gumbel(size=worth.shape)
        taken = np.argpartition(-drawn, count - 1)[:count]
        days = np.sort(rng.uniform(0, 180, count))
        parts.append(
            pd.DataFrame(
                {
                    "user_id": f"u{shopper}",
                    "item_id": [f"p{n}" for n in taken],
                    "timestamp": START + (days * DAY).astype(int),
                }
            )
        )
    events = pd.concat(parts, ignore_index=True)
    if not timed:
        events = events.drop(columns="timestamp")
    if not described:
        return events, None
    return events, pd.DataFrame(
        {
            "item_id": [f"p{n}" for n in range(products)],
            "name": [f"thing of kind{LETTERS[k % 26]}{'xyzw'[k // 26]}" for k in kind],
            "category": [f"cat{k}" for k in kind],
            "price": rng.lognormal(2, 1, products).round(2),
        }
    )


def by_visit(shoppers: int, products: int, visits: float, seed: int) -> Shop:
    """Each look leads to the next one (a Markov chain), some to the cart, and some of these to a
    purchase; what was done on earlier visits says nothing."""
    rng = np.random.default_rng(seed)
    leads_to = np.stack([rng.choice(products, 8, replace=False) for _ in range(products)])
    chances = np.array([0.3, 0.2, 0.15, 0.1, 0.08, 0.07, 0.06, 0.04])
    popularity = 1 / (np.arange(products) + 10.0) ** 0.7
    popularity /= popularity.sum()
    rows: list[tuple[Any, ...]] = []
    for shopper in range(shoppers):
        for _ in range(1 + rng.poisson(visits)):
            at = START + rng.uniform(0, 120) * DAY
            product = rng.choice(products, p=popularity)
            for _ in range(2 + rng.poisson(5)):
                rows.append((shopper, product, "view", int(at)))
                if rng.random() < 0.15:
                    rows.append((shopper, product, "add_to_cart", int(at + 20)))
                    if rng.random() < 0.6:
                        rows.append((shopper, product, "purchase", int(at + 60)))
                at += rng.exponential(60) + 5
                if rng.random() < 0.85:
                    product = leads_to[product, rng.choice(8, p=chances)]
                else:
                    product = rng.choice(products, p=popularity)
    events = pd.DataFrame(rows, columns=["user_id", "item_id", "event", "timestamp"])
    return _named(events), None


def by_fashion(shoppers: int, products: int, mean: float, seed: int) -> Shop:
    """Everybody takes what came in lately, and forgets it within weeks."""
    rng = np.random.default_rng(seed)
    since, appeal = rng.uniform(-20, 120, products), rng.lognormal(0, 1.2, products)
    rows = []
    for shopper in range(shoppers):
        for day in rng.uniform(0, 120, 2 + rng.poisson(mean)):
            worth = np.where(day > since, appeal * np.exp((since - day) / 10), 0)
            if worth.sum() > 0:
                product = rng.choice(products, p=worth / worth.sum())
                rows.append((shopper, product, "purchase", int(START + day * DAY)))
    events = pd.DataFrame(rows, columns=["user_id", "item_id", "event", "timestamp"])
    return _named(events), None


def _named(events: pd.DataFrame) -> pd.DataFrame:
    return events.assign(
        user_id="u" + events["user_id"].astype(str), item_id="p" + events["item_id"].astype(str)
    )


SHOPS: dict[str, Callable[[], Shop]] = {
    "visits": lambda: by_visit(5_000, 2_000, 3, 2),
    "bestsellers": lambda: by_taste(3_000, 1_000, 12, 6, taste=0.0, steepness=1.0),
    "hundred-products": lambda: by_taste(
        2_000, 100, 8, 7, taste=1.5, steepness=0.5, described=True
    ),
    "long-tail": lambda: by_taste(10_000, 15_000, 25, 8, taste=3.0, steepness=0.3),
    "without-time": lambda: by_taste(30_000, 20_000, 20, 9, taste=3.0, steepness=0.6, timed=False),
    "fifty-thousand": lambda: by_taste(
        50_000, 20_000, 20, 10, taste=3.0, steepness=0.6, described=True
    ),
    "fashion": lambda: by_fashion(4_000, 1_500, 15, 4),
}


def main(folder: Path, names: list[str]) -> None:
    """Write the shops of these names, or all, into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or SHOPS:
        events, products = SHOPS[name]()
        events.to_parquet(folder / f"{name}-events.parquet")
        if products is not None:
            products.to_parquet(folder / f"{name}-products.parquet")
        print(f"{name}: {len(events):,} events")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])

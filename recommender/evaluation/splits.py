"""Events cut in two: what a model may know, and what it is judged on.

Truth is what a shopper bought in the held-out part and had not bought before (in a shop without
purchases: what they took to).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from recommender.catalog import Product
from recommender.errors import NotEnoughData
from recommender.events import Act, EventType, History
from recommender.interactions import ODD_SHARE, TYPES, EventTable

MOST_SHOPPERS = 5_000
"""Shoppers a model is measured on; a random sample of these where there are more."""


@dataclass(frozen=True, slots=True)
class Split:
    """Events cut in two by time, and who is to be judged on the later part."""

    cut: datetime
    train: EventTable
    test: EventTable
    shoppers: Sequence[int]
    """Rows of the shoppers that have a history in `train` and something new in `test`."""
    truth: Sequence[NDArray[np.int32]]
    """For each of them, the rows of the products that a good list holds."""
    products: Mapping[str, Product]
    """What the shop sold at the cut."""


def temporal_split(
    table: EventTable, products: Mapping[str, Product], held_out_share: float
) -> Split:
    """Hold out the events of the last part of the time span.

    Raises:
        NotEnoughData: if that leaves nobody to judge.
    """
    if not len(table):
        raise NotEnoughData("There are no events.")
    # Not from the very first event to the very last: one wrong date would move the cut by years.
    first, last = np.quantile(table.at, [ODD_SHARE, 1 - ODD_SHARE], method="nearest").tolist()
    cut_ms = first + int((last - first) * (1 - held_out_share))
    return split_at(table, products, datetime.fromtimestamp(cut_ms / 1000, UTC))


def split_at(
    table: EventTable, products: Mapping[str, Product], cut: datetime, seed: int = 1
) -> Split:
    """Hold out the events from a moment on.

    Raises:
        NotEnoughData: if that leaves nobody to judge.
    """
    before = table.at < cut.timestamp() * 1000
    train, test = table.where(before), table.where(~before)
    met = {train.products[row] for row in np.unique(train.product).tolist()}
    on_sale = {
        # What was bought then was available then, whatever it is today.
        p.product_id: replace(p, available_for_sale=True)
        for p in products.values()
        if p.created_at <= cut or p.product_id in met
    }
    shoppers, truth = _truth(train, test, on_sale)
    if not shoppers:
        raise NotEnoughData(
            f"Nobody who did something before {cut:%Y-%m-%d} did something new after it, so "
            "there is no one to measure a model on."
        )
    if len(shoppers) > MOST_SHOPPERS:
        sample = np.sort(
            np.random.default_rng(seed).choice(len(shoppers), MOST_SHOPPERS, replace=False)
        )
        shoppers, truth = [shoppers[i] for i in sample], [truth[i] for i in sample]
    return Split(cut, train, test, shoppers, truth, on_sale)


def _truth(
    train: EventTable, test: EventTable, on_sale: Mapping[str, Product]
) -> tuple[list[int], list[NDArray[np.int32]]]:
    bought_then = train.where(train.is_type(EventType.PURCHASE))
    wanted = test.where(test.is_type(EventType.PURCHASE))
    if not len(wanted):
        wanted = test.where(test.weights > 0)
    n = len(train.products)

    def pairs(events: EventTable) -> NDArray[np.int64]:
        return np.unique(events.shopper.astype(np.int64) * n + events.product)

    met = train.where(train.weights > 0)
    new = np.setdiff1d(pairs(wanted), pairs(bought_then), assume_unique=True)
    shopper, product = np.divmod(new, n)
    in_catalogue = np.array([p in on_sale for p in train.products], bool)
    judged = np.isin(product, met.product) & in_catalogue[product] & np.isin(shopper, met.shopper)
    shopper, product = shopper[judged], product[judged]
    rows, starts = np.unique(shopper, return_index=True)
    return rows.tolist(), [
        p.astype(np.int32) for p in (np.split(product, starts[1:]) if len(rows) else [])
    ]


def histories(train: EventTable, shoppers: Iterable[int], length: int) -> Iterable[History]:
    """The shoppers' histories as serving would have read them at the cut."""
    order = np.lexsort((-train.at, train.shopper))
    sorted_shoppers = train.shopper[order]
    for shopper in shoppers:
        start, end = np.searchsorted(sorted_shoppers, [shopper, shopper + 1])
        events = order[start:end]
        acts = [
            Act(
                train.products[train.product[e]],
                TYPES[train.type[e]],
                datetime.fromtimestamp(train.at[e] / 1000, UTC),
                None if np.isnan(train.rating[e]) else float(train.rating[e]),
            )
            for e in events.tolist()
        ]
        history = History.of(acts)
        yield History(history.acts[:length], history.bought)

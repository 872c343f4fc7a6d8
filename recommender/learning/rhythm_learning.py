"""Learns which products are bought again, and after how many days."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.facts.events import EventType
from recommender.learning.interactions import DAY_MS, EventTable
from recommender.model.trained_model import Floats

FEW = 20.0
"""Buyers, or gaps, of a product that count as much as what is typical of its category; the same
holds for a category and the whole shop."""
USUAL_GAP_DAYS = 30.0
"""For a shop in which nobody ever bought the same thing twice."""


class Rhythm(NamedTuple):
    """How a shop's products are bought again."""

    chances: Floats
    """(n_products,) the share of buyers who buy it on another day too."""
    gap_days: Floats
    """(n_products,) the median of the days between two purchases of it by one shopper."""


def learn_rhythm(table: EventTable, categories: Sequence[str]) -> Rhythm:
    """Chances and gaps, shrunk to what is typical of the category where a product has few.

    Args:
        table: of which the purchases count; several on one day are one.
        categories: (n_products,) of the products of the table; "" for none.
    """
    n = len(table.products)
    bought = table.is_type(EventType.PURCHASE)
    pair = table.shopper[bought].astype(np.int64) * n + table.product[bought]
    day = table.at[bought] // DAY_MS
    order = np.lexsort((day, pair))
    pair, day = pair[order], day[order]
    new_pair = np.ones(len(pair), bool)
    new_pair[1:] = np.diff(pair) != 0
    new_day = new_pair.copy()
    new_day[1:] |= np.diff(day) != 0
    pair, day, new_pair = pair[new_day], day[new_day], new_pair[new_day]
    product = pair % max(n, 1)
    times = np.diff(np.append(np.flatnonzero(new_pair), len(pair)))
    buyers_of, times_of = product[new_pair], times
    gaps, gaps_of = np.diff(day)[~new_pair[1:]].astype(float), product[1:][~new_pair[1:]]

    names = {name: row for row, name in enumerate(dict.fromkeys(categories))}
    category = np.array([names[name] for name in categories], np.int64)
    whole = np.zeros(n, np.int64)
    chances, log_gaps = np.zeros(1), np.log([USUAL_GAP_DAYS])
    coarser = whole
    # From the whole shop to its categories to the products, each leaning on the one before.
    for fine, size in ((whole, 1), (category, len(names)), (np.arange(n), n)):
        above = np.zeros(size, np.int64)
        above[fine] = coarser
        buyers = np.bincount(fine[buyers_of], minlength=size)
        again = np.bincount(fine[buyers_of], times_of > 1, minlength=size)
        chances = (again + FEW * chances[above]) / (buyers + FEW)
        found, medians = _medians(np.log(gaps), fine[gaps_of], size)
        log_gaps = (found * medians + FEW * log_gaps[above]) / (found + FEW)
        coarser = fine
    return Rhythm(chances.astype(np.float32), np.exp(log_gaps).astype(np.float32))


def _medians(
    values: NDArray[np.float64], groups: NDArray[np.int64], n_groups: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(n_groups,) how many values each group has, and their median; 0 where there are none."""
    count = np.bincount(groups, minlength=n_groups)
    if not len(values):
        return count, np.zeros(n_groups)
    values = values[np.lexsort((values, groups))]
    start = np.cumsum(count) - count
    lower = np.minimum(start + np.maximum(count - 1, 0) // 2, len(values) - 1)
    upper = np.minimum(start + count // 2, len(values) - 1)
    return count, np.where(count > 0, (values[lower] + values[upper]) / 2, 0)

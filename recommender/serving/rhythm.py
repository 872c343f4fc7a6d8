"""When it is time to buy something again."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.facts.events import Act
from recommender.model.trained_model import Floats
from recommender.serving.live_model import LiveModel

DAY_SECONDS = 86_400
MEMORY = 3.0
"""Gaps after which a purchase counts half."""
PAUSE = 0.2
"""The share of a gap for which a purchase holds the next one off."""
OWN_GAPS = 3.0
"""As many of a shopper's own gaps count as much as the gap that is typical of the product."""


class Due(NamedTuple):
    """What a shopper may want to buy again."""

    rows: NDArray[np.int64]
    """(n_bought,) their rows in the live model, each once."""
    scores: Floats
    """(n_bought,) the higher, the more it is due; 0 for what nobody buys twice."""
    times: NDArray[np.int64]
    """(n_bought,) days on which the shopper bought it."""
    days_ago: Floats
    """(n_bought,) since the last time."""


def due_parts(found: Due) -> Floats:
    """(n_bought, len(DUE_PARTS)) what a score goes by: the root of how much each is due, and by the
    logarithm how often the shopper bought it; zeros for what nobody buys twice."""
    often = np.where(found.scores > 0, np.log1p(found.times), 0)
    parts: Floats = np.stack([np.sqrt(found.scores), often], axis=1).astype(np.float32)
    return parts


def due(purchases: Sequence[Act], live: LiveModel, now: datetime) -> Due:
    """How much it is time for each product that a shopper bought to be bought again.

    How likely buyers of the product buy it again, times how often this shopper bought it (older
    purchases fade), times a pause that follows the last purchase, all by the product's rhythm and
    the shopper's own: a form of the models of Bhagat et al. 2018, "Buy It Again: Modeling Repeat
    Purchase Recommendations". Several purchases on one day are one.

    Args:
        purchases: all of them, latest first.
        live: whose rhythm counts; before the first training there is none, and nothing is due.
        now: UTC.
    """
    trained, row_of = live.trained, live.row_of
    today = now.timestamp() / DAY_SECONDS
    # One entry for each product and day.
    days: dict[tuple[int, int], float] = {}
    for act in purchases if trained else ():
        row = row_of.get(act.product_id)
        if row is not None:
            day = act.at.timestamp() / DAY_SECONDS
            days.setdefault((row, int(day)), max(today - day, 0.0))
    if trained is None or not days:
        return _NOTHING
    rows, which = np.unique(np.array([row for row, _ in days]), return_inverse=True)
    ages = np.fromiter(days.values(), np.float64, len(days))
    times = np.bincount(which)
    last, first = np.full(len(rows), np.inf), np.zeros(len(rows))
    np.minimum.at(last, which, ages)
    np.maximum.at(first, which, ages)
    origins = live.trained_rows[rows]
    known = origins >= 0
    chances = np.where(known, trained.repeat_chances[origins], 0)
    gaps = np.where(known, trained.repeat_gap_days[origins], 1)
    gaps = (first - last + OWN_GAPS * gaps) / (times - 1 + OWN_GAPS)
    often = np.bincount(which, np.exp2(-ages / (MEMORY * gaps[which])))
    scores = chances * often * -np.expm1(-last / (PAUSE * gaps))
    return Due(rows, scores.astype(np.float32), times, last.astype(np.float32))


_NOTHING = Due(
    np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32)
)

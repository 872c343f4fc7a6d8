"""What the shopper looked at."""

import numpy as np

from recommender.facts.events import EventType, History
from recommender.facts.phrases import Phrase, Saying
from recommender.facts.request import ReasonKind, Request
from recommender.serving.explain import Part, Scores
from recommender.serving.live_model import LiveModel
from recommender.serving.shopper import Shopper

LOOKS = frozenset({EventType.VIEW, EventType.CLICK})


def viewed(history: History, live: LiveModel) -> list[int]:
    """Rows of the products the shopper looked at, latest first, without what they bought since."""
    rows: dict[int, bool] = {}
    for act in history.acts:
        looked = act.type in LOOKS
        if looked or act.type is EventType.PURCHASE:
            row = live.row_of.get(act.product_id)
            if row is not None:
                rows.setdefault(row, looked)
    return [row for row, looked in rows.items() if looked]


def recently_viewed(request: Request, shopper: Shopper, live: LiveModel) -> Scores | None:
    """Latest first; the score counts them from the end."""
    rows = viewed(shopper.history, live)
    if not rows:
        return None
    values = np.full(len(live), -np.inf, np.float32)
    values[rows] = np.arange(len(rows), 0, -1)

    def parts(row: int) -> list[Part]:
        kind, product = ReasonKind.BECAUSE_YOU_VIEWED, live.products[row]
        return [Part(float(values[row]), kind, Phrase(Saying.YOU_VIEWED_IT), product)]

    return Scores.of_each(values, parts)

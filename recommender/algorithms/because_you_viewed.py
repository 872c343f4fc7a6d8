"""What is like something the shopper looked at."""

import numpy as np

from recommender.algorithms.recently_viewed import viewed
from recommender.algorithms.similar import Likeness
from recommender.catalog import Product
from recommender.explain import Part, Scores
from recommender.live_model import LiveModel
from recommender.request import ReasonKind, Request
from recommender.shopper import Shopper
from recommender.trained_model import Floats

MOST_TRIED = 5
"""The latest looks among which one is sought that other products are like."""


def because_you_viewed(request: Request, shopper: Shopper, live: LiveModel) -> Scores | None:
    """Products like the one looked at last, which every reason names.

    Not the one on the page: that shelf is called similar. Nor one bought since.
    """
    if live.trained is None:
        return None
    on_page = {live.row_of.get(p) for p in request.product_ids}
    anchors = [row for row in viewed(shopper.history, live) if row not in on_page]
    for anchor in anchors[:MOST_TRIED]:
        values = Likeness(anchor, live, live.trained).values()
        if (values > -np.inf).any():
            return _because_of(live.products[anchor], values)
    return None


def _because_of(anchor: Product, values: Floats) -> Scores:
    text = f"Because you looked at {anchor.name}"
    kind = ReasonKind.BECAUSE_YOU_VIEWED
    return Scores(values, lambda row: [Part(float(values[row]), kind, text, anchor)])

"""What is like something the shopper looked at."""

import numpy as np

from recommender.facts.catalog import Product
from recommender.facts.phrases import Phrase, Saying
from recommender.facts.request import ReasonKind, Request
from recommender.model.trained_model import Floats
from recommender.serving.algorithms.recently_viewed import viewed
from recommender.serving.algorithms.similar import Likeness
from recommender.serving.explain import Part, Scores
from recommender.serving.live_model import LiveModel
from recommender.serving.shopper import Shopper

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
    phrase = Phrase(Saying.BECAUSE_YOU_VIEWED, (anchor.name, 0))
    kind = ReasonKind.BECAUSE_YOU_VIEWED
    return Scores.of_each(values, lambda row: [Part(float(values[row]), kind, phrase, anchor)])

"""What the shopper buys next: what is due again, and what would be new to them."""

from dataclasses import replace

import numpy as np

from recommender.facts.request import Request
from recommender.serving.algorithms.personalized import personalized
from recommender.serving.explain import Scores
from recommender.serving.live_model import LiveModel
from recommender.serving.rhythm import due
from recommender.serving.shopper import Shopper


def next_basket(request: Request, shopper: Shopper, live: LiveModel) -> Scores | None:
    """The personal score of everything, and for what the shopper bought already, how much it is
    due; nothing to say about what they bought and nobody buys twice."""
    personal = personalized(replace(request, offer_bought_again=True), shopper, live)
    if personal is None:
        return None
    found = due(shopper.history.purchases, live, request.at)
    bought = [row for p in shopper.history.bought if (row := live.row_of.get(p)) is not None]
    values = personal.values.copy()
    values[bought] = -np.inf
    again = found.rows[found.scores > 0]
    values[again] = personal.values[again]
    return Scores(values, personal.parts_of)

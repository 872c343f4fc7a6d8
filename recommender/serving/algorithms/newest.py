"""What the shop began to sell last."""

import numpy as np

from recommender.facts.phrases import Phrase, Saying
from recommender.facts.request import ReasonKind, Request
from recommender.serving.explain import Part, Scores
from recommender.serving.live_model import LiveModel
from recommender.serving.shopper import Shopper


def newest(request: Request, shopper: Shopper, live: LiveModel) -> Scores | None:
    """Days since 1970 of the product's first day in the shop."""
    values = (live.created_at / 86_400).astype(np.float32)
    return Scores.of_each(
        values, lambda row: [Part(float(values[row]), ReasonKind.NEW_ARRIVAL, Phrase(Saying.NEW))]
    )

"""What many shoppers take to these days."""

import numpy as np

from recommender.facts.phrases import Phrase, Saying
from recommender.facts.request import ReasonKind, Request
from recommender.serving.explain import Part, Scores
from recommender.serving.live_model import LiveModel
from recommender.serving.shopper import Shopper


def popular(request: Request, shopper: Shopper, live: LiveModel) -> Scores | None:
    """Decayed popularity; nothing to say about products that nobody met."""
    popularity = live.popularity
    values = np.where(popularity > 0, popularity, np.float32(-np.inf))
    return Scores.of_each(
        values, lambda row: [Part(float(values[row]), ReasonKind.POPULAR, Phrase(Saying.POPULAR))]
    )

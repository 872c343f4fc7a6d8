"""What more and more shoppers take to."""

import numpy as np

from recommender.facts.phrases import Phrase, Saying
from recommender.facts.request import ReasonKind, Request
from recommender.serving.explain import Part, Scores
from recommender.serving.live_model import LiveModel
from recommender.serving.shopper import Shopper


def trending(request: Request, shopper: Shopper, live: LiveModel) -> Scores | None:
    """How far popularity with a short memory lies above what the long memory leads one to expect;
    nothing to say about what does not rise."""
    if live.trained is None:
        return None
    rising = live.rising
    values = np.where(rising > 0, rising, np.float32(-np.inf))
    phrase = Phrase(Saying.TRENDING)
    return Scores.of_each(
        values, lambda row: [Part(float(values[row]), ReasonKind.TRENDING, phrase)]
    )

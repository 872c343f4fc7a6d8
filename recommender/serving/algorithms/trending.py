"""What more and more shoppers take to."""

import numpy as np

from recommender.facts.phrases import Phrase, Saying
from recommender.facts.request import ReasonKind, Request
from recommender.model.trained_model import Floats
from recommender.serving.explain import Part, Scores
from recommender.serving.live_model import LiveModel
from recommender.serving.shopper import Shopper


def trending(request: Request, shopper: Shopper, live: LiveModel) -> Scores | None:
    """How far what shoppers are drawn to lies above what the long memory leads one to expect;
    nothing to say about what does not rise.

    Now is the model's short memory, or what was counted in the window that the request asks for.
    """
    if request.window is not None:
        rising = _rising_within(request, live)
    elif live.trained is not None:
        rising = live.rising
    else:
        return None
    values = np.where(rising > 0, rising, np.float32(-np.inf))
    phrase = Phrase(Saying.TRENDING)
    return Scores.of_each(
        values, lambda row: [Part(float(values[row]), ReasonKind.TRENDING, phrase)]
    )


def _rising_within(request: Request, live: LiveModel) -> Floats:
    """(n_products,) standard deviations of a count (Poisson) above its product's usual share."""
    drawn = np.zeros(len(live), np.float32)
    for product_id, shoppers in request.shoppers_drawn.items():
        if (row := live.row_of.get(product_id)) is not None:
            drawn[row] = shoppers
    usual = live.lasting_popularity
    # Before the first training nothing is usual: one product is expected to draw like another.
    share = usual / whole if (whole := float(usual.sum())) else live.available / max(len(live), 1)
    expected = share * drawn.sum()
    rising: Floats = ((drawn - expected) / np.sqrt(expected + 1)).astype(np.float32)
    return rising

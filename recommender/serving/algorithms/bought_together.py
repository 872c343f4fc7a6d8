"""What goes with the product being looked at, or with what is in the cart."""

from collections.abc import Iterable

import numpy as np

from recommender.facts.phrases import Phrase, Saying
from recommender.facts.request import ReasonKind, Request
from recommender.serving.explain import Part, Scores
from recommender.serving.live_model import LiveModel
from recommender.serving.shopper import Shopper


def bought_together(request: Request, shopper: Shopper, live: LiveModel) -> Scores | None:
    """The sum over the products of how strongly each shares baskets with it (`baskets.partners`).

    Nothing to say about what shares none, nor about the products themselves.
    """
    trained = live.trained
    rows = [live.row_of[p] for p in dict.fromkeys(request.product_ids) if p in live.row_of]
    rows = [row for row in rows if live.is_trained(row)]
    if trained is None or not rows:
        return None
    origins = live.trained_rows[rows]
    partners, strength = trained.partners[origins], trained.partner_strength[origins]
    summed = np.bincount(
        partners.ravel(), strength.ravel(), minlength=len(trained.product_ids) + 1
    ).astype(np.float32)
    values = live.of_trained(summed)
    values = np.where(values > 0, values, np.float32(-np.inf))
    values[rows] = -np.inf

    def parts(row: int) -> Iterable[Part]:
        which, place = np.nonzero((partners == live.trained_rows[row]) & (strength > 0))
        for one, share in zip(which.tolist(), strength[which, place].tolist(), strict=True):
            anchor = live.products[rows[one]]
            phrase = Phrase(Saying.BOUGHT_WITH, (anchor.name,))
            yield Part(share, ReasonKind.BOUGHT_WITH, phrase, anchor)

    return Scores.of_each(values, parts)

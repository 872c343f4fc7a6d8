"""What is like the product being looked at."""

import numpy as np

from recommender.explain import Part, Scores
from recommender.fold_in import Taste
from recommender.live_model import LiveModel
from recommender.request import ReasonKind, Request


def similar(request: Request, taste: Taste | None, live: LiveModel) -> Scores | None:
    """Cosine between the vectors of the two products, from -1 to 1; only likeness above 0."""
    row = live.row_of.get(request.product_ids[0]) if request.product_ids else None
    if row is None or live.trained is None or not live.lengths[row]:
        return None
    anchor = live.products[row]
    lengths = np.maximum(live.lengths, np.finfo(np.float32).tiny)
    cosines = (live.vectors @ (live.vectors[row] / live.lengths[row])) / lengths
    values = np.where(cosines > 0, cosines, np.float32(-np.inf))
    text = f"Similar to {anchor.name}"
    return Scores(
        values, lambda row: [Part(float(values[row]), ReasonKind.SIMILAR_TO, text, anchor)]
    )

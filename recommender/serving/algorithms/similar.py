"""What is like the product being looked at."""

from collections.abc import Iterable

import numpy as np

from recommender.facts.catalog import CATEGORY_SEPARATOR
from recommender.facts.ids import Rows
from recommender.facts.phrases import Phrase, Saying
from recommender.facts.request import ReasonKind, Request
from recommender.model.trained_model import Floats, TrainedModel
from recommender.serving.explain import Part, Scores
from recommender.serving.live_model import LABELS, LiveModel
from recommender.serving.shopper import Shopper

VECTORS, LED_TO, ATTRIBUTES, TOGETHER = 0.35, 0.25, 0.3, 0.1
"""What each kind of likeness counts; each is from 0 to 1."""


def similar(request: Request, shopper: Shopper, live: LiveModel) -> Scores | None:
    """Products like the first one on the page, by what shoppers do and by what they are."""
    row = live.row_of.get(request.product_ids[0]) if request.product_ids else None
    if row is None or live.trained is None:
        return None
    likeness = Likeness(row, live, live.trained)
    return Scores.of_each(likeness.values(), likeness.explain)


class Likeness:
    """How like each product is to one of them, the anchor, and in what."""

    def __init__(self, anchor: int, live: LiveModel, trained: TrainedModel) -> None:
        self._anchor = anchor
        self._live = live
        self._trained = trained
        origin = int(live.trained_rows[anchor])
        nearest = trained.neighbours, trained.neighbour_weights
        together = trained.partners, trained.partner_strength
        self._parts = (
            VECTORS * _cosines(anchor, live),
            LED_TO * _strongest_is_one(origin, *nearest, live),
            ATTRIBUTES * _shared(anchor, live, trained),
            TOGETHER * _strongest_is_one(origin, *together, live),
        )
        """(n_products,) each."""

    def values(self) -> Floats:
        """(n_products,) -inf for what is not like it at all, the anchor and its variants."""
        values: Floats = self._parts[0] + self._parts[1]
        for part in self._parts[2:]:
            values += part
        groups = self._live.labels[LABELS.index("group")]
        group = groups[self._anchor]
        np.copyto(values, -np.inf, where=values <= 0)
        values[groups == group if group else self._anchor] = -np.inf
        return values

    def explain(self, row: int) -> Iterable[Part]:
        """By what shoppers do, by what it is, by what shares baskets."""
        anchor = self._live.products[self._anchor]
        vectors, led_to, attributes, together = (float(part[row]) for part in self._parts)
        alike = Phrase(Saying.SIMILAR_TO, (anchor.name,))
        yield Part(vectors + led_to, ReasonKind.SIMILAR_TO, alike, anchor)
        if attributes:
            yield Part(attributes, ReasonKind.SHARED_ATTRIBUTE, self._shared_with(row), anchor)
        bought = Phrase(Saying.BOUGHT_WITH, (anchor.name,))
        yield Part(together, ReasonKind.BOUGHT_WITH, bought, anchor)

    def _shared_with(self, row: int) -> Phrase:
        """What the anchor and the product have most in common."""
        features, values = (of[:, [self._anchor, row]].T for of in self._live.attributes)
        both = (features[0][:, np.newaxis] == features[1]) * np.outer(values[0], values[1])
        feature = features[0][both.max(axis=1).argmax()]
        group, _, value = self._trained.feature_space.names[feature].partition(":")
        shown = value.rsplit(CATEGORY_SEPARATOR, 1)[-1].rsplit("=", 1)[-1]
        return Phrase(_SHARED[group], (shown,))


_SHARED = {
    "category": Saying.SAME_CATEGORY,
    "brand": Saying.SAME_BRAND,
    "tag": Saying.SAME_TAG,
    "word": Saying.SAME_WORD,
    "price": Saying.SAME_PRICE,
}


def _cosines(anchor: int, live: LiveModel) -> Floats:
    """(n_products,) of the vectors; what points the other way counts 0."""
    if not live.lengths[anchor]:
        return np.zeros(len(live), np.float32)
    lengths = np.maximum(live.lengths, np.finfo(np.float32).tiny)
    cosines = (live.vectors @ (live.vectors[anchor] / live.lengths[anchor])) / lengths
    found: Floats = np.maximum(cosines, 0)
    return found


def _strongest_is_one(origin: int, rows: Rows, weights: Floats, live: LiveModel) -> Floats:
    """(n_products,) from the anchor's row of a table of neighbours; the strongest counts 1."""
    at_trained = np.zeros(len(rows) + 1, np.float32)
    if origin >= 0 and weights.shape[1]:
        mine = np.maximum(weights[origin], 0)
        # Places that are not filled hold row 0 and no weight.
        np.maximum.at(at_trained, rows[origin], mine / max(float(mine.max()), 1e-9))
    return live.of_trained(at_trained)


def _shared(anchor: int, live: LiveModel, trained: TrainedModel) -> Floats:
    """(n_products,) cosine of the attributes."""
    features, values = live.attributes
    of_anchor = np.zeros(max(len(trained.feature_space), 1), np.float32)
    np.add.at(of_anchor, features[:, anchor], values[:, anchor])
    # All of them exist, so nothing is wrapped: it only spares the question.
    found: Floats = np.einsum("fp,fp->p", of_anchor.take(features, mode="wrap"), values)
    return found

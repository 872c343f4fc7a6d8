"""What suits this shopper."""

from collections.abc import Iterable, Iterator

import numpy as np

from recommender.catalog import CATEGORY_SEPARATOR
from recommender.events import EventType
from recommender.explain import Part, Scores
from recommender.fold_in import Taste
from recommender.live_model import ATTRIBUTE_SHARE, LiveModel
from recommender.request import ReasonKind, Request
from recommender.trained_model import Floats, TrainedModel

_KIND_OF_ACT = {
    EventType.PURCHASE: ReasonKind.BECAUSE_YOU_BOUGHT,
    EventType.LIKE: ReasonKind.BECAUSE_YOU_LIKED,
    EventType.RATING: ReasonKind.BECAUSE_YOU_LIKED,
}
_VERB = {
    ReasonKind.BECAUSE_YOU_BOUGHT: "bought",
    ReasonKind.BECAUSE_YOU_LIKED: "liked",
    ReasonKind.BECAUSE_YOU_VIEWED: "looked at",
}


def personalized(request: Request, taste: Taste | None, live: LiveModel) -> Scores | None:
    """Taste, neighbours and popularity, weighed by how much is known of the shopper."""
    if taste is None or live.trained is None:
        return None
    blended = Blended(taste, live, live.trained)
    return Scores(blended.scores(), blended.explain)


class Blended:
    """The parts of one shopper's scores, and what each of their acts adds."""

    def __init__(self, taste: Taste, live: LiveModel, trained: TrainedModel) -> None:
        self._taste = taste
        self._live = live
        self._trained = trained
        self._by_taste = live.vectors @ taste.vector
        origins = live.trained_rows[taste.rows]
        self._trained_acts = np.flatnonzero(origins >= 0)
        origins = origins[self._trained_acts]
        self._neighbours = trained.neighbours[origins]
        """(n_trained_acts, n_neighbours) rows of the trained model."""
        self._flow = (
            trained.neighbour_weights[origins] * taste.weights[self._trained_acts, np.newaxis]
        )
        """(n_trained_acts, n_neighbours) how strongly each act leads to each of them."""
        self._led_to = self._arriving(len(trained.product_ids))
        self._by_neighbours = np.sqrt(np.maximum(self._led_to, 0))
        self._spread_of_taste = _spread(self._by_taste)
        self._spread_of_neighbours = _spread(self._by_neighbours)
        self.weights = trained.blend.for_size(len(taste.rows))
        """(len(PARTS),)"""
        kinds = [
            _KIND_OF_ACT.get(act.type, ReasonKind.BECAUSE_YOU_VIEWED)
            if weight > 0
            else ReasonKind.UNLIKE_WHAT_YOU_DISLIKED
            for act, weight in zip(taste.acts, taste.weights.tolist(), strict=True)
        ]
        self._acts_of_kind = {
            kind: np.flatnonzero([k is kind for k in kinds]) for kind in dict.fromkeys(kinds)
        }

    def _arriving(self, n_trained: int) -> Floats:
        """(n_products,) how strongly what the shopper took to leads to each product."""
        at_trained = np.bincount(
            self._neighbours.ravel(), self._flow.ravel(), minlength=n_trained
        ).astype(np.float32)
        rows = self._live.trained_rows
        return np.where(rows >= 0, at_trained[rows], np.float32(0))

    def parts(self) -> Floats:
        """(len(PARTS), n_products) each in standard deviations."""
        return np.vstack(
            [
                self._by_taste / self._spread_of_taste,
                self._by_neighbours / self._spread_of_neighbours,
                self._live.standing,
            ]
        )

    def scores(self) -> Floats:
        """(n_products,) the weights times the parts, without laying the parts side by side."""
        scores: Floats = self.weights[2:] @ self._live.standing
        scores += self._by_taste * (self.weights[0] / self._spread_of_taste)
        scores += self._by_neighbours * (self.weights[1] / self._spread_of_neighbours)
        return scores

    def explain(self, row: int) -> Iterable[Part]:
        """A part for each kind of act (or each attribute of a new product), and popularity."""
        standing = float(self.weights[2:] @ self._live.standing[:, row])
        trained_row = int(self._live.trained_rows[row])
        yield from self._by_act(row, trained_row) if trained_row >= 0 else self._by_attribute(row)
        yield Part(standing, ReasonKind.POPULAR, "Popular in this shop")

    def _by_act(self, row: int, trained_row: int) -> Iterator[Part]:
        """Both parts are sums over acts: the scores of the products they were on."""
        taste, live = self._taste, self._live
        likeness = taste.weights * (live.vectors[taste.rows] @ live.vectors[row])
        contributions = likeness * (self.weights[0] / self._spread_of_taste)
        if (whole := self._led_to[row]) > 0:
            act, place = np.nonzero(self._neighbours == trained_row)
            acts = self._trained_acts[act]
            share = self._flow[act, place] / whole
            by_neighbours = self._by_neighbours[row] / self._spread_of_neighbours
            contributions[acts] += share * (self.weights[1] * by_neighbours)
        for kind, of_kind in self._acts_of_kind.items():
            found = contributions[of_kind]
            strongest = int(taste.rows[of_kind[found.argmax()]])
            product = live.products[strongest]
            others = int((found > 0).sum()) - 1
            more = f" and {others} more" if others > 0 else ""
            if kind is ReasonKind.UNLIKE_WHAT_YOU_DISLIKED:
                text = f"Unlike {product.name}{more}"
            elif strongest == row:
                text = f"You {_VERB[kind]} it"
            else:
                text = f"Because you {_VERB[kind]} {product.name}{more}"
            yield Part(float(found.sum()), kind, text, product)

    def _by_attribute(self, row: int) -> Iterator[Part]:
        """The vector of a product that training has not seen is a sum over its attributes.

        A part for each kind of attribute, named after the one that adds most.
        """
        trained, taste = self._trained, self._taste
        features, values = trained.feature_space.describe(self._live.products[row])
        likeness = values * ATTRIBUTE_SHARE * (trained.feature_vectors[features] @ taste.vector)
        contributions = likeness * (self.weights[0] / self._spread_of_taste)
        names = trained.feature_space.names
        of_group: dict[str, list[tuple[float, str]]] = {}
        for contribution, feature in zip(contributions.tolist(), features.tolist(), strict=True):
            group, _, value = names[feature].partition(":")
            of_group.setdefault(group, []).append((contribution, value))
        for group, found in of_group.items():
            strongest = max(found)[1].rsplit(CATEGORY_SEPARATOR, 1)[-1].rsplit("=", 1)[-1]
            text = _GROUP_IN_WORDS[group].format(strongest)
            total = sum(contribution for contribution, _ in found)
            yield Part(total, ReasonKind.SHARED_ATTRIBUTE, text)


_GROUP_IN_WORDS = {
    "category": "You seem to like {}",
    "brand": "You seem to like the brand {}",
    "tag": "You seem to like things that are {}",
    "word": "Its name is like those of things you took to",
    "price": "It costs what you usually spend",
}


def _spread(scores: Floats) -> np.float32:
    return max(scores.std(), np.float32(1e-9)) if len(scores) else np.float32(1)

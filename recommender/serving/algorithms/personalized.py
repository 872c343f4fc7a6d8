"""What suits this shopper."""

from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np

from recommender.facts.catalog import CATEGORY_SEPARATOR
from recommender.facts.events import EventType
from recommender.facts.ids import Rows
from recommender.facts.request import ReasonKind, Request
from recommender.model.trained_model import Floats, TrainedModel
from recommender.serving.algorithms.buy_again import adding_what_is_due
from recommender.serving.explain import Part, Scores
from recommender.serving.fold_in import Taste
from recommender.serving.live_model import ATTRIBUTE_SHARE, LiveModel
from recommender.serving.rhythm import due
from recommender.serving.shopper import Shopper

_KIND_OF_ACT = {
    EventType.PURCHASE: ReasonKind.BECAUSE_YOU_BOUGHT,
    EventType.LIKE: ReasonKind.BECAUSE_YOU_LIKED,
    EventType.RATING: ReasonKind.BECAUSE_YOU_LIKED,
}
SELF = 28.0
"""How much more strongly a product leads to itself than to its strongest neighbour, where it stands
in for one that nobody met. Of 14, 28 and 47 this was best for new products in earlier windows."""

SMALLEST_SPREAD = np.float32(1e-6)
"""Standard deviation under which all products score alike."""

_VERB = {
    ReasonKind.BECAUSE_YOU_BOUGHT: "bought",
    ReasonKind.BECAUSE_YOU_LIKED: "liked",
    ReasonKind.BECAUSE_YOU_VIEWED: "looked at",
}


def personalized(request: Request, shopper: Shopper, live: LiveModel) -> Scores | None:
    """Taste, neighbours and popularity, weighed by how much is known of the shopper."""
    if shopper.taste is None or live.trained is None:
        return None
    blended = Blended(shopper.taste, live, live.trained)
    scores = Scores(blended.scores(), blended.explain)
    if not request.offer_bought_again:
        return scores
    found = due(shopper.history.purchases, live, request.at)
    return adding_what_is_due(scores, found, live.trained.blend.repeat, live)


class Blended:
    """The parts of one shopper's scores, and what each of their acts adds."""

    def __init__(self, taste: Taste, live: LiveModel, trained: TrainedModel) -> None:
        self._taste = taste
        self._live = live
        self._trained = trained
        self._by_taste = live.vectors @ taste.vector
        origins = live.trained_rows[taste.rows]
        self._trained_acts = np.flatnonzero(origins >= 0)
        self._origins = origins[self._trained_acts]
        """(n_trained_acts,) rows of the trained model."""
        self._neighbours = trained.neighbours[self._origins]
        """(n_trained_acts, n_neighbours) rows of the trained model."""
        self._flow = (
            trained.neighbour_weights[self._origins] * taste.weights[self._trained_acts, np.newaxis]
        )
        """(n_trained_acts, n_neighbours) how strongly each act leads to each of them."""
        self._led_to = np.bincount(
            self._neighbours.ravel(), self._flow.ravel(), minlength=len(trained.product_ids)
        ).astype(np.float32)
        """(n_trained,) how strongly what the shopper took to leads to each product."""
        self._by_neighbours = live.of_trained(np.sqrt(np.maximum(self._led_to, 0)))
        _, self._spread_of_taste = _middle_and_spread(self._by_taste)
        self._middle, self._spread_of_neighbours = _middle_and_spread(self._by_neighbours)
        """The middle is what a product of which nothing is known gets by its neighbours."""
        untrained = live.untrained
        if len(untrained.rows):
            self._by_neighbours[untrained.rows] = self._middle + np.einsum(
                "ps,ps->p",
                untrained.weights,
                (np.sqrt(self._led_there) - self._middle)[untrained.stand_ins],
            )
        self.weights = trained.blend.for_size(taste.size)
        """(len(PARTS),)"""
        kinds = [
            _KIND_OF_ACT.get(act.type, ReasonKind.BECAUSE_YOU_VIEWED)
            if weight > 0
            else ReasonKind.UNLIKE_WHAT_YOU_DISLIKED
            for act, weight in zip(taste.acts, taste.weights.tolist(), strict=True)
        ]
        self._acts_of_kind: dict[ReasonKind, list[int]] = {}
        for place, kind in enumerate(kinds):
            self._acts_of_kind.setdefault(kind, []).append(place)

    @cached_property
    def _tastes(self) -> Floats:
        """(n_acts, n_factors) what each act adds to taste, in the measure of the scores."""
        measure = self._taste.weights * (self.weights[0] / self._spread_of_taste)
        tastes: Floats = self._live.vectors[self._taste.rows] * measure[:, np.newaxis]
        return tastes

    @cached_property
    def _by_itself(self) -> Floats:
        """(n_trained_acts,) how strongly each act leads to the very product it was on.

        No product is offered because of itself, but what is like it is.
        """
        mine: Floats = self._taste.weights[self._trained_acts] * (
            SELF * self._live.strongest_neighbour
        )
        return mine

    @cached_property
    def _led_there(self) -> Floats:
        """(n_trained,) how strongly the acts lead to what may stand in for a new product."""
        mine = np.bincount(self._origins, self._by_itself, minlength=len(self._led_to))
        return np.maximum(self._led_to + mine.astype(np.float32), 0)

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
        """A part for each kind of act, what the shop says of the shopper, popularity, and for a new
        product its attributes."""
        yield from self._by_shopper_attribute(row)
        trained_row = int(self._live.trained_rows[row])
        by_neighbours = self.weights[1] / self._spread_of_neighbours
        if trained_row >= 0:
            yield from self._in_words(row, self._by_act(row, trained_row, by_neighbours))
            standing = float(self.weights[2:] @ self._live.standing[:, row])
            yield Part(standing, ReasonKind.POPULAR, "Popular in this shop")
        else:
            untrained = self._live.untrained
            place = int(np.flatnonzero(untrained.rows == row)[0])
            stand_ins, weights = untrained.stand_ins[place], untrained.weights[place]
            yield from self._in_words(row, self._by_stand_ins(stand_ins, weights) * by_neighbours)
            yield from self._by_attribute(row)
            unlike = float((1 - weights.sum()) * self._middle * by_neighbours)
            yield Part(unlike, ReasonKind.NEW_ARRIVAL, "New in this shop")

    def _by_act(self, row: int, trained_row: int, by_neighbours: np.float32) -> Floats:
        """(n_acts,) both parts are sums over acts: the scores of the products they were on."""
        contributions: Floats = self._tastes @ self._live.vectors[row]
        if (whole := self._led_to[trained_row]) > 0:
            act, place = np.nonzero(self._neighbours == trained_row)
            leading = self._flow[act, place] * (by_neighbours / np.sqrt(whole))
            # No act leads to the same product twice, so that none overwrites another.
            contributions[self._trained_acts[act]] += leading
        return contributions

    def _by_stand_ins(self, stand_ins: Rows, weights: Floats) -> Floats:
        """(n_acts,) how the acts lead to a new product by way of those that stand in for it."""
        whole = self._led_there[stand_ins]
        share = np.zeros(len(self._led_there), np.float32)
        met = whole > 0
        np.add.at(share, stand_ins[met], weights[met] / np.sqrt(whole[met]))
        contributions = np.zeros(len(self._taste.rows), np.float32)
        contributions[self._trained_acts] = (self._flow * share[self._neighbours]).sum(axis=1)
        contributions[self._trained_acts] += self._by_itself * share[self._origins]
        return contributions

    def _in_words(self, row: int, contributions: Floats) -> Iterator[Part]:
        of_act = contributions.tolist()
        for kind, acts in self._acts_of_kind.items():
            found = [of_act[act] for act in acts]
            strongest = int(self._taste.rows[acts[found.index(max(found))]])
            product = self._live.products[strongest]
            others = sum(contribution > 0 for contribution in found) - 1
            more = f" and {others} more" if others > 0 else ""
            if kind is ReasonKind.UNLIKE_WHAT_YOU_DISLIKED:
                text = f"Unlike {product.name}{more}"
            elif strongest == row:
                text = f"You {_VERB[kind]} it"
            else:
                text = f"Because you {_VERB[kind]} {product.name}{more}"
            yield Part(sum(found), kind, text, product)

    def _by_shopper_attribute(self, row: int) -> Iterator[Part]:
        """What the shop says of the shopper, named after what adds most."""
        if not self._taste.attributes:
            return
        measure = self.weights[0] / self._spread_of_taste
        found = (self._taste.attribute_vectors @ self._live.vectors[row] * measure).tolist()
        name, value = self._taste.attributes[found.index(max(found))]
        text = f"Popular with shoppers like you ({name}: {value})"
        yield Part(sum(found), ReasonKind.SHOPPERS_LIKE_YOU, text)

    def _by_attribute(self, row: int) -> Iterator[Part]:
        """The vector of a product that training has not seen is a sum over its attributes.

        A part for each kind of attribute, named after the one that adds most.
        """
        trained, taste = self._trained, self._taste
        # What the shop says of the shopper has a part of its own.
        by_acts = taste.vector - taste.attribute_vectors.sum(axis=0)
        features, values = trained.feature_space.describe(self._live.products[row])
        likeness = values * ATTRIBUTE_SHARE * (trained.feature_vectors[features] @ by_acts)
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


def _middle_and_spread(scores: Floats) -> tuple[np.float32, np.float32]:
    """Mean and standard deviation, from two passes."""
    if not len(scores):
        return np.float32(0), np.float32(1)
    middle = scores.mean()
    variance = scores @ scores / np.float32(len(scores)) - middle * middle
    return middle, np.sqrt(max(variance, SMALLEST_SPREAD**2))

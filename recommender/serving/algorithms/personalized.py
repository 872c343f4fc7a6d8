"""What suits this shopper."""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recommender.facts.catalog import CATEGORY_SEPARATOR, Product
from recommender.facts.events import EventType
from recommender.facts.phrases import Phrase, Saying
from recommender.facts.request import ReasonKind, Request
from recommender.model.blend import NEIGHBOURS, SEEN, STANDING, TASTE
from recommender.model.trained_model import Floats, TrainedModel
from recommender.serving.algorithms.buy_again import adding_what_is_due
from recommender.serving.explain import Part, Scores
from recommender.serving.fold_in import Taste, idle_minutes
from recommender.serving.live_model import LiveModel
from recommender.serving.rhythm import due
from recommender.serving.shopper import Shopper

_KIND_OF_ACT = {
    EventType.PURCHASE: ReasonKind.BECAUSE_YOU_BOUGHT,
    EventType.LIKE: ReasonKind.BECAUSE_YOU_LIKED,
    EventType.RATING: ReasonKind.BECAUSE_YOU_LIKED,
}
SELF = 17.0
"""How much more strongly a product leads to itself than to its strongest neighbour, where it stands
in for one that nobody met. The higher, the more of the new products are in a list. In earlier
windows 14 hid too many of them, and 20 took more from the lists of the others than it gave."""

SMALLEST_SPREAD = np.float32(1e-6)
"""Standard deviation under which all products score alike."""

_BECAUSE = {
    ReasonKind.BECAUSE_YOU_BOUGHT: Saying.BECAUSE_YOU_BOUGHT,
    ReasonKind.BECAUSE_YOU_LIKED: Saying.BECAUSE_YOU_LIKED,
    ReasonKind.BECAUSE_YOU_VIEWED: Saying.BECAUSE_YOU_VIEWED,
    ReasonKind.UNLIKE_WHAT_YOU_DISLIKED: Saying.UNLIKE,
}
_DID_IT = {
    ReasonKind.BECAUSE_YOU_BOUGHT: Saying.YOU_BOUGHT_IT,
    ReasonKind.BECAUSE_YOU_LIKED: Saying.YOU_LIKED_IT,
    ReasonKind.BECAUSE_YOU_VIEWED: Saying.YOU_VIEWED_IT,
}


def personalized(request: Request, shopper: Shopper, live: LiveModel) -> Scores | None:
    """Taste, neighbours and popularity, weighed by how much is known of the shopper."""
    if shopper.taste is None or live.trained is None:
        return None
    idle = idle_minutes(shopper.history, live.trained, request.at)
    again = request.offer_bought_again
    blended = Blended(shopper.taste, live, live.trained, idle, offer_bought_again=again)
    scores = Scores(blended.scores(), blended.explain)
    if not again:
        return scores
    found = due(shopper.history.purchases, live, request.at)
    return adding_what_is_due(scores, found, live.trained.blend.due_weights, live)


class Blended:
    """The parts of one shopper's scores, and what each of their acts adds."""

    def __init__(
        self,
        taste: Taste,
        live: LiveModel,
        trained: TrainedModel,
        idle: float,
        *,
        offer_bought_again: bool = False,
    ) -> None:
        """Work the parts out.

        Args:
            taste: of the shopper.
            live: the catalogue.
            trained: the model of it.
            idle: from `idle_minutes`.
            offer_bought_again: whether the list may hold what they bought before.
        """
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
            self._neighbours.ravel(), self._flow.ravel(), minlength=len(trained.product_ids) + 1
        ).astype(np.float32)
        """(n_trained + 1,) how strongly what the shopper took to leads to each product."""
        drawn = self._led_to.copy()
        drawn[drawn < 0] = 0
        self._by_neighbours = live.of_trained(np.sqrt(drawn))
        _, self._spread_of_taste = _middle_and_spread(self._by_taste)
        self._middle, self._spread_of_neighbours = _middle_and_spread(self._by_neighbours)
        """The middle is what a product of which nothing is known gets by its neighbours."""
        untrained = live.untrained
        if len(untrained.rows):
            led = np.flatnonzero(self._led_there > 0)
            by_stand_ins = untrained.mixed(led, np.sqrt(self._led_there[led]))
            self._by_neighbours[untrained.rows] = by_stand_ins + untrained.unlike * self._middle
        strongest = taste.weights.max(initial=SMALLEST_SPREAD)
        self._seen = np.sqrt(np.maximum(taste.weights, 0) / strongest)
        """(n_acts,) how strongly each drew the shopper to its own product; up to 1."""
        self.weights = trained.blend.for_shopper(
            taste.size, idle, offer_bought_again=offer_bought_again
        )
        """(len(PARTS),)"""
        self._neighbour_measure = self.weights[NEIGHBOURS] / self._spread_of_neighbours
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
        measure = self._taste.weights * (self.weights[TASTE] / self._spread_of_taste)
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
        """(n_trained + 1,) how strongly the acts lead to what may stand in for a new product."""
        mine = np.bincount(self._origins, self._by_itself, minlength=len(self._led_to))
        return np.maximum(self._led_to + mine.astype(np.float32), 0)

    def parts(self) -> Floats:
        """(len(PARTS), n_products)"""
        seen = np.zeros(len(self._live), np.float32)
        seen[self._taste.rows] = self._seen
        return np.vstack(
            [
                self._by_taste / self._spread_of_taste,
                self._by_neighbours / self._spread_of_neighbours,
                seen,
                self._live.standing,
            ]
        )

    def scores(self) -> Floats:
        """(n_products,) the weights times the parts, without laying the parts side by side."""
        scores: Floats = self.weights[STANDING:] @ self._live.standing
        scores += self._by_taste * (self.weights[TASTE] / self._spread_of_taste)
        scores += self._by_neighbours * self._neighbour_measure
        scores[self._taste.rows] += self._seen * self.weights[SEEN]
        return scores

    def explain(self, rows: Sequence[int]) -> Iterator[list[Part]]:
        """For each row a part for each kind of act, what the shop says of the shopper, popularity,
        and for a new product its attributes."""
        origins = self._live.trained_rows[rows]
        standing = (self.weights[STANDING:] @ self._live.standing[:, rows]).tolist()
        by_act = self._in_words(rows, self._by_act(rows, origins))
        said = self._by_shopper_attribute(rows)
        for place, (row, origin) in enumerate(zip(rows, origins.tolist(), strict=True)):
            if origin >= 0:
                rest = [Part(standing[place], ReasonKind.POPULAR, Phrase(Saying.POPULAR))]
            else:
                rest = [*self._by_attribute(row), self._by_nothing(row)]
            yield said[place] + by_act[place] + rest

    def _by_act(self, rows: Sequence[int], origins: NDArray[np.intp]) -> Floats:
        """(n_rows, n_acts) taste, neighbours and what was seen are sums over acts: the scores of
        the products they were on."""
        contributions: Floats = self._live.vectors[rows] @ self._tastes.T
        trained = np.flatnonzero(origins >= 0)
        trained = trained[self._led_to[origins[trained]] > 0]
        place_of = np.full(len(self._led_to), -1, np.int32)
        place_of[origins[trained]] = trained
        places = place_of.take(self._neighbours.ravel())
        led = np.flatnonzero(places >= 0)
        place, act = places[led], self._trained_acts[led // self._neighbours.shape[1]]
        whole = np.sqrt(self._led_to[origins[place]])
        # No act leads to the same product twice, so that none overwrites another.
        contributions[place, act] += self._flow.ravel()[led] * (self._neighbour_measure / whole)
        for new in np.flatnonzero(origins < 0).tolist():
            contributions[new] = self._by_stand_ins(rows[new])
        seen, act = np.nonzero(np.asarray(rows)[:, np.newaxis] == self._taste.rows)
        contributions[seen, act] += self._seen[act] * self.weights[SEEN]
        return contributions

    def _by_nothing(self, row: int) -> Part:
        """What a new product gets for being like nothing."""
        unlike = 1 - self._live.stand_ins(row).weights.sum()
        worth = float(unlike * self._middle * self._neighbour_measure)
        return Part(worth, ReasonKind.NEW_ARRIVAL, Phrase(Saying.NEW))

    def _by_stand_ins(self, row: int) -> Floats:
        """(n_acts,) how the acts lead to a new product by way of those that stand in for it."""
        stand_ins, weights = self._live.stand_ins(row)
        whole = self._led_there[stand_ins]
        share = np.zeros(len(self._led_there), np.float32)
        met = whole > 0
        np.add.at(share, stand_ins[met], weights[met] / np.sqrt(whole[met]))
        contributions = np.zeros(len(self._taste.rows), np.float32)
        contributions[self._trained_acts] = (self._flow * share[self._neighbours]).sum(axis=1)
        contributions[self._trained_acts] += self._by_itself * share[self._origins]
        contributions *= self._neighbour_measure
        return contributions

    def _in_words(self, rows: Sequence[int], contributions: Floats) -> list[list[Part]]:
        """(n_rows,) a part for each kind of act, named after the act that adds most."""
        told: list[list[Part]] = [[] for _ in rows]
        row_of_act = self._taste.rows.tolist()
        for kind, acts in self._acts_of_kind.items():
            found = contributions[:, acts]
            for place, (total, strongest, speaking) in enumerate(
                zip(
                    found.sum(axis=1).tolist(),
                    found.argmax(axis=1).tolist(),
                    (found > 0).sum(axis=1).tolist(),
                    strict=True,
                )
            ):
                row = row_of_act[acts[strongest]]
                product = self._live.products[row]
                phrase = _of_act(kind, product, row == rows[place], speaking - 1)
                told[place].append(Part(total, kind, phrase, product))
        return told

    def _by_shopper_attribute(self, rows: Sequence[int]) -> list[list[Part]]:
        """(n_rows,) what the shop says of the shopper, named after what adds most."""
        if not self._taste.attributes:
            return [[] for _ in rows]
        measure = self.weights[TASTE] / self._spread_of_taste
        found = self._live.vectors[rows] @ (self._taste.attribute_vectors * measure).T
        told: list[list[Part]] = []
        for total, strongest in zip(
            found.sum(axis=1).tolist(), found.argmax(axis=1).tolist(), strict=True
        ):
            phrase = Phrase(Saying.SHOPPERS_LIKE_YOU, self._taste.attributes[strongest])
            told.append([Part(total, ReasonKind.SHOPPERS_LIKE_YOU, phrase)])
        return told

    def _by_attribute(self, row: int) -> Iterator[Part]:
        """The vector of a product that training has not seen is a sum over its attributes.

        A part for each kind of attribute, named after the one that adds most.
        """
        trained, taste = self._trained, self._taste
        # What the shop says of the shopper has a part of its own.
        by_acts = taste.vector - taste.attribute_vectors.sum(axis=0)
        features, values = self._live.description(row)
        likeness = values * (trained.feature_vectors[features] @ by_acts)
        contributions = likeness * (self.weights[TASTE] / self._spread_of_taste)
        names = trained.feature_space.names
        of_group: dict[str, list[tuple[float, str]]] = {}
        for contribution, feature in zip(contributions.tolist(), features.tolist(), strict=True):
            group, _, value = names[feature].partition(":")
            of_group.setdefault(group, []).append((contribution, value))
        for group, found in of_group.items():
            strongest = max(found)[1].rsplit(CATEGORY_SEPARATOR, 1)[-1].rsplit("=", 1)[-1]
            phrase = Phrase(_LIKES[group], (strongest,))
            total = sum(contribution for contribution, _ in found)
            yield Part(total, ReasonKind.SHARED_ATTRIBUTE, phrase)


_LIKES = {
    "category": Saying.LIKES_CATEGORY,
    "brand": Saying.LIKES_BRAND,
    "tag": Saying.LIKES_TAG,
    "word": Saying.LIKES_WORD,
    "price": Saying.LIKES_PRICE,
}


def _of_act(kind: ReasonKind, product: Product, itself: bool, others: int) -> Phrase:
    if itself and kind in _DID_IT:
        return Phrase(_DID_IT[kind])
    return Phrase(_BECAUSE[kind], (product.name, max(others, 0)))


def _middle_and_spread(scores: Floats) -> tuple[np.float32, np.float32]:
    """Mean and standard deviation, from two passes."""
    if not len(scores):
        return np.float32(0), np.float32(1)
    # The mean method takes twice as long.
    middle = scores.sum() / np.float32(len(scores))
    variance = scores @ scores / np.float32(len(scores)) - middle * middle
    return middle, np.sqrt(np.maximum(variance, SMALLEST_SPREAD**2))

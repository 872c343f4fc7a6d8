"""LiveModel: trained model + catalogue as they are now. The only mutable object.

No locks: every method is synchronous, so on one event loop none interrupts another.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from recommender.facts.catalog import Product, deepest_category
from recommender.facts.filters import Field, Filter, OneOf
from recommender.facts.ids import Rows
from recommender.model.blend import PARTS, STANDING
from recommender.model.features import MOST_KEPT, strongest
from recommender.model.trained_model import Floats, TrainedModel
from recommender.serving.catalogue_index import CatalogueIndex
from recommender.serving.stand_ins import MOST_STAND_INS, StandIns, stand_ins

Kind = TypeVar("Kind", bound=np.generic)

STANDING_PARTS = PARTS[STANDING:]
"""The parts of a personal score that are the same for everybody."""
AGE = STANDING_PARTS.index("age")
FARTHEST_AGE = 2.0
"""Standard deviations beyond which a product is neither newer nor older."""

LABELS = ("group", "brand", "category")
"""What products share that a shelf may hold only so many of."""

ATTRIBUTE_SHARE = float(np.sqrt(0.5))
"""Length of the attributes' part of a trained product's features, beside its identity."""


class Untrained(NamedTuple):
    """Products that training has not seen, as mixtures of those it has."""

    rows: NDArray[np.int64]
    """(n_untrained,) rows in the live model."""
    begins: NDArray[np.intp]
    """(n_trained + 1,) where, of the next two, what each trained product stands in for begins."""
    places: NDArray[np.intp]
    """(n_weights,) places among the untrained. By trained product, since a shopper's acts lead to
    few of those, so that a list touches a small part of it."""
    weights: Floats
    """(n_weights,) how much the trained product has to say there."""
    unlike: Floats
    """(n_untrained,) what is left of one: how little the product is like any of them."""

    @classmethod
    def of(cls, found: Mapping[int, StandIns], n_trained: int) -> Self:
        """Lay out who stands in for each product, by its row."""
        # Numbers of 16 bits, which most shops need, are sorted ten times as fast.
        trained = np.array([s.rows for s in found.values()], np.min_scalar_type(n_trained)).ravel()
        weights = np.array([s.weights for s in found.values()], np.float32)
        weights = weights.reshape(-1, MOST_STAND_INS)
        order = np.argsort(trained, kind="stable")
        order = order[weights.ravel()[order] != 0]
        return cls(
            np.fromiter(found, np.int64, len(found)),
            np.append(0, np.bincount(trained[order], minlength=n_trained).cumsum()),
            order // MOST_STAND_INS,
            weights.ravel()[order],
            1 - weights.sum(axis=1),
        )

    def mixed(self, trained: NDArray[np.intp], values: Floats) -> Floats:
        """(n_untrained,) of each the mean of its stand-ins' values, weighted by their say.

        Args:
            trained: rows in the trained model, no others have a value.
            values: theirs.
        """
        begins = self.begins[trained]
        counts = self.begins[trained + 1] - begins
        ends = counts.cumsum()
        at = np.repeat(begins - (ends - counts), counts) + np.arange(counts.sum())
        said = self.weights[at] * np.repeat(values, counts)
        return np.bincount(self.places[at], said, minlength=len(self.rows)).astype(np.float32)


class LiveModel:
    """Every product of the catalogue as a row, ready to be scored and filtered."""

    def __init__(
        self,
        trained: TrainedModel | None = None,
        products: Iterable[Product] = (),
        popularity: Mapping[str, float] | None = None,
    ) -> None:
        """Lay out the catalogue.

        Args:
            trained: None while nothing was ever trained.
            products: the catalogue.
            popularity: of products, where no trained model knows it.
        """
        products = list(products)
        self.trained = trained
        self._counted = popularity or {}
        self._trained_row = {p: row for row, p in enumerate(trained.product_ids)} if trained else {}
        factors = trained.product_vectors.shape[1] if trained else 0
        self.row_of: dict[str, int] = {}
        self.products: list[Product] = []
        """By row. A product that was removed stays in its row, not available."""
        room = len(products) + 64
        self._vectors = np.zeros((room, factors), np.float32)
        self._numbers = np.zeros((3 + len(STANDING_PARTS), room), np.float32)
        # Rows are as wide as numpy's own, which makes looking values up several times faster.
        self._trained_rows = np.full(room, -1, np.intp)
        self._standing = _standing(trained) if trained else np.zeros((0, 0), np.float32)
        self._rising = _rising(trained) if trained else np.zeros(1, np.float32)
        self._attributes = np.zeros((MOST_KEPT, room), np.intp)
        self._attribute_values = np.zeros((MOST_KEPT, room), np.float32)
        self._created = np.zeros(room)
        self._available = np.zeros(room, bool)
        self._labels = np.zeros((len(LABELS), room), np.int32)
        self._codes: list[dict[str, int]] = [{"": 0} for _ in LABELS]
        self._index: CatalogueIndex | None = None
        self._descriptions: dict[int, tuple[Rows, Floats]] = {}
        self._stand_ins: dict[int, StandIns] = {}
        neighbours = trained.neighbour_weights if trained else np.zeros((0, 0), np.float32)
        self.strongest_neighbour = float(neighbours.max(axis=1).mean()) if neighbours.size else 0.0
        """How strongly a trained product leads to its strongest neighbour, on average."""
        self._untrained: Untrained | None = None
        for product in products:
            self.put(product)

    def __len__(self) -> int:
        return len(self.products)

    @property
    def version(self) -> str | None:
        """Of the trained model."""
        return self.trained.version if self.trained else None

    @property
    def goes_by_attributes(self) -> bool:
        """Whether it matters what the shop says of a shopper."""
        return self.trained is not None and len(self.trained.shopper_space) > 0

    @property
    def vectors(self) -> Floats:
        """(n_products, n_factors); zero for what nothing is known about."""
        return self._vectors[: len(self)]

    @property
    def biases(self) -> Floats:
        """(n_products,)"""
        return self._numbers[0, : len(self)]

    @property
    def lengths(self) -> Floats:
        """(n_products,) of the vectors."""
        return self._numbers[1, : len(self)]

    @property
    def popularity(self) -> Floats:
        """(n_products,) zero for what nobody met."""
        return self._numbers[2, : len(self)]

    @property
    def standing(self) -> Floats:
        """(len(STANDING_PARTS), n_products) what speaks for a product whoever the shopper is, in
        standard deviations. A product that training has not seen stands in the middle: nothing is
        known of its popularity, so that neither buries nor pushes it."""
        return self._numbers[3:, : len(self)]

    @property
    def trained_rows(self) -> NDArray[np.intp]:
        """(n_products,) rows in the trained model; -1 for a product that training has not seen."""
        return self._trained_rows[: len(self)]

    @property
    def untrained(self) -> "Untrained":
        """The products that training has not seen, and who stands in for them."""
        if self._untrained is None:
            self._untrained = Untrained.of(self._stand_ins, len(self._trained_row))
        return self._untrained

    def stand_ins(self, row: int) -> StandIns:
        """Who stands in for a product that training has not seen."""
        return self._stand_ins[row]

    @property
    def created_at(self) -> NDArray[np.float64]:
        """(n_products,) seconds since 1970."""
        return self._created[: len(self)]

    @property
    def rising(self) -> Floats:
        """(n_products,) standard deviations by which more shoppers are drawn to the product these
        days than its long memory leads one to expect; 0 for what training has not seen."""
        return self.of_trained(self._rising)

    @property
    def lasting_popularity(self) -> Floats:
        """(n_products,) with the long memory; 0 for what training has not seen."""
        known = self.trained.lasting_popularity if self.trained else np.zeros(0, np.float32)
        return self.of_trained(np.append(known, np.float32(0)))

    @property
    def attributes(self) -> tuple[NDArray[np.intp], Floats]:
        """(MOST_KEPT, n_products) the features that say most of each product, and how much."""
        return self._attributes[:, : len(self)], self._attribute_values[:, : len(self)]

    @property
    def labels(self) -> Rows:
        """(len(LABELS), n_products) codes: products with the same one share it. 0: it has none."""
        return self._labels[:, : len(self)]

    @property
    def available(self) -> NDArray[np.bool_]:
        """(n_products,) what may be shown at all."""
        return self._available[: len(self)]

    def get(self, product_id: str) -> Product | None:
        """The product, if the shop has it."""
        row = self.row_of.get(product_id)
        return None if row is None else self.products[row]

    def rows(self, product_ids: Iterable[str]) -> list[int]:
        """Those of the products that the shop has."""
        return [row for p in product_ids if (row := self.row_of.get(p)) is not None]

    def description(self, row: int) -> tuple[Rows, Floats]:
        """What `FeatureSpace.describe` says of a product that training has not seen."""
        return self._descriptions[row]

    def is_trained(self, row: int) -> bool:
        """Whether training has seen the product, so that its vector holds its identity."""
        return bool(self._trained_rows[row] >= 0)

    def of_trained(self, values: Floats) -> Floats:
        """(n_products,) from (n_trained + 1,): what training has not seen has the last one."""
        # Row -1 is the last one.
        found: Floats = values.take(self.trained_rows)
        return found

    def within(self, category: str) -> NDArray[np.bool_]:
        """(n_products,) whether it is in the category or in one below it; unknown ones are empty.

        Args:
            category: a path such as "Home > Kitchen".
        """
        return self.matching(OneOf(Field.CATEGORY, frozenset({category})))

    def matching(self, wanted: Filter) -> NDArray[np.bool_]:
        """(n_products,) what matches a filter, whether it can be bought or not."""
        return self.index.matching(wanted)

    @property
    def index(self) -> CatalogueIndex:
        """By which products are found. Laid out when first asked for, and kept current since."""
        if self._index is None:
            self._index = CatalogueIndex(
                self.products,
                self.row_of.values(),
                popularity_of=lambda row: float(self._numbers[2, row]),
            )
        return self._index

    def laid_out(self) -> Self:
        """The same, with all laid out that else the first who asks would wait for."""
        self.index.lay_out()
        return self

    def put(self, product: Product) -> None:
        """Add a product, or replace what was known of it."""
        row = self.row_of.get(product.product_id)
        if row is None:
            row = len(self.products)
            if row == len(self._available):
                self._grow()
            self.row_of[product.product_id] = row
            self.products.append(product)
        self.products[row] = product
        self._created[row] = product.created_at.timestamp()
        self._available[row] = product.available_for_sale
        trained_row = self._trained_row.get(product.product_id, -1)
        if self.trained is not None and trained_row < 0:
            self._descriptions[row] = self.trained.feature_space.describe(product)
        vector, bias, popularity = self._known_of(product, row)
        self._vectors[row] = vector
        self._numbers[:3, row] = bias, np.linalg.norm(vector), popularity
        self._trained_rows[row] = trained_row
        self._numbers[3:, row] = self._standing[:, trained_row] if trained_row >= 0 else 0
        labels = product.item_group_id or "", product.brand or "", deepest_category(product)
        for label, codes, known in zip(labels, self._codes, self._labels, strict=True):
            known[row] = codes.setdefault(label, len(codes))
        if self.trained is not None:
            kept = (
                (self.trained.attributes[trained_row], self.trained.attribute_values[trained_row])
                if trained_row >= 0
                else strongest(*self._descriptions[row])
            )
            self._attributes[:, row], self._attribute_values[:, row] = kept
            if trained_row < 0:
                found, before = stand_ins(kept[0], kept[1], self.trained), self._stand_ins.get(row)
                # Another price or stock seldom changes them, and laying them out takes a while.
                if before is None or not all(map(np.array_equal, before, found)):
                    self._stand_ins[row] = found
                    self._untrained = None

        if self._index is not None:
            self._index.put(row, product)

    def count(self, popularity: Mapping[str, float]) -> None:
        """Take over popularity counted anew, where no trained model knows it."""
        if self.trained is None:
            self._counted = popularity
            for product_id, row in self.row_of.items():
                self._numbers[2, row] = popularity.get(product_id, 0.0)
            if self._index is not None:
                self._index.recount()

    def recount(self, trained: TrainedModel) -> None:
        """Take over what was counted at another time.

        Args:
            trained: with the same products and vectors as before.
        """
        known = np.flatnonzero(self.trained_rows >= 0)
        rows = self.trained_rows[known]
        self.trained = trained
        self._standing, self._rising = _standing(trained), _rising(trained)
        self._numbers[2, known] = trained.popularity[rows]
        self._numbers[3:, known] = self._standing[:, rows]
        if self._index is not None:
            self._index.recount()

    def remove(self, product_id: str) -> None:
        """Never show the product again. Unknown ids are fine: it is gone either way."""
        row = self.row_of.pop(product_id, None)
        if row is not None:
            self._available[row] = False
            if self._index is not None:
                self._index.remove(row)

    def _known_of(self, product: Product, at: int) -> tuple[Floats, float, float]:
        """Vector, bias and popularity of what is in a row."""
        trained = self.trained
        if trained is None:
            counted = self._counted.get(product.product_id, 0.0)
            return np.zeros(0, np.float32), 0.0, counted
        row = self._trained_row.get(product.product_id)
        if row is not None:
            return (
                trained.product_vectors[row],
                float(trained.product_biases[row]),
                float(trained.popularity[row]),
            )
        features, values = self._descriptions[at]
        shared = float(values @ trained.feature_biases[features]) * ATTRIBUTE_SHARE
        # Its attributes are all there is of it: they take the place of the identity, too. With the
        # share that they have of a trained product, tastes of new products differed too little.
        vector = values @ trained.feature_vectors[features]
        return vector, shared + trained.new_product_bias, 0.0

    def _grow(self) -> None:
        room = 2 * len(self._available)
        self._vectors = _longer(self._vectors, room)
        self._numbers = _wider(self._numbers, room)
        self._trained_rows = _longer(self._trained_rows, room)
        self._attributes = _wider(self._attributes, room)
        self._attribute_values = _wider(self._attribute_values, room)
        self._labels = _wider(self._labels, room)
        self._created = _longer(self._created, room)
        self._available = _longer(self._available, room)


def _standing(trained: TrainedModel) -> Floats:
    """(len(STANDING_PARTS), n_trained) standardised, in the order of STANDING_PARTS.

    Where nearly all products are old, one that came yesterday would be ten deviations away, and
    fill the lists by that alone.
    """
    columns = np.stack(
        [
            np.log1p(trained.popularity),
            np.log1p(trained.lasting_popularity),
            trained.product_biases,
            np.log1p(trained.age_days),
        ]
    )
    spread = np.maximum(columns.std(axis=1, keepdims=True), 1e-9)
    standing: Floats = ((columns - columns.mean(axis=1, keepdims=True)) / spread).astype(np.float32)
    standing[AGE].clip(-FARTHEST_AGE, FARTHEST_AGE, out=standing[AGE])
    return standing


def _rising(trained: TrainedModel) -> Floats:
    """(n_trained + 1,) popularity with the short memory against what the long one leads one to
    expect, in standard deviations of a count (Poisson); 0 at the end. The shop's own growth is no
    product's merit."""
    whole = max(float(trained.lasting_popularity.sum()), 1e-9)
    expected = trained.lasting_popularity * (float(trained.popularity.sum()) / whole)
    rising = (trained.popularity - expected) / np.sqrt(expected + 1)
    return np.append(rising.astype(np.float32), np.float32(0))


def _longer(array: NDArray[Kind], length: int) -> NDArray[Kind]:
    longer = np.zeros((length, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer


def _wider(table: NDArray[Kind], width: int) -> NDArray[Kind]:
    return np.ascontiguousarray(_longer(table.T, width).T)

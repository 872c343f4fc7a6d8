"""LiveModel: trained model + catalogue as they are now. The only mutable object.

No locks: every method is synchronous, so on one event loop none interrupts another.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from recommender.blend import PARTS
from recommender.catalog import Product
from recommender.ids import Rows
from recommender.trained_model import Floats, TrainedModel

Kind = TypeVar("Kind", bound=np.generic)

STANDING_PARTS = PARTS[2:]
"""The parts of a personal score that are the same for everybody."""

ATTRIBUTE_SHARE = float(np.sqrt(0.5))
"""Length of the attributes' part of a trained product's features, beside its identity."""


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
        self._sorted_ids: list[str] | None = None
        room = len(products) + 64
        self._vectors = np.zeros((room, factors), np.float32)
        self._numbers = np.zeros((3 + len(STANDING_PARTS), room), np.float32)
        self._trained_rows = np.full(room, -1, np.int32)
        self._standing = _standing(trained) if trained else np.zeros((0, 0), np.float32)
        self._created = np.zeros(room)
        self._available = np.zeros(room, bool)
        for product in products:
            self.put(product)

    def __len__(self) -> int:
        return len(self.products)

    @property
    def version(self) -> str | None:
        """Of the trained model."""
        return self.trained.version if self.trained else None

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
    def trained_rows(self) -> Rows:
        """(n_products,) rows in the trained model; -1 for a product that training has not seen."""
        return self._trained_rows[: len(self)]

    @property
    def created_at(self) -> NDArray[np.float64]:
        """(n_products,) seconds since 1970."""
        return self._created[: len(self)]

    @property
    def available(self) -> NDArray[np.bool_]:
        """(n_products,) what may be shown at all."""
        return self._available[: len(self)]

    @property
    def sorted_ids(self) -> Sequence[str]:
        """The ids of the catalogue, in order. Sorted anew only after a product came or went."""
        if self._sorted_ids is None:
            self._sorted_ids = sorted(self.row_of)
        return self._sorted_ids

    def get(self, product_id: str) -> Product | None:
        """The product, if the shop has it."""
        row = self.row_of.get(product_id)
        return None if row is None else self.products[row]

    def is_trained(self, row: int) -> bool:
        """Whether training has seen the product, so that its vector holds its identity."""
        return bool(self._trained_rows[row] >= 0)

    def put(self, product: Product) -> None:
        """Add a product, or replace what was known of it."""
        row = self.row_of.get(product.product_id)
        if row is None:
            row = len(self.products)
            if row == len(self._available):
                self._grow()
            self.row_of[product.product_id] = row
            self.products.append(product)
            self._sorted_ids = None
        self.products[row] = product
        self._created[row] = product.created_at.timestamp()
        self._available[row] = product.available_for_sale
        vector, bias, popularity = self._known_of(product)
        self._vectors[row] = vector
        self._numbers[:3, row] = bias, np.linalg.norm(vector), popularity
        trained_row = self._trained_row.get(product.product_id, -1)
        self._trained_rows[row] = trained_row
        self._numbers[3:, row] = self._standing[:, trained_row] if trained_row >= 0 else 0

    def count(self, popularity: Mapping[str, float]) -> None:
        """Take over popularity counted anew, where no trained model knows it."""
        if self.trained is None:
            self._counted = popularity
            for product_id, row in self.row_of.items():
                self._numbers[2, row] = popularity.get(product_id, 0.0)

    def remove(self, product_id: str) -> None:
        """Never show the product again. Unknown ids are fine: it is gone either way."""
        row = self.row_of.pop(product_id, None)
        if row is not None:
            self._available[row] = False
            self._sorted_ids = None

    def _known_of(self, product: Product) -> tuple[Floats, float, float]:
        """Vector, bias and popularity."""
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
        features, values = trained.feature_space.describe(product)
        values = values * ATTRIBUTE_SHARE
        bias = float(values @ trained.feature_biases[features]) + trained.new_product_bias
        return values @ trained.feature_vectors[features], bias, 0.0

    def _grow(self) -> None:
        room = 2 * len(self._available)
        self._vectors = _longer(self._vectors, room)
        self._numbers = np.ascontiguousarray(_longer(self._numbers.T, room).T)
        self._trained_rows = _longer(self._trained_rows, room)
        self._created = _longer(self._created, room)
        self._available = _longer(self._available, room)


def _standing(trained: TrainedModel) -> Floats:
    """(len(STANDING_PARTS), n_trained) standardised, in the order of STANDING_PARTS."""
    columns = np.stack(
        [
            np.log1p(trained.popularity),
            np.log1p(trained.lasting_popularity),
            trained.product_biases,
        ]
    )
    spread = np.maximum(columns.std(axis=1, keepdims=True), 1e-9)
    standing: Floats = ((columns - columns.mean(axis=1, keepdims=True)) / spread).astype(np.float32)
    return standing


def _longer(array: NDArray[Kind], length: int) -> NDArray[Kind]:
    longer = np.zeros((length, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer

"""What training found out: a frozen value made of arrays; to and from bytes, never pickle."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.facts.errors import CorruptModel
from recommender.facts.ids import Rows
from recommender.facts.shopper_attributes import ShopperSpace
from recommender.model.blend import DUE_PARTS, PARTS, UNLEARNED, Blend
from recommender.model.features import FeatureSpace
from recommender.model.type_weights import USUAL, TypeWeights

Floats = NDArray[np.float32]

FORMAT = 7
"""Raised whenever older code could not read what newer code writes."""


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """Vectors of products and of their features, and how popular each product is.

    LightFM gives every product the sum of its features' vectors, its identity being one of them
    (Kula 2015, arXiv:1507.08439). `product_vectors` are those sums, so serving needs no features
    but for products that training has not seen.
    """

    version: str
    """Sorts by time, names the model everywhere."""
    trained_at: datetime
    """UTC."""
    known_until: datetime
    """UTC by the shop's clock: when the latest of the acts happened that it learned from."""
    product_ids: Sequence[str]
    """The meaning of the product rows."""
    product_vectors: Floats
    """(n_products, n_factors)"""
    product_biases: Floats
    """(n_products,) what a product scores with everybody: its learned popularity."""
    popularity: Floats
    """(n_products,) shoppers drawn to it, decayed with a short half-life. Zero: nobody met it."""
    lasting_popularity: Floats
    """(n_products,) the same with a long half-life."""
    age_days: Floats
    """(n_products,) from when the first shopper was drawn to it to `known_until`."""
    neighbours: Rows
    """(n_products, n_neighbours) product rows, the strongest of each."""
    neighbour_weights: Floats
    """(n_products, n_neighbours) how strongly one product leads to the other."""
    partners: Rows
    """(n_products, n_partners) product rows: what is bought together with each, the strongest
    first."""
    partner_strength: Floats
    """(n_products, n_partners) from 0 to 1; 0 where there are fewer."""
    partner_support: Floats
    """(n_products, n_partners) baskets that hold both."""
    partner_lift: Floats
    """(n_products, n_partners) how many times more often the two share a basket than by chance."""
    repeat_chances: Floats
    """(n_products,) the share of buyers who buy it on another day too."""
    repeat_gap_days: Floats
    """(n_products,) days between two purchases of it by one shopper, typically."""
    attributes: Rows
    """(n_products, n_attributes) the attribute features that say most of each product."""
    attribute_values: Floats
    """(n_products, n_attributes) how much each says; rows of length one, or zero."""
    feature_space: FeatureSpace
    feature_vectors: Floats
    """(n_features, n_factors) of the attribute features, zero where no trained product has it."""
    feature_biases: Floats
    """(n_features,)"""
    shopper_space: ShopperSpace
    shopper_vectors: Floats
    """(n_shopper_features, n_factors) what each adds to what a shopper is drawn to."""
    typical_taste: Floats
    """(n_factors,) what shoppers without any of these features are drawn to."""
    new_product_bias: float = 0.0
    """What the identity of an average product adds to its bias. A product that training has not
    seen gets it, so that it is neither buried nor pushed."""
    blend: Blend = UNLEARNED
    """How the parts of a personal score are weighed."""
    type_weights: TypeWeights = USUAL
    """How much an act of each type counts: it was trained with these, and serves with them."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What it was trained with."""

    def __post_init__(self) -> None:
        products, factors = self.product_vectors.shape
        expected = {
            "product_ids": ((len(self.product_ids),), (products,)),
            "product_biases": (self.product_biases.shape, (products,)),
            "popularity": (self.popularity.shape, (products,)),
            "lasting_popularity": (self.lasting_popularity.shape, (products,)),
            "age_days": (self.age_days.shape, (products,)),
            "neighbours": (self.neighbours.shape[:1], (products,)),
            "neighbour_weights": (self.neighbour_weights.shape, self.neighbours.shape),
            "partners": (self.partners.shape[:1], (products,)),
            "partner_strength": (self.partner_strength.shape, self.partners.shape),
            "partner_support": (self.partner_support.shape, self.partners.shape),
            "partner_lift": (self.partner_lift.shape, self.partners.shape),
            "repeat_chances": (self.repeat_chances.shape, (products,)),
            "repeat_gap_days": (self.repeat_gap_days.shape, (products,)),
            "attributes": (self.attributes.shape[:1], (products,)),
            "attribute_values": (self.attribute_values.shape, self.attributes.shape),
            "blend": (self.blend.weights.shape, (len(PARTS),)),
            "where_bought of the blend": (self.blend.where_bought.shape, (len(PARTS),)),
            "due_weights of the blend": (self.blend.due_weights.shape, (len(DUE_PARTS),)),
            "feature_vectors": (self.feature_vectors.shape, (len(self.feature_space), factors)),
            "feature_biases": (self.feature_biases.shape, (len(self.feature_space),)),
            "shopper_vectors": (self.shopper_vectors.shape, (len(self.shopper_space), factors)),
            "typical_taste": (self.typical_taste.shape, (factors,)),
        }
        for name, (found, wanted) in expected.items():
            if found != wanted:
                raise CorruptModel(
                    f"{name} of model {self.version} has shape {found}, expected {wanted}"
                )
        for name in _ARRAYS:
            if not np.isfinite(getattr(self, name)).all():
                raise CorruptModel(f"{name} of model {self.version} has values that are no number")
        for name, count in (
            ("neighbours", products),
            ("partners", products),
            # Where there are no features at all, the first row stands for none.
            ("attributes", max(len(self.feature_space), 1)),
        ):
            rows = getattr(self, name)
            if rows.size and not 0 <= rows.min() <= rows.max() < count:
                raise CorruptModel(f"{name} of model {self.version} has rows that do not exist")
        if not (self.repeat_gap_days > 0).all():
            raise CorruptModel(f"repeat_gap_days of model {self.version} has gaps of no days")

    def to_bytes(self) -> bytes:
        """The model as one .npz file."""
        header = {
            "format": FORMAT,
            "version": self.version,
            "trained_at": self.trained_at.isoformat(),
            "known_until": self.known_until.isoformat(),
            "product_ids": list(self.product_ids),
            "feature_space": self.feature_space.to_json(),
            "shopper_space": self.shopper_space.to_json(),
            "new_product_bias": self.new_product_bias,
            "blend": self.blend.to_json(),
            "type_weights": self.type_weights.to_json(),
            "parameters": dict(self.parameters),
        }
        file = io.BytesIO()
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        text = np.frombuffer(json.dumps(header).encode(), np.uint8)
        rows = {name: getattr(self, name) for name in _ROWS}
        np.savez_compressed(file, header=text, **rows, **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "TrainedModel":
        """Read what `to_bytes` wrote.

        Raises:
            CorruptModel: if it is anything else.
        """
        try:
            # No pickle: an artifact is data, so loading one can never run code.
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                header = json.loads(file["header"].tobytes())
                _readable(header["format"])
                return cls(
                    version=header["version"],
                    trained_at=datetime.fromisoformat(header["trained_at"]),
                    known_until=datetime.fromisoformat(header["known_until"]),
                    product_ids=header["product_ids"],
                    feature_space=FeatureSpace.from_json(header["feature_space"]),
                    shopper_space=ShopperSpace.from_json(header["shopper_space"]),
                    new_product_bias=float(header["new_product_bias"]),
                    blend=Blend.from_json(header["blend"]),
                    type_weights=TypeWeights.from_json(header["type_weights"]),
                    parameters=header["parameters"],
                    **{name: file[name].astype(np.int32, copy=False) for name in _ROWS},
                    **{name: file[name].astype(np.float32, copy=False) for name in _ARRAYS},
                )
        except CorruptModel:
            raise
        except Exception as error:
            # Damage shows as any kind of error: a zip that claims to be encrypted, an array that
            # claims to be huge.
            raise CorruptModel(f"This is not a model: {error}") from error


def _readable(found: object) -> None:
    if found != FORMAT:
        raise CorruptModel(
            f"The model has format {found}, this program reads {FORMAT}. Retrain, or run the "
            "version that made it."
        )


_ROWS = ("neighbours", "partners", "attributes")

_ARRAYS = (
    "product_vectors",
    "product_biases",
    "popularity",
    "lasting_popularity",
    "age_days",
    "neighbour_weights",
    "partner_strength",
    "partner_support",
    "partner_lift",
    "repeat_chances",
    "repeat_gap_days",
    "attribute_values",
    "feature_vectors",
    "feature_biases",
    "shopper_vectors",
    "typical_taste",
)

"""How taste, neighbours and popularity are weighed against one another."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log1p
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

PARTS = ("taste", "neighbours", "popularity", "lasting_popularity", "bias")
"""What a personal score is made of, each as a number of standard deviations over the products.

taste: the shopper's folded-in vector times the product's.
neighbours: the root of how strongly what the shopper took to leads to the product (EASE).
popularity, lasting_popularity: shoppers drawn to it, logarithmic, with short and long memory.
bias: the popularity that LightFM learned.
"""

FARTHEST = 3.0
"""Beyond this many standard deviations of the size of a history, its weights stay as they are."""


@dataclass(frozen=True, slots=True)
class Blend:
    """Weights that depend on how much is known of the shopper, without a step."""

    weights: Floats
    """(n_parts,) for a shopper of whom as much is known as of most."""
    slopes: Floats
    """(n_parts,) what each standard deviation of the history's size adds."""
    size_mean: float
    """Of log(1 + products known of a shopper)."""
    size_deviation: float
    quality: Mapping[str, float]
    """NDCG@10 on the window it was learned on: of each way that was tried."""
    smallest: float = -FARTHEST
    largest: float = FARTHEST
    """Standard deviations from the mean size within which there were shoppers to learn from. A
    slope says nothing of histories shorter or longer than those."""
    repeat: float = 6.0
    """What the root of how much a product is due (`rhythm.due`) counts beside these parts, where
    what the shopper bought before may be offered again."""

    def for_size(self, n_products: float) -> Floats:
        """(n_parts,) weights for a shopper of whom this many products are known."""
        size = (log1p(n_products) - self.size_mean) / self.size_deviation
        size = min(max(size, self.smallest), self.largest)
        weights: Floats = self.weights + np.float32(size) * self.slopes
        return weights

    def to_json(self) -> dict[str, Any]:
        """For the model's file."""
        return {
            "weights": self.weights.tolist(),
            "slopes": self.slopes.tolist(),
            "size_mean": self.size_mean,
            "size_deviation": self.size_deviation,
            "quality": dict(self.quality),
            "smallest": self.smallest,
            "largest": self.largest,
            "repeat": self.repeat,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Blend":
        """The other way."""
        return cls(
            np.array(data["weights"], np.float32),
            np.array(data["slopes"], np.float32),
            float(data["size_mean"]),
            float(data["size_deviation"]),
            data["quality"],
            float(data["smallest"]),
            float(data["largest"]),
            float(data["repeat"]),
        )


UNLEARNED = Blend(
    weights=np.array([0.5, 0.3, 0.2, 0.0, 0.0], np.float32),
    slopes=np.zeros(len(PARTS), np.float32),
    size_mean=2.0,
    size_deviation=1.0,
    quality={},
)
"""For a shop with too few shoppers to learn from."""

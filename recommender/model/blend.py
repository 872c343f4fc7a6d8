"""How taste, neighbours and popularity are weighed against one another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log1p
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

PARTS = ("taste", "neighbours", "seen", "popularity", "lasting_popularity", "bias", "age")
"""What a personal score is made of, each but `seen` as a number of standard deviations over the
products.

taste: the shopper's folded-in vector times the product's.
neighbours: the root of how strongly what the shopper took to leads to the product (EASE).
seen: 1 for what the shopper is drawn to most of all they met, less for what less; 0 for the rest.
popularity, lasting_popularity: shoppers drawn to it, logarithmic, with short and long memory.
bias: the popularity that LightFM learned.
age: for how long shoppers have been drawn to it, logarithmic.
"""
DUE_PARTS = ("due", "times")
"""What is added where the list may hold what the shopper bought before (`rhythm.due_parts`).

due: the root of how much it is time to buy it again.
times: how often it was bought, logarithmic.
"""
TASTE, NEIGHBOURS, SEEN, STANDING = range(4)
"""Where each is; those from STANDING on are the same for everybody."""

FARTHEST = 3.0
"""Beyond this many standard deviations of the size of a history, its weights stay as they are."""

VISIT_MINUTES, AWAY_MINUTES = 60.0, 1_440.0
"""Who did something up to so many minutes ago is in the middle of a visit; who did nothing for so
many comes back. In between they are the one as well as the other."""


@dataclass(frozen=True, slots=True)
class Blend:
    """Weights that depend on how much is known of the shopper, and since when, without a step."""

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
    where_bought: Floats = field(default_factory=lambda: np.zeros(len(PARTS), np.float32))
    """(n_parts,) what is added to the weights where what the shopper bought before may be offered
    again."""
    due_weights: Floats = field(default_factory=lambda: np.array([6.0, 0.0], np.float32))
    """(n_due_parts,) what the parts of how much a product is due (`rhythm.due_parts`) count beside
    these, there."""
    in_visit: "Blend | None" = None
    """For shoppers in the middle of a visit, where they want something else than who comes back."""

    def for_shopper(
        self, n_products: float, idle_minutes: float, *, offer_bought_again: bool = False
    ) -> Floats:
        """(n_parts,) weights for a shopper.

        Args:
            n_products: known of the shopper.
            idle_minutes: since they last did anything.
            offer_bought_again: whether the list may hold what they bought before.
        """
        away = away_share(idle_minutes) if self.in_visit else 1.0
        weights = self.for_size(n_products) if away > 0 else np.zeros_like(self.weights)
        if self.in_visit and away < 1:
            in_visit = self.in_visit.for_size(n_products)
            weights = np.float32(away) * weights + np.float32(1 - away) * in_visit
        return weights + self.where_bought if offer_bought_again else weights

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
            "where_bought": self.where_bought.tolist(),
            "due_weights": self.due_weights.tolist(),
            "in_visit": self.in_visit and self.in_visit.to_json(),
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
            np.array(data["where_bought"], np.float32),
            np.array(data["due_weights"], np.float32),
            data["in_visit"] and cls.from_json(data["in_visit"]),
        )


def away_share(idle_minutes: float) -> float:
    """From 0 for a shopper in the middle of a visit to 1 for one who comes back.

    >>> away_share(5), round(away_share(300), 2), away_share(10_000)
    (0.0, 0.5, 1.0)
    """
    share = log1p(idle_minutes) - log1p(VISIT_MINUTES)
    return min(max(share / (log1p(AWAY_MINUTES) - log1p(VISIT_MINUTES)), 0.0), 1.0)


UNLEARNED = Blend(
    weights=np.array([0.5, 0.3, 0.0, 0.2, 0.0, 0.0, 0.0], np.float32),
    slopes=np.zeros(len(PARTS), np.float32),
    size_mean=2.0,
    size_deviation=1.0,
    quality={},
)
"""For a shop with too few shoppers to learn from."""

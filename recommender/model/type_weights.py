"""How much an act of each type counts in one shop: as usual, or as was learned from its events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recommender.facts.events import WEIGHT_OF_A_STAR, WEIGHTS, Act, EventType

STARS = (1.0, 2.0, 3.0, 4.0, 5.0)
USUAL_STARS = tuple((star - 3) * WEIGHT_OF_A_STAR for star in STARS)
"""What ratings count: fewer than three stars speak against a product."""


@dataclass(frozen=True, slots=True)
class TypeWeights:
    """What training and serving weigh acts by, so that both always agree."""

    of_type: Mapping[EventType, float]
    """Every type; negative speaks against the product."""
    quality: Mapping[str, float] = field(default_factory=dict)
    """NDCG@10 of quick lists for shoppers they were not learned from: "learned" and "usual". Empty
    where nothing was learned."""
    of_stars: tuple[float, ...] = USUAL_STARS
    """Ratings of one star to five; what lies between is in between."""
    memory: float = 1.0
    """How many times longer than usual an act counts for taste, and for which products lead to
    which. What is popular these days is another thing: it fades as always."""

    def of(self, act: Act) -> float:
        """How much it says for the product; negative speaks against it."""
        if act.rating is None:
            return self.of_type[act.type]
        return float(np.interp(act.rating, STARS, self.of_stars))

    def __str__(self) -> str:
        """What speaks for a product, for people.

        >>> print(TypeWeights({**WEIGHTS, EventType.VIEW: 0.25}))
        purchase 10, like 6, add_to_cart 4, click 1, view 0.25
        """
        speaking = [(type_, w) for type_, w in self.of_type.items() if WEIGHTS[type_] > 0]
        speaking.sort(key=lambda told: -told[1])
        return ", ".join(f"{type_} {weight:g}" for type_, weight in speaking)

    def to_json(self) -> dict[str, Any]:
        """For the model's file."""
        return {
            "of_type": {type_.value: weight for type_, weight in self.of_type.items()},
            "quality": dict(self.quality),
            "of_stars": list(self.of_stars),
            "memory": self.memory,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "TypeWeights":
        """The other way. A type that was not known then has its usual weight."""
        told = {EventType(name): float(weight) for name, weight in data["of_type"].items()}
        stars = tuple(map(float, data["of_stars"]))
        return cls({**WEIGHTS, **told}, data["quality"], stars, float(data["memory"]))


USUAL = TypeWeights(WEIGHTS)
"""For a shop that sends one type of act, or too few acts to learn from."""

"""What a shop says of its shoppers: country, segment, age. It helps where little is known of what
they did.

Each attribute that enough shoppers have is a feature; numbers are cut into bands of equally many
shoppers. What shoppers with a feature are drawn to (`shopper_attributes_learning`) is what serving
goes by until the shopper's own acts say more.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from recommender.facts.catalog import check_attributes

FEWEST_SHOPPERS = 5
"""What fewer shoppers have in common is chance, or would give one of them away."""
MOST_FEATURES = 1_000
"""The most common ones, so that a list of towns does not outgrow everything else."""
LARGEST_SHARE = 0.9
"""What more of the shoppers have than this tells nothing apart."""
BANDS = 8
"""Bands of equally many shoppers for each attribute with more different numbers than that."""

Attributes = tuple[tuple[str, str], ...]
"""Name and value. A name may come more than once."""


@dataclass(frozen=True, slots=True)
class ShopperAttributes:
    """What the shop says of one shopper."""

    shopper_id: str
    """From `events.shopper_of_user` or `events.shopper_of_session`."""
    attributes: Attributes

    def __post_init__(self) -> None:
        check_attributes(self.attributes)


@dataclass(frozen=True, slots=True)
class ShopperSpace:
    """Which features of shoppers exist, and how to read them off what the shop says."""

    row_of: Mapping[str, int]
    """Feature name -> row, such as "country=france" -> 17."""
    edges: Mapping[str, Sequence[float]]
    """Attribute name -> numbers between one band and the next, where its numbers are cut."""

    @classmethod
    def of(cls, shoppers: Sequence[Attributes]) -> "ShopperSpace":
        """The features worth having for these shoppers: neither rare nor nearly everywhere."""
        edges = _edges(shoppers)
        count = Counter(
            name for said in shoppers for name in {_feature(n, v, edges) for n, v in said}
        )
        most = LARGEST_SHARE * len(shoppers)
        kept = [name for name, n in count.items() if FEWEST_SHOPPERS <= n <= most]
        kept = sorted(sorted(kept, key=lambda name: (-count[name], name))[:MOST_FEATURES])
        return cls({name: row for row, name in enumerate(kept)}, edges)

    def __len__(self) -> int:
        return len(self.row_of)

    def describe(self, said: Attributes) -> dict[int, tuple[str, str]]:
        """The rows of a shopper's features that exist here, and the attribute each was read off."""
        found: dict[int, tuple[str, str]] = {}
        for name, value in said:
            if (row := self.row_of.get(_feature(name, value, self.edges))) is not None:
                found.setdefault(row, (name, value))
        return found

    def to_json(self) -> dict[str, Any]:
        """For the model's file."""
        return {"names": list(self.row_of), "edges": {n: list(e) for n, e in self.edges.items()}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ShopperSpace":
        """The other way."""
        return cls({name: row for row, name in enumerate(data["names"])}, data["edges"])


NO_FEATURES = ShopperSpace({}, {})
"""Of a shop that says nothing of its shoppers, or nothing that tells their tastes apart."""


def _feature(name: str, value: str, edges: Mapping[str, Sequence[float]]) -> str:
    """What an attribute is called as a feature, whatever its capitals."""
    name, number = name.lower(), _number(value)
    if number is None or (between := edges.get(name)) is None:
        return f"{name}={value.lower()}"
    return f"{name} {int(np.searchsorted(between, number)) + 1} of {len(between) + 1}"


def _edges(shoppers: Sequence[Attributes]) -> dict[str, list[float]]:
    numbers: dict[str, list[float]] = {}
    for said in shoppers:
        for name, value in said:
            if (number := _number(value)) is not None:
                numbers.setdefault(name.lower(), []).append(number)
    shares = np.linspace(0, 1, BANDS + 1)[1:-1]
    return {
        name: sorted({float(edge) for edge in np.quantile(found, shares)})
        for name, found in sorted(numbers.items())
        if len(set(found)) > BANDS
    }


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None

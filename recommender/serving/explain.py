"""Why a product scored what it did, in parts that add up to the score."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from recommender.facts.catalog import Product
from recommender.facts.request import Reason, ReasonKind
from recommender.model.trained_model import Floats

MOST_REASONS = 5
"""The strongest parts that are told. The weights are shares of all of them, told or not."""


class Part(NamedTuple):
    """One thing that went into a score."""

    contribution: float
    """What it adds. Negative: it speaks against the product."""
    kind: ReasonKind
    text: str
    """A sentence for a page."""
    product: Product | None = None
    """The product it points at, where there is one."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What an algorithm thinks of every product, and why."""

    values: Floats
    """(n_products,) the higher the better; -inf for a product it has nothing to say about."""
    parts: Callable[[int], Iterable[Part]]
    """Everything that made the score of the product in a row. The contributions sum to it."""


_CONTRIBUTION = attrgetter("contribution")


def reasons(parts: Iterable[Part]) -> list[Reason]:
    """What speaks for the product, strongest first.

    A part that speaks against it is no reason to show it, so it is left out; the weights are
    shares of all that speaks for it.
    """
    speaking = [part for part in parts if part.contribution > 0]
    speaking.sort(key=_CONTRIBUTION, reverse=True)
    total = sum(map(_CONTRIBUTION, speaking))
    return [
        Reason(part.kind, part.text, part.contribution, part.contribution / total, part.product)
        for part in speaking[:MOST_REASONS]
    ]

"""Why a product scored what it did, in parts that add up to the score."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from operator import attrgetter
from typing import NamedTuple, Self

from recommender.facts.catalog import Product
from recommender.facts.phrases import Phrase
from recommender.facts.request import Reason, ReasonKind
from recommender.model.trained_model import Floats

MOST_REASONS = 5
"""The strongest parts that are told. The weights are shares of all of them, told or not."""


class Part(NamedTuple):
    """One thing that went into a score."""

    contribution: float
    """What it adds. Negative: it speaks against the product."""
    kind: ReasonKind
    phrase: Phrase
    """What it says, for a page."""
    product: Product | None = None
    """The product it points at, where there is one."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What an algorithm thinks of every product, and why."""

    values: Floats
    """(n_products,) the higher the better; -inf for a product it has nothing to say about."""
    parts_of: Callable[[Sequence[int]], Iterable[Iterable[Part]]]
    """Everything that made the score of each of some rows. The contributions sum to it."""

    @classmethod
    def of_each(cls, values: Floats, parts: Callable[[int], Iterable[Part]]) -> Self:
        """Where every row is explained by itself."""
        return cls(values, partial(map, parts))

    def parts(self, row: int) -> Iterable[Part]:
        """Everything that made the score of one row."""
        [found] = self.parts_of([row])
        return found


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
        Reason(part.kind, part.phrase, part.contribution, part.contribution / total, part.product)
        for part in speaking[:MOST_REASONS]
    ]


class Explanation:
    """Why products of one strategy are on a shelf, worked out for all of them when the first is
    asked for: ten take about as long as two that are asked for one by one."""

    def __init__(self, scores: Scores) -> None:
        self.scores = scores
        self.rows: list[int] = []
        """The products; all are there before one is asked for."""

    def of(self, row: int) -> list[Reason]:
        """The reasons of one of them."""
        return self._reasons[row]

    @cached_property
    def _reasons(self) -> dict[int, list[Reason]]:
        parts_of_each = self.scores.parts_of(self.rows)
        return {row: reasons(parts) for row, parts in zip(self.rows, parts_of_each, strict=True)}

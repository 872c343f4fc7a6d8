"""What rises and what falls, as far as it is no chance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST = 20
"""Shoppers, of both periods together, without whom nothing is said."""
FALSE_SHARE = 0.05
"""The share of what is shown that may be chance (the false discovery rate)."""
SURE = 1.96
"""Standard deviations on either side that hold 95 %."""

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Change:
    """How many shoppers something drew, against the period before."""

    key: str
    """Which product, or which category."""
    shoppers: int
    before: int
    bound: float
    """The factor between the two, as near to 1 as it may be with 95 % confidence."""

    @property
    def change(self) -> float | None:
        """1 for twice as many, -0.5 for half as many; None where there were none before."""
        return self.shoppers / self.before - 1 if self.before else None


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed; first what changed most for sure."""

    rising: Sequence[Change] = ()
    falling: Sequence[Change] = ()


def changes(
    keys: Sequence[str], now: Counts, before: Counts, everything: tuple[float, float]
) -> Changes:
    """What rises and what falls.

    Something rises if it draws more shoppers than before, and if it rose more than the shop did:
    each beyond chance. It falls likewise. Chance is what a coin would do that falls as often on
    "now" as the shop's own share of "now" (an exact binomial test); and since thousands of products
    are looked at, of which some always look odd, only so many are shown that chance is expected to
    account for FALSE_SHARE of them (Benjamini and Hochberg 1995). Where fewer than FEWEST shoppers
    came in both periods, nothing is tested at all.

    Args:
        keys: what is counted.
        now, before: (n,) shoppers.
        everything: what the shop as a whole had in the two periods.
    """
    total = sum(everything)
    if not min(everything) > 0:
        return Changes()
    share = everything[0] / total
    tested = np.flatnonzero(now + before >= FEWEST)
    now, before = now[tested], before[tested]
    rise = _at_least(now, now + before, max(share, 0.5))
    fall = _at_least(before, now + before, max(1 - share, 0.5))
    shown = _discovered(np.minimum(2 * np.minimum(rise, fall), 1.0))
    odds = np.log((now + 0.5) / (before + 0.5))
    spread = SURE * np.sqrt(1 / (now + 0.5) + 1 / (before + 0.5))
    bound = np.exp(np.sign(odds) * np.maximum(np.abs(odds) - spread, 0.0))

    def listed(chosen: NDArray[np.bool_], order: Floats) -> list[Change]:
        found = np.flatnonzero(shown & chosen)
        best = found[np.lexsort((found, order[found]))]
        return [Change(keys[tested[n]], int(now[n]), int(before[n]), float(bound[n])) for n in best]

    return Changes(listed(rise < fall, -bound), listed(fall < rise, bound))


def _at_least(count: Counts, of: Counts, share: float) -> Floats:
    """(n,) how likely a coin that falls on one side with that share does so at least so often."""
    # The API does without scipy until somebody asks for insights.
    from scipy.special import betainc

    # The binomial tail, as an incomplete beta function.
    least = np.maximum(count, 1).astype(np.float64)
    tail: Floats = betainc(least, of - least + 1, share).astype(np.float64)
    return np.where(count > 0, tail, 1.0)


def _discovered(p: Floats) -> NDArray[np.bool_]:
    """(n,) what can be told apart from chance, by Benjamini and Hochberg's step-up rule."""
    if not len(p):
        return np.zeros(0, bool)
    ordered = np.sort(p)
    passed = ordered <= FALSE_SHARE * np.arange(1, len(p) + 1) / len(p)
    return p <= ordered[np.flatnonzero(passed)[-1]] if passed.any() else np.zeros(len(p), bool)

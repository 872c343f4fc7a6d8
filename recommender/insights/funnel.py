"""How far shoppers come: from looking, to the cart, to buying."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic

import numpy as np

from recommender.facts.events import EventType
from recommender.insights.acts import SEEN, ActTable
from recommender.insights.groups import Groups, Key


@dataclass(frozen=True, slots=True)
class Funnel:
    """Shoppers, each once; everybody counted further down is counted above too."""

    viewed: int
    """Viewed something."""
    carted: int
    """Of these, put something into a cart. Who bought is taken to have done so."""
    bought: int
    """Of these, bought something."""
    bought_unseen: int
    """Bought something, and viewed nothing that we were told of. Not counted above."""

    @property
    def cart_rate(self) -> float | None:
        """Carted over viewed; None while nobody viewed."""
        return self.carted / self.viewed if self.viewed else None

    @property
    def purchase_rate(self) -> float | None:
        """Bought over viewed; None while nobody viewed."""
        return self.bought / self.viewed if self.viewed else None


@dataclass(frozen=True, slots=True)
class FunnelOf(Generic[Key]):
    """The funnel of one group of products."""

    key: Key
    funnel: Funnel


def funnels(acts: ActTable, groups: Groups[Key]) -> Sequence[FunnelOf[Key]]:
    """The funnel of each group; first the one with the most shoppers.

    Within a group: who viewed one mug and bought another went all the way of mugs.
    """
    viewed, carted, bought = (
        groups.shopper_groups(acts.of_type(*types).shopper_products())
        for types in (SEEN, (EventType.ADD_TO_CART,), (EventType.PURCHASE,))
    )
    unseen = np.setdiff1d(bought, viewed, assume_unique=True)
    bought = np.intersect1d(bought, viewed, assume_unique=True)
    carted = np.union1d(np.intersect1d(carted, viewed, assume_unique=True), bought)
    counts = np.column_stack([groups.shoppers_of(p) for p in (viewed, carted, bought, unseen)])
    everybody = counts[:, 0] + counts[:, 3]
    best = np.argsort(-everybody, kind="stable")
    return [FunnelOf(groups.keys[n], Funnel(*map(int, counts[n]))) for n in best if everybody[n]]


def whole_funnel(acts: ActTable) -> Funnel:
    """The funnel of the shop: whoever viewed any product and bought any."""
    everything = Groups(
        [""],
        np.arange(len(acts.products) + 1, dtype=np.int32),
        np.zeros(len(acts.products), np.int32),
    )
    found = funnels(acts, everything)
    return found[0].funnel if found else Funnel(0, 0, 0, 0)

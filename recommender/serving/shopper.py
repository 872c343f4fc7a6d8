"""Who a list is made for."""

from dataclasses import dataclass

from recommender.facts.events import History
from recommender.serving.fold_in import Taste


@dataclass(frozen=True, slots=True)
class Shopper:
    """What is known of a shopper when a list is made."""

    history: History
    taste: Taste | None
    """None where the history says nothing of it."""


STRANGER = Shopper(History(), None)
"""Somebody nobody knows."""

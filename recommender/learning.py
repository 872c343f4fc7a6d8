"""Everything that is learned from a shop's events: what `train` finds out, and how to blend it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from recommender.blend_learning import Lessons, lessons
from recommender.blend_learning import learn as learn_blend
from recommender.catalog import Product
from recommender.errors import NotEnoughData
from recommender.evaluation.splits import temporal_split
from recommender.interactions import EventTable
from recommender.trained_model import TrainedModel


class Train(Protocol):
    """`training.train`, with everything said but the data: so that learning needs no LightFM."""

    def __call__(
        self, what: str, table: EventTable, products: Mapping[str, Product]
    ) -> TrainedModel:
        """Learn from these events; `what` names the training for a progress bar."""


@dataclass(frozen=True, slots=True)
class HowToLearn:
    """What learning goes by, beside the parameters of the training."""

    history_length: int = 1_000
    """The latest events of a shopper that a list is made from, as in serving."""
    held_out_share: float = 0.2
    """The share of the time, at its end, that the blend is learned on."""


def learn(
    table: EventTable, products: Mapping[str, Product], train: Train, how: HowToLearn | None = None
) -> TrainedModel:
    """The model that serves, learned from these events alone.

    The blend is learned on the last part of the time, by a model that knows what came before; then
    a model is trained on everything. Where there is too little for that the blend stays unlearned.

    Raises:
        NotEnoughData: if there is too little to train on at all.
    """
    how = how or HowToLearn()
    windows: list[Lessons] = []
    try:
        window = temporal_split(table, products, how.held_out_share)
        earlier = train("Training on the earlier part", window.train, window.products)
        windows.append(lessons(earlier, window, how.history_length))
    except NotEnoughData:
        pass
    blend = learn_blend(windows)
    return replace(train("Training on everything", table, products), blend=blend)

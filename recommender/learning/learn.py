"""Everything that is learned from a shop's events: what LightFM finds out, and how to blend it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

import numpy as np

from recommender.evaluation.splits import (
    Split,
    held_out_pairs,
    leave_last_out_split,
    next_basket_split,
    temporal_split,
    visits_in,
    with_repeats,
)
from recommender.facts.catalog import Product
from recommender.facts.errors import NotEnoughData
from recommender.learning.blend_learning import FEWEST_LEARNERS, Lessons, lessons
from recommender.learning.blend_learning import learn as learn_blend
from recommender.learning.interactions import EventTable
from recommender.learning.memory_learning import learn_memory_and_stars
from recommender.learning.trainer import Trainer
from recommender.learning.type_weights_learning import learn_type_weights
from recommender.model.blend import Blend
from recommender.model.trained_model import TrainedModel
from recommender.model.type_weights import USUAL, TypeWeights

WINDOWS = 2
"""Parts of the time that the blend is learned on."""


class Windows(StrEnum):
    """Which parts of the past teach what shoppers take next."""

    BY_TIME = "by-time"
    """The last parts of the time: lists are for those who come after all that is known. So it is in
    a shop."""
    LATEST_OF_EACH = "latest-of-each"
    """What each shopper came to last, whenever that was; for an evaluation that asks for this."""
    ORDER_OF_EACH = "order-of-each"
    """The last order of each shopper; likewise."""
    SHARE_OF_EACH = "share-of-each"
    """A random share of what each shopper took to; likewise, and for a shop without time."""


@dataclass(frozen=True, slots=True)
class HowToLearn:
    """What learning goes by, beside the parameters of the training."""

    history_length: int = 1_000
    """The latest events of a shopper that a list is made from, as in serving."""
    held_out_share: float = 0.2
    """The share of the time that each window has which the blend is learned on."""
    windows: Windows = Windows.BY_TIME


def learn(
    table: EventTable,
    products: Mapping[str, Product],
    trainer: Trainer,
    how: HowToLearn | None = None,
) -> TrainedModel:
    """The model that serves, learned from these events alone.

    The blend is learned on the last parts of the time, by models that know what came before each;
    then a model is trained on everything. Where there is too little for that the blend stays
    unlearned.

    Raises:
        NotEnoughData: if there is too little to train on at all.
        ProcessDied: if a training was ended from outside.
    """
    how = how or HowToLearn()
    weights = type_weights_of(table, products, how.held_out_share, how.windows)
    windows = windows_of(table, products, how.held_out_share, how.windows)
    lessons_to_come = ask_earlier_models(windows, weights, trainer, how.history_length)
    everything = trainer.submit("Training on everything", table.weighed_by(weights), products)
    blend = Taught.by(lessons_to_come).blend()
    return replace(everything.result(), blend=blend)


@dataclass(frozen=True, slots=True)
class Taught:
    """What windows of the past teach about the blend, the latest first."""

    lessons: Sequence[Lessons] = ()
    again: Sequence[Lessons] = ()
    """The same, of lists that may hold what was bought before."""
    visits: Sequence[Lessons] = ()
    """The same, of lists for shoppers in the middle of a visit."""

    @classmethod
    def by(cls, windows: Iterable[Future["Taught"]]) -> "Taught":
        """By all windows of which enough is known."""
        found = []
        for window in windows:
            with suppress(NotEnoughData):
                found.append(window.result())
        return cls(
            [of for t in found for of in t.lessons],
            [of for t in found for of in t.again],
            [of for t in found for of in t.visits],
        )

    def before(self, latest: "Taught") -> "Taught":
        """With a later window, and as many in all as before."""
        return Taught(
            (*latest.lessons, *self.lessons)[:WINDOWS],
            (*latest.again, *self.again)[:WINDOWS],
            (*latest.visits, *self.visits)[:WINDOWS],
        )

    def blend(self) -> Blend:
        """What they say together."""
        return learn_blend(self.lessons, self.again, self.visits)


def windows_of(
    table: EventTable,
    products: Mapping[str, Product],
    share: float,
    kind: Windows = Windows.BY_TIME,
) -> Sequence[Split]:
    """The last parts of the time, all of the same length, the latest first. May be fewer, or none.

    What sells changes from month to month: weights learned on two windows made lists of the next
    one 8 % better than weights learned on one.
    """
    found: list[Split] = []
    for n in range(WINDOWS):
        try:
            found.append(window_of(table, products, share / (1 - n * share), kind=kind))
        except NotEnoughData:
            break
        table, products = found[-1].train, found[-1].products
    return found


def ask_earlier_models(
    windows: Sequence[Split], weights: TypeWeights, trainer: Trainer, history_length: int
) -> Sequence[Future[Taught]]:
    """Have a model trained on what came before each window, and asked what the window teaches."""
    return [
        trainer.ask(
            f"Training on what came before {window.cut:%Y-%m-%d}",
            window.train.weighed_by(weights),
            window.products,
            partial(taught_by, window=window, history_length=history_length),
        )
        for window in windows
    ]


def taught_by(model: TrainedModel, window: Split, history_length: int) -> Taught:
    """Ask a model for lists at the beginning of a window, and in the middle of visits in it."""
    found = lessons(model, window, history_length)
    again = [lessons(model, with_repeats(window), history_length)]
    if window.moments is not None:
        # Each list is made when its shopper comes: some come back, some are in a visit.
        coming_back = found.away >= 0.5
        return Taught(
            [found.of(np.flatnonzero(coming_back))], again, [found.of(np.flatnonzero(~coming_back))]
        )
    visits = []
    with suppress(NotEnoughData):
        visits.append(lessons(model, visits_in(window), history_length))
    return Taught([found], again, visits)


def with_lessons(
    model: TrainedModel, window: Split, history_length: int
) -> tuple[TrainedModel, Taught]:
    """The model, and what it teaches."""
    return model, taught_by(model, window, history_length)


def type_weights_of(
    table: EventTable,
    products: Mapping[str, Product],
    held_out_share: float,
    kind: Windows = Windows.BY_TIME,
) -> TypeWeights:
    """How much each type of act counts, and how long, learned on the last part of these events.

    As usual where there is too little to learn from.
    """
    try:
        window = window_of(table, products, held_out_share, kind=kind)
    except NotEnoughData:
        return USUAL
    return learn_memory_and_stars(window, learn_type_weights(window))


def window_of(
    table: EventTable,
    products: Mapping[str, Product],
    share: float,
    seed: int = 1,
    kind: Windows = Windows.BY_TIME,
) -> Split:
    """What to learn a blend or parameters on: the last part of the time, while it has enough in it.

    A shop whose events all bear one date, or whose shoppers hardly ever come back, has no such
    part: then it is a random share of what each shopper took to.

    Raises:
        NotEnoughData: if neither leaves anybody to judge.
    """
    ways: dict[Windows, Callable[[], Split]] = {
        Windows.BY_TIME: lambda: temporal_split(table, products, share),
        Windows.LATEST_OF_EACH: lambda: leave_last_out_split(table, products),
        Windows.ORDER_OF_EACH: lambda: next_basket_split(table, products),
        Windows.SHARE_OF_EACH: lambda: held_out_pairs(table, products, share, seed),
    }
    found: list[Split] = []
    for way in dict.fromkeys((kind, Windows.SHARE_OF_EACH)):
        try:
            found.append(ways[way]())
        except NotEnoughData as error:
            lack = error
        else:
            if len(found[-1].shoppers) >= FEWEST_LEARNERS:
                return found[-1]
    if not found:
        raise lack
    return found[0]

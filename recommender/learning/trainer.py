"""Trains the models of one retrain, as many at a time as there are processes."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import Self

from threadpoolctl import threadpool_limits

from recommender.facts.catalog import Product
from recommender.learning.interactions import EventTable
from recommender.learning.processes import Answer, Processes, Tell
from recommender.learning.training import Parameters, train
from recommender.model.trained_model import TrainedModel

SMALL_WORK = 1_000_000
"""Events times epochs up to which a training is not worth the start of a process: some seconds."""

Told = Callable[[int, int], None]
"""Called after each epoch with the epochs done and their number."""


@dataclass
class Trainer:
    """`training.train`, with everything said but the data.

    To be used in a `with`: leaving it ends whatever is still under way.
    """

    version: str
    """Of the models."""
    trained_at: datetime
    """UTC."""
    parameters: Parameters = field(default_factory=Parameters)
    threads: int = 1
    """Of LightFM, in each training."""
    processes: int = 1
    """Trainings at a time. With one they are done in this process."""
    small_work: int = SMALL_WORK
    bar: Callable[[str], Told] = lambda _: lambda _done, _of: None
    """Makes the progress function of the training that it is given the name of."""
    seconds: dict[str, float] = field(default_factory=dict)
    """What each training took, by its name."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if "_children" in vars(self):
            self._children.close()

    def get_ready(self, table: EventTable) -> None:
        """Have the processes started that trainings on these events will take, and return at once.

        To start one takes seconds, in which something else can be done here.
        """
        if not self._here(table):
            for _ in range(self.processes):
                self._children.submit("Starting", ready)

    def submit(
        self, what: str, table: EventTable, products: Mapping[str, Product]
    ) -> Future[TrainedModel]:
        """Have a model trained on these events; `what` names the training.

        A large one in a process of its own, started in the order of asking; a small one here and
        now. Both give the same model, to the last bit.

        Returns:
            The model to come, or NotEnoughData, or ProcessDied.
        """
        return self.ask(what, table, products, itself)

    def ask(
        self,
        what: str,
        table: EventTable,
        products: Mapping[str, Product],
        question: Callable[[TrainedModel], Answer],
    ) -> Future[Answer]:
        """Have a model trained, and asked something by the process that trained it.

        Args:
            what, table, products: as of `submit`.
            question: a function of a module, or a `partial` of one.

        Returns:
            The answer to come.
        """
        parameters = self.parameters
        arguments = (table, products, self.version, self.trained_at, parameters, self.threads)
        told = self.bar(what)

        def keep_time(done: Future[tuple[Answer, float]]) -> None:
            if done.cancelled():
                answer.cancel()
            elif error := done.exception():
                answer.set_exception(error)
            else:
                found, self.seconds[what] = done.result()
                answer.set_result(found)

        answer: Future[Answer] = Future()
        if self._here(table):
            done = at_once(timed_training, *arguments, question, told=told)
        else:
            done = self._children.submit(what, timed_training, *arguments, question, told=told)
        done.add_done_callback(keep_time)
        return answer

    def _here(self, table: EventTable) -> bool:
        """Whether a training on these events is done in this process."""
        return self.processes == 1 or len(table) * self.parameters.epochs <= self.small_work

    @cached_property
    def _children(self) -> Processes:
        return Processes(self.processes)


def at_once(
    work: Callable[..., Answer], *arguments: object, told: Tell = lambda *_: None
) -> Future[Answer]:
    """What `Processes.submit` does, in this process and before it returns."""
    done: Future[Answer] = Future()
    try:
        done.set_result(work(*arguments, told))
    except Exception as error:
        done.set_exception(error)
    return done


def timed_training(
    table: EventTable,
    products: Mapping[str, Product],
    version: str,
    trained_at: datetime,
    parameters: Parameters,
    threads: int,
    question: Callable[[TrainedModel], Answer],
    told: Told,
) -> tuple[Answer, float]:
    """What a model answers, and the seconds that its training took."""
    start = time.monotonic()
    # One thread for the closed forms too: trainings side by side would fight for the cores, and
    # how many there are must not change the last digits.
    with threadpool_limits(1):
        model = train(
            table,
            products,
            version=version,
            trained_at=trained_at,
            parameters=parameters,
            threads=threads,
            progress=told,
        )
        seconds = time.monotonic() - start
        return question(model), seconds


def ready(_told: Told) -> None:
    """For who asks for nothing but a process that has read this module, and so LightFM."""


def itself(model: TrainedModel) -> TrainedModel:
    """For who asks for nothing but the model."""
    return model

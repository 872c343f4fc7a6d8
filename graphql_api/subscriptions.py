"""What can be followed, in the schema: lists that change while the shopper clicks, and models."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Annotated, TypeVar, Unpack

import strawberry
import structlog
from pymongo.errors import PyMongoError

from graphql_api.keys import Scope
from graphql_api.listeners import TRAININGS, Listeners
from graphql_api.models import Model, TrainingJob, model_of
from graphql_api.products import Info
from graphql_api.recommendations import RecommendationShelf, look_of
from graphql_api.shelf_input import (
    ContextArgument,
    Controls,
    PlacementArgument,
    ShelfInput,
    Shopper,
    with_controls,
)
from graphql_api.shelves import made_for, served
from recommender.facts.errors import InvalidInput
from recommender.facts.request import Request, Shelf

log = structlog.get_logger(__name__)

Made = TypeVar("Made")

APART_SECONDS = 0.05
"""Between two lists for one subscription: a burst of clicks makes one list, not twenty."""
RETRY_SECONDS = 1.0
"""After the database failed. The list that was sent stays on the page meanwhile."""


@strawberry.type
class RecommendationSubscriptions:
    @strawberry.subscription(
        description="The products to show to this shopper in this place: once at the start, and "
        "again whenever what the shopper does (on any page, through any server), a new model or a "
        "change of the catalogue changes the list. Always the whole list, with an id of its own. "
        "Whoever is slow gets the latest list and none of those in between."
    )
    @with_controls
    def recommendations_updated(
        self,
        info: Info,
        shopper: Shopper,
        placement: PlacementArgument = "home",
        context: ContextArgument = None,
        **controls: Unpack[Controls],
    ) -> AsyncGenerator[RecommendationShelf, None]:
        # Not a generator itself, so that mistakes are answered as such, and nothing is streamed.
        info.context.caller.require(Scope.READ)
        info.context.listeners.check_room()
        shopper_id = info.context.shopper_of(shopper)
        shelf = ShelfInput(placement=placement, **controls)
        ask = partial(shelf.request_on, info.context, context)
        ask()
        return _connections(info, shopper_id, ask)


@strawberry.type
class ModelSubscriptions:
    @strawberry.subscription(
        description="The model that answers: at once, if there is one, and whenever another one is "
        "put in service. Needs a secret key."
    )
    def model_updated(self, info: Info) -> AsyncGenerator[Model, None]:
        context = info.context
        context.caller.require(Scope.TRAINING)
        context.listeners.check_room()

        async def in_service() -> Model | None:
            version = await context.models.version_in_service()
            return await model_of(context, version) if version else None

        return changing(context.listeners, TRAININGS, in_service)

    @strawberry.subscription(
        description="A training that was asked for: as it stands, and whenever it gets on, until "
        "it has ended. Needs a secret key."
    )
    async def training_updated(
        self,
        info: Info,
        job_id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],
    ) -> AsyncGenerator[TrainingJob, None]:
        context, name = info.context, str(job_id)
        context.caller.require(Scope.TRAINING)
        context.listeners.check_room()
        if not await context.jobs.of([name]):
            raise InvalidInput("job_id", f"names no training: {name[:80]!r}")

        async def job() -> TrainingJob | None:
            found = (await context.jobs.of([name])).get(name)
            return TrainingJob.of(found) if found else None

        return _until_it_ends(changing(context.listeners, TRAININGS, job))


async def changing(
    listeners: Listeners,
    topic: str,
    make: Callable[[], Awaitable[Made | None]],
    shows: Callable[[Made], object] = lambda made: made,
) -> AsyncGenerator[Made, None]:
    """What is made now, and again each time that it shows something else; nothing for None."""
    shown: object = None
    with listeners.listen(topic) as bell:
        while True:
            bell.clear()
            try:
                made = await make()
            except PyMongoError as error:
                if shown is None:
                    raise
                log.warning("not_updated", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if made is not None and (now_shown := shows(made)) != shown:
                shown = now_shown
                yield made
            await asyncio.sleep(APART_SECONDS)
            await bell.wait()


def what_it_shows(shelf: Shelf) -> object:
    """Equal for shelves between which a shopper can see no difference.

    Scores are left out: they fade with every second that passes.
    """
    return (
        shelf.model_version,
        shelf.short_reason,
        [
            (
                found.product,
                found.strategy,
                found.is_filler,
                [reason.text for reason in found.reasons],
            )
            for found in shelf.recommendations
        ],
    )


async def _connections(
    info: Info, shopper_id: str, ask: Callable[[], Request]
) -> AsyncGenerator[RecommendationShelf, None]:
    look, base_url = look_of(info), info.context.settings.base_url

    async def make() -> Shelf:
        [shelf] = await made_for(info.context, [ask()], shopper_id, look.walk)
        return shelf

    shelves = changing(info.context.listeners, shopper_id, make, what_it_shows)
    async with aclosing(shelves):
        async for shelf in shelves:
            await served(info.context, [ask()], [shelf], shopper_id, look.walk)
            yield RecommendationShelf.of(shelf, base_url, look)


async def _until_it_ends(
    jobs: AsyncGenerator[TrainingJob, None],
) -> AsyncGenerator[TrainingJob, None]:
    async with aclosing(jobs):
        async for job in jobs:
            yield job
            if job.ended_at is not None:
                return

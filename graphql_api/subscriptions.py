"""Lists that change while the shopper clicks, in the schema."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from typing import Annotated

import strawberry
import structlog
from pymongo.errors import PyMongoError

from graphql_api.context import Context
from graphql_api.keys import Scope
from graphql_api.products import Info
from graphql_api.recommendations import (
    Length,
    RecommendationConnection,
    RecommendationContextInput,
    length_of,
    placement_named,
    product_ids_in,
    shelf_for,
)
from graphql_api.shopper_input import ShopperInput
from recommender.facts.placements import Placement
from recommender.facts.request import Shelf

log = structlog.get_logger(__name__)

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
    def recommendations_updated(
        self,
        info: Info,
        shopper: Annotated[ShopperInput, strawberry.argument(description="Who it is for.")],
        placement: Annotated[
            str, strawberry.argument(description=f"The shelf: {', '.join(Placement)}.")
        ] = "home",
        context: Annotated[
            RecommendationContextInput | None,
            strawberry.argument(description="What the shopper is looking at."),
        ] = None,
        first: Length = None,
    ) -> AsyncGenerator[RecommendationConnection, None]:
        # Not a generator itself, so that mistakes are answered as such, and nothing is streamed.
        info.context.caller.require(Scope.READ)
        info.context.listeners.check_room()
        shopper_id = info.context.shopper_of(shopper)
        longest = info.context.settings.longest_shelf
        place = placement_named(placement)
        make = partial(
            shelf_for,
            info.context,
            shopper_id,
            place,
            length_of(first, longest),
            product_ids_in(context, place, longest),
            context.category if context else None,
        )
        return _connections(shelves(info.context, shopper_id, make), info.context)


async def shelves(
    context: Context, shopper_id: str, make: Callable[[], Awaitable[Shelf]]
) -> AsyncGenerator[Shelf, None]:
    """The shelf as it is now, and again each time that it shows something else."""
    shown: object = None
    with context.listeners.listen(shopper_id) as bell:
        while True:
            bell.clear()
            try:
                shelf = await make()
            except PyMongoError as error:
                if shown is None:
                    raise
                log.warning("list_not_updated", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if (shows := what_it_shows(shelf)) != shown:
                shown = shows
                yield shelf
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
    found: AsyncGenerator[Shelf, None], context: Context
) -> AsyncGenerator[RecommendationConnection, None]:
    async for shelf in found:
        yield RecommendationConnection.of(shelf, context.settings.base_url)

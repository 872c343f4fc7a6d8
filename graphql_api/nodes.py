"""Whatever has a global id, by that."""

from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from typing import Annotated

import strawberry

from graphql_api.context import Context
from graphql_api.global_ids import Node, named_by
from graphql_api.keys import Scope
from graphql_api.models import model_of
from graphql_api.products import Info, product_of
from recommender.facts.errors import InvalidInput

Finder = Callable[[Context, str], Node | Awaitable[Node | None] | None]
"""(context, the id within the type) -> what has that id, if the caller may see it."""


async def _model(context: Context, version: str) -> Node | None:
    """The one in service is for everybody, the others are for those who may train."""
    found = await model_of(context, version)
    seen = found is not None and (found.in_service or context.caller.may(Scope.TRAINING))
    return found if seen else None


FINDERS: Mapping[str, Finder] = {
    "Product": product_of,
    "Model": _model,
}


@strawberry.type
class NodeQueries:
    @strawberry.field(
        description="Whatever has this global id; null if nothing has, or it is no id at all."
    )
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="A global id.")],  # noqa: A002
    ) -> Node | None:
        info.context.caller.require(Scope.READ)
        return await _found(info.context, str(id))

    @strawberry.field(
        description="Whatever has these global ids, in their order, and null for each id that "
        "nothing has."
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID],
            strawberry.argument(
                description="Global ids; at most the server's LONGEST_PAGE, 100 unless set."
            ),
        ],
    ) -> list[Node | None]:
        info.context.caller.require(Scope.READ)
        most = info.context.settings.longest_page
        if len(ids) > most:
            raise InvalidInput("ids", f"must be at most {most}, not {len(ids)}")
        return [await _found(info.context, str(id_)) for id_ in ids]


async def _found(context: Context, id_: str) -> Node | None:
    named = named_by(id_)
    finder = FINDERS.get(named.kind) if named else None
    if named is None or finder is None:
        return None
    found = finder(context, named.id)
    return await found if isawaitable(found) else found

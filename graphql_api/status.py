"""Who asks, and how the server that answers is doing, in the schema."""

from datetime import datetime

import strawberry
from pymongo.errors import PyMongoError

from graphql_api import keys
from graphql_api.keys import Scope
from graphql_api.products import Info


@strawberry.type(description="Who asks, by the key that came.")
class Caller:
    name: str = strawberry.field(description='Of the key; "anybody" while there are no keys.')
    scopes: list[Scope] = strawberry.field(description="What they may do, in the order of names.")

    @classmethod
    def of(cls, caller: keys.Caller) -> "Caller":
        """The same, as the schema has it."""
        return cls(name=caller.name, scopes=sorted(caller.scopes))


@strawberry.type(description="Something that went wrong on this server, more than once perhaps.")
class Failure:
    what: str = strawberry.field(description="What the server was at, such as model or keys.")
    count: int = strawberry.field(description="How often, since it started.")


@strawberry.type(description="How the server that answers is doing. Another one may do otherwise.")
class Status:
    ready: bool = strawberry.field(
        description="Whether it is to be sent requests, as GET /ready says."
    )
    database_reachable: bool = strawberry.field(description="Whether MongoDB answers now.")
    keys_needed: bool = strawberry.field(
        description="Whether a key is needed. While there is none, this machine may do everything."
    )
    model_version: str | None = strawberry.field(
        description="The model it answers by, a moment after model is another one. Null before "
        "the first training."
    )
    model_trained_at: datetime | None = strawberry.field(description="When that was trained.")
    product_count: int = strawberry.field(description="Products in its catalogue.")
    event_stream_open: bool = strawberry.field(
        description="Whether acts that other servers record are told as they happen. If not, "
        "histories are read anew for each list."
    )
    histories_in_memory: int = strawberry.field(description="Shoppers whose acts are kept.")
    subscriptions: int = strawberry.field(description="What is being followed on it.")
    lists_lost: int = strawberry.field(
        description="Lists that were served and could not be recorded, since it started."
    )
    credited_through: datetime | None = strawberry.field(
        description="Acts heard of before this are credited to lists; null if none ever was, or "
        "while the database cannot be reached."
    )
    failures: list[Failure] = strawberry.field(
        description="What went wrong since it started, in the order of names. It goes on with "
        "what it had."
    )


@strawberry.type
class StatusQueries:
    @strawberry.field(description="Who asks, and what they may do. Any key may ask.")
    def caller(self, info: Info) -> Caller | None:
        caller = info.context.caller
        if caller is keys.NOBODY:
            caller.require(Scope.READ)
        return Caller.of(caller)

    @strawberry.field(
        description="How the server that answers is doing. Needs a secret key with the scope "
        "training."
    )
    async def status(self, info: Info) -> Status | None:
        context = info.context
        context.caller.require(Scope.TRAINING)
        live, trained = context.live, context.live.trained
        try:
            await context.database.command("ping")
            credited_through = await context.crediting.credited_through()
            reachable = True
        except PyMongoError:
            credited_through, reachable = None, False
        failures = context.follower.failures + context.event_stream.failures + context.keys.failures
        return Status(
            ready=reachable and context.has_its_model,
            database_reachable=reachable,
            keys_needed=not context.keys.is_open,
            model_version=trained.version if trained else None,
            model_trained_at=trained.trained_at if trained else None,
            product_count=len(live.row_of),
            event_stream_open=context.event_stream.is_open,
            histories_in_memory=len(context.histories),
            subscriptions=len(context.listeners),
            lists_lost=context.list_log.lost,
            credited_through=credited_through,
            failures=[Failure(what=w, count=n) for w, n in sorted(failures.items())],
        )

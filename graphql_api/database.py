"""The one importer of motor.

Motor is past its end of life; PyMongo's AsyncMongoClient succeeds it with nearly the same calls.
Everything else is typed against the successor and uses only calls that both spell alike, so the
move happens on this page.
"""

import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

import pymongo
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorGridFSBucket
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConfigurationError, OperationFailure, PyMongoError

from recommender.facts.errors import InvalidSetting, ServerUnavailable
from recommender.mongo.connection import CLIENT_OPTIONS, where
from recommender.mongo.documents import INDEXES, MODEL_FILES, Document
from recommender.mongo.event_stream import IDLE_PATIENCE_SECONDS, Batch, NextBatch
from recommender.mongo.follow import NO_REPLICA_SET
from recommender.mongo.models import Bucket
from recommender.settings import Settings

LARGEST_BATCH = 1_000
"""Changes asked for at once. They are small: no batch ends early for its bytes."""


@asynccontextmanager
async def open_database(uri: str, settings: Settings) -> AsyncIterator[AsyncDatabase[Document]]:
    """The shop's database, while in the block.

    Raises:
        InvalidSetting: if MONGODB_URI is not an address.
    """
    client = _client(uri, settings, timeoutMS=int(settings.mongodb_timeout_seconds * 1000))
    try:
        yield cast("AsyncDatabase[Document]", client[settings.mongodb_database])
    finally:
        client.close()


def _client(uri: str, settings: Settings, **timeouts: Any) -> Any:
    most_ms = int(settings.mongodb_timeout_seconds * 1000)
    try:
        return AsyncIOMotorClient(
            uri, serverSelectionTimeoutMS=most_ms, **timeouts, **CLIENT_OPTIONS
        )
    except (ConfigurationError, ValueError) as error:
        raise InvalidSetting(f"Cannot use MONGODB_URI: {error}") from None


async def make_indexes(database: AsyncDatabase[Document]) -> None:
    """Whichever process comes first makes them; for the others they are there already.

    Raises:
        ServerUnavailable: if the database cannot be reached, saying where it was looked for.
    """
    try:
        # 0 is no limit (None would be the client's): a large collection takes its time, and an
        # API that gave up would only start over. A server is looked for no longer than ever.
        with pymongo.timeout(0):
            for collection, indexes in INDEXES.items():
                if indexes:
                    await database[collection].create_indexes(indexes)
    except PyMongoError as error:
        places = ", ".join(sorted(where(cast("Any", database.client))))
        # The driver goes on with its options and all it knows of the servers.
        reason = re.split(r" \(configured timeouts|, Timeout: |, full error: ", str(error))[0]
        raise ServerUnavailable(f"Cannot reach MongoDB at {places}: {reason}"[:500]) from None


def model_files(database: AsyncDatabase[Document]) -> Bucket:
    """The GridFS bucket with the models' arrays."""
    return cast("Bucket", AsyncIOMotorGridFSBucket(cast("Any", database), MODEL_FILES))


def watch(
    database: AsyncDatabase[Document], pipeline: list[Document], resume_token: Any
) -> AbstractAsyncContextManager[AsyncIterator[Document]]:
    """The change stream of the database; AsyncMongoClient's `watch` has to be awaited."""
    stream = cast("Any", database).watch(
        pipeline, full_document="updateLookup", resume_after=resume_token
    )
    return cast("AbstractAsyncContextManager[AsyncIterator[Document]]", stream)


@asynccontextmanager
async def streams_of(uri: str, settings: Settings) -> AsyncIterator["Streams"]:
    """Change streams of the shop's database, over connections of their own, while in the block."""
    # timeoutMS would overrule how long we want the server to wait for a change.
    most_ms = int(1000 * (settings.mongodb_timeout_seconds + IDLE_PATIENCE_SECONDS))
    client = _client(uri, settings, socketTimeoutMS=most_ms)
    try:
        yield Streams(client, settings.mongodb_database)
    finally:
        client.close()


class Streams:
    """Change streams that are read batch by batch.

    Not by the driver's `watch`: it hands out one change at a time, each after a turn of a thread,
    does not tell whether there are more, and stays with a server that is no longer the primary.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._database = client[name]

    @asynccontextmanager
    async def open(self, pipeline: list[Document]) -> AsyncIterator[NextBatch]:
        """A stream from now on, while in the block.

        Raises:
            pymongo.errors.OperationFailure: with the code NO_REPLICA_SET where there cannot be one
                that tells how current it is. Of several shards each has a clock of its own.
        """
        if (await self._database.command("hello")).get("msg") == "isdbgrid":
            raise OperationFailure("The database is sharded.", NO_REPLICA_SET)
        async with await self._client.start_session(causal_consistency=False) as session:
            stages = [{"$changeStream": {}}, *pipeline]
            opened = await self._database.command(
                {"aggregate": 1, "pipeline": stages, "cursor": {}}, session=session
            )
            cursor = opened["cursor"]["id"]

            async def next_batch(patience_seconds: float) -> Batch:
                answer = await self._database.command(
                    {
                        "getMore": cursor,
                        "collection": "$cmd.aggregate",
                        "batchSize": LARGEST_BATCH,
                        "maxTimeMS": int(patience_seconds * 1000),
                    },
                    session=session,
                )
                changes = answer["cursor"]["nextBatch"]
                return Batch(changes, is_full=len(changes) >= LARGEST_BATCH)

            yield next_batch

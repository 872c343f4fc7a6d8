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
from pymongo.errors import ConfigurationError, PyMongoError

from recommender.facts.errors import InvalidSetting, ServerUnavailable
from recommender.mongo.connection import CLIENT_OPTIONS, where
from recommender.mongo.documents import INDEXES, MODEL_FILES, Document
from recommender.mongo.models import Bucket
from recommender.settings import Settings


@asynccontextmanager
async def open_database(uri: str, settings: Settings) -> AsyncIterator[AsyncDatabase[Document]]:
    """The shop's database, while in the block.

    Raises:
        InvalidSetting: if MONGODB_URI is not an address.
    """
    most_ms = int(settings.mongodb_timeout_seconds * 1000)
    try:
        client: Any = AsyncIOMotorClient(
            uri, serverSelectionTimeoutMS=most_ms, timeoutMS=most_ms, **CLIENT_OPTIONS
        )
    except (ConfigurationError, ValueError) as error:
        raise InvalidSetting(f"Cannot use MONGODB_URI: {error}") from None
    try:
        yield cast("AsyncDatabase[Document]", client[settings.mongodb_database])
    finally:
        client.close()


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

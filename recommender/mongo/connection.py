"""The worker's and the seed's way into MongoDB."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from pymongo import AsyncMongoClient, MongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.database import Database
from pymongo.errors import ConfigurationError, PyMongoError

from recommender.facts.errors import InvalidSetting, ServerUnavailable
from recommender.mongo.documents import INDEXES, Document
from recommender.mongo.server import mongodb
from recommender.settings import Settings

CLIENT_OPTIONS: dict[str, Any] = {
    # Acknowledged means: a majority has it, on disk.
    "w": "majority",
    "journal": True,
    "retryWrites": True,
    "appname": "shop-recommender",
    "tz_aware": False,
    # A date that Python cannot hold spoils its own document, not the batch that it came in.
    "datetime_conversion": "DATETIME_AUTO",
}
"""The same for both drivers."""


@contextmanager
def open_database(settings: Settings) -> Iterator[Database[Document]]:
    """The shop's database with its indexes made, while in the block.

    Raises:
        ServerUnavailable: if it cannot be reached, saying where it was looked for.
        InvalidSetting: if MONGODB_URI is not an address.
    """
    with mongodb(settings) as uri, connected(uri, settings) as database:
        yield database


@contextmanager
def connected(uri: str, settings: Settings) -> Iterator[Database[Document]]:
    """The same, of a server that is running.

    Raises:
        ServerUnavailable, InvalidSetting: as `open_database` does.
    """
    with client_of(uri, settings) as client:
        database = client[settings.mongodb_database]
        try:
            for collection, indexes in INDEXES.items():
                if indexes:
                    database[collection].create_indexes(indexes)
        except PyMongoError as error:
            raise ServerUnavailable(
                f"Cannot reach MongoDB at {', '.join(sorted(where(client)))}: {error}"[:500]
            ) from None
        yield database


def client_of(uri: str, settings: Settings, **timeouts: Any) -> MongoClient[Document]:
    """A client that has not been asked for anything yet.

    Raises:
        InvalidSetting: if MONGODB_URI is not an address.
    """
    try:
        return MongoClient(
            uri,
            serverSelectionTimeoutMS=int(settings.mongodb_timeout_seconds * 1000),
            **timeouts,
            **CLIENT_OPTIONS,
        )
    except (ConfigurationError, ValueError) as error:
        raise InvalidSetting(f"Cannot use MONGODB_URI: {error}") from None


@asynccontextmanager
async def connected_async(uri: str, settings: Settings) -> AsyncIterator[AsyncDatabase[Document]]:
    """The same for a worker that asks what the API asks, by PyMongo's own async driver."""
    async with AsyncMongoClient[Document](uri, **CLIENT_OPTIONS) as client:
        yield client[settings.mongodb_database]


def where(client: MongoClient[Document]) -> set[str]:
    """Hosts and ports, without the credentials of the URI."""
    return {f"{host}:{port}" for host, port in client.topology_description.server_descriptions()}

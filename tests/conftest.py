"""A real MongoDB, and shops to put into it."""

import itertools
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import hypothesis
import pytest
from builders import serving, settings_for
from pymongo import MongoClient
from pymongo.database import Database

from recommender.mongo.connection import CLIENT_OPTIONS
from recommender.mongo.documents import INDEXES, Document
from recommender.mongo.server import embedded
from recommender.settings import Settings

# How long an example takes is the machine's business, not a promise.
hypothesis.settings.register_profile("shop", deadline=None)
hypothesis.settings.load_profile("shop")

_numbers = itertools.count()


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A one-member replica set for this run of the tests, or that of TEST_MONGODB_URI."""
    if given := os.environ.get("TEST_MONGODB_URI"):
        yield given
        return
    with embedded(tmp_path_factory.mktemp("mongodb")) as uri:
        yield uri


@pytest.fixture(scope="session")
def mongodb_client(mongodb_uri: str) -> Iterator[MongoClient[Document]]:
    with MongoClient[Document](mongodb_uri, **CLIENT_OPTIONS) as client:
        yield client


@pytest.fixture
def database(mongodb_client: MongoClient[Document]) -> Iterator[Database[Document]]:
    """An empty database with its indexes."""
    if _emptied:
        database = mongodb_client[_emptied.pop()]
    else:
        database = mongodb_client[f"test_{os.getpid()}_{next(_numbers)}"]
        for collection, indexes in INDEXES.items():
            if indexes:
                database[collection].create_indexes(indexes)
    yield database
    if _emptied_again(database):
        _emptied.append(database.name)
    else:
        mongodb_client.drop_database(database.name)


_emptied: list[str] = []
"""To be used again: making the indexes takes half a second."""


def _emptied_again(database: Database[Document]) -> bool:
    """Whether the database is now as if it had just been made."""
    for found in database.list_collections():
        name = found["name"]
        if name.startswith("system.") or found["options"]:
            return False
        if name not in INDEXES:
            database[name].drop()
            continue
        made = {index.document["name"] for index in INDEXES[name]} | {"_id_"}
        if database[name].index_information().keys() != made:
            return False
        database[name].delete_many({})
    return True


@pytest.fixture
def settings(mongodb_uri: str, database: Database[Document], tmp_path: Path) -> Settings:
    """Settings for that database."""
    return settings_for(mongodb_uri, database.name, tmp_path)


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The API, really served, over the database of this test."""
    async with serving(settings) as client:
        yield client

"""One server for all suites, over a shop with two tastes and a model that knows them."""

import asyncio
import os
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from builders import (
    CARD,
    NOW,
    environment,
    serving,
    settings_for,
    stock,
    trained_on,
    two_tastes,
    with_key,
)

from recommender.facts.keys import KeyKind
from recommender.mongo.documents import INDEXES
from recommender.mongo.models import publish, put_in_service

FOLDER = Path(__file__).parent


@pytest.fixture(scope="session")
def furnished(mongodb_uri, mongodb_client, tmp_path_factory):
    """Settings for a database that the shop is in."""
    with furnished_database(mongodb_client, f"conformance_{os.getpid()}") as database:
        yield settings_for(mongodb_uri, database.name, tmp_path_factory.mktemp("api"))


@contextmanager
def furnished_database(mongodb_client, name):
    database = mongodb_client[name]
    for collection, indexes in INDEXES.items():
        if indexes:
            database[collection].create_indexes(indexes)
    catalogue, events = two_tastes()
    stock(database, list(catalogue.values()), events)
    publish(database, trained_on(catalogue, events), **CARD)
    put_in_service(database, "v1", NOW)
    yield database
    mongodb_client.drop_database(name)


@pytest.fixture(scope="session")
async def served(furnished):
    """The API, really served."""
    async with serving(furnished) as client:
        yield client


@pytest.fixture
async def guarded(mongodb_uri, mongodb_client, tmp_path):
    """The API with keys: what a script needs to know of it."""
    with furnished_database(mongodb_client, f"guarded_{os.getpid()}") as database:
        publishable = with_key(database, KeyKind.PUBLISHABLE)["X-Recs-Key"]
        secret = with_key(database)["Authorization"].removeprefix("Bearer ")
        settings = settings_for(mongodb_uri, database.name, tmp_path)
        async with serving(settings) as client:
            yield {
                **environment(settings),
                "API": str(client.base_url).rstrip("/"),
                "PYTHON": sys.executable,
                "KEY": publishable,
                "SECRET": secret,
            }


@pytest.fixture(scope="session")
async def subgraph(furnished):
    """The API as a part of a shop's own graph."""
    async with serving(furnished.model_copy(update={"federation": True})) as client:
        yield client


@pytest.fixture
def node(tmp_path):
    """Runs one of the scripts here, and gives back what it says.

    Without Node.js, or before `make test` has installed the suites, this fails.
    """

    async def said_by(*arguments, api=None, **known):
        script = await asyncio.create_subprocess_exec(
            "node",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=FOLDER,
            env={
                **os.environ,
                "API": str(api.base_url).rstrip("/") if api else "",
                "OUTPUT": str(tmp_path),
                **known,
            },
        )
        output, _ = await script.communicate()
        assert script.returncode == 0, output.decode()
        return output.decode()

    return said_by

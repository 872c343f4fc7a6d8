"""One server for all suites, over a shop with two tastes and a model that knows them."""

import asyncio
import os
from pathlib import Path

import pytest
from builders import CARD, NOW, serving, settings_for, stock, trained_on, two_tastes

from recommender.mongo.documents import INDEXES
from recommender.mongo.models import publish, put_in_service

FOLDER = Path(__file__).parent


@pytest.fixture(scope="session")
def furnished(mongodb_uri, mongodb_client, tmp_path_factory):
    """Settings for a database that the shop is in."""
    database = mongodb_client[f"conformance_{os.getpid()}"]
    for collection, indexes in INDEXES.items():
        if indexes:
            database[collection].create_indexes(indexes)
    catalogue, events = two_tastes()
    stock(database, list(catalogue.values()), events)
    publish(database, trained_on(catalogue, events), **CARD)
    put_in_service(database, "v1", NOW)
    yield settings_for(mongodb_uri, database.name, tmp_path_factory.mktemp("api"))
    mongodb_client.drop_database(database.name)


@pytest.fixture(scope="session")
async def served(furnished):
    """The API, really served."""
    async with serving(furnished) as client:
        yield client


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

    async def said_by(*arguments, api=None):
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
            },
        )
        output, _ = await script.communicate()
        assert script.returncode == 0, output.decode()
        return output.decode()

    return said_by

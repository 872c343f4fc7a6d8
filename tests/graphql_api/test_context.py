"""What the API holds while it runs."""

import asyncio

from graphql_api.context import open_context


async def test_nothing_works_on_after_the_database_was_let_go(settings):
    before = asyncio.all_tasks()

    async with open_context(settings.mongodb_uri, settings):
        assert asyncio.all_tasks() > before

    assert asyncio.all_tasks() <= before

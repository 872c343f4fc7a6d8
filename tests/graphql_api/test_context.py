"""What the API holds while it runs."""

import asyncio

from graphql_api.context import open_context


async def test_nothing_works_on_after_the_database_was_let_go(settings):
    async with open_context(settings.mongodb_uri, settings):
        pass

    assert asyncio.all_tasks() == {asyncio.current_task()}

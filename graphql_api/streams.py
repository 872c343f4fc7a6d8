"""Results that come one after the other, over whichever transport."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from graphql import GraphQLError
from strawberry.schema.schema import StreamResult
from strawberry.types import ExecutionResult, StreamExecutionResult

from graphql_api.errors import ErrorCode


async def timely(results: StreamResult, seconds: float) -> AsyncGenerator[StreamExecutionResult]:
    """The results, of which the first one takes no longer than a request may.

    A query has no other. A subscription says at once what there is.
    """
    async with aclosing(results):
        try:
            async with asyncio.timeout(seconds):
                first = await anext(results, None)
        except TimeoutError:
            yield too_late(seconds)
            return
        if first is not None:
            yield first
            async for result in results:
                yield result


def too_late(seconds: float) -> ExecutionResult:
    """In the place of an answer."""
    error = GraphQLError(
        f"The answer took longer than {seconds:g} seconds.", extensions={"code": ErrorCode.TIMEOUT}
    )
    return ExecutionResult(data=None, errors=[error])

"""Results that come one after the other, over whichever transport."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from graphql import GraphQLError
from strawberry.schema.schema import StreamResult
from strawberry.types import ExecutionResult, StreamExecutionResult

from graphql_api.errors import ErrorCode
from graphql_api.exchange import current


async def timely(results: StreamResult, seconds: float) -> AsyncGenerator[StreamExecutionResult]:
    """The results, of which the first one takes no longer than a request may.

    A query has no other. A subscription says at once what there is.
    """
    began = time.perf_counter()
    async with aclosing(results):
        try:
            async with asyncio.timeout(seconds):
                first = await anext(results, None)
        except TimeoutError:
            yield too_late(seconds)
            return
        if first is not None:
            if (exchange := current.get()) is not None:
                exchange.began_to_stream(time.perf_counter() - began)
            yield first
            async for result in results:
                yield result


def too_late(seconds: float) -> ExecutionResult:
    """In the place of an answer."""
    error = GraphQLError(
        f"The answer took longer than {seconds:g} seconds.", extensions={"code": ErrorCode.TIMEOUT}
    )
    return ExecutionResult(data=None, errors=[error])

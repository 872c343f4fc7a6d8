"""GraphQL as server-sent events: the distinct connections mode of graphql-sse.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import cast

from starlette.responses import StreamingResponse
from starlette.types import Send

from graphql_api.keys import KeyRing, Proof
from recommender.facts.errors import RecommenderError


class EventStreamResponse(StreamingResponse):
    """Events, until there are no more or the server is about to stop.

    In the latter case the stream ends without having said that it is complete, so that the client
    asks again, and comes to another server.
    """

    def __init__(
        self, events: AsyncIterator[str], closing: asyncio.Event, headers: Mapping[str, str]
    ) -> None:
        super().__init__(events, headers=headers)
        self._closing = closing

    async def stream_response(self, send: Send) -> None:
        """Send them."""
        sending = asyncio.create_task(super().stream_response(send))
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait((sending, closing), return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                await _cancelled(sending)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                await sending
        finally:
            await _cancelled(sending, closing)


async def while_known(
    events: AsyncIterator[str], keys: KeyRing, proof: Proof
) -> AsyncGenerator[str, None]:
    """The events, as long as the key that came with the request is live."""
    async with aclosing(cast("AsyncGenerator[str, None]", events)):
        async for event in events:
            try:
                keys.caller_of(proof)
            except RecommenderError:
                return
            yield event


async def _cancelled(*tasks: asyncio.Task[object]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

"""Subscriptions, frame by frame."""

import asyncio
import json
from contextlib import asynccontextmanager

from websockets.asyncio.client import connect

LIST = """
subscription($shopper: ShopperInput!, $placement: String! = "home", $first: Int = 5) {
  recommendationsUpdated(shopper: $shopper, placement: $placement, first: $first) {
    recommendationId
    modelVersion
    nodes { productId name }
  }
}
"""
ANN = {"shopper": {"userId": "ann"}}


class Socket:
    """One that speaks graphql-transport-ws."""

    def __init__(self, raw):
        self.raw = raw

    async def say(self, type_, **parts):
        await self.raw.send(json.dumps({"type": type_, **parts}))

    async def hear(self, seconds=10):
        async with asyncio.timeout(seconds):
            text = await self.raw.recv()
        assert isinstance(text, str), "clients refuse binary frames"
        return json.loads(text)

    async def hello(self, payload=None):
        await self.say("connection_init", **({"payload": payload} if payload else {}))
        assert await self.hear() == {"type": "connection_ack"}
        return self

    async def subscribe(self, query=LIST, variables=ANN, name="1", **more):
        await self.say(
            "subscribe", id=name, payload={"query": query, "variables": variables, **more}
        )

    async def next(self, name="1"):
        """The data of the next result."""
        heard = await self.hear()
        assert (heard["type"], heard["id"]) == ("next", name), heard
        assert "errors" not in heard["payload"], heard
        return heard["payload"]["data"]

    async def next_list(self, name="1"):
        return (await self.next(name))["recommendationsUpdated"]

    async def is_closed(self):
        """The code and the reason."""
        async with asyncio.timeout(10):
            await self.raw.wait_closed()
        return self.raw.close_code, self.raw.close_reason

    async def is_silent(self, seconds=0.3):
        try:
            heard = await self.hear(seconds)
        except TimeoutError:
            return True
        raise AssertionError(heard)


@asynccontextmanager
async def socket_to(api, *protocols, **more):
    """A socket to the server that this HTTP client knows."""
    address = str(api.base_url).rstrip("/").replace("http", "ws", 1) + "/graphql"
    protocols = protocols or ("graphql-transport-ws",)
    async with connect(address, subprotocols=protocols, **more) as raw:
        yield Socket(raw)


@asynccontextmanager
async def conversation(api, payload=None, **more):
    """One that was acknowledged."""
    async with socket_to(api, **more) as socket:
        yield await socket.hello(payload)


@asynccontextmanager
async def events_of(api, query=LIST, variables=ANN, **headers):
    """Server-sent events: pairs of name and data, and comments under the name None."""
    body = {"query": query, "variables": variables}
    async with api.stream(
        "POST", "/graphql", json=body, headers={"accept": "text/event-stream", **headers}
    ) as response:
        yield response, parsed(response)


async def parsed(response):
    name = data = None
    async for line in response.aiter_lines():
        if line.startswith(":"):
            yield None, line[1:].strip()
        elif line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data:"):
            data = line.removeprefix("data:").strip()
        elif not line and name:
            yield name, json.loads(data) if data else None
            name = data = None

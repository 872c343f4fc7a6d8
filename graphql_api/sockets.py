"""GraphQL over a WebSocket: the protocol graphql-transport-ws, to the letter.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md

Not Strawberry's handler: that ends with a stack trace on a message that is no object, closes the
whole socket for a mistake in one document, and passes no `extensions` on.
"""

import asyncio
from contextlib import aclosing, suppress
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from strawberry.schema.base import BaseSchema
from strawberry.types import ExecutionResult, StreamExecutionResult
from strawberry.types.execution import PreExecutionError

from graphql_api.context import Context
from graphql_api.errors import coded
from graphql_api.exchange import begin_operation
from graphql_api.keys import Caller, Proof
from graphql_api.persisted import DOCUMENT_ID
from graphql_api.security import client_of
from graphql_api.streams import timely
from recommender.facts.errors import (
    InvalidInput,
    RecommenderError,
    TooManyRequests,
    TooManySubscriptions,
)
from recommender.settings import Settings

PROTOCOL = "graphql-transport-ws"
CONNECTION_INIT_SECONDS = 5.0
"""How long a client may take to say hello."""
LONGEST_REASON = 123
"""Bytes: all that a close frame has room for."""

Message = dict[str, Any]


class Goodbye(Exception):
    """Ends the connection, with a code of the protocol."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:LONGEST_REASON].decode(errors="ignore")


class Sockets:
    """The WebSocket side of /graphql."""

    def __init__(self, schema: BaseSchema, settings: Settings) -> None:
        self._schema = schema
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from its first word to its last."""
        socket = WebSocket(scope, receive, send)
        if PROTOCOL not in scope["subprotocols"]:
            await socket.accept()
            await socket.close(4406, "Subprotocol not acceptable")
            return
        # Browsers ask nobody before they open a socket: it is for us to refuse other sites' pages.
        if not socket.state.context.keys.allows_page(Proof.in_request(scope)):
            await socket.close(1008)
            return
        await socket.accept(PROTOCOL)
        await Conversation(socket, self._schema, self._settings).hold()


class Conversation:
    """What client and server say to one another over one socket."""

    def __init__(self, socket: WebSocket, schema: BaseSchema, settings: Settings) -> None:
        self._socket = socket
        self._schema = schema
        self._most_operations = settings.most_subscriptions_per_connection
        self._most_seconds = settings.request_timeout_seconds
        self._context: Context = socket.state.context
        self._proof = Proof.in_request(socket.scope)
        self._client = client_of(socket.scope)
        self._is_acknowledged = False
        self._operations: dict[str, asyncio.Task[None]] = {}

    async def hold(self) -> None:
        """Until one of the two leaves."""
        goodbye = None
        try:
            await self._listen()
        except WebSocketDisconnect:
            pass
        except Goodbye as said:
            goodbye = said
        finally:
            under_way = list(self._operations.values())
            for operation in under_way:
                operation.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
        if goodbye is not None:
            await self._part(goodbye)

    async def _listen(self) -> None:
        try:
            async with asyncio.timeout(CONNECTION_INIT_SECONDS):
                while not self._is_acknowledged:
                    await self._hear(await self._next_message())
        except TimeoutError:
            raise Goodbye(4408, "Connection initialisation timeout") from None
        while True:
            await self._hear(await self._next_message())

    async def _next_message(self) -> Message:
        try:
            return checked(read(await self._socket.receive_text()))
        except KeyError:
            raise Goodbye(4400, "Messages must be text") from None

    async def _hear(self, message: Message) -> None:
        match message["type"]:
            case "connection_init":
                await self._init(message.get("payload") or {})
            case "ping":
                await self._say({**message, "type": "pong"})
            case "pong":
                pass
            case "subscribe":
                await self._subscribe(message["id"], message["payload"])
            case "complete":
                self._leave(message["id"])
            case other:
                raise Goodbye(4400, f"There are no messages of the type {other!r}")

    async def _init(self, payload: Message) -> None:
        if self._is_acknowledged:
            raise Goodbye(4429, "Too many initialisation requests")
        self._proof = self._proof.and_said(payload)
        try:
            self._context = self._context.of(self._caller())
            await self._spend()
        except TooManyRequests as error:
            raise Goodbye(4403, f"Forbidden: {error}") from None
        self._is_acknowledged = True
        await self._say({"type": "connection_ack"})

    async def _subscribe(self, name: str, payload: Message) -> None:
        if not self._is_acknowledged:
            raise Goodbye(4401, "Unauthorized")
        if name in self._operations:
            raise Goodbye(4409, f"Subscriber for {name} already exists")
        if len(self._operations) >= self._most_operations:
            await self._say_errors(
                name,
                TooManySubscriptions(
                    f"One connection may have {self._most_operations} operations going. Complete "
                    "one, or open another connection."
                ),
            )
        else:
            self._operations[name] = asyncio.create_task(self._carry_out(name, payload))

    def _leave(self, name: str) -> None:
        if (operation := self._operations.pop(name, None)) is not None:
            operation.cancel()

    async def _carry_out(self, name: str, payload: Message) -> None:
        """Run one operation, and send what comes of it."""
        begin_operation()
        try:
            self._caller()
            await self._spend()
            results = await self._schema.stream(
                payload.get("query"),
                variable_values=payload.get("variables"),
                operation_name=payload.get("operationName"),
                operation_extensions=extensions_of(payload),
                context_value=self._context,
            )
            async with aclosing(timely(results, self._most_seconds)) as in_time:
                async for result in in_time:
                    if isinstance(result, PreExecutionError):
                        await self._say_errors(name, *(result.errors or ()))
                        return
                    self._caller()
                    # Sending waits while the client does not read, and then so does the operation.
                    await self._say({"id": name, "type": "next", "payload": answer_of(result)})
            # Whoever hears this may use the name again at once.
            self._operations.pop(name, None)
            await self._say({"id": name, "type": "complete"})
        except WebSocketDisconnect:
            # Nobody hears us any more. The conversation ends by itself.
            pass
        except Goodbye as goodbye:
            await self._part(goodbye)
        except Exception as error:
            await self._say_errors(name, error)

    def _caller(self) -> Caller:
        """Who they are, as long as their key is live."""
        try:
            return self._context.keys.caller_of(self._proof)
        except RecommenderError as error:
            raise Goodbye(4403, f"Forbidden: {error}") from None

    async def _spend(self) -> None:
        """Count what is asked for, as a request of its own.

        Raises:
            TooManyRequests: if it is one too many.
        """
        await self._context.rate_limits.spend(self._context.caller, self._client)

    async def _say_errors(self, name: str, *errors: Exception) -> None:
        self._operations.pop(name, None)
        shown = [
            coded(
                error
                if isinstance(error, GraphQLError)
                else GraphQLError(str(error), original_error=error)
            ).formatted
            for error in errors
        ]
        with suppress(WebSocketDisconnect):
            await self._say({"id": name, "type": "error", "payload": shown})

    async def _say(self, message: Message) -> None:
        if self._is_over:
            raise WebSocketDisconnect
        # As text: clients refuse binary frames.
        await self._socket.send_text(orjson.dumps(message).decode())

    async def _part(self, goodbye: Goodbye) -> None:
        if not self._is_over:
            with suppress(WebSocketDisconnect):
                await self._socket.close(goodbye.code, goodbye.reason)

    @property
    def _is_over(self) -> bool:
        return self._socket.application_state is WebSocketState.DISCONNECTED


def read(text: str) -> Any:
    """What a message says.

    Raises:
        Goodbye: if it cannot be read.
    """
    try:
        return orjson.loads(text)
    except ValueError:
        raise Goodbye(4400, "Messages must be JSON") from None


def checked(message: Any) -> Message:
    """The message, if each part of it is of the type that it must have.

    Raises:
        Goodbye: naming the part.
    """
    if not isinstance(message, dict):
        raise Goodbye(4400, "Messages must be JSON objects")
    if not isinstance(kind := message.get("type"), str):
        raise Goodbye(4400, "Messages must have a type")
    if kind in ("subscribe", "complete") and not (
        isinstance(name := message.get("id"), str) and name
    ):
        raise Goodbye(4400, f"A message of the type {kind} must have an id")
    payload = message.get("payload")
    if not isinstance(payload, dict | None):
        raise Goodbye(4400, "payload must be an object")
    if kind == "subscribe":
        if payload is None:
            raise Goodbye(4400, "A message of the type subscribe must have a payload")
        _check_operation(payload)
    return message


def _check_operation(payload: Message) -> None:
    for part, type_, what in (
        ("query", str, "text"),
        ("operationName", str, "text"),
        ("variables", dict, "an object"),
        ("extensions", dict, "an object"),
        (DOCUMENT_ID, str, "text"),
    ):
        value = payload.get(part)
        if not isinstance(value, type_ | None):
            raise Goodbye(4400, f"payload.{part} must be {what}")


def extensions_of(payload: Message) -> Message | None:
    """Those of an operation. As over HTTP, a document of the manifest may be named beside them."""
    extensions: Message | None = payload.get("extensions")
    if (document_id := payload.get(DOCUMENT_ID)) is not None:
        return {**(extensions or {}), DOCUMENT_ID: document_id}
    return extensions


def answer_of(result: StreamExecutionResult) -> Message:
    """A result, as it is sent."""
    if not isinstance(result, ExecutionResult):
        raise InvalidInput("@defer", "is not answered over a WebSocket")
    answer: Message = {"data": result.data}
    if result.errors:
        answer["errors"] = [error.formatted for error in result.errors]
    if result.extensions:
        answer["extensions"] = result.extensions
    return answer

"""GraphQL over HTTP done to the letter: media types, status codes, malformed bodies.

The GraphQL-over-HTTP specification (draft of August 2026) and its audit suite; where the two
differ, the audit.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import orjson
from cross_web import AsyncHTTPRequestAdapter
from cross_web import HTTPException as Refusal
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from strawberry.asgi import GraphQL
from strawberry.exceptions import MissingQueryError
from strawberry.http import GraphQLRequestData, process_result
from strawberry.http.base import BaseRequestProtocol
from strawberry.schema.base import BaseSchema
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from graphql_api.context import Context
from graphql_api.errors import STATUS, ErrorCode, coded, refusal_headers
from graphql_api.html_page import html_page
from graphql_api.keys import Proof
from graphql_api.persisted import DOCUMENT_ID
from graphql_api.server_sent import EventStreamResponse, while_known
from graphql_api.streams import timely
from recommender.settings import Settings

Value = TypeVar("Value")

MAYBE_TOO_LONG = b"0" * 19
"""Integers of so many digits may have more than 64 bits."""
DIGITS_AS_ZEROS = bytes(b"0"[0] if byte in b"0123456789" else b" "[0] for byte in range(256))
STREAMS = ("text/event-stream", "multipart/")
"""Media types of answers that come in pieces."""

RESPONSE_JSON = "application/graphql-response+json"
JSON = "application/json"

GRAPHIQL_PAGE = Path(__file__).parent / "web" / "graphiql" / "index.html"


class BadRequest(Refusal):
    """A request that is no GraphQL request, or one that cannot be made in this way."""

    def __init__(
        self,
        reason: str,
        status: int = 400,
        code: ErrorCode = ErrorCode.BAD_USER_INPUT,
        **extensions: object,
    ) -> None:
        super().__init__(status, reason)
        self.extensions = {"code": code, **extensions}


class GraphQLEndpoint(GraphQL[Context, None]):
    """Strawberry's view, made to keep to the specification."""

    def __init__(self, schema: BaseSchema, settings: Settings, **more: Any) -> None:
        super().__init__(
            schema,
            graphql_ide="graphiql" if settings.shows_graphiql else None,
            allow_queries_via_get=settings.queries_by_get,
            **more,
        )
        self._settings = settings
        self._allowed = {
            "GET": {OperationType.QUERY} if settings.queries_by_get else set(),
            "POST": {OperationType.QUERY, OperationType.MUTATION},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Whatever goes wrong, the answer is a GraphQL response."""
        request = Request(scope, _bounded(receive, self._settings.largest_body_bytes))
        try:
            response = await self._answer(request)
        except Exception as error:
            response = refusal(request, error)
        response.headers["Vary"] = "Accept"
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        """What is posted to be answered at once takes a shorter way than Strawberry's."""
        headers = request.headers
        accept = headers.get("accept", "")
        if request.method != "POST" or streamed(accept):
            return await self.run(request)
        data = _posted(await request.body(), headers.get("content-type"))
        context = request.scope["state"]["context"]
        result = await self._executed(_asked(data, "http"), "POST", context)
        return _response(process_result(result), accepted(accept))

    async def get_context(self, request: Any, response: Any) -> Context:
        """The same for every request."""
        context: Context = request.state.context
        return context

    def should_render_graphql_ide(self, request: BaseRequestProtocol) -> bool:
        """Only to what asks for a page, as browsers do."""
        return (
            request.method == "GET"
            and not {"query", "extensions", DOCUMENT_ID} & request.query_params.keys()
            and "text/html" in request.headers.get("accept", "")
        )

    async def render_graphql_ide(self, request: Request) -> Response:
        """GraphiQL, from our own files."""
        return html_page(GRAPHIQL_PAGE)

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        """What is asked for, each part of the type that it must have."""
        if request.method == "GET":
            data: dict[str, Any] = dict(request.query_params)
            for name in ("variables", "extensions"):
                data[name] = _parsed(data.get(name) or "null", name)
        else:
            data = _posted(await request.get_body(), request.content_type)
        transport = self._get_stream_transport_from_headers(request.headers)
        return _asked(data, transport.protocol if transport else "http")

    async def execute_operation(self, *given: Any, **named: Any) -> Any:
        """As Strawberry does it, and a stream begins within the time that a request may take."""
        result = await super().execute_operation(*given, **named)
        if isinstance(result, AsyncGenerator):
            return timely(result, self._settings.request_timeout_seconds)
        return result

    async def execute_single(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,
        sub_response: Response,
        context: Context,
        root_value: None,
        request_data: GraphQLRequestData,
    ) -> ExecutionResult:
        """Execute it within the time that a request may take."""
        return await self._executed(request_data, request_adapter.method, context)

    async def _executed(
        self, asked: GraphQLRequestData, method: str, context: Context
    ) -> ExecutionResult:
        seconds = self._settings.request_timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                return await self.schema.execute(
                    asked.query,
                    variable_values=asked.variables,
                    context_value=context,
                    operation_name=asked.operation_name,
                    allowed_operation_types=self._allowed[method],
                    operation_extensions=asked.extensions,
                )
        except TimeoutError:
            raise BadRequest(
                f"The answer took longer than {seconds:g} seconds.", 503, ErrorCode.TIMEOUT
            ) from None
        except InvalidOperationTypeError as error:
            raise _not_this_way(error.operation_type, method) from None
        except MissingQueryError:
            raise BadRequest(f"The request must have a query, or a {DOCUMENT_ID}.") from None
        except CannotGetOperationTypeError as error:
            unknown = GraphQLError(error.as_http_error_reason())
            return ExecutionResult(data=None, errors=[coded(unknown)])

    async def get_sub_response(self, request: Any) -> Response:
        """Remembers what the caller accepts."""
        response = await super().get_sub_response(request)
        response.media_type = accepted(request.headers.get("accept", ""))
        return response

    async def create_streaming_response(
        self,
        request: Any,
        stream: Callable[[], AsyncIterator[str]],
        sub_response: Response,
        headers: Mapping[str, str],
    ) -> Response:
        """Server-sent events."""
        context: Context = request.state.context
        return EventStreamResponse(
            while_known(stream(), context.keys, Proof.in_request(request.scope)),
            context.listeners.closing,
            headers={**sub_response.headers, **headers},
        )

    def create_response(self, response_data: Any, sub_response: Response) -> Response:
        """Encode the answer."""
        return _response(response_data, sub_response.media_type or JSON)

    def encode_json(self, data: object) -> bytes:
        """Encode what is streamed; parts of it may be JSON already."""
        return orjson.dumps(data)


def _posted(body: bytes, content_type: str | None) -> dict[str, Any]:
    """The JSON object that is a body."""
    if (content_type or "").partition(";")[0].strip().lower() != JSON:
        raise BadRequest(f"Content-Type must be {JSON}, not {(content_type or '')[:80]!r}.", 415)
    data = _parsed(body, "The body")
    if not isinstance(data, dict):
        raise BadRequest("The body must be a JSON object.")
    return data


def _asked(data: dict[str, Any], protocol: Any) -> GraphQLRequestData:
    """What is asked for, each part of the type that it must have."""
    extensions = _typed(data, "extensions", dict)
    if (document_id := _typed(data, DOCUMENT_ID, str)) is not None:
        extensions = {**(extensions or {}), DOCUMENT_ID: document_id}
    return GraphQLRequestData(
        query=_typed(data, "query", str),
        variables=_typed(data, "variables", dict),
        operation_name=_typed(data, "operationName", str) or None,
        extensions=extensions,
        protocol=protocol,
    )


def _response(answer: Any, media_type: str) -> Response:
    """An answer as it is sent; one to a request that could not be executed has no data."""
    errors = answer.get("errors")
    # Errors of a field have a path, those of the request have none.
    failed = (
        bool(errors) and answer.get("data") is None and not any("path" in error for error in errors)
    )
    if failed:
        answer.pop("data", None)
    status = 400 if failed and media_type == RESPONSE_JSON else 200
    response = _json_response(answer, status, media_type)
    if failed:
        # Nobody between us and the caller should keep a mistake that may pass.
        response.headers["Cache-Control"] = "no-store"
    return response


@lru_cache(maxsize=100)
def streamed(header: str) -> bool:
    """Whether an answer in pieces is accepted."""
    return any(stream in header.lower() for stream in STREAMS)


@lru_cache(maxsize=100)
def accepted(header: str) -> str:
    """Which of the two media types to answer in; application/json where neither is preferred.

    >>> accepted("application/graphql-response+json, application/json;q=0.9")
    'application/graphql-response+json'
    >>> accepted("*/*")
    'application/json'
    """
    quality = {JSON: 0.0, RESPONSE_JSON: 0.0}
    for part in header.lower().split(","):
        media_type, *parameters = (piece.strip() for piece in part.split(";"))
        if media_type in quality:
            quality[media_type] = next((_number(p[2:]) for p in parameters if p[:2] == "q="), 1.0)
    return RESPONSE_JSON if quality[RESPONSE_JSON] > quality[JSON] else JSON


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _bounded(receive: Receive, most: int) -> Receive:
    """The same, until the body is too long."""
    left = most

    async def bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise BadRequest(
                f"The body is longer than {most} bytes, the most that is allowed.",
                413,
                ErrorCode.QUERY_TOO_COSTLY,
                limit=most,
                value=most - left,
            )
        return message

    return bounded


def _parsed(text: str | bytes, name: str) -> Any:
    """The value that this is the JSON of.

    Bad UTF-8, numbers of thousands of digits and brackets nested without end are malformed
    like a missing brace is.
    """
    try:
        data = text.encode() if isinstance(text, str) else text
        # orjson is three times as fast, and makes floats of integers of more than 64 bits.
        # To look for digits this way takes a seventh of the time of a regular expression.
        if MAYBE_TOO_LONG not in data.translate(DIGITS_AS_ZEROS):
            return orjson.loads(data)
        value = json.loads(data.decode())
        if b"\\u" in data:
            # An escape can make half a character, which neither answer nor log can hold.
            orjson.loads(data)
    except (ValueError, RecursionError):
        raise BadRequest(f"{name} is not JSON that can be read.") from None
    return value


def _typed(data: dict[str, Any], name: str, type_: type[Value]) -> Value | None:
    value = data.get(name)
    if value is None or isinstance(value, type_):
        return value
    kind = "a string" if type_ is str else "an object"
    raise BadRequest(f"{name} must be {kind} or null, if provided.")


def _not_this_way(operation: OperationType, method: str) -> BadRequest:
    if operation is OperationType.SUBSCRIPTION:
        return BadRequest(
            "Subscriptions are streamed: ask with Accept: text/event-stream, or over a WebSocket "
            "with the protocol graphql-transport-ws."
        )
    return BadRequest(f"This server executes no {operation.value} by {method}; use POST.", 405)


def refusal(request: Request, error: Exception) -> Response:
    """The answer to a request that got nowhere."""
    headers = {"Cache-Control": "no-store", **refusal_headers(error)}
    if isinstance(error, Refusal):
        extensions = getattr(error, "extensions", {"code": ErrorCode.BAD_USER_INPUT})
        body = {"message": error.reason, "extensions": extensions}
        status = error.status_code
        if status == 405:
            headers["Allow"] = "POST" if request.method == "GET" else "GET, POST"
    else:
        shown = coded(GraphQLError(str(error), original_error=error))
        body = {"message": shown.message, "extensions": shown.extensions}
        code = (shown.extensions or {})["code"]
        status = STATUS.get(ErrorCode(code), 400)
    response = _json_response(
        {"errors": [body]}, status, accepted(request.headers.get("accept", ""))
    )
    response.headers.update(headers)
    return response


def _json_response(body: Any, status: int, media_type: str) -> Response:
    return Response(
        orjson.dumps(body), status_code=status, media_type=f"{media_type}; charset=utf-8"
    )

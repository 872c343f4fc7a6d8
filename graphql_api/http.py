"""GraphQL over HTTP done to the letter: media types, status codes, malformed bodies.

The GraphQL-over-HTTP specification (draft of August 2026) and its audit suite; where the two
differ, the audit.
"""

from pathlib import Path
from typing import Any, cast

import orjson
from cross_web import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLRequestData
from strawberry.http.base import BaseRequestProtocol

from graphql_api.context import Context
from graphql_api.errors import ErrorCode

RESPONSE_JSON = "application/graphql-response+json"
JSON = "application/json"

GRAPHIQL_PAGE = Path(__file__).parent / "web" / "graphiql" / "index.html"
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


class GraphQLEndpoint(GraphQL[Context, None]):
    """Strawberry's view, made to keep to the specification."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Errors of the protocol are GraphQL responses too."""
        request = Request(scope, receive)
        try:
            response = await self.run(request)
        except HTTPException as error:
            response = _error_response(error.reason, error.status_code, request)
        response.headers["Vary"] = "Accept"
        await response(scope, receive, send)

    async def get_context(self, request: Any, response: Any) -> Context:
        """The same for every request."""
        context: Context = request.state.context
        return context

    def should_render_graphql_ide(self, request: BaseRequestProtocol) -> bool:
        """Only to what asks for a page, as browsers do."""
        return (
            request.method == "GET"
            and "query" not in request.query_params
            and "text/html" in request.headers.get("accept", "")
        )

    async def render_graphql_ide(self, request: Request) -> Response:
        """GraphiQL, from our own files."""
        return FileResponse(
            GRAPHIQL_PAGE,
            headers={
                "Content-Security-Policy": CONTENT_SECURITY_POLICY,
                "Cache-Control": "no-cache",
            },
        )

    def parse_json(self, data: str | bytes) -> Any:
        """The request's body or one of its parameters.

        Bad UTF-8, numbers of thousands of digits and brackets nested without end are malformed
        like a missing brace is.
        """
        try:
            parsed = self.decode_json(data)
        except (ValueError, RecursionError):
            raise HTTPException(400, "The request is not JSON that can be read.") from None
        if not isinstance(parsed, dict):
            raise HTTPException(400, "The request must be a JSON object.")
        return parsed

    async def parse_http_body(self, request: Any) -> GraphQLRequestData:
        """As Strawberry does it, and the operation's name must be text."""
        # parse_json takes objects only, so this is never a batch.
        data = cast("GraphQLRequestData", await super().parse_http_body(request))
        if not isinstance(data.operation_name, str | None):
            raise HTTPException(400, "operationName must be a string or null, if provided.")
        return data

    async def get_sub_response(self, request: Any) -> Response:
        """Remembers what the caller accepts."""
        response = await super().get_sub_response(request)
        response.media_type = accepted(request.headers.get("accept", ""))
        return response

    def create_response(self, response_data: Any, sub_response: Response) -> Response:
        """Encode the answer; one to a request that could not be executed has no data."""
        errors = response_data.get("errors")
        # Errors of a field have a path, those of the request have none.
        failed = (
            bool(errors)
            and response_data.get("data") is None
            and not any("path" in error for error in errors)
        )
        if failed:
            response_data.pop("data", None)
        if not response_data.get("extensions"):
            response_data.pop("extensions", None)
        media_type = sub_response.media_type or JSON
        status = 400 if failed and media_type == RESPONSE_JSON else 200
        return _json_response(response_data, sub_response.status_code or status, media_type)


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


def _error_response(message: str, status: int, request: Request) -> Response:
    body = {"errors": [{"message": message, "extensions": {"code": ErrorCode.BAD_USER_INPUT}}]}
    response = _json_response(body, status, accepted(request.headers.get("accept", "")))
    if status == 405:
        response.headers["Allow"] = "GET, POST"
    return response


def _json_response(body: Any, status: int, media_type: str) -> Response:
    return Response(
        orjson.dumps(body), status_code=status, media_type=f"{media_type}; charset=utf-8"
    )

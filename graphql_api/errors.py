"""Errors as callers see them: theirs with a code, ours as an id that is in the log."""

import traceback
from collections.abc import Iterator
from enum import StrEnum

import structlog
from graphql import GraphQLError
from pymongo.errors import ConnectionFailure, ExecutionTimeout, OperationFailure, PyMongoError
from strawberry.exceptions import MissingQueryError
from strawberry.extensions import SchemaExtension
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import StreamExecutionResult

from graphql_api.exchange import current
from graphql_api.values import camel
from recommender.facts.errors import (
    InvalidInput,
    RecommenderError,
    TooManyRequests,
    Unauthenticated,
)
from recommender.facts.ids import new_id

log = structlog.get_logger(__name__)


class ErrorCode(StrEnum):
    """Every `extensions.code` there is; docs/errors.md says what to do about each."""

    BAD_USER_INPUT = "BAD_USER_INPUT"
    """A document or a value that cannot be used; the message says why."""
    UNAUTHENTICATED = "UNAUTHENTICATED"
    """No key, or one that is unknown, revoked or expired."""
    FORBIDDEN = "FORBIDDEN"
    """The key is good, and this is not for it."""
    NOT_FOUND = "NOT_FOUND"
    """There is no such thing as the one named."""
    RATE_LIMITED = "RATE_LIMITED"
    """Too many requests; `Retry-After` says when the next one is welcome."""
    QUERY_TOO_COSTLY = "QUERY_TOO_COSTLY"
    """The document is over a limit; `limit` and `value` say which way."""
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    """The hash is not known here; send it once more together with its document."""
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    """This server keeps no documents that clients send."""
    DOCUMENT_NOT_TRUSTED = "DOCUMENT_NOT_TRUSTED"
    """Only documents of the manifest are executed, and this is none of them."""
    TIMEOUT = "TIMEOUT"
    """The answer took longer than a request may."""
    MODEL_NOT_READY = "MODEL_NOT_READY"
    """No model was trained, or none is in service."""
    UNAVAILABLE = "UNAVAILABLE"
    """The database cannot be reached. Try again."""
    INTERNAL = "INTERNAL"
    """Our mistake. `errorId` finds it in the log."""


STATUS = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.TIMEOUT: 503,
    ErrorCode.MODEL_NOT_READY: 503,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.INTERNAL: 500,
}
"""What a request that got nowhere is answered with; 400 for all other codes."""

_OF_REQUESTS = (MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError)
"""Of Strawberry: there is no operation, or not one that is executed in this way."""

LONGEST_MESSAGE = 1_000
"""Messages quote what was sent, which may be as long as a body."""


def refusal_headers(error: Exception) -> dict[str, str]:
    """What a caller needs to do better next time."""
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.retry_after)}
    return {"WWW-Authenticate": "Bearer"} if isinstance(error, Unauthenticated) else {}


def logged(error: BaseException) -> tuple[ErrorCode, str]:
    """Log an error that is ours; its code, and the id it can be found under."""
    error_id, code = new_id(), _code_of(error)
    if (exchange := current.get()) is not None:
        exchange.metrics.failed(code, error)
    if not isinstance(error, PyMongoError):
        log.error("unexpected_error", error_id=error_id, code=code, exc_info=error)
        return code, error_id
    # Neither the message nor the details, which hold what shoppers did: that of a BulkWriteError
    # lists whole documents. Type, number and place are enough to know what happened.
    log.error(
        "database_error",
        error_id=error_id,
        code=code,
        error=type(error).__name__,
        server_codes=server_codes(error),
        stack="".join(traceback.format_tb(error.__traceback__)),
    )
    return code, error_id


def _code_of(error: BaseException) -> ErrorCode:
    """Of an error that is ours: whether it may pass."""
    passing = isinstance(error, ConnectionFailure | ExecutionTimeout) or (
        isinstance(error, PyMongoError) and error.timeout
    )
    return ErrorCode.UNAVAILABLE if passing else ErrorCode.INTERNAL


def server_codes(error: PyMongoError) -> list[int | None]:
    """MongoDB's numbers for what went wrong; of a bulk write, one for each kind of failure."""
    if not isinstance(error, OperationFailure):
        return []
    failures = (error.details or {}).get("writeErrors") or [{"code": error.code}]
    return sorted({failure["code"] for failure in failures})


class CodedErrors(SchemaExtension):
    """Gives every error its code, and hides what is nobody else's business."""

    def on_operation(self) -> Iterator[None]:
        """Look at the errors when the operation is done."""
        yield
        result = self.execution_context.result
        for errors in (
            getattr(result, "errors", None),
            self.execution_context.pre_execution_errors,
        ):
            if errors:
                errors[:] = [coded(error) for error in errors]

    def on_stream_result(self, result: StreamExecutionResult) -> Iterator[None]:
        """Look at them before each result is sent, where there are many."""
        if errors := getattr(result, "errors", None):
            errors[:] = [coded(error) for error in errors]
        yield


def coded(error: GraphQLError) -> GraphQLError:
    """The error as its reader should see it."""
    if error.extensions and "code" in error.extensions:
        return error
    original = error.original_error
    while isinstance(original, GraphQLError):
        original = original.original_error
    extensions: dict[str, object] = {"code": ErrorCode.BAD_USER_INPUT}
    message = error.message
    if isinstance(original, RecommenderError):
        extensions = {"code": original.code}
        message = str(original)
        if isinstance(original, InvalidInput):
            message = f"{camel(original.field)} {original.problem}"
    elif original is not None and not _of_the_sender(error, original):
        code, error_id = logged(original)
        extensions = {"code": code, "errorId": error_id}
        message = (
            "The database cannot be reached. Try again."
            if code is ErrorCode.UNAVAILABLE
            else "Unexpected error."
        )
    return GraphQLError(
        message if len(message) <= LONGEST_MESSAGE else message[:LONGEST_MESSAGE] + "...",
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )


def _of_the_sender(error: GraphQLError, original: Exception) -> bool:
    """Whether it was the request, or a scalar in it that does not take what was sent.

    Such a value stands in the document, and no field ran.
    """
    if isinstance(original, _OF_REQUESTS):
        return True
    return isinstance(original, ValueError) and bool(error.nodes) and error.path is None

"""What is known of the request that is under way, wherever it is: its id, and what it asks for."""

from contextvars import ContextVar
from dataclasses import dataclass, replace
from enum import StrEnum

from graphql_api.logs import AccessLog
from graphql_api.metrics import Metrics

INTROSPECTION = "introspection"
SEVERAL = "several"


class Transport(StrEnum):
    """How a request came."""

    HTTP = "http"
    SSE = "sse"
    WEBSOCKET = "websocket"


@dataclass(slots=True)
class Exchange:
    """One request and its answer; over a WebSocket, one operation."""

    request_id: str
    transport: Transport
    metrics: Metrics
    log: AccessLog
    root_fields: tuple[str, ...] = ()
    """Of the GraphQL operation that is executed, as the schema calls them."""

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """The answer began after so many seconds, and all of it was sent."""
        if self.transport is not Transport.WEBSOCKET:
            self.metrics.answered(route, method, str(status), seconds)
        if self.transport is Transport.HTTP and self.root_fields:
            self.metrics.executed(self.operation, self.transport, seconds)
        self.log.write(
            "request",
            seconds,
            method=method,
            route=route,
            status=status,
            operations=self.root_fields,
        )

    def began_to_stream(self, seconds: float) -> None:
        """The first result of an operation was there after so many seconds."""
        if self.root_fields:
            self.metrics.executed(self.operation, self.transport, seconds)
            self.log.write(
                "operation", seconds, transport=self.transport, operations=self.root_fields
            )

    @property
    def operation(self) -> str:
        """What is executed, in one of few words."""
        ours = [name for name in self.root_fields if not name.startswith("__")]
        if len(ours) == 1:
            return ours[0]
        return SEVERAL if ours else INTROSPECTION


current: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


def begin_operation() -> None:
    """From here on this task carries out one operation of several that came over a WebSocket."""
    if (exchange := current.get()) is not None:
        current.set(replace(exchange, root_fields=()))


def note_operation(root_fields: tuple[str, ...]) -> None:
    """Remember what is about to be executed."""
    if (exchange := current.get()) is not None:
        exchange.root_fields = root_fields

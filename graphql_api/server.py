"""uvicorn with our defaults, which does not wait for subscriptions when it stops."""

import socket
from contextlib import nullcontext

import uvicorn

from graphql_api.app import create_app
from graphql_api.context import Context
from recommender.settings import Settings

GRACE_SECONDS = 10
"""How long requests that are under way may take when we are told to stop."""


class Server(uvicorn.Server):
    """Serves one context."""

    def __init__(
        self,
        settings: Settings,
        context: Context,
        port: int | None = None,
        grace_seconds: int = GRACE_SECONDS,
    ) -> None:
        """Listens on the port of the settings, or on another."""
        self._listeners = context.listeners
        super().__init__(
            uvicorn.Config(
                create_app(settings, lambda: nullcontext(context)),
                host=settings.host,
                port=settings.port if port is None else port,
                log_config=None,
                access_log=False,
                server_header=False,
                forwarded_allow_ips=settings.trusted_proxies,
                ws_max_size=settings.largest_body_bytes,
                timeout_graceful_shutdown=grace_seconds,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Those who listen would never be done: they go first, and find another server."""
        self._listeners.closing.set()
        await super().shutdown(sockets)

"""The floor of serving: Starlette on uvicorn, with our settings, giving an answer it has already.

python -m benchmarks.bare_routes PORT FOLDER: /NAME answers what stands in FOLDER/NAME.json.
"""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def route_of(answer: Any) -> Callable[[Request], Awaitable[Response]]:
    """What encodes this answer for each request."""

    async def endpoint(request: Request) -> Response:
        if request.method == "POST":
            await request.body()
        return Response(orjson.dumps(answer), media_type="application/json")

    return endpoint


def main(port: str, folder: str) -> None:
    """Serve until told to stop."""
    routes = [
        Route(f"/{file.stem}", route_of(orjson.loads(file.read_bytes())), methods=["GET", "POST"])
        for file in Path(folder).glob("*.json")
    ]
    uvicorn.run(
        Starlette(routes=routes),
        host="127.0.0.1",
        port=int(port),
        log_config=None,
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

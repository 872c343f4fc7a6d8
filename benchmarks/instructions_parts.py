"""What `instructions` counts, to be run by valgrind: python -m benchmarks.instructions_parts URI
DATABASE USER..."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any
from unittest.mock import patch

import orjson
import uvloop
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Send
from threadpoolctl import threadpool_limits

from benchmarks.bare_routes import route_of
from benchmarks.instructions import ROUNDS
from benchmarks.load import CannotMeasure
from benchmarks.serving import CASES, Case, to_bare
from benchmarks.serving_parts import engine_calls, read_of
from graphql_api.__main__ import calm_garbage_collector
from graphql_api.app import create_app
from graphql_api.context import Context, open_context
from graphql_api.logs import configure
from recommender.facts.events import History, shopper_of_user
from recommender.mongo.event_stream import EventStream
from recommender.settings import Settings

Call = Callable[[str], Awaitable[object]]
"""Does something for a user."""


async def count_all(uri: str, name: str, users: Sequence[str]) -> None:
    """Let valgrind write down what each part takes, and each case as a whole."""
    patient = {"mongodb_timeout_seconds": "300", "slow_request_seconds": "3600"}
    settings = Settings.read(
        {"mongodb_uri": uri, "mongodb_database": name, "log_level": "error", **patient}
    )
    configure(settings)
    async with open_context(uri, settings) as context:
        calm_garbage_collector()
        for part, call in (await _calls(context, users)).items():
            # The counting takes fifty times as long as the work: nothing may go by the clock.
            at_hand = not part.endswith("_read")
            with patch.object(EventStream, "is_current", lambda _, known=at_hand: known):
                await _count(part, call, users)


async def _calls(context: Context, users: Sequence[str]) -> dict[str, Call]:
    """Everything that is counted, by name."""
    app = create_app(context.settings, lambda: nullcontext(context))
    known = {user: await context.history_of(shopper_of_user(user)) for user in users}
    read = read_of(context.database, context.settings)
    calls: dict[str, Call] = {"driver": lambda user: read(shopper_of_user(user))}
    for part, call in engine_calls(context.live).items():
        calls[part] = partial(_at_once, call, known)
    for case in CASES:
        answer = orjson.loads(await _ask(app, context, case.request(users[0])))
        route = Route(f"/{case.path}", route_of(answer), methods=["GET", "POST"])
        calls[f"{case.path}_route"] = partial(_ask_bare, Starlette(routes=[route]), context, case)
        for way in ("at_hand", "read"):
            calls[f"{case.path}_{way}"] = partial(_ask_for, app, context, case)
    return calls


async def _at_once(
    call: Callable[[History], object], known: Mapping[str, History], user: str
) -> None:
    call(known[user])


async def _ask_for(app: ASGIApp, context: Context, case: Case, user: str) -> None:
    await _ask(app, context, case.request(user))


async def _ask_bare(app: ASGIApp, context: Context, case: Case, user: str) -> None:
    await _ask(app, context, to_bare(case.path, case.request(user)))


async def _ask(app: ASGIApp, context: Context, line: str) -> bytes:
    """The body of the answer to a line of wrk.lua, from the application itself.

    Raises:
        CannotMeasure: if it is an error.
    """
    method, address, *body = line.split(" ", 2)
    path, _, query = address.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": query.encode(),
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"accept", b"application/json"),
            *([(b"content-type", b"application/json")] if body else []),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {"context": context},
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": "".join(body).encode(), "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    # In a task of its own, as uvicorn has it.
    await asyncio.create_task(_serve(app, scope, receive, send))
    data: bytes = sent[1]["body"]
    if sent[0]["status"] != 200 or b'"errors"' in data:
        raise CannotMeasure(f"{line} answered {data[:500]!r}")
    return data


async def _serve(app: ASGIApp, scope: Any, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


async def _count(name: str, call: Call, users: Sequence[str]) -> None:
    for user in users:
        await call(user)
    _control("--instr=on")
    await call(users[0])
    _control("--zero")
    for _ in range(ROUNDS):
        for user in users:
            await call(user)
    _control(f"--dump={name}")
    _control("--instr=off")


def _control(what: str) -> None:
    command = ["callgrind_control", what, str(os.getpid())]
    subprocess.run(command, capture_output=True, check=True)


def main(uri: str, name: str, *users: str) -> None:
    """Count, as part of `python -m benchmarks --only instructions`."""
    with threadpool_limits(1), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(count_all(uri, name, users))


if __name__ == "__main__":
    main(*sys.argv[1:])

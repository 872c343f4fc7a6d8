"""How long one recommendation takes, beside the parts it cannot do without.

The server is the real one, `python -m graphql_api`, over a demo shop in a MongoDB of its own. Its
parts, measured in the same run on the same core: a bare route that returns an answer of the same
bytes, one call of the engine, and one read of the history by the driver.
"""

import http.client
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pymongo.database import Database

from benchmarks.load import CannotMeasure, Load, find_wrk, under_load
from benchmarks.processes import Cores, answer_of, free_port, running
from benchmarks.results import Result
from benchmarks.serving_parts import AT_ONCE
from recommender.learning.training import Parameters, train
from recommender.mongo.connection import open_database
from recommender.mongo.documents import EVENTS, Document
from recommender.mongo.event_table import read_events
from recommender.mongo.models import publish, put_in_service
from recommender.mongo.products import read_products
from recommender.settings import Settings
from seed.demo import DemoSize, seed_demo
from workers.console import progress_bars

SIZE = DemoSize(products=20_000, events=100_000, shoppers=5_000)
PARAMETERS = Parameters(factors=64, epochs=3)
"""Cheap to train; serving takes as long with a better model."""
USERS = 200
"""Who is asked for, in turn, so that histories differ."""
CONNECTIONS = (1, AT_ONCE)
START_SECONDS = 60.0

_PRODUCT = (
    "productId name brand categories price { amount currencyCode } image { url } "
    "availableForSale url"
)


@dataclass(frozen=True, slots=True)
class Case:
    """One way to ask."""

    name: str
    path: str
    """Also of the bare route, where it is the whole path."""
    limit: int
    """Products in an answer."""
    request: Callable[[str], str]
    """The line for wrk.lua that asks for a user's shelf."""
    products: Callable[[Any], Sequence[Any]]
    """Those in an answer."""
    engine: str
    """Which of the parts that the engine is measured by: with reasons, where it shows them."""
    wanted: Mapping[str, float] = field(default_factory=dict)
    """Way to get at a history -> the least share of its time that its parts may take."""


READ, AT_HAND = "history read", "history at hand"
WAYS = {READ: {"ACTS_IN_MEMORY": "0"}, AT_HAND: dict[str, str]()}
"""How a server gets at a history, and what makes it do so: it reads them from MongoDB for each
request, or has those of recent shoppers in memory."""


def _graphql(selection: str, limit: int) -> Callable[[str], str]:
    shelf = "recommendations(shopper: {userId: $user}, first: $first)"
    query = (
        f"query Shelf($user: ID!, $first: Int!) {{ {shelf} {{ recommendationId {selection} }} }}"
    )

    def request(user: str) -> str:
        variables = {"user": user, "first": limit}
        return "POST /graphql " + json.dumps({"query": query, "variables": variables})

    return request


def _nodes(limit: int) -> Case:
    return Case(
        f"GraphQL, {limit} products with 8 fields",
        f"graphql-{limit}",
        limit,
        _graphql(f"nodes {{ {_PRODUCT} }}", limit),
        lambda answer: answer["data"]["recommendations"]["nodes"],
        f"engine_{limit}",
        {READ: 0.7, AT_HAND: 0.5},
    )


CASES = (
    Case(
        "REST, 10 products",
        "rest",
        10,
        lambda user: f"GET /api/recommendations?user_id={quote(user)}&limit=10",
        lambda answer: answer["recommendations"],
        "engine_10_reasons",
        {READ: 0.75, AT_HAND: 0.75},
    ),
    _nodes(10),
    _nodes(50),
    Case(
        "GraphQL, 10 products with 8 fields and reasons",
        "reasons",
        10,
        _graphql(
            f"edges {{ rank score reasons {{ kind text weight }} node {{ {_PRODUCT} }} }}", 10
        ),
        lambda answer: answer["data"]["recommendations"]["edges"],
        "engine_10_reasons",
    ),
)


def measure(
    uri: str, folder: Path, seconds: int, cores: Cores, say: Callable[[str], None]
) -> list[Result]:
    """Seed a demo shop into a database of its own on this server, train, serve and ask.

    Args:
        uri: of a MongoDB that nobody else uses meanwhile.
        folder: for generated files; nothing is removed from it.
        seconds: how long each figure is measured.
        cores: where to run what.
        say: told what is being done.

    Raises:
        CannotMeasure: if there is no wrk, or the server does not answer as it should.
    """
    find_wrk()
    given = {"mongodb_uri": uri, "mongodb_database": "serving", "data_dir": str(folder / "data")}
    settings = Settings.read(given)
    with open_database(settings) as database:
        say(f"Serving: seeding {SIZE.products:,} products and {SIZE.events:,} events, training")
        prepare(database, settings)
        users = users_of(database)
    say("Serving: engine and driver in plain loops")
    parts: dict[str, float] = answer_of(
        "benchmarks.serving_parts", uri, "serving", str(seconds), *users, core=cores.server
    )
    environment = {name.upper(): value for name, value in given.items()}
    answers = folder / "answers"
    answers.mkdir()
    with ExitStack() as stack:
        ports = {
            way: stack.enter_context(serving(environment | more, cores))
            for way, more in WAYS.items()
        }
        sizes = {
            case.path: _keep_usual_answer(case, port, users, answers)
            for port in ports.values()
            for case in CASES
        }
        bare_port = free_port()
        command = [sys.executable, "-m", "benchmarks.bare_routes", str(bare_port), str(answers)]
        wait_until_ready(
            stack.enter_context(running(command, {}, cores.server)), bare_port, f"/{CASES[0].path}"
        )
        found: list[Result] = []
        for case in CASES:
            asked = [case.request(user) for user in users]
            # The same method and body, so that the floor receives what we receive.
            bare = [to_bare(case.path, line) for line in asked]
            for connections in CONNECTIONS:
                say(f"Serving: {case.name}, {_connections(connections)}")
                floor, *loads = (
                    under_load(port, lines, folder, connections, seconds, cores.client)
                    for port, lines in ((bare_port, bare), *((p, asked) for p in ports.values()))
                )
                # GraphQL says 200 to errors too, and those are short.
                if any(load.bytes < sizes[case.path] / 2 for load in loads):
                    raise CannotMeasure(f"{case.name} gave {loads} for {sizes[case.path]} bytes.")
                for way, load in zip(ports, loads, strict=True):
                    found += results_of(case, way, connections, load, floor, parts)
    return [*found, *_of_parts(parts)]


@contextmanager
def serving(environment: Mapping[str, str], cores: Cores) -> Iterator[int]:
    """The port of a server with these settings, while in the block."""
    port = free_port()
    listening = {"HOST": "127.0.0.1", "PORT": str(port), "LOG_LEVEL": "warning"}
    command = [sys.executable, "-m", "graphql_api"]
    with running(command, {**environment, **listening}, cores.server) as server:
        wait_until_ready(server, port, "/ready")
        yield port


def prepare(database: Database[Document], settings: Settings) -> None:
    """A demo shop, with a model in service."""
    now = datetime.now(UTC)
    with progress_bars() as progress:
        seed_demo(database, settings, SIZE, progress, now)
    products = {product.product_id: product for product in read_products(database)}
    model = train(
        read_events(database), products, version="serving", trained_at=now, parameters=PARAMETERS
    )
    publish(
        database,
        model,
        trained_through=now,
        algorithm="benchmark",
        shopper_count=int(model.parameters["shoppers"]),
        product_count=len(model.product_ids),
        interaction_count=int(model.parameters["pairs"]),
        training_seconds=0.0,
    )
    put_in_service(database, model.version, now)


def users_of(database: Database[Document]) -> list[str]:
    """Some of those who did anything, evenly from all over."""
    ids = database[EVENTS].distinct("shopper_id", {"shopper_id": {"$regex": "^user:"}})
    users = sorted(str(i).removeprefix("user:") for i in ids)
    return users[:: max(1, len(users) // USERS)][:USERS]


def wait_until_ready(server: "subprocess.Popen[bytes]", port: int, path: str) -> None:
    """Return when the server answers.

    Raises:
        CannotMeasure: if it stops, or takes too long.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise CannotMeasure(f"The server stopped with exit code {server.returncode}.")
        try:
            answer(port, f"GET {path}")
        except (OSError, CannotMeasure):
            time.sleep(0.1)
        else:
            return
    raise CannotMeasure(f"The server was not ready after {START_SECONDS:.0f} seconds.")


def answer(port: int, line: str) -> bytes:
    """The body of the answer to a line of wrk.lua.

    Raises:
        CannotMeasure: unless the status is 200.
    """
    method, path, *body = line.split(" ", 2)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Content-Type": "application/json"} if body else {}
    try:
        connection.request(method, path, body[0] if body else None, headers)
        response = connection.getresponse()
        data = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise CannotMeasure(f"{method} {path} answered {response.status}: {data[:500]!r}")
    return data


def results_of(
    case: Case,
    way: str,
    connections: int,
    load: Load,
    floor: Load,
    parts: Mapping[str, float],
) -> list[Result]:
    """A case with one number of connections, beside its parts and beside the bare route.

    Reads that overlap are cheaper, so with several connections the sum is made with such ones.
    """
    many = _connections(connections)
    name = f"{case.name}, {way}"
    reading = {READ: parts["driver" if connections == 1 else "driver_at_once"], AT_HAND: 0.0}[way]
    route, whole = (floor.p50, load.p50) if connections == 1 else (floor.each, load.each)
    return [
        Result.of_cost(
            f"{name}: {'p50' if connections == 1 else 'each request'}, {many}",
            whole,
            "µs",
            f"its parts: {route:.0f} route, {parts[case.engine]:.0f} engine, {reading:.0f} read",
            route + parts[case.engine] + reading,
            case.wanted.get(way),
        ),
        Result.of_cost(f"{name}: p99, {many}", load.p99, "µs", "the bare route's", floor.p99),
    ]


def _connections(number: int) -> str:
    return "1 connection" if number == 1 else f"{number} connections"


def _of_parts(parts: Mapping[str, float]) -> list[Result]:
    return [
        Result("part: one call of the engine, 10 products", parts["engine_10"], "µs"),
        Result("part: the same with reasons", parts["engine_10_reasons"], "µs"),
        Result("part: one call of the engine, 50 products", parts["engine_50"], "µs"),
        Result("part: one read of a history, one at a time", parts["driver"], "µs"),
        Result(f"part: one read of a history, {AT_ONCE} at once", parts["driver_at_once"], "µs"),
    ]


def _keep_usual_answer(case: Case, port: int, users: Sequence[str], folder: Path) -> int:
    """Ask for each user once; the answer of middle length is what the bare route returns.

    Returns its bytes. Asking warms the server up, too.

    Raises:
        CannotMeasure: if an answer is not a full shelf.
    """
    found = [answer(port, case.request(user)) for user in users]
    for data in found:
        parsed = json.loads(data)
        if parsed.get("errors") or len(case.products(parsed)) != case.limit:
            raise CannotMeasure(f"{case.name} answered {data[:500]!r}")
    middle = statistics.median_low(len(data) for data in found)
    usual = next(data for data in found if len(data) == middle)
    (folder / f"{case.path}.json").write_bytes(usual)
    return middle


def to_bare(path: str, line: str) -> str:
    """The same request to another path."""
    method, _, *body = line.split(" ", 2)
    return " ".join([method, f"/{path}", *body])

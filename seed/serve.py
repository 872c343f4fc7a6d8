"""The whole product in one command: a demo shop, a model trained on it, and the API."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime

from pymongo.database import Database

from recommender.facts.errors import ServerUnavailable
from recommender.mongo.connection import open_database
from recommender.mongo.documents import EVENTS, Document
from recommender.mongo.models import version_in_service
from recommender.settings import Settings
from seed.demo import DemoSize, example_shoppers, is_seeded, may_be_seeded, seed_demo
from workers.console import err, out, progress_bars

START_SECONDS = 60.0


def serve(settings: Settings) -> int:
    """Seed and train what is missing, then serve until Ctrl-C; the exit code of the API.

    Raises:
        ServerUnavailable: if the API does not come up, or another program has its port.
        RecommenderError: whatever keeps the shop from being seeded or the model from being trained.
    """
    _check_port(settings)  # before the long work, of which it would be the end
    with open_database(settings) as database:
        if may_be_seeded(database) and not is_seeded(database):
            with progress_bars() as progress:
                seed_demo(database, settings, DemoSize(), progress, datetime.now(UTC))
        if version_in_service(database) is None:
            _train(database, settings)
        return _run_api(database, settings)


def _train(database: Database[Document], settings: Settings) -> None:
    # Loads LightFM, which a second start does not need.
    from workers.retrain import retrain

    with progress_bars() as progress:
        report = retrain(database, settings, progress)
    if report.metrics:
        out.print(report.table())
    for line in report.verdict:
        out.print(line, highlight=False, markup=False)


def _run_api(database: Database[Document], settings: Settings) -> int:
    host, port = database.client.address or ("127.0.0.1", 27017)
    uri = settings.mongodb_uri or f"mongodb://{host}:{port}/?directConnection=true"
    _check_port(settings)
    # Ctrl-C reaches the API too, as a member of the same group; we only wait for it to be done.
    api = subprocess.Popen(
        [sys.executable, "-m", "graphql_api"], env={**os.environ, "MONGODB_URI": uri}
    )
    previous = signal.signal(signal.SIGTERM, lambda *_: api.terminate())
    try:
        _wait_until_ready(api, settings)
        out.print(_greeting(database, settings), soft_wrap=True, highlight=False, markup=False)
        return api.wait()
    except KeyboardInterrupt:
        err.print("Stopping. What was recorded is kept.")
        return api.wait()
    finally:
        if api.poll() is None:
            api.terminate()
            api.wait()
        signal.signal(signal.SIGTERM, previous)


def _check_port(settings: Settings) -> None:
    """See that the API can listen: whoever has its port would be taken for the API."""
    try:
        for family, _, _, _, address in socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM
        ):
            socket.create_server(address, family=family).close()
    except OSError as error:
        raise ServerUnavailable(
            f"The API cannot listen on {settings.host} port {settings.port}: {error.strerror}. Is "
            "the shop open already? Else set PORT to a free port, or HOST to another address."
        ) from None


def _wait_until_ready(api: "subprocess.Popen[bytes]", settings: Settings) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if api.poll() is not None:
            raise ServerUnavailable(
                f"The API stopped with exit code {api.returncode}; it says why above. If another "
                f"program uses port {settings.port}, set PORT to a free one."
            )
        try:
            with urllib.request.urlopen(_address(settings, "/ready"), timeout=2):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise ServerUnavailable(f"The API was not ready after {START_SECONDS:.0f} seconds.")


def _address(settings: Settings, path: str) -> str:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    return f"http://{host}:{settings.port}{path}"


def _greeting(database: Database[Document], settings: Settings) -> str:
    """Addresses, shoppers, and queries that can be pasted as they are: no frame, no wrapping."""
    people = example_shoppers(database) if is_seeded(database) else _busiest(database)
    somebody = people[0][0] if people else "somebody"
    query = (
        f'{{ recommendations(shopper: {{userId: "{somebody}"}}, first: 5) '
        "{ strategy edges { rank score node { name price { amount currencyCode } } "
        "reasons { text weight } } } }"
    )
    body = query.replace('"', '\\"')
    graphql = _address(settings, "/graphql")
    python = min(sys.executable, os.path.relpath(sys.executable), key=len)
    return "\n".join(
        [
            "",
            "The shop is open.",
            "",
            f"  Shop     {_address(settings, '/')}",
            *([f"  Console  {_address(settings, '/console')}"] if settings.shows_console else []),
            f"  GraphQL  {graphql}  (GraphiQL in a browser)",
            f"  REST     {_address(settings, '/api/recommendations?user_id=' + somebody)}",
            f"  OpenAPI  {_address(settings, '/openapi.json')}",
            f"  Health   {_address(settings, '/ready')}",
            "",
            *(f"  Shopper {user_id}: {about}" for user_id, about in people),
            "",
            "Paste into GraphiQL:",
            "",
            query,
            "",
            "Paste into another terminal:",
            "",
            f"curl -s '{_address(settings, '/api/recommendations')}?user_id={somebody}&limit=3'",
            f"curl -s {graphql} -H 'content-type: application/json' -d '{{\"query\": \"{body}\"}}'",
            f"{python} -m workers recommend --user-id {somebody}",
            "",
            "Ctrl-C stops everything; the data is kept.",
        ]
    )


def _busiest(database: Database[Document], among: int = 2_000) -> list[tuple[str, str]]:
    """Users among the latest events, for a shop that is not the demo's."""
    latest = database[EVENTS].find({}, {"shopper_id": 1}, sort=[("received_at", -1)], limit=among)
    ids = dict.fromkeys(d["shopper_id"] for d in latest)
    users = [i.removeprefix("user:") for i in ids if i.startswith("user:")]
    return [(user, "from the latest events") for user in users[:3]]

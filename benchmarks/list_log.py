"""What it costs that every list that is served is recorded.

Two servers over one shop, one of which records its lists, are asked by turns on the same core, so
that whatever else the machine does meanwhile slows both.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.load import CannotMeasure, under_load
from benchmarks.processes import Cores
from benchmarks.results import Result
from benchmarks.serving import CASES, prepare, serving, users_of
from benchmarks.serving_parts import AT_ONCE
from recommender.mongo.connection import open_database
from recommender.mongo.documents import LISTS
from recommender.mongo.lists import FLUSH_SECONDS
from recommender.settings import Settings

ON, OFF = "recorded", "not recorded"
WAYS = {ON: dict[str, str](), OFF: {"KEPT_LISTS_DAYS": "0"}}
ROUNDS = 5
"""How often each server is asked; the median counts."""
WANTED = 0.9
MEASURED = CASES[:2]
"""REST, and GraphQL with as many products."""


def measure(
    uri: str, folder: Path, seconds: int, cores: Cores, say: Callable[[str], None]
) -> list[Result]:
    """Lists per second of a server that records them, beside one that does not.

    Args:
        uri: of a MongoDB that nobody else uses meanwhile.
        folder: for generated files; nothing is removed from it.
        seconds: how long each server is asked in each round.
        cores: where to run what.
        say: told what is being done.

    Raises:
        CannotMeasure: if there is no wrk, a server does not answer as it should, or lists were
            recorded that should not have been, or the other way around.
    """
    given = {"mongodb_uri": uri, "mongodb_database": "lists", "data_dir": str(folder / "data")}
    settings = Settings.read(given)
    environment = {name.upper(): value for name, value in given.items()}
    found: list[Result] = []
    with open_database(settings) as database, ExitStack() as stack:
        say("List log: seeding, training")
        prepare(database, settings)
        users = users_of(database)
        ports = {w: stack.enter_context(serving(environment | m, cores)) for w, m in WAYS.items()}
        for case in MEASURED:
            asked = [case.request(user) for user in users]
            rates: dict[str, list[float]] = {way: [] for way in WAYS}
            for number in range(1, ROUNDS + 1):
                say(f"List log: {case.name}, round {number} of {ROUNDS}")
                for way, port in ports.items():
                    # The other one writes its last lists meanwhile.
                    time.sleep(2 * FLUSH_SECONDS)
                    before = database[LISTS].estimated_document_count()
                    load = under_load(port, asked, folder, AT_ONCE, seconds, cores.client)
                    recorded = database[LISTS].estimated_document_count() > before
                    if recorded is not (way == ON):
                        raise CannotMeasure(f"Lists were{'' if recorded else ' not'} {ON}.")
                    rates[way].append(1e6 / load.each)
            found.append(
                Result.of_rate(
                    f"{case.name}, {AT_ONCE} connections, each list recorded",
                    median(rates[ON]),
                    "lists/s",
                    OFF,
                    median(rates[OFF]),
                    WANTED,
                )
            )
    return found

"""Searches for parameters in MongoDB: every trial as soon as it ends, and what was found."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pymongo.database import Database

from recommender.learning.training import Parameters
from recommender.learning.tuning import (
    SEARCHED,
    STARTS,
    Ground,
    Outcome,
    Settled,
    Trial,
    Values,
    parameters_of,
)
from recommender.learning.variety import Variety
from recommender.mongo.documents import PARAMETERS, SEARCHES, TRIALS, Document, utc

FOUND = "found"
"""The id of the one document in PARAMETERS."""
FORMAT = 1
"""Raised whenever trials are no longer comparable with what older code tried."""
MOVED_SHARE = 0.1
"""The share of the later window that time may move on by while a search still goes on. Beyond it a
new one starts."""
CHANGED_SHARE = 0.01
"""The same, of the number of events."""


@dataclass(frozen=True, slots=True)
class Search:
    """A search under way: one that was cut short, or a new one."""

    search_id: str
    trials: Sequence[Trial]
    """What it has tried so far."""
    starts: Sequence[Values]
    """The best of an earlier search, tried right after the defaults."""


@dataclass(frozen=True, slots=True)
class FoundParameters:
    """What to train with, and where it is from."""

    parameters: Parameters
    search: str | None = None
    """None for the defaults."""
    trials: int = 0
    found_at: datetime | None = None
    """UTC."""

    def __str__(self) -> str:
        if self.found_at is None:
            return "defaults"
        return f"found {self.found_at:%Y-%m-%d} by {self.trials} trials"


def begin_or_go_on(
    database: Database[Document], ground: Ground, seed: int, search_id: str, now: datetime
) -> Search:
    """The latest search with what it found, if it was made on nearly the same events; else a new
    one, which begins with the best of the latest.

    Args:
        database: the shop's.
        ground: the windows of today.
        seed: of the search. Another one means another search.
        search_id: of a new one.
        now: UTC.
    """
    latest = database[SEARCHES].find_one({}, sort=[("started_at", -1)])
    today = _marks(ground)
    if latest and latest["seed"] == seed and latest["format"] == FORMAT:
        then = latest["ground"]
        later_window = max(today["end_ms"] - today["second_cut_ms"], 1)
        if (
            abs(today["end_ms"] - then["end_ms"]) <= MOVED_SHARE * later_window
            and abs(today["events"] - then["events"]) <= CHANGED_SHARE * today["events"]
            and today["searched"] == then["searched"]
        ):
            return Search(latest["_id"], trials_of(database, latest["_id"]), latest["starts"])
    starts: list[Values] = []
    if latest:
        earlier = sorted(
            (t for t in trials_of(database, latest["_id"]) if t.quality is not None and t.number),
            key=lambda trial: (-(trial.quality or 0.0), trial.number),
        )
        starts = [dict(trial.values) for trial in earlier[:STARTS]]
    database[SEARCHES].insert_one(
        {
            "_id": search_id,
            "started_at": now,
            "seed": seed,
            "format": FORMAT,
            "ground": today,
            "starts": starts,
        }
    )
    return Search(search_id, [], starts)


def store_trial(database: Database[Document], search_id: str, trial: Trial) -> None:
    """Keep a trial, as soon as it ended. Storing it twice changes nothing."""
    document = trial_document(trial)
    database[TRIALS].replace_one(
        {"_id": f"{search_id}/{trial.number}"}, {"search": search_id, **document}, upsert=True
    )


def trials_of(database: Database[Document], search_id: str) -> list[Trial]:
    """Every trial of a search, in order."""
    stored = database[TRIALS].find({"search": search_id}, sort=[("number", 1)])
    return [trial_of(document) for document in stored]


def store_settled(
    database: Database[Document],
    search_id: str,
    settled: Settled,
    importances: Mapping[str, float],
    trials: int,
    version: str,
    now: datetime,
) -> FoundParameters:
    """Keep what a search came to, and train with it from now on: first the model `version`."""
    came_to: Document = {
        "ended_at": now,
        "version": version,
        "trials": trials,
        "best": settled.best.number,
        "found": settled.found,
        "gain": settled.gain,
        "low": settled.low,
        "high": settled.high,
        "shoppers": settled.shoppers,
        "importances": dict(importances),
        "why": settled.why,
    }
    database[SEARCHES].update_one({"_id": search_id}, {"$set": came_to})
    if settled.found:
        found = {
            "values": dict(settled.best.values),
            "search": search_id,
            "trials": trials,
            "found_at": now,
        }
        database[PARAMETERS].replace_one({"_id": FOUND}, found, upsert=True)
    else:
        database[PARAMETERS].delete_one({"_id": FOUND})
    return found_parameters(database)


def found_parameters(database: Database[Document]) -> FoundParameters:
    """What the last search found; the defaults where there was none, or it found nothing better."""
    document = database[PARAMETERS].find_one({"_id": FOUND})
    if document is None:
        return FoundParameters(Parameters())
    known = {name: v for name, v in document["values"].items() if name in SEARCHED}
    return FoundParameters(
        parameters_of(known), document["search"], document["trials"], utc(document["found_at"])
    )


def latest_search(database: Database[Document]) -> Document | None:
    """The document of the latest search."""
    return database[SEARCHES].find_one({}, sort=[("started_at", -1)])


def trial_document(trial: Trial) -> Document:
    """One trial."""
    document: Document = {
        "number": trial.number,
        "values": dict(trial.values),
        "outcome": trial.outcome.value,
        "trained": trial.trained,
        "seconds": trial.seconds,
        # Keys of a document are strings.
        "rungs": {str(epochs): ndcg for epochs, ndcg in trial.rungs.items()},
    }
    if trial.quality is not None:
        document["quality"] = trial.quality
    if trial.variety is not None:
        document["variety"] = asdict(trial.variety)
    if trial.why:
        document["why"] = trial.why
    return document


def trial_of(document: Document) -> Trial:
    """The other way."""
    variety = document.get("variety")
    return Trial(
        number=document["number"],
        values=document["values"],
        outcome=Outcome(document["outcome"]),
        quality=document.get("quality"),
        rungs={int(epochs): ndcg for epochs, ndcg in document["rungs"].items()},
        variety=Variety(**variety) if variety else None,
        trained=document["trained"],
        seconds=document["seconds"],
        why=document.get("why", ""),
    )


def _marks(ground: Ground) -> dict[str, Any]:
    """What tells whether trials on two grounds can be compared."""
    events = ground.second.train, ground.second.test
    return {
        "events": sum(len(table) for table in events),
        "second_cut_ms": int(ground.second.cut.timestamp() * 1000),
        "end_ms": max(int(table.at.max(initial=0)) for table in events),
        "searched": sorted(ground.ranges),
    }

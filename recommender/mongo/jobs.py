"""Trainings that were asked for, in MongoDB: a worker takes the next one and tells how it goes.

A job is what it will make: its id is the version of the model. A worker holds it by a token and
renews that; one that died is followed by another, which takes the job over when its time is up.
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from pymongo import ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from recommender.facts.errors import KeyTaken, TooManyJobs
from recommender.facts.ids import new_id
from recommender.mongo.aggregation import aggregated
from recommender.mongo.documents import JOBS, MODELS, Document, utc

MOST_WAITING = 10
"""Jobs that wait at a time. More would only train the same once more."""
MOST_ATTEMPTS = 3
"""Workers that may die over one job."""


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """A training that was asked for."""

    job_id: str
    """Also the version of the model that comes of it."""
    state: JobState
    requested_at: datetime
    """UTC, as all its moments."""
    tune_minutes: float | None = None
    """How long to search for better parameters first."""
    attempts: int = 0
    """How often a worker began."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    stage: str | None = None
    """What the worker is doing, in words."""
    progress: float | None = None
    """The share of the stage that is done, where that can be told."""
    in_service: bool | None = None
    """Whether the model was put in service; a worse one was not."""
    verdict: tuple[str, ...] = ()
    """How the model compares."""
    failure: str | None = None
    """Why there is no model."""


def job_of(document: Document) -> Job:
    """The job in a document."""
    known: dict[str, Any] = {name: document[name] for name in _AS_THEY_ARE if name in document}
    for name in ("started_at", "ended_at"):
        if name in document:
            known[name] = utc(document[name])
    return Job(
        job_id=document["_id"],
        state=JobState(document["state"]),
        requested_at=utc(document["requested_at"]),
        verdict=tuple(document.get("verdict", ())),
        **known,
    )


_AS_THEY_ARE = ("tune_minutes", "attempts", "stage", "progress", "in_service", "failure")


class Standing(NamedTuple):
    """How trainings are doing."""

    counts: Mapping[JobState, int]
    last: Job | None
    """The last one that ended."""


class Jobs:
    """Jobs as the API needs them."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._jobs = database[JOBS]
        self._models = database[MODELS]

    async def request(self, key: str, tune_minutes: float | None, now: datetime) -> Job:
        """Ask for a training; with the same key once only, whatever became of it.

        Raises:
            KeyTaken: if another training was asked for with the key.
            TooManyJobs: if there are many that wait already.
        """
        new = _new(f"api/{key}", tune_minutes, now)
        found = await self._jobs.find_one({"key": new["key"]})
        if found is None and await self._waiting() >= MOST_WAITING:
            raise TooManyJobs(
                f"{MOST_WAITING} trainings wait already: is a worker running (python -m workers "
                "schedule)?"
            )
        if found is None:
            try:
                await self._jobs.insert_one(new)
            except DuplicateKeyError:  # of two that ask at once
                found = await self._jobs.find_one({"key": new["key"]})
        job = found or new
        if job.get("tune_minutes") != tune_minutes:
            raise KeyTaken(f"The key {key!r} came with another training before. Take a new key.")
        # Also if it was there: whoever asked for it may have died before this.
        await self._models.update_one(
            {"_id": job["_id"]}, {"$setOnInsert": _to_come(job)}, upsert=True
        )
        return job_of(job)

    async def _waiting(self) -> int:
        return await self._jobs.count_documents({"state": JobState.QUEUED.value})

    async def standing(self) -> Standing:
        """How many there are in each state, and the last one that ended."""
        states = [{"$group": {"_id": "$state", "jobs": {"$sum": 1}}}]
        counts = {JobState(d["_id"]): d["jobs"] for d in await aggregated(self._jobs, states)}
        ended = {"state": {"$in": [JobState.SUCCEEDED.value, JobState.FAILED.value]}}
        last = await self._jobs.find_one(ended, sort=[("requested_at", -1)])
        return Standing(counts, job_of(last) if last else None)

    async def of(self, job_ids: list[str]) -> dict[str, Job]:
        """Those of these jobs that there are."""
        found = await self._jobs.find({"_id": {"$in": job_ids}}).to_list(None)
        return {document["_id"]: job_of(document) for document in found}


def request(database: Database[Document], key: str, now: datetime) -> None:
    """The same as `Jobs.request`, for the worker's own schedule."""
    new = _new(key, None, now)
    try:
        database[JOBS].insert_one(new)
    except DuplicateKeyError:
        return
    database[MODELS].update_one({"_id": new["_id"]}, {"$setOnInsert": _to_come(new)}, upsert=True)


def _new(key: str, tune_minutes: float | None, now: datetime) -> Document:
    document: Document = {
        "_id": now.strftime("%Y%m%dT%H%M%S.%fZ"),
        "key": key,
        "state": JobState.QUEUED.value,
        "requested_at": now,
        "due_at": now,
        "attempts": 0,
    }
    return document if tune_minutes is None else {**document, "tune_minutes": tune_minutes}


def _to_come(job: Document) -> Document:
    """What is known of a model before there is one."""
    return {"requested_at": job["requested_at"]}


@dataclass(frozen=True, slots=True)
class HeldJob:
    """A job that this worker carries out, unless it slept for so long that another one took it."""

    jobs: Collection[Document]
    job: Job
    token: str
    seconds: float

    def goes_on(self, stage: str | None, progress: float | None) -> bool:
        """Tell how far it is; whether it is still this worker's."""
        return self._set(stage=stage, progress=progress, until=self._from_now())

    def succeeded(self, *, in_service: bool, verdict: list[str]) -> bool:
        """There is a model."""
        return self._end(JobState.SUCCEEDED, in_service=in_service, verdict=verdict)

    def failed(self, reason: str) -> bool:
        """There is none, and trying again would not help."""
        return self._end(JobState.FAILED, failure=reason)

    def put_back(self, seconds: float = 0.0) -> None:
        """Let anybody carry it out, in a while."""
        due_at = datetime.now(UTC) + timedelta(seconds=seconds)
        self.jobs.update_one(
            self._mine(),
            {
                "$set": {"state": JobState.QUEUED.value, "due_at": due_at},
                "$unset": dict.fromkeys(("token", "until", "stage", "progress"), 1),
                "$inc": {"attempts": -1},
            },
        )

    def _end(self, state: JobState, **known: Any) -> bool:
        ended = {"state": state.value, "ended_at": datetime.now(UTC), "progress": None}
        return self._set(stage=None, **ended, **known)

    def _set(self, **values: Any) -> bool:
        return self.jobs.update_one(self._mine(), {"$set": values}).matched_count == 1

    def _mine(self) -> Document:
        return {"_id": self.job.job_id, "token": self.token, "state": JobState.RUNNING.value}

    def _from_now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.seconds)


def take(database: Database[Document], seconds: float) -> HeldJob | None:
    """The job that waited longest, or one whose worker died; None if there is none.

    Args:
        database: the shop's.
        seconds: how long the job is held without being renewed.
    """
    jobs, now = database[JOBS], datetime.now(UTC)
    abandoned = {"state": JobState.RUNNING.value, "until": {"$lt": now}}
    jobs.update_many(
        {**abandoned, "attempts": {"$gte": MOST_ATTEMPTS}},
        {
            "$set": {
                "state": JobState.FAILED.value,
                "ended_at": now,
                "stage": None,
                "progress": None,
                "failure": f"{MOST_ATTEMPTS} workers died over it. Is there enough memory?",
            }
        },
    )
    token = new_id()
    document = jobs.find_one_and_update(
        {"$or": [{"state": JobState.QUEUED.value, "due_at": {"$lte": now}}, abandoned]},
        {
            "$set": {
                "state": JobState.RUNNING.value,
                "token": token,
                "worker": f"{socket.gethostname()} process {os.getpid()}",
                "started_at": now,
                "until": now + timedelta(seconds=seconds),
            },
            "$inc": {"attempts": 1},
        },
        sort=[("requested_at", 1)],
        return_document=ReturnDocument.AFTER,
    )
    return HeldJob(jobs, job_of(document), token, seconds) if document else None

"""Trainings that were asked for are carried out, once, whatever happens to the workers."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from builders import NOW, SMALL, stock, two_tastes

from graphql_api.database import open_database
from recommender.facts.errors import KeyTaken, LeaseTaken, NotEnoughData, TooManyJobs
from recommender.mongo.documents import JOBS, MODELS
from recommender.mongo.jobs import MOST_ATTEMPTS, MOST_WAITING, Jobs, JobState, job_of, take
from recommender.mongo.models import load, version_in_service
from workers.retrain import Report, retrain
from workers.schedule import ask_if_due, carry_out, run

QUIET = {"retrain_hours": 0.0}


@pytest.fixture
async def jobs(settings):
    async with open_database(settings.mongodb_uri, settings) as opened:
        yield Jobs(opened)


def asked_for(database, count=1):
    for hour in range(count):
        ask_if_due(database, 1, NOW + timedelta(hours=hour))
    return [job_of(d) for d in database[JOBS].find(sort=[("requested_at", 1)])]


def the_job(database):
    return job_of(database[JOBS].find_one())


def test_what_was_asked_for_is_trained_and_put_in_service(database, settings):
    catalogue, events = two_tastes(shoppers=120)
    stock(database, list(catalogue.values()), events)
    [asked] = asked_for(database)
    quiet = settings.model_copy(update=QUIET)
    run(database, quiet, once=True, train=partial(retrain, parameters=SMALL, now=NOW))
    job = the_job(database)
    assert job.state is JobState.SUCCEEDED
    assert job.in_service
    assert any("ndcg@10" in line for line in job.verdict)
    assert version_in_service(database) == asked.job_id
    assert load(database, asked.job_id).version == asked.job_id
    assert (job.stage, job.progress, job.attempts) == (None, None, 1)
    assert job.started_at <= job.ended_at


def test_a_training_that_cannot_be_is_failed_with_its_reason(database, settings):
    asked_for(database)
    run(database, settings.model_copy(update=QUIET), once=True)
    job = the_job(database)
    assert job.state is JobState.FAILED
    assert job.failure.startswith("There are no events in the database")


def test_a_mistake_of_ours_is_failed_without_its_details(database, settings):
    asked_for(database)

    def train(*_, **__):
        raise RuntimeError("secret act")

    carry_out(database, settings, take(database, 60), train)
    assert the_job(database).failure == "Unexpected error (RuntimeError); the worker's log has it."


def test_a_worker_that_is_stopped_gives_its_job_back(database, settings):
    asked_for(database)

    def train(*_, **__):
        raise SystemExit(143)

    with pytest.raises(SystemExit):
        carry_out(database, settings, take(database, 60), train)
    job = the_job(database)
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)
    assert take(database, 60).job.job_id == job.job_id


def test_a_job_waits_while_somebody_else_trains(database, settings):
    asked_for(database)

    def train(*_, **__):
        raise LeaseTaken("Another process is doing this.")

    carry_out(database, settings, take(database, 60), train)
    assert the_job(database).state is JobState.QUEUED
    assert take(database, 60) is None  # not at once
    assert database[JOBS].find_one()["due_at"].replace(tzinfo=UTC) > datetime.now(UTC)


def test_one_worker_has_a_job_and_one_that_died_is_followed_by_another(database):
    asked_for(database)
    first = take(database, 60)
    assert take(database, 60) is None
    assert first.goes_on("Reading events", 0.5)
    assert (the_job(database).stage, the_job(database).progress) == ("Reading events", 0.5)
    database[JOBS].update_one({}, {"$set": {"until": datetime.now(UTC) - timedelta(seconds=1)}})
    second = take(database, 60)
    assert second.job.attempts == 2
    # The first one was only asleep. It is too late now.
    assert not first.goes_on("Publishing", None)
    assert not first.failed("too slow")
    first.put_back()
    assert the_job(database).state is JobState.RUNNING
    assert second.succeeded(in_service=True, verdict=[])


def test_a_job_that_workers_die_over_is_given_up(database):
    asked_for(database)
    for _ in range(MOST_ATTEMPTS):
        assert take(database, 60)
        a_moment_ago = datetime.now(UTC) - timedelta(seconds=1)
        database[JOBS].update_one({}, {"$set": {"until": a_moment_ago}})
    assert take(database, 60) is None
    assert the_job(database).failure == "3 workers died over it. Is there enough memory?"


def test_how_far_it_is_is_told_while_it_trains(database, settings):
    asked_for(database)
    seen = []

    def train(database, settings, progress, *, version, tuning):
        task = progress.add_task("Reading events", total=4)
        progress.update(task, completed=1)
        while not seen:
            job = the_job(database)
            if job.stage:
                seen.append((job.stage, job.progress))
        progress.update(task, completed=4)
        return Report(version=version)

    carry_out(database, settings.model_copy(update={"lease_seconds": 1}), take(database, 1), train)
    assert seen == [("Reading events", 0.25)]
    assert the_job(database).state is JobState.SUCCEEDED


def test_every_so_many_hours_one_training_is_asked_for_by_all_workers_together(database):
    for minutes in (0, 10, 59, 60, 61, 119):
        for _worker in range(2):
            ask_if_due(database, 1, NOW + timedelta(minutes=minutes))
    assert database[JOBS].count_documents({}) == 2
    ask_if_due(database, 0, NOW + timedelta(days=9))
    assert database[JOBS].count_documents({}) == 2


def test_those_that_waited_longest_come_first(database):
    first, second = asked_for(database, 2)
    assert take(database, 60).job.job_id == first.job_id
    assert take(database, 60).job.job_id == second.job_id


async def test_asking_again_with_the_same_key_is_asking_once(jobs, database):
    first = await jobs.request("k", 20.0, NOW)
    again = await jobs.request("k", 20.0, NOW + timedelta(hours=1))
    assert again == first
    assert database[MODELS].find_one({"_id": first.job_id})
    with pytest.raises(KeyTaken):
        await jobs.request("k", None, NOW)


async def test_only_so_many_trainings_wait(jobs):
    for n in range(MOST_WAITING):
        await jobs.request(f"k{n}", None, NOW + timedelta(minutes=n))
    with pytest.raises(TooManyJobs, match="is a worker running"):
        await jobs.request("one more", None, NOW)
    assert (await jobs.request("k0", None, NOW)).state is JobState.QUEUED


def test_a_model_is_no_model_before_it_is_trained(database, settings):
    [asked] = asked_for(database)
    with pytest.raises(NotEnoughData):
        retrain(database, settings, _silent(), version=asked.job_id)
    assert version_in_service(database) is None


def _silent():
    from rich.console import Console
    from rich.progress import Progress

    return Progress(console=Console(quiet=True))

"""One process at a time, and one that dies does not block it for long."""

import time
from datetime import UTC, datetime

import pytest
from builders import NOW, SMALL, stock, two_tastes
from rich.console import Console
from rich.progress import Progress

from recommender.facts.errors import LeaseTaken
from recommender.mongo.leases import lease
from recommender.mongo.models import version_in_service
from workers import retrain as command

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def until(database):
    return database["leases"].find_one({"_id": "retrain"})["until"]


def runs_out(database):
    """As it does while its holder sleeps."""
    database["leases"].update_one({"_id": "retrain"}, {"$set": {"until": LONG_AGO}})


def test_only_one_holds_a_lease(database):
    with (
        lease(database, "retrain", 30),
        pytest.raises(LeaseTaken, match="Another process is doing this"),
        lease(database, "retrain", 30),
    ):
        pass


def test_a_lease_is_free_when_it_was_given_back(database):
    for _ in range(2):
        with lease(database, "retrain", 30) as ours:
            assert ours.still_held()


def test_two_leases_of_different_names_are_two(database):
    with lease(database, "retrain", 30), lease(database, "report", 30):
        pass


def test_a_lease_is_renewed_while_it_is_held(database):
    with lease(database, "retrain", 0.3):
        taken = until(database)
        deadline = time.monotonic() + 10
        while until(database) == taken and time.monotonic() < deadline:
            time.sleep(0.01)
        assert until(database) > taken


def test_who_slept_while_nobody_came_still_holds_it(database):
    with lease(database, "retrain", 30) as ours:
        runs_out(database)
        assert ours.still_held()
        with pytest.raises(LeaseTaken), lease(database, "retrain", 30):
            pass


def test_who_slept_and_lost_it_is_told(database):
    with lease(database, "retrain", 30) as ours:
        runs_out(database)
        with lease(database, "retrain", 30) as theirs:
            assert not ours.still_held()
            assert theirs.still_held()


def test_who_slept_and_lost_it_to_one_that_came_and_went_is_told(database):
    with lease(database, "retrain", 30) as ours:
        runs_out(database)
        with lease(database, "retrain", 30):
            pass
        assert not ours.still_held()
        # Nor does asking take it back.
        assert database["leases"].count_documents({}) == 0


def test_renewals_do_not_bring_back_a_lease_that_was_lost(database):
    with lease(database, "retrain", 0.06) as ours:
        database["leases"].delete_one({"_id": "retrain"})
        time.sleep(0.1)
        assert database["leases"].count_documents({}) == 0
        assert not ours.still_held()


def test_who_lost_it_leaves_the_other_ones_alone(database):
    with lease(database, "retrain", 30):
        database["leases"].update_one({"_id": "retrain"}, {"$set": {"token": "another's"}})
    assert database["leases"].count_documents({}) == 1


@pytest.mark.parametrize(("lost_after", "published"), [("judge", 0), ("publish", 1)])
def test_a_retrain_that_lost_its_lease_puts_nothing_in_service(
    database, settings, monkeypatch, lost_after, published
):
    catalogue, events = two_tastes()
    stock(database, list(catalogue.values()), events)
    step = getattr(command, lost_after)

    def slept(*arguments, **more):
        done = step(*arguments, **more)
        database["leases"].delete_one({"_id": "retrain"})  # another one came and went
        return done

    monkeypatch.setattr(command, lost_after, slept)
    silent = Progress(console=Console(quiet=True))
    with pytest.raises(LeaseTaken, match="was lost meanwhile"):
        command.retrain(database, settings, silent, parameters=SMALL, now=NOW)
    assert database["models"].count_documents({}) == published
    assert version_in_service(database) is None

"""Models and trainings that are followed."""

import pytest
from builders import CARD, NOW, ask, trained_on, two_tastes
from subscribing import conversation

from recommender.mongo.models import publish, put_in_service

pytestmark = pytest.mark.usefixtures("shop")

MODEL = "subscription { modelUpdated { version inService state } }"
TRAINING = "subscription($id: ID!) { trainingUpdated(jobId: $id) { state stage progress } }"
REQUEST = """
mutation { requestTraining(input: {idempotencyKey: "k"}) { job { jobId } } }
"""


@pytest.fixture
async def socket(shop, api):
    async with conversation(api) as socket:
        yield socket


async def test_the_model_that_answers_is_followed_also_back(socket, database):
    await socket.subscribe(MODEL, None)
    first = (await socket.next())["modelUpdated"]
    assert first == {"version": "v1", "inService": True, "state": "READY"}
    publish(database, trained_on(*two_tastes(seed=2), version="v2"), **CARD)
    for version in ("v2", "v1"):
        put_in_service(database, version, NOW)
        assert (await socket.next())["modelUpdated"]["version"] == version


async def test_a_training_is_followed_until_it_has_ended(socket, api, database):
    job_id = (await ask(api, REQUEST))["requestTraining"]["job"]["jobId"]
    await socket.subscribe(TRAINING, {"id": job_id})
    found = (await socket.next())["trainingUpdated"]
    assert found == {"state": "QUEUED", "stage": None, "progress": None}
    for known in (
        {"state": "running", "stage": "reading"},
        {"stage": "training", "progress": 0.5},
        {"state": "failed", "stage": None, "progress": None, "ended_at": NOW},
    ):
        database["jobs"].update_one({"_id": job_id}, {"$set": known})
        found |= {name: value for name, value in known.items() if name in found}
        found["state"] = found["state"].upper()
        assert (await socket.next())["trainingUpdated"] == found
    assert await socket.hear() == {"type": "complete", "id": "1"}


async def test_a_training_that_nobody_asked_for_cannot_be_followed(socket):
    await socket.subscribe(TRAINING, {"id": "none"})
    heard = await socket.hear()
    assert heard["type"] == "error"
    [error] = heard["payload"]
    assert error["message"] == "jobId names no training: 'none'"
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_model_that_does_not_answer_is_not_told(socket, database):
    await socket.subscribe(MODEL, None)
    await socket.next()
    publish(database, trained_on(*two_tastes(seed=2), version="v2"), **CARD)
    assert await socket.is_silent()

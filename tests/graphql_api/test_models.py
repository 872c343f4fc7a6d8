"""Which model answers, how good it is, and how one is asked for."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import CARD, NOW, ask, until

from graphql_api.global_ids import global_id
from recommender.mongo.documents import JOBS, MODELS
from recommender.mongo.jobs import take
from recommender.mongo.models import forget_old, load, publish, put_in_service, version_in_service

MODEL = """
version state inService algorithm trainedAt trainingSeconds shopperCount productCount
interactionCount failureReason
metrics { name k value low high baseline baselines { name value } }
"""
MODELS_PAGE = """
query($first: Int, $after: String, $last: Int, $before: String) {
  models(first: $first, after: $after, last: $last, before: $before) {
    nodes { version state failureReason } edges { cursor node { version } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
ACTIVATE = """
mutation($version: String!) {
  activateModel(input: {version: $version}) {
    model { version inService } userErrors { message code field }
  }
}
"""
ROLL_BACK = "mutation { rollBackModel { model { version inService } userErrors { code message } } }"
REQUEST = """
mutation($key: String!, $minutes: Float) {
  requestTraining(input: {idempotencyKey: $key, tuneMinutes: $minutes}) {
    job { jobId state tuneMinutes attempts stage progress failureReason model { state version } }
    userErrors { message code field }
  }
}
"""
JOB = "query($id: ID!) { trainingJob(jobId: $id) { state failureReason model { state } } }"


@pytest.fixture
def three_models(shop, database):
    """v1 is in service, v2 and v3 were trained after it."""
    trained = load(database, "v1")
    metrics = {"our engine": {"ndcg@10": 0.5, "coverage@20": 0.9}, "popularity": {"ndcg@10": 0.2}}
    for number in (2, 3):
        later = replace(trained, version=f"v{number}", trained_at=NOW + timedelta(days=number))
        publish(database, later, **{**CARD, "metrics": metrics, "bounds": {"ndcg@10": (0.4, 0.6)}})


async def test_the_model_that_answers_says_how_good_it_is(three_models, api, database):
    put_in_service(database, "v3", NOW)
    model = (await ask(api, f"{{ model {{ {MODEL} }} }}"))["model"]
    assert (model["version"], model["state"], model["inService"]) == ("v3", "READY", True)
    assert (model["shopperCount"], model["trainingSeconds"]) == (40, 1.5)
    assert model["metrics"] == [
        {
            "name": "ndcg",
            "k": 10,
            "value": 0.5,
            "low": 0.4,
            "high": 0.6,
            "baseline": 0.2,
            "baselines": [{"name": "popularity", "value": 0.2}],
        },
        {
            "name": "coverage",
            "k": 20,
            "value": 0.9,
            "low": None,
            "high": None,
            "baseline": None,
            "baselines": [],
        },
    ]


async def test_there_is_no_model_before_the_first_training(api):
    assert (await ask(api, "{ model { version } }"))["model"] is None


async def test_a_model_can_be_fetched_again_by_its_global_id(three_models, api):
    model = (await ask(api, "{ model { id version } }"))["model"]
    ids = [model["id"], global_id("Model", "v2"), global_id("Model", "v9")]
    data = await ask(
        api, "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Model { version } } }", ids=ids
    )
    assert data["nodes"] == [model, {"id": ids[1], "version": "v2"}, None]


@pytest.mark.parametrize("length", [1, 2, 5])
async def test_a_walk_through_the_models_meets_each_once_both_ways(three_models, api, length):
    forward, after = [], None
    while True:
        page = (await ask(api, MODELS_PAGE, first=length, after=after))["models"]
        forward += [node["version"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    backward, before = [], None
    while True:
        page = (await ask(api, MODELS_PAGE, last=length, before=before))["models"]
        backward = [node["version"] for node in page["nodes"]] + backward
        before = page["pageInfo"]["startCursor"]
        if not page["pageInfo"]["hasPreviousPage"]:
            break
    assert forward == backward == ["v3", "v2", "v1"]


async def test_another_model_answers_and_back(three_models, api):
    async def answered_by(version):
        shelf = '{ recommendations(shopper: {userId: "a"}, first: 1) { modelVersion } }'
        return (await ask(api, shelf))["recommendations"]["modelVersion"] == version

    for version in ("v2", "v3", "v3"):
        done = (await ask(api, ACTIVATE, version=version))["activateModel"]
        assert done == {"model": {"version": version, "inService": True}, "userErrors": []}
    await until(lambda: answered_by("v3"))
    for version in ("v2", "v1"):
        done = (await ask(api, ROLL_BACK))["rollBackModel"]
        assert done == {"model": {"version": version, "inService": True}, "userErrors": []}
        await until(lambda version=version: answered_by(version))
    nothing = (await ask(api, ROLL_BACK))["rollBackModel"]
    assert nothing["userErrors"] == [
        {
            "code": "NOT_FOUND",
            "message": "No model was in service before that is still kept.",
        }
    ]


async def test_a_model_that_is_no_longer_kept_does_not_answer(three_models, api, database):
    put_in_service(database, "v3", NOW)
    put_in_service(database, "v2", NOW)
    put_in_service(database, "v3", NOW)
    assert forget_old(database, kept=1) == ["v1"]  # v2 is what to roll back to
    refused = (await ask(api, ACTIVATE, version="v1"))["activateModel"]
    assert refused["userErrors"] == [
        {
            "message": "The arrays of model 'v1' are no longer kept: retrain.",
            "code": "NOT_FOUND",
            "field": ["input", "version"],
        }
    ]
    assert (await ask(api, ACTIVATE, version="none"))["activateModel"]["userErrors"]
    assert version_in_service(database) == "v3"
    page = (await ask(api, MODELS_PAGE))["models"]
    assert [node["state"] for node in page["nodes"]] == ["READY", "READY", "STALE"]
    assert (await ask(api, ROLL_BACK))["rollBackModel"]["model"]["version"] == "v2"


async def test_a_training_is_asked_for_once_and_followed(shop, api, database):
    first = (await ask(api, REQUEST, key="k", minutes=20))["requestTraining"]
    assert first["userErrors"] == []
    job = first["job"]
    assert (job["state"], job["tuneMinutes"], job["attempts"]) == ("QUEUED", 20, 0)
    assert job["model"] == {"state": "UNTRAINED", "version": job["jobId"]}
    assert (await ask(api, REQUEST, key="k", minutes=20))["requestTraining"] == first
    conflict = (await ask(api, REQUEST, key="k"))["requestTraining"]
    assert conflict["userErrors"][0]["code"] == "CONFLICT"
    assert database[JOBS].count_documents({}) == 1

    held = take(database, 60)
    running = (await ask(api, JOB, id=job["jobId"]))["trainingJob"]
    assert (running["state"], running["model"]["state"]) == ("RUNNING", "TRAINING")
    held.failed("There are too few events.")
    failed = (await ask(api, JOB, id=job["jobId"]))["trainingJob"]
    assert failed == {
        "state": "FAILED",
        "failureReason": "There are too few events.",
        "model": {"state": "FAILED"},
    }
    nodes = (await ask(api, MODELS_PAGE))["models"]["nodes"]
    assert {node["state"]: node["failureReason"] for node in nodes} == {
        "FAILED": "There are too few events.",
        "READY": None,
    }
    refused = (await ask(api, ACTIVATE, version=job["jobId"]))["activateModel"]
    assert refused["userErrors"][0]["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("key", "minutes", "field"),
    [("", None, "idempotencyKey"), ("k", 0, "tuneMinutes"), ("k", 1e9, "tuneMinutes")],
)
async def test_a_training_has_bounds(api, database, key, minutes, field):
    refused = (await ask(api, REQUEST, key=key, minutes=minutes))["requestTraining"]
    assert refused["job"] is None
    assert refused["userErrors"][0]["field"] == ["input", field]
    assert database[MODELS].count_documents({}) == 0


async def test_there_is_no_job_of_any_other_id(api):
    assert (await ask(api, JOB, id="nothing"))["trainingJob"] is None

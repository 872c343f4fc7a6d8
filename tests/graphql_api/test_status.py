"""Who asks, and how the server is doing."""

from datetime import datetime

from builders import ask, serving, settings_for, with_key

from recommender.facts.keys import KeyKind, Scope

CALLER = "{ caller { name scopes } }"
STATUS = """
{ status {
  ready databaseReachable keysNeeded modelVersion modelTrainedAt productCount eventStreamOpen
  historiesInMemory subscriptions listsLost creditedThrough failures { what count }
} }
"""


async def test_while_there_are_no_keys_this_machine_may_do_everything(api):
    caller = (await ask(api, CALLER))["caller"]
    assert caller == {"name": "anybody", "scopes": sorted(s.name for s in Scope)}


async def test_a_key_says_what_it_is_for(mongodb_uri, database, tmp_path):
    publishable = with_key(database, KeyKind.PUBLISHABLE, name="page")
    secret = with_key(database, name="analyst", scopes={Scope.INSIGHTS})
    async with serving(settings_for(mongodb_uri, database.name, tmp_path)) as api:
        for headers, name, scopes in (
            (publishable, "page", ["EVENTS", "READ"]),
            (secret, "analyst", ["INSIGHTS"]),
        ):
            answer = (await api.post("/graphql", json={"query": CALLER}, headers=headers)).json()
            assert answer["data"]["caller"] == {"name": name, "scopes": scopes}
            refused = (await api.post("/graphql", json={"query": STATUS}, headers=headers)).json()
            assert refused["data"] == {"status": None}


async def test_it_says_which_model_answers_and_that_all_is_well(shop, api):
    status = (await ask(api, STATUS))["status"]
    assert datetime.fromisoformat(status.pop("modelTrainedAt")).tzinfo is not None
    assert status == {
        "ready": True,
        "databaseReachable": True,
        "keysNeeded": False,
        "modelVersion": "v1",
        "productCount": 24,
        "eventStreamOpen": True,
        "historiesInMemory": 0,
        "subscriptions": 0,
        "listsLost": 0,
        "creditedThrough": None,
        "failures": [],
    }


async def test_before_the_first_training_it_is_ready_unless_it_is_to_wait(
    mongodb_uri, database, tmp_path
):
    for waits, ready in (("true", True), ("false", False)):
        more = {"READY_WITHOUT_MODEL": waits}
        async with serving(settings_for(mongodb_uri, database.name, tmp_path, **more)) as api:
            status = (await ask(api, STATUS))["status"]
            assert (status["ready"], status["modelVersion"]) == (ready, None)

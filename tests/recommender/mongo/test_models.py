"""Models in MongoDB: published whole, checked when loaded, and one of them answers."""

import pytest
from builders import CARD, NOW, trained_on, two_tastes
from gridfs import GridFSBucket

from recommender.facts.errors import CorruptModel, NoModel
from recommender.mongo.documents import MODEL_FILES
from recommender.mongo.models import (
    forget_old,
    load,
    publish,
    put_in_service,
    read_card,
    version_in_service,
)

SHOP = two_tastes()


def publish_version(database, version):
    return publish(database, trained_on(*SHOP, version=version), **CARD)


def test_a_published_model_is_loaded_as_it_was(database):
    card = publish_version(database, "v1")
    assert read_card(database, "v1") == card
    assert load(database, "v1").to_bytes() == trained_on(*SHOP, version="v1").to_bytes()


def test_what_a_newer_worker_says_of_a_model_does_not_keep_it_from_being_read(database):
    publish_version(database, "v1")
    database["models"].update_one({"_id": "v1"}, {"$set": {"mood": "good"}})
    assert read_card(database, "v1").version == "v1"
    assert load(database, "v1").version == "v1"


def test_nothing_answers_until_it_is_put_in_service(database):
    publish_version(database, "v1")
    assert version_in_service(database) is None
    put_in_service(database, "v1", NOW)
    assert version_in_service(database) == "v1"


def test_a_model_that_is_not_there_cannot_be_put_in_service(database):
    with pytest.raises(NoModel, match="There is no model 'v9'"):
        put_in_service(database, "v9", NOW)


def test_rolling_back_is_moving_the_pointer(database):
    for version in ("v1", "v2"):
        publish_version(database, version)
        put_in_service(database, version, NOW)
    put_in_service(database, "v1", NOW)
    assert version_in_service(database) == "v1"


def test_a_damaged_file_is_refused(database):
    publish_version(database, "v1")
    chunks = database[f"{MODEL_FILES}.chunks"]
    chunk = chunks.find_one({"files_id": "v1"})
    damaged = bytes([chunk["data"][100] ^ 1])
    data = chunk["data"][:100] + damaged + chunk["data"][101:]
    chunks.update_one({"_id": chunk["_id"]}, {"$set": {"data": data}})
    with pytest.raises(CorruptModel, match="it is damaged"):
        load(database, "v1")


def test_a_missing_file_is_said_plainly(database):
    publish_version(database, "v1")
    GridFSBucket(database, MODEL_FILES).delete("v1")
    with pytest.raises(CorruptModel, match="arrays of model v1 are missing"):
        load(database, "v1")


def test_old_models_are_forgotten_but_never_the_one_in_service(database):
    for n in range(5):
        publish_version(database, f"v{n}")
        database["models"].update_one(
            {"_id": f"v{n}"}, {"$set": {"trained_at": NOW.replace(day=n + 1)}}
        )
    put_in_service(database, "v0", NOW)
    GridFSBucket(database, MODEL_FILES).upload_from_stream_with_id("orphan", "orphan", b"x")
    assert sorted(forget_old(database, kept=2)) == ["orphan", "v1", "v2"]
    assert load(database, "v0").version == "v0"
    assert read_card(database, "v1").version == "v1"  # what it scored is still known


def test_what_a_worker_left_that_was_killed_while_it_published_is_forgotten(database):
    publish_version(database, "v1")
    publish_version(database, "v2")
    database[f"{MODEL_FILES}.files"].delete_one({"_id": "v1"})  # it comes after its chunks
    database["models"].delete_one({"_id": "v1"})
    assert forget_old(database, kept=2) == ["v1"]
    assert database[f"{MODEL_FILES}.chunks"].distinct("files_id") == ["v2"]
    assert load(database, "v2").version == "v2"

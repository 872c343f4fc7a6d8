"""The command that makes keys."""

import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from recommender.facts.signed_users import user_of
from recommender.mongo.keys import all_keys
from workers.__main__ import app

SECRET = "s" * 32


@pytest.fixture
def run(settings, database, monkeypatch):
    for name in ("mongodb_uri", "mongodb_database", "data_dir"):
        monkeypatch.setenv(name.upper(), str(getattr(settings, name)))

    def command(*words):
        return CliRunner().invoke(app, ["keys", *words])

    return command


def test_a_key_is_shown_once_and_only_its_digest_is_kept(run, database):
    made = run("create", "--name", "shop", "--kind", "secret", "--json")
    text = json.loads(made.stdout)["key"]
    [key] = all_keys(database)
    assert key.is_of(text)
    assert text not in str(list(database["keys"].find()))
    assert text not in run("list", "--json").stdout
    assert json.loads(run("list", "--json").stdout)[0]["key_id"] == key.key_id


def test_a_publishable_key_knows_its_pages(run, database):
    words = ("--origin", "https://shop.example", "--expires-in-days", "30")
    assert run("create", "--name", "shop", "--kind", "publishable", *words).exit_code == 0
    [key] = all_keys(database)
    assert key.origins == ("https://shop.example",)
    assert key.expires_at is not None


def test_a_revoked_key_is_listed_as_such(run, database):
    run("create", "--name", "shop", "--kind", "secret")
    [key] = all_keys(database)
    assert key.key_id in run("revoke", "shop").stdout
    assert "revoked" in run("list").stdout
    assert "was revoked" in run("revoke", "shop").stderr


def test_what_cannot_be_a_key_is_said_in_a_sentence(run):
    words = ("--kind", "publishable", "--scope", "training")
    refused = run("create", "--name", "shop", *words)
    assert refused.exit_code == 1
    assert "events, read, not training" in refused.stderr


def test_a_signed_id_to_try_things_out_is_good(run, monkeypatch):
    assert "openssl rand" in run("sign", "ann").stderr
    monkeypatch.setenv("SHOPPER_SIGNING_SECRETS", SECRET)
    signed = run("sign", "ann").stdout.strip()
    assert user_of(signed, [SECRET], datetime.now(UTC)) == "ann"

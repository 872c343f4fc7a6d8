"""Keys in the database."""

from datetime import timedelta

import pytest
from builders import NOW
from hypothesis import given
from hypothesis import strategies as st

from recommender.facts.errors import InvalidInput, KeyConflict
from recommender.facts.keys import ALLOWED, Key, KeyKind
from recommender.mongo.documents import KEYS, key_document, key_of
from recommender.mongo.keys import add_key, all_keys, revoke_keys


def a_key(name="shop", kind=KeyKind.SECRET, at=NOW, **more):
    return Key.make(name, kind, at, **more)[0]


@given(st.data())
def test_keys_come_back_as_they_were(mongodb_client, data):
    kind = data.draw(st.sampled_from(KeyKind))
    scopes = data.draw(st.sets(st.sampled_from(sorted(ALLOWED[kind])), min_size=1))
    lifetime = data.draw(st.none() | st.integers(1, 10**6).map(lambda s: timedelta(seconds=s)))
    key = a_key(kind=kind, scopes=scopes, expires_in=lifetime)
    collection = mongodb_client["test_keys"][KEYS]
    collection.drop()
    collection.insert_one(key_document(key))
    assert key_of(collection.find_one()) == key


def test_two_keys_of_a_name_live_at_once_and_a_third_one_waits(database):
    first = a_key()
    add_key(database, first)
    add_key(database, a_key(at=NOW + timedelta(days=1)))
    third = a_key(at=NOW + timedelta(days=2))
    with pytest.raises(KeyConflict, match=f"revoke {first.key_id}, the older one"):
        add_key(database, third)
    revoke_keys(database, first.key_id, NOW + timedelta(days=2))
    add_key(database, third)
    assert len(all_keys(database)) == 3


def test_a_key_that_expired_makes_room(database):
    for _ in range(2):
        add_key(database, a_key(expires_in=timedelta(days=1)))
    add_key(database, a_key(at=NOW + timedelta(days=1)))


def test_a_name_is_of_one_kind(database):
    add_key(database, a_key())
    with pytest.raises(KeyConflict, match="name of a secret key"):
        add_key(database, a_key(kind=KeyKind.PUBLISHABLE))


def test_a_name_revokes_all_that_have_it_and_no_other(database):
    ours, also_ours, other = a_key(), a_key(), a_key("other")
    for key in (ours, also_ours, other):
        add_key(database, key)
    assert {k.key_id for k in revoke_keys(database, "shop", NOW)} == {ours.key_id, also_ours.key_id}
    assert revoke_keys(database, "shop", NOW) == []
    assert [k.key_id for k in all_keys(database) if k.is_live(NOW)] == [other.key_id]


def test_what_is_no_key_cannot_be_revoked(database):
    with pytest.raises(InvalidInput, match="'nothing'"):
        revoke_keys(database, "nothing", NOW)

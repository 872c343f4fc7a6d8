"""Keys: what is kept of them, and what they allow."""

from datetime import timedelta

import pytest
from builders import NOW

from recommender.facts.errors import InvalidInput
from recommender.facts.keys import ALLOWED, ID_LENGTH, Key, KeyKind, Scope, checked_origin


def a_key(kind=KeyKind.SECRET, **more):
    return Key.make("shop", kind, NOW, **more)


@pytest.mark.parametrize("kind", KeyKind)
class TestAnyKey:
    def test_its_text_is_found_by_its_beginning_and_known_by_its_digest(self, kind):
        key, text = a_key(kind)
        assert text[:ID_LENGTH] == key.key_id
        assert key.is_of(text)
        assert not key.is_of(text[:-1] + ("0" if text[-1] != "0" else "1"))

    def test_the_text_is_nowhere_in_what_is_kept(self, kind):
        key, text = a_key(kind)
        assert text[ID_LENGTH:] not in repr(key)

    def test_no_two_are_alike(self, kind):
        texts = {a_key(kind)[1] for _ in range(100)}
        assert len(texts) == 100

    def test_it_has_more_than_128_random_bits(self, kind):
        _, text = a_key(kind)
        assert len(bytes.fromhex(text.rpartition("_")[2])) * 8 >= 128

    def test_it_allows_all_of_its_kind_unless_less_is_said(self, kind):
        assert a_key(kind)[0].scopes == ALLOWED[kind]
        assert a_key(kind, scopes=[Scope.READ])[0].scopes == {Scope.READ}


def test_a_key_that_everybody_sees_cannot_allow_what_needs_a_secret_one():
    for scope in set(Scope) - {Scope.READ, Scope.EVENTS}:
        with pytest.raises(InvalidInput, match=f"events, read, not {scope}"):
            a_key(KeyKind.PUBLISHABLE, scopes=[scope])


def test_no_page_gets_a_secret_key():
    with pytest.raises(InvalidInput, match="publishable"):
        a_key(origins=["https://shop.example"])


def test_a_key_dies_when_it_expires():
    key, _ = a_key(expires_in=timedelta(hours=1))
    assert key.is_live(NOW + timedelta(minutes=59))
    assert not key.is_live(NOW + timedelta(hours=1))
    with pytest.raises(InvalidInput, match="time to come"):
        a_key(expires_in=timedelta(0))


@pytest.mark.parametrize(
    "wrong", ["shop.example", "ftp://shop.example", "https://shop.example/cart", "https://", "null"]
)
def test_what_is_no_origin_is_refused_with_an_example(wrong):
    with pytest.raises(InvalidInput, match=r"https://shop\.example"):
        checked_origin(wrong)

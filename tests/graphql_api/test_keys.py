"""Who may do what."""

import pytest

from graphql_api.keys import ANYBODY, NOBODY, Caller, Scope
from recommender.facts.errors import Forbidden, Unauthenticated


@pytest.mark.parametrize("scope", Scope)
class TestAnyScope:
    def test_a_key_that_has_it_may_go_on(self, scope):
        Caller("shop", frozenset({scope})).require(scope)
        ANYBODY.require(scope)

    def test_a_key_that_has_all_others_is_forbidden_it(self, scope):
        with pytest.raises(Forbidden, match=f"scope {scope}; 'shop'"):
            Caller("shop", frozenset(Scope) - {scope}).require(scope)

    def test_who_sends_no_key_is_asked_for_one(self, scope):
        with pytest.raises(Unauthenticated, match="none was sent"):
            NOBODY.require(scope)

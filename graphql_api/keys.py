"""Who asks, and what they may do."""

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

from recommender.facts.errors import Forbidden, Unauthenticated


class Scope(StrEnum):
    """Something that a key may allow."""

    READ = "read"
    """Lists and products."""
    EVENTS = "events"
    """Say what shoppers do. A purchase is recorded, but not trusted."""
    CATALOGUE = "catalogue"
    """Put products into the shop and take them out."""
    INSIGHTS = "insights"
    """What came of the lists."""
    TRAINING = "training"
    """Train models, put one in service, roll back."""
    SHOPPERS = "shoppers"
    """Act for any shopper: say what is known of them, export it, forget it."""
    TRUSTED_EVENTS = "trusted_events"
    """Say what was bought, and be believed."""


PUBLISHABLE = frozenset({Scope.READ, Scope.EVENTS})
"""What a key that everybody can see may allow."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request."""

    name: str
    """Of the key that came with it."""
    scopes: Set[Scope] = frozenset()

    def may(self, scope: Scope) -> bool:
        """Whether this is allowed."""
        return scope in self.scopes

    def require(self, scope: Scope) -> None:
        """Go on only if this is allowed.

        Raises:
            Unauthenticated: if no key came with the request.
            Forbidden: if one came, which does not allow it.
        """
        if scope in self.scopes:
            return
        kind = "key" if scope in PUBLISHABLE else "secret key"
        if self is NOBODY:
            raise Unauthenticated(f"This needs a {kind} with the scope {scope}, and none was sent.")
        raise Forbidden(f"This needs a {kind} with the scope {scope}; {self.name!r} has it not.")


NOBODY = Caller("nobody")
"""No key came with the request."""
ANYBODY = Caller("anybody", frozenset(Scope))
"""Everybody, while there are no keys."""

"""Who asks, and what they may do."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Self

import structlog
from pymongo.errors import PyMongoError
from starlette.types import Scope as Connection

from graphql_api.origins import is_loopback, is_same_origin
from recommender.facts.errors import Forbidden, RecommenderError, Unauthenticated
from recommender.facts.keys import (
    ALLOWED,
    ANY_ORIGIN,
    ID_LENGTH,
    STARTS_WITH,
    Key,
    KeyKind,
    Scope,
)
from recommender.mongo.keys import Keys

__all__ = ["ANYBODY", "NOBODY", "Caller", "KeyRing", "Proof", "Scope"]

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 2.0
"""How long a process may take to hear of a new key, or of a revoked one."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request."""

    name: str
    """Of the key that came with it."""
    scopes: Set[Scope] = frozenset()
    kind: KeyKind | None = None
    """Of that key; None where there was none."""

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
        kind = "key" if scope in ALLOWED[KeyKind.PUBLISHABLE] else "secret key"
        if self is NOBODY:
            raise Unauthenticated(f"This needs a {kind} with the scope {scope}, and none was sent.")
        raise Forbidden(
            f"This needs a {kind} with the scope {scope}; {self.name!r} does not allow it."
        )


NOBODY = Caller("nobody")
"""No key came with the request."""
ANYBODY = Caller("anybody", frozenset(Scope))
"""Everybody, while there are no keys."""


class Proof(NamedTuple):
    """What a request says of who sent it."""

    key: str | None = None
    """What came as X-Recs-Key, or as `key` in the query string."""
    bearer: str | None = None
    """What came as Authorization: Bearer."""
    origin: str | None = None
    """The site whose page sent it, where a browser did."""
    host: str = ""
    """The name that we were called by."""
    client: str = ""
    """The address that it came from."""

    @classmethod
    def in_request(cls, connection: Connection) -> Self:
        """What stands in the headers and in the query string."""
        headers = dict(connection["headers"])
        key = headers.get(b"x-recs-key")
        if key is None and b"key=" in (query := connection["query_string"]):
            key = next((p[4:] for p in query.split(b"&") if p.startswith(b"key=")), None)
        scheme, _, bearer = headers.get(b"authorization", b"").partition(b" ")
        origin = headers.get(b"origin")
        return cls(
            key.decode("latin-1") if key else None,
            # Another scheme is somebody else's: a proxy's with a password, say.
            bearer.strip().decode("latin-1") if scheme.lower() == b"bearer" else None,
            origin.decode("latin-1") if origin else None,
            headers.get(b"host", b"").decode("latin-1"),
            connection["client"][0] if connection.get("client") else "",
        )

    def and_said(self, payload: Mapping[str, object]) -> Self:
        """The same, with what a WebSocket's first message adds: pages can send no headers there."""
        key, authorization = payload.get("key"), payload.get("authorization")
        scheme, _, bearer = str(authorization).partition(" ")
        return self._replace(
            key=str(key) if key is not None else self.key,
            bearer=bearer.strip() if scheme.lower() == "bearer" else self.bearer,
        )


class KeyRing:
    """The keys as this process knows them, current while `run` runs.

    While there is none, whoever reaches us on this machine may do everything. Where others can
    reach us too, nobody may do anything then.
    """

    def __init__(
        self, keys: Keys, now: Callable[[], datetime], *, origins: frozenset[str], on_loopback: bool
    ) -> None:
        self.failures: Counter[str] = Counter()
        """How often what went wrong."""
        self._keys = keys
        self._now = now
        self._known: dict[str, tuple[Key, Caller]] = {}
        self._used: set[str] = set()
        self._shop_origins = origins
        self._on_loopback = on_loopback

    @property
    def is_empty(self) -> bool:
        """Whether there never was a key."""
        return not self._known

    @property
    def is_open(self) -> bool:
        """Whether everybody may do everything."""
        return self._on_loopback and not self._known

    def caller_of(self, proof: Proof) -> Caller:
        """Who sent a request.

        Raises:
            Unauthenticated: if a key came with it that is not live, or not where it belongs.
            Forbidden: if it came from a page, or for a host, that it may not come from.
        """
        if self.is_open:
            return self._anybody(proof)
        if proof.bearer is not None:
            key, caller = self._known_as(proof.bearer, KeyKind.SECRET, "Authorization: Bearer")
        elif proof.key is not None:
            key, caller = self._known_as(proof.key, KeyKind.PUBLISHABLE, "X-Recs-Key")
        else:
            return NOBODY
        origin = proof.origin
        if origin is not None and not is_same_origin(origin, proof.host):
            self._check_origin(origin, key)
        self._used.add(key.key_id)
        return caller

    def allows_page(self, proof: Proof) -> bool:
        """Whether it came from no page, from one of ours, or from a site that is allowed."""
        origin = proof.origin
        return origin is None or is_same_origin(origin, proof.host) or self.allows_origin(origin)

    def allows_origin(self, origin: str) -> bool:
        """Whether a page of that site may call us with some key."""
        if self.is_open:
            return is_loopback(origin.partition("://")[2])
        now = self._now()
        return _holds(self._shop_origins, origin) or any(
            _holds(key.origins, origin) for key, _ in self._known.values() if key.is_live(now)
        )

    async def read(self) -> None:
        """Take the keys as they are in the database."""
        # One dict after the other, so that no request meets half of them.
        known = {}
        for key in await self._keys.all():
            known[key.key_id] = key, Caller(key.name, key.scopes, key.kind)
        self._known = known

    async def run(self) -> None:
        """Stay current until cancelled. What we knew last counts while the database is away."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                await self.read()
                await self._note_use()
            except (PyMongoError, RecommenderError) as error:
                self._failed(error)

    def _failed(self, error: Exception) -> None:
        self.failures["keys"] += 1
        log.error("keys_not_read", error=f"{type(error).__name__}: {error}"[:500])

    def _anybody(self, proof: Proof) -> Caller:
        # A page of another site may have its own name lead here, to be taken for one of ours.
        for who in (proof.host, proof.client):
            if not is_loopback(who):
                raise Forbidden(
                    f"While there are no keys, only this machine is answered, and not "
                    f"{who[:80]!r}. Make a key: python -m workers keys create"
                )
        return ANYBODY

    def _known_as(self, text: str, kind: KeyKind, place: str) -> tuple[Key, Caller]:
        if not text.startswith(STARTS_WITH[kind]):
            raise Unauthenticated(
                f"{place} is for {kind} keys, which begin with {STARTS_WITH[kind]}. A publishable "
                "key goes into X-Recs-Key, a secret key into Authorization: Bearer."
            )
        known = self._known.get(text[:ID_LENGTH])
        if known is None or not known[0].is_of(text) or not known[0].is_live(self._now()):
            raise Unauthenticated(
                f"The key {text[:ID_LENGTH]!r} is not known, was revoked or has expired."
            )
        return known

    def _check_origin(self, origin: str, key: Key) -> None:
        if key.kind is KeyKind.SECRET:
            raise Forbidden(
                f"A secret key came from a page of {origin[:80]}, where everybody can read it. "
                f"Revoke {key.key_id}, and use a publishable key in pages."
            )
        if not (_holds(self._shop_origins, origin) or _holds(key.origins, origin)):
            raise Forbidden(
                f"Pages of {origin[:80]} may not use the key {key.name!r}. Name the site in "
                "ALLOWED_ORIGINS, or make a key with --origin."
            )

    async def _note_use(self) -> None:
        hour = self._now().replace(minute=0, second=0, microsecond=0)
        used, self._used = self._used, set()
        fresh = {k for k in used if k in self._known and self._known[k][0].last_used_at != hour}
        if fresh:
            await self._keys.note_use(fresh, hour)


def _holds(origins: Set[str] | tuple[str, ...], origin: str) -> bool:
    return origin in origins or ANY_ORIGIN in origins

"""Keys: what tells us who asks, and what each kind may allow."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from urllib.parse import urlsplit

from recommender.facts.errors import InvalidInput
from recommender.facts.ids import checked_id


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
    METRICS = "metrics"
    """How the service is doing: what Prometheus asks for."""


class KeyKind(StrEnum):
    """Who may see a key."""

    PUBLISHABLE = "publishable"
    """Everybody: it is in the shop's pages."""
    SECRET = "secret"  # noqa: S105 (the name of a kind)
    """The shop's servers alone."""


ALLOWED = {
    KeyKind.PUBLISHABLE: frozenset({Scope.READ, Scope.EVENTS}),
    KeyKind.SECRET: frozenset(Scope),
}
"""The most a key of each kind can allow."""

STARTS_WITH = {KeyKind.PUBLISHABLE: "pk_", KeyKind.SECRET: "sk_"}

ID_LENGTH = len("pk_") + 8
"""Characters of a key that are no secret: what it is found by, and called in lists."""
SECRET_BYTES = 20
"""So many that guessing is hopeless, and a fast digest is as good as a slow one."""

ANY_ORIGIN = "*"


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key: never the key itself."""

    key_id: str
    """Its first characters."""
    name: str
    """The shop's word for what it is for. Two keys of a name can live at once, to change over."""
    kind: KeyKind
    digest: bytes
    """SHA-256 of the key."""
    scopes: frozenset[Scope]
    """What it allows."""
    created_at: datetime
    origins: tuple[str, ...] = ()
    """The sites whose pages may use it, beside those of ALLOWED_ORIGINS."""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    """To the hour."""

    @classmethod
    def make(
        cls,
        name: str,
        kind: KeyKind,
        now: datetime,
        scopes: Iterable[Scope] = (),
        origins: Iterable[str] = (),
        expires_in: timedelta | None = None,
    ) -> tuple[Self, str]:
        """A new key: what is kept of it, and its text, which nobody can find out again.

        It allows all that its kind can if no scopes are named.

        Raises:
            InvalidInput: naming what is out of bounds.
        """
        key_id = STARTS_WITH[kind] + secrets.token_hex(4)
        text = f"{key_id}_{secrets.token_hex(SECRET_BYTES)}"
        key = cls(
            key_id=key_id,
            name=checked_id("name", name),
            kind=kind,
            digest=digest_of(text),
            scopes=_checked_scopes(kind, frozenset(scopes)),
            created_at=now,
            origins=tuple(checked_origin(o) for o in origins),
            expires_at=_checked_expiry(now, expires_in),
        )
        if kind is KeyKind.SECRET and key.origins:
            raise InvalidInput("origins", "are for publishable keys: no page may hold a secret one")
        return key, text

    def is_live(self, now: datetime) -> bool:
        """Whether it was not revoked and has not expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def is_of(self, text: str) -> bool:
        """Whether this is what is kept of that text."""
        return hmac.compare_digest(self.digest, digest_of(text))


def digest_of(text: str) -> bytes:
    """SHA-256. A key has 160 random bits, so nothing slower is needed."""
    return hashlib.sha256(text.encode()).digest()


def checked_origin(origin: str) -> str:
    """The origin as browsers send it.

    >>> checked_origin("https://Shop.example/")
    'https://shop.example'

    Raises:
        InvalidInput: if it is no origin.
    """
    address = urlsplit(origin.strip().rstrip("/").lower())
    bare = f"{address.scheme}://{address.netloc}"
    if origin == ANY_ORIGIN:
        return origin
    if address.scheme not in ("http", "https") or not address.hostname or bare != address.geturl():
        raise InvalidInput(
            "origin", f"must be like https://shop.example, or *, not {origin[:80]!r}"
        )
    return bare


def _checked_scopes(kind: KeyKind, scopes: frozenset[Scope]) -> frozenset[Scope]:
    if excess := scopes - ALLOWED[kind]:
        raise InvalidInput(
            "scopes",
            f"of a {kind} key can be {', '.join(sorted(ALLOWED[kind]))}, not "
            f"{', '.join(sorted(excess))}",
        )
    return scopes or ALLOWED[kind]


def _checked_expiry(now: datetime, expires_in: timedelta | None) -> datetime | None:
    if expires_in is None:
        return None
    if expires_in <= timedelta(0):
        raise InvalidInput("expires_in", f"must be a time to come, not {expires_in}")
    return now + expires_in

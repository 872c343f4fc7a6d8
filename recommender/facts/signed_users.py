"""User ids that the shop's server vouches for, so that nobody can ask as somebody else.

A signed user id is `USER_ID.EXPIRES.SIGNATURE`: the shop's own id, when it ends in seconds since
1970, and the HMAC-SHA256 of all that comes before the last dot, in hexadecimal.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

from recommender.facts.errors import Unauthenticated
from recommender.facts.ids import checked_id


def sign(user_id: str, expires_at: datetime, secret: str) -> str:
    """What the shop's server gives to the page of somebody who signed in.

    >>> from datetime import UTC
    >>> sign("ann", datetime(2027, 1, 1, tzinfo=UTC), "0" * 32)[:15]
    'ann.1798761600.'

    Raises:
        InvalidInput: if it cannot be a user's id.
    """
    said = f"{checked_id('user_id', user_id)}.{int(expires_at.timestamp())}"
    return f"{said}.{_signature(said, secret)}"


def user_of(signed: str, secrets: Sequence[str], now: datetime) -> str:
    """The user id in a signed one.

    Raises:
        Unauthenticated: if none of the secrets signed it, or it has expired.
    """
    said, _, signature = signed.rpartition(".")
    # Bytes, since compare_digest takes text only if it is ASCII.
    given = signature.encode(errors="surrogatepass")
    if not any(hmac.compare_digest(given, _signature(said, s).encode()) for s in secrets):
        raise Unauthenticated(
            "signedUserId was not signed with one of SHOPPER_SIGNING_SECRETS: sign the user's id "
            "on the shop's server, as docs/security.md shows."
        )
    user_id, _, expires = said.rpartition(".")
    if not expires.isascii() or not expires.isdigit() or now.timestamp() >= int(expires):
        raise Unauthenticated("signedUserId has expired: have the shop's server sign a new one.")
    return user_id


def _signature(said: str, secret: str) -> str:
    return hmac.new(
        secret.encode(), said.encode(errors="surrogatepass"), hashlib.sha256
    ).hexdigest()

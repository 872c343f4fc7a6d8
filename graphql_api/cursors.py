"""Cursors: opaque to callers, to us a place in an order."""

from base64 import b64decode, urlsafe_b64encode

import orjson

from recommender.facts.errors import InvalidInput
from recommender.serving.orders import Place


def cursor_of(place: Place, order: str) -> str:
    """A cursor.

    Args:
        place: of an entry.
        order: names the order that the place is in.
    """
    return urlsafe_b64encode(orjson.dumps([order, *place])).decode()


def place_in(cursor: str, argument: str, order: str, kinds: tuple[type, ...]) -> Place:
    """The place that a cursor says.

    Args:
        cursor: as a caller gave it.
        argument: in which.
        order: that the place must be in.
        kinds: what places in that order are made of.

    Raises:
        InvalidInput: if the cursor is none of ours, or from another order.
    """
    try:
        found, *place = orjson.loads(b64decode(cursor, b"-_", validate=True))
    except (ValueError, TypeError):
        found, place = None, []
    if found != order or tuple(map(type, place)) != kinds:
        raise InvalidInput(
            argument,
            f"must be a cursor from an earlier page, not {cursor[:40]!r}, and of the same sort",
        )
    return tuple(place)

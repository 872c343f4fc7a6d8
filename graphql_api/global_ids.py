"""Ids that are unique over all types, and what has one."""

from base64 import b64decode, b64encode
from typing import NamedTuple

import strawberry


@strawberry.interface(description="Anything that can be fetched again by its global id.")
class Node:
    """What client caches go by."""

    id: strawberry.ID = strawberry.field(
        description="Global id, for node, nodes and client caches. What is in it may change."
    )


class Named(NamedTuple):
    """What a global id names."""

    kind: str
    """The type in the schema."""
    id: str
    """The id that is unique within that."""


def global_id(kind: str, id_: str) -> str:
    """The id that is unique over all types."""
    return b64encode(f"{kind}:{id_}".encode()).decode()


def named_by(id_: str) -> Named | None:
    """What a global id names; None if it is none of ours.

    >>> named_by(global_id("Product", "mug:1"))
    Named(kind='Product', id='mug:1')
    >>> named_by("?")
    """
    try:
        kind, found, inner = b64decode(id_, validate=True).decode().partition(":")
    except ValueError:
        return None
    return Named(kind, inner) if found and inner else None

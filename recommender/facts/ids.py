"""What can be an id, and shop ids <-> matrix rows."""

import os
import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from recommender.facts.errors import InvalidInput

Rows = NDArray[np.int32]

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters, and halves of characters that no database takes."""

LONGEST_ID = 128
"""Characters in any id that a shop chooses. Longer ones would make index keys costly."""


def checked_id(name: str, value: str) -> str:
    """The value, if it can be an id.

    Raises:
        InvalidInput: if it is empty, too long, or has control characters.
    """
    if not value:
        raise InvalidInput(name, f"must be 1 to {LONGEST_ID} characters, not empty")
    if len(value) > LONGEST_ID:
        raise InvalidInput(
            name, f"must be 1 to {LONGEST_ID} characters, not {len(value)} ({value[:20]!r}...)"
        )
    if not value.isprintable() and _CONTROL.search(value):
        raise InvalidInput(name, f"must have no control characters: {value!r}")
    return value


def new_id() -> str:
    """One that nobody has or can guess, as random as a UUID at a third of its cost."""
    return os.urandom(16).hex()


class IdIndex:
    """Numbers ids from 0 in the order in which they came.

    >>> index = IdIndex(["mug", "pen"])
    >>> index.rows(["pen", "cup"])  # a row for what is new
    array([1, 2], dtype=int32)
    """

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self._row_of: dict[str, int] = {}
        self.rows(ids)

    def rows(self, ids: Iterable[str]) -> Rows:
        """The row of each id; an id not seen before gets the next one."""
        row_of = self._row_of
        return np.fromiter((row_of.setdefault(i, len(row_of)) for i in ids), np.int32)

    @property
    def ids(self) -> Sequence[str]:
        """Every id, by row."""
        return list(self._row_of)

    def __len__(self) -> int:
        return len(self._row_of)

"""The rows that an import could not use: counted, told of, and kept in a file to be mended."""

import json
from datetime import datetime
from pathlib import Path
from typing import IO, Self

from recommender.facts.errors import RejectedRow
from seed.importers.cells import readable
from seed.importers.summary import SHOWN_REJECTIONS, ImportSummary, Rejection


class Rejects:
    """Tells of the rejected rows in the summary, and writes each to a file of this import.

    The file is made with the first of them.
    """

    def __init__(self, folder: Path, now: datetime, summary: ImportSummary, strict: bool) -> None:
        self.summary = summary
        self.strict = strict
        self._path = folder / f"{now:%Y-%m-%dT%H%M%S}.jsonl"
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, rejection: Rejection) -> None:
        """Tell of the row and write it down."""
        if len(self.summary.rejections) < SHOWN_REJECTIONS:
            self.summary.rejections.append(rejection)
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a", encoding="utf-8", errors="backslashreplace")
            self.summary.rejects_file = self._path
        line = {name: getattr(rejection, name) for name in Rejection.__slots__}
        self._file.write(readable(json.dumps(line, ensure_ascii=False, default=str)) + "\n")

    def stop_if_strict(self) -> None:
        """Raise the first rejection, if that is wanted."""
        if self.strict and self.summary.rejections:
            raise RejectedRow(self.summary.rejections[0])

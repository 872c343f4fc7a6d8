"""What an import did: every row that was read is in exactly one of its counts."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from recommender.mongo.products import Upserted
from seed.importers.cells import readable

SHOWN_REJECTIONS = 10
"""Rejected rows that the summary itself tells of. All of them are in the rejects file."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that cannot be used, and where it stands."""

    file: str
    line: int
    """In text files the line on which the row begins, in Parquet the row; both from 1."""
    column: str | None
    """As the file spells it. None if there is no one column to blame."""
    value: Any
    """The cell, as it was read."""
    reason: str
    row: Any
    """The whole row, so that it can be mended and imported again."""

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}"
        if self.column is None:
            return f"{where}: {self.reason}"
        value = readable(str(self.value)[:80])
        return f"{where}, column {self.column!r}, value {value!r}: {self.reason}"


@dataclass
class UpsertCounts:
    """read = created + updated + unchanged + rejected, unless bare products were made as well."""

    read: int = 0
    created: int = 0
    """Also the bare products made for events about unknown ones."""
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0

    def add(self, upserted: Upserted) -> None:
        """Count what one more upsert did."""
        self.created += upserted.created
        self.updated += upserted.updated
        self.unchanged += upserted.unchanged


@dataclass
class EventCounts:
    """read = recorded + duplicate + rejected + all that was left out."""

    read: int = 0
    recorded: int = 0
    duplicate: int = 0
    """Those that were in the database already, or came twice under one id."""
    rejected: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    """Rows that the protocol of a format leaves out, by reason."""


@dataclass
class ImportSummary:
    """What an import read, stored, left out and rejected."""

    source: str
    """The file or files."""
    products: UpsertCounts = field(default_factory=UpsertCounts)
    events: EventCounts = field(default_factory=EventCounts)
    shoppers: UpsertCounts = field(default_factory=UpsertCounts)
    """Of whom the shop says something."""
    rejections: list[Rejection] = field(default_factory=list)
    """The first SHOWN_REJECTIONS."""
    rejects_file: Path | None = None
    """Where all rejected rows are, if there are any."""
    unused_columns: dict[str, list[str]] = field(default_factory=dict)
    """By file, the columns that mean nothing to us: perhaps one of them wants a --map."""

    @property
    def empty(self) -> bool:
        """Whether the files had no rows, so that there is nothing new to train on."""
        return not (self.products.read or self.events.read or self.shoppers.read)

    def as_dict(self) -> dict[str, Any]:
        """For --json. A rejection is a sentence here: the cells of its row may be anything."""
        return {
            "source": self.source,
            "products": asdict(self.products),
            "events": asdict(self.events),
            "shoppers": asdict(self.shoppers),
            "rejections": [str(rejection) for rejection in self.rejections],
            "rejects_file": str(self.rejects_file) if self.rejects_file else None,
            "unused_columns": self.unused_columns,
        }

    def __rich__(self) -> Group:
        """For `console.print(summary)`."""
        table = Table("", title=Text(self.source), title_justify="left")
        products, events = asdict(self.products), asdict(self.events)
        events |= {f"left out: {why}": count for why, count in events.pop("left_out").items()}
        kinds = {"products": products, "events": events}
        if self.shoppers.read:
            kinds["shoppers"] = asdict(self.shoppers)
        for heading in kinds:
            table.add_column(heading, justify="right")
        for name in {**products, **events}:
            counts = (kind.get(name) for kind in kinds.values())
            table.add_row(name, *("" if count is None else f"{count:,}" for count in counts))
        # As Text, since brackets in what a file says are no markup.
        notes = [Text(str(rejection)) for rejection in self.rejections]
        if self.empty:
            notes.append(Text(f"Nothing to import: {self.source} has no rows below its header."))
        if self.rejects_file:
            notes.append(Text(f"All rejected rows are in {self.rejects_file}"))
        for file, columns in self.unused_columns.items():
            notes.append(Text(f"Columns of {file} that were not used: {', '.join(columns)}"))
        return Group(table, *notes)

"""A shop's table: which of its columns is which of our fields, and what a row says in them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self

from recommender.facts.errors import InvalidInput
from seed.importers import cells
from seed.importers.cells import readable
from seed.importers.row_files import Row, columns_of
from seed.importers.summary import Rejection

Reader = Callable[[Any], Any]


class Field(NamedTuple):
    """How a field is read from a cell, and what else its column may be called."""

    read: Reader
    also: tuple[str, ...] = ()


PRODUCT_FIELDS: Mapping[str, Field] = {
    "product_id": Field(cells.identifier, ("item_id", "sku")),
    "name": Field(cells.words, ("title",)),
    "description": Field(cells.words),
    "brand": Field(cells.words),
    "categories": Field(cells.category_paths, ("category",)),
    "tags": Field(cells.tags),
    "attributes": Field(cells.attributes),
    "url": Field(cells.words),
    "image_url": Field(cells.words),
    "image_alt_text": Field(cells.words),
    "price": Field(cells.as_it_is),
    "compare_at_price": Field(cells.as_it_is),
    "currency": Field(cells.words),
    "available_for_sale": Field(cells.yes_or_no),
    "item_group_id": Field(cells.identifier),
    "created_at": Field(cells.moment),
}
EVENT_FIELDS: Mapping[str, Field] = {
    "event_id": Field(cells.identifier),
    "type": Field(cells.event_type, ("event", "event_type")),
    "user_id": Field(cells.identifier, ("customer_id",)),
    "session_id": Field(cells.identifier),
    "product_id": Field(cells.identifier, ("item_id", "sku")),
    "at": Field(cells.moment, ("timestamp",)),
    "quantity": Field(cells.whole_number),
    "rating": Field(cells.number),
    # The stars of a rating. Shops write other things into it for other events: it is not read.
    "value": Field(cells.as_it_is),
    "unit_price": Field(cells.as_it_is, ("price",)),
    "currency": Field(cells.words),
    "order_id": Field(cells.identifier),
    "recommendation_id": Field(cells.identifier),
    "rank": Field(cells.whole_number),
}
SHOPPER_FIELDS: Mapping[str, Field] = {
    "user_id": Field(cells.identifier, ("customer_id",)),
    "session_id": Field(cells.identifier),
    "attributes": Field(cells.attributes),
}
FIELDS = {"products": PRODUCT_FIELDS, "events": EVENT_FIELDS, "shoppers": SHOPPER_FIELDS}

ATTRIBUTE = "attributes."
"""Begins the name of a column with the values of one attribute: attributes.colour."""

INSTEAD = {"rating": ("value",), "currency": ("unit_price", "price")}
"""Where a field's mistake may stand if the table has no column for it."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file, and the columns in it that we know."""

    kind: str
    """One of FIELDS."""
    path: Path
    columns: list[str]
    column_of: dict[str, str] = field(default_factory=dict)
    """Field -> column."""

    @classmethod
    def opened(cls, kind: str, path: Path) -> Self:
        """The table of a file, with the columns that are named like our fields.

        Capitals and what stands between words do not count: productId is product_id.
        """
        table = cls(kind, path, columns_of(path))
        by_name = {cells.bare(column): column for column in reversed(table.columns)}
        for name, (_, also) in FIELDS[kind].items():
            spellings = [cells.bare(spelling) for spelling in (name, *also)]
            if found := [by_name[spelling] for spelling in spellings if spelling in by_name]:
                table.column_of[name] = found[0]
        table.column_of.update({c: c for c in table.columns if table.knows(c) and "." in c})
        return table

    def knows(self, name: str) -> bool:
        """Whether a product, an event or a shopper has such a field."""
        an_attribute = name.startswith(ATTRIBUTE) and name != ATTRIBUTE
        return name in FIELDS[self.kind] or (self.kind != "events" and an_attribute)

    def take_the_rest(self) -> None:
        """Make an attribute of every column that is none of our fields."""
        self.column_of.update({ATTRIBUTE + column: column for column in self.unused})

    def require(self, *one_of: str) -> None:
        """Refuse a file without a column for any of these fields.

        Raises:
            InvalidInput: with the columns that there are.
        """
        if not any(name in self.column_of for name in one_of):
            raise InvalidInput(
                str(self.path),
                f"has no column for {' or '.join(one_of)}. Its columns are: "
                f"{', '.join(self.columns) or 'none'}. If one of them is meant, say so with "
                f"--map {self.kind}.{one_of[0]}=COLUMN",
            )

    @property
    def unused(self) -> list[str]:
        """Columns that are none of our fields."""
        used = set(self.column_of.values())
        return [column for column in self.columns if column not in used]

    def readers(self) -> list[tuple[str, str, Reader]]:
        """(field, column, how its cells are read) of every column that we know."""
        fields = FIELDS[self.kind]
        return [
            (name, column, fields[name].read if name in fields else cells.properties)
            for name, column in self.column_of.items()
        ]

    def rejection(self, line: int, row: Row, mistake: InvalidInput) -> Rejection:
        """The row's mistake, in the column where it stands."""
        for name in (mistake.field, *INSTEAD.get(mistake.field, ())):
            if (column := self.column_of.get(name)) is not None:
                value = row.get(column)
                return Rejection(str(self.path), line, column, value, mistake.problem, row)
        return Rejection(str(self.path), line, None, None, str(mistake), row)


def values(row: Row, readers: Iterable[tuple[str, str, Reader]]) -> dict[str, Any]:
    """Field -> value, for the cells that are not empty.

    Raises:
        InvalidInput: for the first cell that cannot be read, with the field.
    """
    read: dict[str, Any] = {}
    for name, column, reader in readers:
        cell = row.get(column)
        if cell is None or cell == "":
            continue
        if isinstance(cell, str) and not cell.isascii() and readable(cell) != cell:
            raise InvalidInput(name, "has characters that are not UTF-8; save the file as UTF-8")
        try:
            read[name] = reader(cell)
        except ValueError as error:
            if isinstance(cell, str) and cell.isspace():
                continue
            raise InvalidInput(name, str(error)) from None
    return read


def map_columns(tables: Iterable[Table], mapping: Iterable[str]) -> None:
    """Apply what --map says, such as product_id=sku or events.product_id=item.

    Without products., events. or shoppers. before it, it is meant for every table that has the
    column.

    Raises:
        InvalidInput: for a field or a column that there is not, with those that there are; for a
            field of one table that is to be in two columns.
    """
    tables = list(tables)
    mapped: dict[tuple[str, str], str] = {}
    for rule in mapping:
        option = f"--map {rule}"
        ours, _, theirs = rule.partition("=")
        if not (ours and theirs):
            raise InvalidInput(option, "must look like product_id=sku")
        kind, _, name = ours.partition(".")
        if kind not in FIELDS:
            meant, name = tables, ours
        elif not (meant := [table for table in tables if table.kind == kind]):
            raise InvalidInput(option, f"is about a file that is not given: pass --{kind} FILE")
        if not (knowing := [table for table in meant if table.knows(name)]):
            there_are = "; ".join(f"{t.kind} have {', '.join(FIELDS[t.kind])}" for t in meant)
            raise InvalidInput(option, f"names a field {name!r} that there is not: {there_are}")
        if not (having := [table for table in knowing if theirs in table.columns]):
            there_are = "; ".join(f"{t.path} has {', '.join(t.columns)}" for t in knowing)
            raise InvalidInput(option, f"names a column {theirs!r} that there is not: {there_are}")
        for table in having:
            if (before := mapped.setdefault((table.kind, name), theirs)) != theirs:
                raise InvalidInput(
                    option,
                    f"is a second column for {name} of the {table.kind}, after {before}. "
                    "Name one of them",
                )
            table.column_of[name] = theirs

"""Any shop's products, events and shoppers, from CSV, JSON Lines or Parquet.

The columns are named like the fields of `Product` and `Event`, or `--map ours=theirs` says how. A
row that cannot be used is told of with its place and kept in a rejects file; the others go in.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from pymongo.database import Database
from rich.progress import Progress

from recommender.facts.catalog import Product
from recommender.facts.errors import InvalidInput
from recommender.facts.events import Event, EventType, shopper_of_session, shopper_of_user
from recommender.facts.money import Money
from recommender.facts.shopper_attributes import ShopperAttributes
from recommender.mongo.documents import PRODUCTS, Document
from recommender.mongo.events import WRITE_BATCH, EventWriter
from recommender.mongo.products import upsert_products
from recommender.mongo.shoppers import upsert_shoppers
from seed.importers import cells
from seed.importers.rejects import Rejects
from seed.importers.row_files import Malformed, Row, rows_of
from seed.importers.summary import ImportSummary, Rejection
from seed.importers.table import ATTRIBUTE, Table, map_columns, values

Made = TypeVar("Made", Product, Event, ShopperAttributes)


def import_tabular(
    database: Database[Document],
    now: datetime,
    progress: Progress | None = None,
    *,
    rejects: Path,
    products: Path | None = None,
    events: Path | None = None,
    shoppers: Path | None = None,
    mapping: Iterable[str] = (),
    event_type: str | None = None,
    currency: str | None = None,
    create_products: bool = False,
    strict: bool = False,
) -> ImportSummary:
    """Import a shop's files: products first, then shoppers and events. Again changes nothing.

    Memory grows with the number of products and shoppers, and not with that of the events if they
    have ids of their own; without, by about 100 bytes an event (see `_DerivedIds`).

    Args:
        database: the shop's, with its indexes.
        now: when we hear of the events, in UTC.
        progress: gets a bar for each file.
        rejects: folder for the file with the rejected rows; made if there are any.
        products: the file with the products. At least one of the three must be given.
        events: the file with the events.
        shoppers: the file with what the shop says of its shoppers; every column that is no id is
            an attribute.
        mapping: as for `map_columns`.
        event_type: for events that do not say their own.
        currency: for prices that do not say their own.
        create_products: whether an event about an unknown product makes a bare one, named by
            its id, where it would else be rejected.
        strict: stop at the first bad row. What stands before it goes in, nothing behind it.

    Raises:
        InvalidInput: if a file or an option cannot be used. Nothing has been written then, unless
            a file turns out to be broken further down.
        RejectedRow: for the first bad row if strict. Its only argument is the `Rejection`.
    """
    defaults = _Defaults.read(event_type, currency)
    product_table = Table.opened("products", products) if products else None
    event_table = Table.opened("events", events) if events else None
    shopper_table = Table.opened("shoppers", shoppers) if shoppers else None
    tables = [table for table in (product_table, shopper_table, event_table) if table]
    if not tables:
        raise InvalidInput("--products FILE, --events FILE or --shoppers FILE", "must be given")
    map_columns(tables, mapping)
    if shopper_table:
        shopper_table.require("user_id", "session_id")
        shopper_table.take_the_rest()
    if product_table:
        product_table.require("product_id")
        product_table.require("name")
    if event_table:
        if defaults.type is None:
            event_table.require("type")
        event_table.require("user_id", "session_id")
        event_table.require("product_id")
        event_table.require("at")
        if not (product_table or create_products or database[PRODUCTS].find_one({}, {"_id": 1})):
            raise InvalidInput(
                "--products FILE",
                "must be given: the catalogue is empty, and events are about products. Or import "
                "products before, or pass --create-products to make bare ones",
            )

    summary = ImportSummary(
        source=" and ".join(str(table.path) for table in tables),
        unused_columns={str(table.path): table.unused for table in tables if table.unused},
    )
    with Rejects(rejects, now, summary, strict) as rejected:
        if product_table:
            make_product = _product_maker(product_table, defaults)
            made = _made(product_table, make_product, rejected, progress)
            summary.products.add(upsert_products(database, made, now))
            rejected.stop_if_strict()
        if shopper_table:
            said = _made(shopper_table, _shopper_maker(shopper_table), rejected, progress)
            summary.shoppers.add(upsert_shoppers(database, said))
            rejected.stop_if_strict()
        if event_table:
            known = {d["_id"] for d in database[PRODUCTS].find({}, {"_id": 1})}
            make_event = _event_maker(event_table, defaults, now, known, create_products)
            acts = _made(event_table, make_event, rejected, progress)
            with EventWriter(database) as writer:
                while batch := list(islice(acts, WRITE_BATCH)):
                    if new := {event.product_id for event in batch} - known:
                        bare = [Product(product_id=id_, name=id_) for id_ in sorted(new)]
                        summary.products.add(upsert_products(database, bare, now))
                        known |= new
                    writer.write(batch)
            summary.events.recorded = writer.written.recorded
            summary.events.duplicate = writer.written.duplicate
            rejected.stop_if_strict()
    return summary


class _Defaults(NamedTuple):
    """For rows that do not say their own."""

    type: EventType | None
    currency: str | None

    @classmethod
    def read(cls, event_type: str | None, currency: str | None) -> Self:
        try:
            type_ = cells.event_type(event_type) if event_type else None
        except ValueError as error:
            raise InvalidInput("--event-type", str(error)) from None
        if currency:
            try:
                cells.currency_code(currency)
            except InvalidInput as error:
                raise InvalidInput("--currency", error.problem) from None
        return cls(type_, currency)


def _made(
    table: Table, make: Callable[[int, Row], Made], rejects: Rejects, progress: Progress | None
) -> Iterator[Made]:
    """What the good rows of the table say; the others are rejected. If strict, ends at the first.

    `make` is given a line and its row, and raises InvalidInput with one of our fields.
    """
    counts = getattr(rejects.summary, table.kind)
    for line, row in rows_of(table.path, progress):
        counts.read += 1
        if isinstance(row, Malformed):
            rejection = Rejection(str(table.path), line, None, None, row.reason, row.row)
        else:
            try:
                made = make(line, row)
            except InvalidInput as mistake:
                rejection = table.rejection(line, row, mistake)
            else:
                yield made
                continue
        counts.rejected += 1
        rejects.add(rejection)
        if rejects.strict:
            return


def _product_maker(table: Table, defaults: _Defaults) -> Callable[[int, Row], Product]:
    readers = table.readers()
    line_of: dict[str, int] = {}

    def make(line: int, row: Row) -> Product:
        read = values(row, readers)
        for name in ("product_id", "name"):
            if name not in read:
                raise InvalidInput(name, "is missing")
        if (before := line_of.get(read["product_id"])) is not None:
            raise InvalidInput("product_id", f"is in line {before} already")
        price = _money(read, "price", defaults)
        compare_at_price = _money(read, "compare_at_price", defaults)
        read.pop("currency", None)
        attributes = _attributes(read)
        product = Product(
            price=price, compare_at_price=compare_at_price, attributes=attributes, **read
        )
        line_of[product.product_id] = line
        return product

    return make


def _shopper_maker(table: Table) -> Callable[[int, Row], ShopperAttributes]:
    readers = table.readers()
    line_of: dict[str, int] = {}

    def make(line: int, row: Row) -> ShopperAttributes:
        read = values(row, readers)
        shopper = ShopperAttributes(_shopper_id(read, table), _attributes(read))
        if (before := line_of.setdefault(shopper.shopper_id, line)) != line:
            raise InvalidInput(_shopper_field(table), f"is in line {before} already")
        return shopper

    return make


def _attributes(read: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Take the attributes out of what was read, those of one cell and those with columns."""
    attributes = list(read.pop("attributes", ()))
    for name in [name for name in read if name.startswith(ATTRIBUTE)]:
        attributes += [(name.removeprefix(ATTRIBUTE), value) for value in read.pop(name)]
    return tuple(attributes)


def _shopper_id(read: dict[str, Any], table: Table) -> str:
    """Take who it is out of what was read."""
    user_id, session_id = read.pop("user_id", None), read.pop("session_id", None)
    if user_id is not None:
        return shopper_of_user(user_id)
    if session_id is not None:
        return shopper_of_session(session_id)
    raise InvalidInput(_shopper_field(table), "is missing")


def _shopper_field(table: Table) -> str:
    return "user_id" if "user_id" in table.column_of else "session_id"


def _event_maker(
    table: Table, defaults: _Defaults, now: datetime, known: set[str], create_products: bool
) -> Callable[[int, Row], Event]:
    readers = table.readers()
    derived = _DerivedIds()

    def make(_line: int, row: Row) -> Event:
        read = values(row, readers)
        shopper_id = _shopper_id(read, table)
        for name in ("product_id", "at"):
            if name not in read:
                raise InvalidInput(name, "is missing")
        type_ = read.pop("type", defaults.type)
        if type_ is None:
            raise InvalidInput("type", "is missing")
        if not create_products and read["product_id"] not in known:
            raise InvalidInput("product_id", "no such product")
        value = read.pop("value", None)
        if type_ is EventType.RATING and value is not None and "rating" not in read:
            try:
                read["rating"] = cells.number(value)
            except ValueError as error:
                raise InvalidInput("rating", str(error)) from None
        unit_price = _money(read, "unit_price", defaults)
        read.pop("currency", None)
        if "event_id" not in read:
            read["event_id"] = derived.next(shopper_id, read["product_id"], type_, read["at"])
        return Event(
            type=type_, shopper_id=shopper_id, received_at=now, unit_price=unit_price, **read
        )

    return make


def _money(read: dict[str, Any], name: str, defaults: _Defaults) -> Money | None:
    """Take a price out of what was read, in its own currency, the row's, or the default one."""
    cell = read.pop(name, None)
    if cell is None:
        return None
    try:
        return cells.money(cell, read.get("currency") or defaults.currency)
    except InvalidInput as error:
        raise InvalidInput(
            "currency" if error.field == "currency" else name, error.problem
        ) from None


class _DerivedIds:
    """Ids for events whose file gives them none: the same file has the same ids each time.

    A shopper may do the same twice in one moment, so equal rows are numbered. That takes a
    number of 8 bytes for each event seen (some 100 bytes as Python keeps it). Should two different
    events share it, the second is numbered too, and that each time: no event is lost.
    """

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._again: dict[int, int] = {}

    def next(self, shopper_id: str, product_id: str, type_: EventType, at: datetime) -> str:
        content = f"{shopper_id}\n{product_id}\n{type_.value}\n{at.timestamp()}"
        digest = blake2b(content.encode(), digest_size=16).digest()
        short = int.from_bytes(digest[:8], "big")
        if short not in self._seen:
            self._seen.add(short)
            return digest.hex()
        occurrence = self._again[short] = self._again.get(short, 1) + 1
        return f"{digest.hex()}-{occurrence}"

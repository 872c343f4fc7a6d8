"""The UCI Online Retail data: a year of invoices of a British gift shop.

Kept is what the usual protocol keeps: lines with a known customer, that are no cancellation, with
a quantity and a price above 0, of a product (whose stock code has five digits and up to two
letters, unlike POST or BANK CHARGES). One purchase for each customer, product and invoice.

A line that says nothing readable is something else: it is rejected, told of with its place and
kept in a rejects file; the others go in.
"""

import heapq
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pymongo.database import Database
from python_calamine import CalamineError, CalamineWorkbook
from rich.progress import Progress

from recommender.facts.catalog import LONGEST_NAME, Product
from recommender.facts.errors import InvalidInput
from recommender.facts.events import MOST_AHEAD, Event, EventType, shopper_of_user
from recommender.facts.ids import checked_id
from recommender.facts.money import Money
from recommender.mongo.documents import Document
from recommender.mongo.events import WRITE_BATCH, EventWriter
from recommender.mongo.products import upsert_products
from seed.importers import cells
from seed.importers.rejects import Rejects
from seed.importers.row_files import Malformed, columns_of, csv_cells
from seed.importers.summary import EventCounts, ImportSummary, Rejection, UpsertCounts

SOURCE = "online-retail"
"""Begins the event ids: online-retail:536365:85123A."""
CURRENCY = "GBP"
STOCK_CODE = r"\d{5}[A-Z]{0,2}"
STYLE_DIGITS = 5
"""What the variants of one style share of their stock codes: 85123A and 85123B."""

SPELLINGS = {
    "invoice_no": ("InvoiceNo", "Invoice"),
    "stock_code": ("StockCode",),
    "description": ("Description",),
    "quantity": ("Quantity",),
    "invoice_date": ("InvoiceDate",),
    "unit_price": ("UnitPrice", "Price"),
    "customer_id": ("CustomerID", "Customer ID"),
}
"""Our columns, and how UCI spells them in Online Retail and in Online Retail II."""

FILES = ("transactions.parquet", "Online Retail.xlsx", "*.xlsx", "*.csv")
"""What is looked for in a folder, in this order."""

REQUIRED = {"invoice_no", "stock_code", "quantity", "invoice_date", "unit_price"}
"""A line without a customer is left out, and one without a description is as good as others."""

MISSING = {"", "NA", "N/A", "NULL", "NaN", "None", "nan", "null", "<NA>"}
"""What stands in a cell that has nothing in it."""

MOST_UNITS = 1_000_000
MOST_POUNDS = 1_000_000_000

ROWS_AT_ONCE = 200
"""More would live long enough for the garbage collector to look at them again and again: with
5,000 reading takes twice as long."""
REJECTED_AT_ONCE = 5_000
_NO_CENTS = re.compile(r"^(\d+)\.0+$")

Meaning = Callable[[Any], Any]

MERGED = "line merged into another one of its invoice"


def import_online_retail(
    path: Path,
    database: Database[Document],
    now: datetime,
    progress: Progress | None = None,
    *,
    rejects: Path,
    strict: bool = False,
) -> ImportSummary:
    """Import the shop: products first, then purchases. Doing it again changes nothing.

    Args:
        path: the file (.xlsx, .csv or .parquet), or a folder with one of them.
        database: the shop's, with its indexes.
        now: when we hear of the events, in UTC.
        progress: gets a bar.
        rejects: folder for the file with the rejected lines; made if there are any.
        strict: stop at the first bad line. Nothing has been written then: what a purchase and a
            product are is known when all lines are.

    Raises:
        InvalidInput: if there is no such file, or it cannot be read or lacks a column.
        RejectedRow: for the first bad line if strict. Its only argument is the `Rejection`.
    """
    path = _file_in(path)
    task = progress.add_task(f"reading {path.name}", total=None) if progress else None
    read = read_lines(path, now)
    kept, left_out = keep(read.lines)
    purchases = merged(kept)
    left_out[MERGED] = len(kept) - len(purchases)
    counts = EventCounts(
        read=len(read.lines) + read.rejected,
        rejected=read.rejected,
        left_out={r: n for r, n in left_out.items() if n},
    )
    catalogue = list(products_in(kept))
    summary = ImportSummary(str(path), UpsertCounts(read=len(catalogue)), counts)
    with Rejects(rejects, now, summary, strict) as rejected:
        for rejection in read.rejections:
            rejected.add(rejection)
            rejected.stop_if_strict()
    summary.products.add(upsert_products(database, catalogue, now))
    if progress and task is not None:
        progress.update(task, description="purchases", total=len(purchases), completed=0)
    with EventWriter(database) as writer:
        for first in range(0, len(purchases), WRITE_BATCH):
            batch = purchases.iloc[first : first + WRITE_BATCH]
            writer.write(events_in(batch, now))
            if progress and task is not None:
                progress.advance(task, len(batch))
    counts.recorded, counts.duplicate = writer.written.recorded, writer.written.duplicate
    return summary


class Read(NamedTuple):
    """What a file says."""

    lines: pd.DataFrame
    """The readable lines of every invoice, one row each: invoice_no, stock_code, customer_id and
    description (categories of text; the latter two empty where missing), quantity and pounds, at
    (in UTC)."""
    rejected: int
    """How many lines are not."""
    rejections: Iterator[Rejection]
    """These, in their order."""


def read_lines(path: Path, now: datetime) -> Read:
    """Every line of every invoice, at the time `now`.

    Raises:
        InvalidInput: if the file cannot be read or lacks a column.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InvalidInput(str(path), f"must be one of {', '.join(READERS)}, or a folder.")
    try:
        raw = reader(path)
    except (OSError, ValueError, CalamineError, pa.ArrowException) as error:
        raise InvalidInput(
            str(path),
            f"cannot be read: {str(error).rstrip('.')}. Download it again, or check what it is.",
        ) from None
    meanings: dict[str, Meaning] = {
        **MEANINGS,
        "invoice_date": partial(_moment, latest=now + MOST_AHEAD),
    }
    columns = {}
    for ours, theirs in SPELLINGS.items():
        found = [name for name in (ours, *theirs) if name in raw.cells.columns]
        if not found:
            raise InvalidInput(
                str(path),
                f"has no column {' or '.join(theirs)}. Its columns are: "
                f"{', '.join(map(str, raw.cells.columns))}. Is it UCI's Online Retail?",
            )
        columns[ours] = _understood(raw.cells[found[0]], meanings[ours], ours in REQUIRED)
    lines = pd.DataFrame(
        {
            "invoice_no": columns["invoice_no"].texts(),
            "stock_code": columns["stock_code"].texts(),
            "description": columns["description"].texts(),
            "quantity": columns["quantity"].numbers(),
            "at": columns["invoice_date"].times(),
            "pounds": columns["unit_price"].numbers(),
            "customer_id": columns["customer_id"].texts(),
        }
    )
    bad = np.zeros(len(lines), np.bool_)
    for column in columns.values():
        bad |= column.bad()
    malformed = (
        Rejection(str(path), line, None, None, row.reason, row.row) for line, row in raw.malformed
    )
    unreadable = _rejections(path, raw, np.flatnonzero(bad), list(columns.values()))
    return Read(
        lines[~bad] if bad.any() else lines,
        int(np.count_nonzero(bad)) + len(raw.malformed),
        heapq.merge(malformed, unreadable, key=lambda rejection: rejection.line),
    )


def keep(lines: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """The lines that are purchases of products, and how many are not, by the first reason."""
    reasons = {
        "cancellation": lines.invoice_no.str.startswith("C"),
        "no customer": lines.customer_id == "",
        "quantity not a whole number above 0": ~((lines.quantity > 0) & (lines.quantity % 1 == 0)),
        "price not above 0": ~(lines.pounds > 0),
        "stock code not of a product": ~lines.stock_code.str.fullmatch(STOCK_CODE),
    }
    kept = np.ones(len(lines), np.bool_)
    left_out = {}
    for reason, applies in reasons.items():
        left_out[reason] = int(np.count_nonzero(kept & applies.to_numpy(np.bool_)))
        kept &= ~applies.to_numpy(np.bool_)
    return lines[kept], left_out


def merged(kept: pd.DataFrame) -> pd.DataFrame:
    """One row for each customer, product and invoice.

    Quantities are summed; the time is the first and the price the mean of the merged lines.
    """
    groups = kept.groupby(["customer_id", "stock_code", "invoice_no"], sort=False, observed=True)
    return groups.agg({"quantity": "sum", "pounds": "mean", "at": "min"}).reset_index()


def products_in(kept: pd.DataFrame) -> Iterator[Product]:
    """The products, in the order of their codes: usual name, median price, first sold."""
    named = kept[kept.description != ""].groupby(["stock_code", "description"], observed=True)
    usual = (
        named.size()
        .reset_index(name="lines")
        .sort_values(["lines", "description"], ascending=[False, True])
        .drop_duplicates("stock_code")
    )
    name_of = dict(zip(usual.stock_code, usual.description, strict=True))
    sold = kept.groupby("stock_code", observed=True).agg({"pounds": "median", "at": "min"})
    for code, price, first_sold in zip(
        sold.index, _pence(sold["pounds"]), sold["at"].dt.to_pydatetime(), strict=True
    ):
        yield Product(
            product_id=code,
            name=name_of.get(code, code),
            price=Money(price, CURRENCY),
            item_group_id=code[:STYLE_DIGITS],
            created_at=first_sold,
        )


def events_in(purchases: pd.DataFrame, now: datetime) -> Iterator[Event]:
    """The purchases, as the recommender knows them."""
    for customer, code, invoice, quantity, price, at in zip(
        purchases["customer_id"],
        purchases["stock_code"],
        purchases["invoice_no"],
        purchases["quantity"].astype(int),
        _pence(purchases["pounds"]),
        purchases["at"].dt.to_pydatetime(),
        strict=True,
    ):
        yield Event(
            event_id=f"{SOURCE}:{invoice}:{code}",
            type=EventType.PURCHASE,
            shopper_id=shopper_of_user(customer),
            product_id=code,
            at=at,
            received_at=now,
            quantity=quantity,
            unit_price=Money(price, CURRENCY),
            order_id=invoice,
        )


def _file_in(path: Path) -> Path:
    """The path itself, or the first file in the folder that may be the data."""
    if not path.exists():
        raise InvalidInput(str(path), "does not exist. Download UCI's Online Retail to it.")
    if not path.is_dir():
        return path
    for name in FILES:
        if found := sorted(path.glob(name)):
            return found[0]
    raise InvalidInput(str(path), f"has none of {', '.join(FILES)} in it.")


@dataclass(frozen=True, slots=True)
class _Raw:
    """A file's cells as they are."""

    cells: pd.DataFrame
    line_of: "NDArray[np.int64]"
    """Of each row; in a workbook and in Parquet its number. From 1."""
    malformed: list[tuple[int, Malformed]]
    """What could not be taken apart into cells, and its line."""

    @classmethod
    def of(
        cls,
        names: list[str],
        rows: Iterator[tuple[int, list[Any]]],
        malformed: list[tuple[int, Malformed]],
    ) -> "_Raw":
        """From rows with their lines. May fill `malformed` on the way."""
        columns: list[list[Any]] = [[] for _ in names]
        # Each different cell is kept once: four million of their own would fill the memory.
        different: list[dict[Any, Any]] = [{} for _ in names]
        line_of: list[int] = []
        while some := list(islice(rows, ROWS_AT_ONCE)):
            lines, cells_of_rows = zip(*some, strict=True)
            line_of.extend(lines)
            for column, kept, its in zip(
                columns, different, zip(*cells_of_rows, strict=True), strict=True
            ):
                column.extend(map(kept.setdefault, its, its))
        return cls(
            pd.DataFrame(
                {n: pd.Series(its, dtype=object) for n, its in zip(names, columns, strict=True)}
            ),
            np.array(line_of, np.int64),
            malformed,
        )


def _read_parquet(path: Path) -> _Raw:
    frame = pd.read_parquet(path).reset_index(drop=True)
    return _Raw(frame, np.arange(1, len(frame) + 1), [])


def _read_workbook(path: Path) -> _Raw:
    with CalamineWorkbook.from_path(path) as workbook:
        sheets = [workbook.get_sheet_by_name(name) for name in workbook.sheet_names]
        filled = [sheet for sheet in sheets if sheet.height]
        if len(filled) != 1:
            # The two sheets of Online Retail II share some invoices, which must not count twice.
            raise ValueError(f"it has {len(filled)} sheets with rows; save each as a CSV")
        # Below its table a sheet often has rows with nothing in them.
        rows = (
            (number, row)
            for number, row in enumerate(filled[0].iter_rows(), 1)
            if any(cell != "" for cell in row)
        )
        _, header = next(rows)
        return _Raw.of([str(name) for name in header], rows, [])


def _read_csv(path: Path) -> _Raw:
    malformed: list[tuple[int, Malformed]] = []

    def good_rows() -> Iterator[tuple[int, list[Any]]]:
        for line, row in csv_cells(path):
            if isinstance(row, Malformed):
                malformed.append((line, row))
            else:
                yield line, row

    return _Raw.of(columns_of(path), good_rows(), malformed)


READERS: Mapping[str, Callable[[Path], _Raw]] = {
    ".parquet": _read_parquet,
    ".xlsx": _read_workbook,
    ".csv": _read_csv,
}


@dataclass(frozen=True, slots=True)
class _Column:
    """A column in which each different cell was looked at once.

    values and reasons have one more entry at the end, for a missing cell: its code is -1.
    """

    name: str
    """As the file spells it."""
    codes: "NDArray[np.intp]"
    """Of each row: which of the different cells it has."""
    values: list[Any]
    """None for what is missing or unreadable."""
    reasons: list[str | None]
    """Why a cell cannot be used."""

    def texts(self) -> "pd.Series[Any]":
        """A categorical; empty where there is nothing."""
        texts = np.array([value or "" for value in self.values], dtype=object)
        # Two cells may say the same: 17850 and 17850.0.
        code_of, unique = pd.factorize(texts)
        return pd.Series(pd.Categorical.from_codes(code_of[self.codes], pd.Index(unique)))

    def numbers(self) -> "NDArray[np.float64]":
        return np.array(self.values, np.float64)[self.codes]

    def times(self) -> "pd.Series[Any]":
        times = pd.DatetimeIndex(pd.to_datetime(self.values, utc=True)).as_unit("us")
        return pd.Series(times[self.codes])

    def bad(self) -> "NDArray[np.bool_]":
        """Of each row: whether its cell cannot be used."""
        return np.array([reason is not None for reason in self.reasons])[self.codes]


def _understood(column: "pd.Series[Any]", meaning: Meaning, required: bool) -> _Column:
    codes, different = pd.factorize(column)
    values: list[Any] = []
    reasons: list[str | None] = []
    for cell in [*different, None]:
        value, reason = None, None
        if cell is None or (isinstance(cell, str) and cell.strip() in MISSING):
            reason = "is missing" if required else None
        else:
            try:
                value = meaning(cell)
            except ValueError as error:
                reason = str(error)
            except InvalidInput as error:
                reason = error.problem
        values.append(value)
        reasons.append(reason)
    return _Column(str(column.name), codes, values, reasons)


def _rejections(
    path: Path, raw: _Raw, bad: "NDArray[np.intp]", columns: list[_Column]
) -> Iterator[Rejection]:
    """Why each of the bad rows is one, by the first column that cannot be used."""
    for first in range(0, len(bad), REJECTED_AT_ONCE):
        some = bad[first : first + REJECTED_AT_ONCE]
        frame = raw.cells.iloc[some].astype(object)
        rows = frame.where(frame.notna(), None).to_dict("records")
        for at, line, row in zip(some, raw.line_of[some].tolist(), rows, strict=True):
            name, reason = next(
                (c.name, reason) for c in columns if (reason := c.reasons[c.codes[at]]) is not None
            )
            yield Rejection(str(path), line, name, row[name], reason, row)


def _text(cell: Any) -> str:
    """Text with single spaces. A number is written without a point: 17850.0 is "17850"."""
    return _NO_CENTS.sub(r"\1", " ".join(cells.readable(str(cell)).split()))


def _code(cell: Any) -> str:
    return checked_id("", _text(cell).upper())


def _customer(cell: Any) -> str:
    return checked_id("", _text(cell))


def _description(cell: Any) -> str:
    text = _text(cell)
    if len(text) > LONGEST_NAME:
        raise ValueError(f"must be at most {LONGEST_NAME} characters, not {len(text)}")
    return text


def _at_most(most: float) -> Callable[[Any], float]:
    def meaning(cell: Any) -> float:
        value = cells.number(cell)
        if value > most:
            raise ValueError(f"must be at most {most:,}, not {cell}")
        return value

    return meaning


def _moment(cell: Any, latest: datetime) -> datetime:
    """A time of UTC. With slashes, the month comes first."""
    try:
        if isinstance(cell, str):
            text = cell.strip()
            if "/" in text:
                cell = datetime.strptime(text, "%m/%d/%Y %H:%M")  # noqa: DTZ007 (see `moment`)
            else:
                cell = datetime.fromisoformat(text)
        elif not isinstance(cell, date):
            raise TypeError  # noqa: TRY301 (a bare number is no date: which day would it count from?)
        at = cells.moment(cell)
    except (TypeError, ValueError):
        raise ValueError(
            "must be a time such as 12/31/2010 8:26 (the month first) or 2010-12-31 08:26, "
            f"not {cells.readable(str(cell)[:60])!r}"
        ) from None
    if not 1970 <= at.year <= 9000:
        raise ValueError(f"must be a date after 1970, not {at.isoformat()}")
    if at > latest:
        raise ValueError(f"must not lie in the future: {at.isoformat()}")
    return at


MEANINGS: Mapping[str, Meaning] = {
    "invoice_no": _code,
    "stock_code": _code,
    "description": _description,
    "quantity": _at_most(MOST_UNITS),
    "unit_price": _at_most(MOST_POUNDS),
    "customer_id": _customer,
}
"""How a cell of a column is read, if it is not missing. They raise ValueError or InvalidInput.
The date is missing here, since how it is read depends on what the time is."""


def _pence(pounds: "pd.Series[float]") -> list[int]:
    """Rounded as `Series.round(2)` does it."""
    pence: list[int] = np.rint(pounds.to_numpy() * 100).astype(np.int64).tolist()
    return pence

"""Events and products from files, for an evaluation without a database.

CSV, JSON Lines or Parquet, by the file's ending. A cell that cannot be used ends the reading: an
evaluation on the rows that happen to be good would tell of another shop.
"""

import csv
import math
import warnings
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import orjson
import pandas as pd
from numpy.typing import NDArray

from recommender.facts.catalog import LONGEST_LABEL, UNSAID, Product
from recommender.facts.errors import InvalidInput
from recommender.facts.events import EventType, shopper_of_user
from recommender.facts.ids import Rows, checked_id
from recommender.facts.money import MINOR_DIGITS, Money
from recommender.facts.shopper_attributes import Attributes, ShopperAttributes
from recommender.learning.interactions import TYPES, EventTable

EVENT_COLUMNS = {
    "user_id": ("user_id", "customer_id", "shopper_id"),
    "item_id": ("item_id", "product_id", "sku"),
    "event": ("event", "type", "event_type"),
    "value": ("value", "rating"),
    "timestamp": ("timestamp", "at", "time"),
    "order_id": ("order_id",),
}
"""Ours -> what a file may call it."""
PRODUCT_COLUMNS = {
    "item_id": ("item_id", "product_id", "sku"),
    "name": ("name", "title"),
    "brand": ("brand",),
    "categories": ("categories", "category"),
    "price": ("price",),
    "currency": ("currency",),
    "tags": ("tags",),
    "created_at": ("created_at",),
    "item_group_id": ("item_group_id", "group_id"),
}
SHOPPER_COLUMNS = {"user_id": EVENT_COLUMNS["user_id"]}
NO_ATTRIBUTES = ("description", "url", "image_url", "image_alt_text", "updated_at")
"""Columns that do not describe a product in a word."""

EVENT_NAMES = {
    **{type_.value: type_ for type_ in EventType},
    "transaction": EventType.PURCHASE,
    "buy": EventType.PURCHASE,
    "order": EventType.PURCHASE,
    "addtocart": EventType.ADD_TO_CART,
    "cart": EventType.ADD_TO_CART,
    "removefromcart": EventType.REMOVE_FROM_CART,
    "pageview": EventType.VIEW,
    "wishlist": EventType.LIKE,
    "rate": EventType.RATING,
    "review": EventType.RATING,
}
"""What shops call the acts."""

NO_CURRENCY = "XXX"
"""ISO 4217 for prices whose currency the file does not tell."""
BETWEEN_LABELS = "|"
SMALLEST_MILLISECONDS = 10**11
"""A time that is a number counts seconds up to here (the year 5138), milliseconds from here."""


Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Shop:
    """What an evaluation goes by."""

    table: EventTable
    is_test: NDArray[np.bool_]
    """(n_events,) whether the event stood in the test file."""
    orders: Rows
    """(n_events,) which order an event belongs to; -1 where nobody tells."""
    products: Mapping[str, Product]


def read_shop(
    events: Path,
    test: Path | None = None,
    products: Path | None = None,
    shoppers: Path | None = None,
) -> Shop:
    """A shop from its files. Without timestamps everything happened at one moment.

    Args:
        events: the events, or those to learn from.
        test: the events to be judged on.
        products: the catalogue. A product that it does not tell of is known by its id alone,
            which says nothing about it.
        shoppers: what the shop says of its shoppers: every column but the id is an attribute.

    Raises:
        InvalidInput: naming file, line, column and value of the first cell that cannot be used.
    """
    parts = [_read_events(path) for path in (events, test) if path]
    ids, shopper = _sorted_rows([part.shopper for part in parts])
    items, item = _sorted_rows([part.item for part in parts])
    orders, order = _sorted_rows([part.order for part in parts])
    table = EventTable(
        shoppers=ids,
        products=items,
        shopper=shopper,
        product=item,
        type=np.concatenate([part.type for part in parts]),
        at=np.concatenate([part.at for part in parts]),
        rating=np.concatenate([part.rating for part in parts]),
        shopper_attributes=_read_shoppers(shoppers) if shoppers else {},
    )
    from_file = np.repeat(np.arange(len(parts)), [len(part.type) for part in parts])
    known = _read_products(products) if products else {}
    # Digits are no words, so such a name gives no features: an id like mug-17 must not tell.
    bare = {id_: Product(id_, f"#{n}") for n, id_ in enumerate(items) if id_ not in known}
    if orders and not orders[0]:  # The empty id of what belongs to no order comes first.
        order = order - np.int32(1)
    return Shop(table, from_file > 0, order, {**known, **bare})


@dataclass(frozen=True, slots=True)
class _Column:
    """What the cells of a column say: each different one once."""

    codes: Rows
    """(n_rows,) places in `answers`."""
    answers: Sequence[Any]


@dataclass(frozen=True, slots=True)
class _Part:
    """The events of one file."""

    shopper: _Column
    item: _Column
    order: _Column
    type: NDArray[np.uint8]
    at: NDArray[np.int64]
    rating: NDArray[np.float32]


class _Table:
    """A file whose cells know where they stand."""

    def __init__(self, path: Path, names: Mapping[str, Sequence[str]], required: Sequence[str]):
        self._path = path
        self.frame, self._line_of = _opened(path)
        columns = {str(column).strip().lower(): column for column in self.frame.columns}
        self.column_of = {
            ours: columns[theirs]
            for ours, aliases in names.items()
            for theirs in [next((alias for alias in aliases if alias in columns), None)]
            if theirs is not None
        }
        for name in required:
            if name not in self.column_of:
                raise InvalidInput(
                    str(path),
                    f"has no column {name} (its columns: {', '.join(map(str, self.frame.columns))})"
                    ". Rename the column that holds it.",
                )

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def others(self) -> list[Hashable]:
        """Columns that describe the thing in a word or a number, beside those that have a meaning
        of their own."""
        taken = {*self.column_of.values()}
        return [
            column
            for column in self.frame.columns
            if column not in taken
            and str(column).lower() not in NO_ATTRIBUTES
            and not pd.api.types.is_datetime64_any_dtype(self.frame[column])
        ]

    def column(
        self, name: str, read: Callable[[Any], Answer], missing: Answer | None = None
    ) -> _Column:
        """Read a column. `missing` stands for an empty cell; without it there must be none.

        A column that the file does not have is empty cells only.
        """
        if name not in self.column_of:
            return _Column(np.zeros(len(self), np.int32), [missing])
        codes, cells = pd.factorize(self.frame[self.column_of[name]])
        answers: list[Answer | None] = []
        for code, cell in enumerate(cells):
            try:
                answers.append(read(cell))
            except (ValueError, OverflowError, InvalidInput) as error:
                raise self.wrong(
                    int(np.argmax(codes == code)), name, cell, _problem(error)
                ) from None
        if (empty := codes < 0).any():
            if missing is None:
                raise self.wrong(int(np.argmax(empty)), name, None, "must not be empty")
            codes = np.where(empty, len(answers), codes)
            answers.append(missing)
        return _Column(codes.astype(np.int32), answers)

    def wrong(self, row: int, name: str, value: object, problem: str) -> InvalidInput:
        """What is said of a cell that cannot be used."""
        place = f"{self._path}, line {self._line_of(row)}, column {self.column_of.get(name, name)}"
        shown = "" if value is None else f", value {str(value)[:80]!r}"
        return InvalidInput(f"{place}{shown}:", f"{problem}. Mend it, or leave the line out.")


def _read_events(path: Path) -> _Part:
    table = _Table(path, EVENT_COLUMNS, ["user_id", "item_id"])
    if not len(table):
        raise InvalidInput(str(path), "has no events. Is it the right file?")
    # Stars without a word on what they are: ratings. Else everything told is a purchase.
    stars = str(table.column_of.get("value", "")).lower() == "rating"
    usual = TYPES.index(EventType.RATING if stars else EventType.PURCHASE)
    told = table.column("event", _event_code, None if "event" in table.column_of else usual)
    type_ = np.array(told.answers, np.uint8)[told.codes]
    of_value = table.column("value", _number, math.nan)
    value = np.array(of_value.answers, np.float64)[of_value.codes]
    is_rating = type_ == TYPES.index(EventType.RATING)
    for row in np.flatnonzero(is_rating & ~((value >= 1) & (value <= 5)))[:1].tolist():
        problem = "must be 1 to 5 stars for a rating; bring another scale to that one"
        raise table.wrong(row, "value", value[row], problem)
    is_purchase = type_ == TYPES.index(EventType.PURCHASE)
    for row in np.flatnonzero(is_purchase & (value <= 0))[:1].tolist():
        problem = "must be a quantity above 0 for a purchase: what was returned is none"
        raise table.wrong(row, "value", value[row], problem)
    at = table.column("timestamp", _milliseconds, None if "timestamp" in table.column_of else 0)
    return _Part(
        shopper=table.column("user_id", lambda cell: shopper_of_user(_identifier(cell))),
        item=table.column("item_id", lambda cell: checked_id("item_id", _identifier(cell))),
        order=table.column("order_id", _identifier, ""),
        type=type_,
        at=np.array(at.answers, np.int64)[at.codes],
        rating=np.where(is_rating, value, np.nan).astype(np.float32),
    )


def _sorted_rows(columns: Sequence[_Column]) -> tuple[list[str], Rows]:
    """All ids in order, and the row of each event's: the same events give the same rows."""
    ids = sorted({id_ for column in columns for id_ in column.answers})
    row_of = {id_: row for row, id_ in enumerate(ids)}
    return ids, np.concatenate(
        [np.array([row_of[id_] for id_ in c.answers], np.int32)[c.codes] for c in columns]
    )


def _read_shoppers(path: Path) -> dict[str, Attributes]:
    table = _Table(path, SHOPPER_COLUMNS, ["user_id"])
    described = table.others
    said: dict[str, Attributes] = {}
    for row, cells in enumerate(table.frame.to_dict("records")):
        user_id = cells[table.column_of["user_id"]]
        if _is_empty(user_id):
            raise table.wrong(row, "user_id", None, "must not be empty")
        try:
            shopper = ShopperAttributes(
                shopper_of_user(_identifier(user_id)), _attributes(cells, described)
            )
        except InvalidInput as error:
            raise table.wrong(row, "user_id", user_id, error.problem) from None
        if shopper.shopper_id in said:
            raise table.wrong(row, "user_id", user_id, "must be in the file only once")
        said[shopper.shopper_id] = shopper.attributes
    return said


def _read_products(path: Path) -> dict[str, Product]:
    table = _Table(path, PRODUCT_COLUMNS, ["item_id"])
    described = table.others
    products: dict[str, Product] = {}
    for row, cells in enumerate(table.frame.to_dict("records")):
        told: dict[str, Any] = {}
        for name, column in table.column_of.items():
            if not _is_empty(cells[column]):
                try:
                    told[name] = PRODUCT_CELLS[name](cells[column])
                except (ValueError, OverflowError, InvalidInput) as error:
                    raise table.wrong(row, name, cells[column], _problem(error)) from None
        product_id = told.get("item_id")
        if product_id is None:
            raise table.wrong(row, "item_id", None, "must not be empty")
        if product_id in products:
            raise table.wrong(row, "item_id", product_id, "must be in the file only once")
        try:
            price = _money(told["price"], told.get("currency")) if "price" in told else None
            products[product_id] = Product(
                product_id,
                told.get("name", f"#{row}"),
                brand=told.get("brand"),
                categories=told.get("categories", ()),
                tags=told.get("tags", ()),
                price=price,
                created_at=told.get("created_at", UNSAID),
                item_group_id=told.get("item_group_id"),
                attributes=_attributes(cells, described),
            )
        except InvalidInput as error:
            shown = cells.get(table.column_of.get(error.field))
            raise table.wrong(row, error.field, shown, error.problem) from None
    return products


def _attributes(cells: Mapping[Hashable, Any], columns: Iterable[Hashable]) -> Attributes:
    """Name and value of what other columns say in a word or a number."""
    return tuple(
        (str(column), label)
        for column in columns
        if not _is_empty(cells[column])
        for label in _labels(cells[column])
        if len(label) <= LONGEST_LABEL
    )


def _opened(path: Path) -> tuple[pd.DataFrame, Callable[[int], int]]:
    """The table, and the line (in Parquet: the row, from 1) on which one of its rows begins."""
    read = READERS.get(path.suffix.lower())
    if read is None:
        raise InvalidInput(
            str(path), f"must end in one of {', '.join(READERS)}, to say what kind of file it is"
        )
    if not path.exists():
        raise InvalidInput(str(path), "does not exist. Check the path.")
    try:
        return read(path)
    except (ValueError, OSError, pd.errors.ParserWarning) as error:
        raise InvalidInput(
            str(path),
            f"cannot be read: {str(error).strip().rstrip('.')}. Is the file whole, and is it of "
            "the kind that its ending says?",
        ) from None


def _csv(path: Path) -> tuple[pd.DataFrame, Callable[[int], int]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline()
    delimiter = max(",;\t", key=header.count)
    with warnings.catch_warnings():
        # A line with more cells than there are columns is a mistake, not a thing to cut off.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        frame = pd.read_csv(
            path,
            sep=delimiter,
            dtype=str,
            keep_default_na=False,
            na_values=[""],
            encoding="utf-8-sig",
            index_col=False,
        )

    def line_of(row: int) -> int:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter)
            next(reader)
            begins = reader.line_num + 1
            for cells in reader:
                if cells:
                    if row == 0:
                        return begins
                    row -= 1
                begins = reader.line_num + 1
        return begins

    return frame, line_of


def _json_lines(path: Path) -> tuple[pd.DataFrame, Callable[[int], int]]:
    rows, lines = [], []
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    row = orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    raise ValueError(f"line {number} is no JSON: {error}") from None
                if not isinstance(row, dict):
                    raise ValueError(f"line {number} is no JSON object")
                rows.append(row)
                lines.append(number)
    # As objects, so that no number becomes another one beside an empty cell.
    return pd.DataFrame(rows, dtype=object), lines.__getitem__


def _parquet(path: Path) -> tuple[pd.DataFrame, Callable[[int], int]]:
    return pd.read_parquet(path), lambda row: row + 1


READERS = {
    ".csv": _csv,
    ".tsv": _csv,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
}


def _problem(error: Exception) -> str:
    return error.problem if isinstance(error, InvalidInput) else str(error)


def _is_empty(cell: Any) -> bool:
    return (
        cell is None or cell == "" if isinstance(cell, str | None) else bool(np.all(pd.isna(cell)))
    )


def _identifier(cell: Any) -> str:
    """An id; one that was read as a number is written without a point."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip()


def _event_code(cell: Any) -> int:
    name = str(cell).strip().lower().replace("-", "_").replace(" ", "_")
    found = EVENT_NAMES.get(name) or EVENT_NAMES.get(name.replace("_", ""))
    if found is None:
        raise ValueError(f"must be one of {', '.join(EventType)}")
    return TYPES.index(found)


def _number(cell: Any) -> float:
    try:
        value = float(cell)
    except (TypeError, ValueError):
        raise ValueError("must be a number") from None
    if not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


def _moment(cell: Any) -> datetime:
    """ISO 8601, or seconds or milliseconds since 1970; UTC where it says nothing else."""
    try:
        if isinstance(cell, datetime):
            at = cell
        elif isinstance(cell, int | float | np.number) or str(cell).strip().isdecimal():
            count = float(cell)
            at = UNSAID + timedelta(
                seconds=count if abs(count) < SMALLEST_MILLISECONDS else count / 1000
            )
        else:
            at = datetime.fromisoformat(str(cell).strip())
    except (ValueError, OverflowError):
        raise ValueError(
            "must be a time in ISO 8601, such as 2024-05-01T12:00:00Z, or seconds or milliseconds "
            "since 1970"
        ) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _milliseconds(cell: Any) -> int:
    return round(_moment(cell).timestamp() * 1000)


def _labels(cell: Any) -> tuple[str, ...]:
    """One or more labels: a list, or text with | between them."""
    several = (
        cell if isinstance(cell, list | tuple | np.ndarray) else str(cell).split(BETWEEN_LABELS)
    )
    return tuple(text for label in several if (text := _identifier(label)))


def _amount(cell: Any) -> tuple[float, str | None]:
    """An amount and, where the cell tells, its currency: 12.50, or 12.50 EUR."""
    amount, _, currency = str(cell).strip().partition(" ")
    return _number(amount), currency or None


def _money(price: tuple[float, str | None], of_row: str | None) -> Money:
    amount, own = price
    currency = own or of_row or NO_CURRENCY
    # Rounded: a price that was computed, such as a mean, has more digits than coins have.
    return Money.of(f"{amount:.{MINOR_DIGITS.get(currency, 2)}f}", currency)


PRODUCT_CELLS: Mapping[str, Callable[[Any], Any]] = {
    "item_id": lambda cell: checked_id("item_id", _identifier(cell)),
    "name": lambda cell: str(cell).strip(),
    "brand": lambda cell: str(cell).strip(),
    "categories": _labels,
    "price": _amount,
    "currency": lambda cell: str(cell).strip().upper(),
    "tags": _labels,
    "created_at": _moment,
    "item_group_id": _identifier,
}
"""How the cells of each column are read."""

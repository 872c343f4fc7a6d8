"""Tables in files: CSV, JSON Lines and Parquet, row by row, each row with its place in the file."""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.progress import Progress

from recommender.facts.errors import InvalidInput

Row = dict[str, Any]
"""Column -> cell. Text in CSV; what the file says it is in the other formats."""

DELIMITERS = ",;\t"
READ_BYTES = 1 << 18
PARQUET_ROWS = 5_000
"""Rows taken out of a Parquet file at once."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A row that cannot be taken apart."""

    row: Any
    """What is there instead."""
    reason: str


NumberedRow = tuple[int, Row | Malformed]
"""The line on which a row begins, or the number of a Parquet row, both from 1; and the row."""


def columns_of(path: Path) -> list[str]:
    """The columns of the table. Of JSON Lines every name that any line has.

    Raises:
        InvalidInput: if the file cannot be read, or is in a format that we do not know.
    """
    with _readable(path):
        columns = _format_of(path).columns(path)
    if twice := sorted({c for c in columns if columns.count(c) > 1}):
        raise InvalidInput(str(path), f"has more than one column {twice[0]!r}. Rename one.")
    return columns


def rows_of(path: Path, progress: Progress | None = None) -> Iterator[NumberedRow]:
    """The rows of the table as they are read; memory does not grow with their number.

    Raises:
        InvalidInput: if the file cannot be read (any further).
    """
    with _readable(path):
        yield from _format_of(path).rows(path, progress)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise InvalidInput(str(path), "does not exist. Check the path.") from None
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        raise InvalidInput(
            str(path),
            f"cannot be read: {str(error).rstrip('.')}. "
            "Is the file whole, and is it of the kind that its ending says?",
        ) from None


@contextmanager
def _opened(path: Path, progress: Progress | None) -> Iterator[IO[bytes]]:
    """The bytes of the file, unpacked if its name ends in .gz. The bar goes by packed bytes."""
    with ExitStack() as stack:
        file: IO[bytes] = stack.enter_context(path.open("rb", buffering=0))
        if progress is not None:
            watched = progress.wrap_file(
                cast("Any", file), path.stat().st_size, description=path.name
            )
            file = cast("Any", watched)
        if path.suffix == ".gz":
            yield cast("IO[bytes]", stack.enter_context(gzip.GzipFile(fileobj=file)))
        else:
            yield cast("IO[bytes]", io.BufferedReader(cast("Any", file), READ_BYTES))


def _csv_columns(path: Path) -> list[str]:
    with _csv_opened(path, None) as (_, header):
        return header


@contextmanager
def _csv_opened(path: Path, progress: Progress | None) -> Iterator[tuple[Any, list[str]]]:
    """A `csv.reader` that stands behind the header, and the header."""
    # Bytes that are no UTF-8 come through as surrogates, so that only their own row is rejected.
    with (
        _opened(path, progress) as file,
        io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="") as lines,
    ):
        first = lines.readline()
        delimiter = max(DELIMITERS, key=first.count)
        reader = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
        except csv.Error as error:
            raise InvalidInput(str(path), f"has a header that cannot be read: {error}.") from None
        if not any(header):
            raise InvalidInput(str(path), "has no header. Its first line must name the columns.")
        if not "".join(header).isprintable():
            raise InvalidInput(str(path), "has a header that is not UTF-8 text. Save it as UTF-8.")
        yield reader, header


def csv_cells(path: Path) -> Iterator[tuple[int, list[str] | Malformed]]:
    """The same as `rows_of`, with the cells of a row in the order of `columns_of`."""
    with _readable(path), _csv_opened(path, None) as (reader, header):
        yield from _numbered(reader, len(header))


def _csv_rows(path: Path, progress: Progress | None) -> Iterator[NumberedRow]:
    with _csv_opened(path, progress) as (reader, header):
        for line, row in _numbered(reader, len(header)):
            if isinstance(row, Malformed):
                yield line, row
            else:
                yield line, dict(zip(header, row, strict=True))


def _numbered(reader: Any, width: int) -> Iterator[tuple[int, list[str] | Malformed]]:
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, Malformed(None, f"cannot be read: {error} (is a quote left open?)")
            continue
        if len(cells) == width:
            yield line, cells
        elif cells:
            yield line, Malformed(cells, f"has {len(cells)} cells and not {width}")


def _json_columns(path: Path) -> list[str]:
    columns: dict[str, None] = {}
    for _, row in _json_rows(path, None):
        if not isinstance(row, Malformed) and not row.keys() <= columns.keys():
            columns.update(dict.fromkeys(row))
    return list(columns)


def _json_rows(path: Path, progress: Progress | None) -> Iterator[NumberedRow]:
    with _opened(path, progress) as file:
        for number, line in enumerate(file, 1):
            text = line.removeprefix(codecs.BOM_UTF8).strip()
            if not text:
                continue
            try:
                row = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                yield number, Malformed(text.decode(errors="replace"), f"is not JSON: {error}")
                continue
            if not isinstance(row, dict):
                row = Malformed(row, "is no JSON object")
            yield number, row


def _parquet_columns(path: Path) -> list[str]:
    with pq.ParquetFile(path) as file:
        return list(file.schema_arrow.names)


def _parquet_rows(path: Path, progress: Progress | None) -> Iterator[NumberedRow]:
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        task = progress.add_task(path.name, total=file.metadata.num_rows) if progress else None
        first = 1
        for batch in file.iter_batches(PARQUET_ROWS):
            columns = [_cells(column) for column in batch.columns]
            for number, cells in enumerate(zip(*columns, strict=True), first):
                yield number, dict(zip(names, cells, strict=True))
            first += batch.num_rows
            if progress is not None and task is not None:
                progress.advance(task, batch.num_rows)


def _cells(column: pa.Array) -> list[Any]:
    """The column's values; None for what is missing, also where that is written as NaN."""
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
        # As text a float32 of 2.55 stays 2.55; as a Python float it is 2.549999952316284.
        if column.type != pa.float64():
            column = column.cast(pa.float32()).cast(pa.string())
    elif pa.types.is_timestamp(column.type):
        # Python's datetimes end at microseconds; what is finer is no fact about a shop.
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return cast("list[Any]", column.to_pylist())


@dataclass(frozen=True, slots=True)
class Format:
    """How a kind of file is read."""

    columns: Callable[[Path], list[str]]
    rows: Callable[[Path, Progress | None], Iterator[NumberedRow]]


_CSV = Format(_csv_columns, _csv_rows)
_JSON_LINES = Format(_json_columns, _json_rows)

FORMATS = {
    ".csv": _CSV,
    ".csv.gz": _CSV,
    ".tsv": _CSV,
    ".tsv.gz": _CSV,
    ".jsonl": _JSON_LINES,
    ".jsonl.gz": _JSON_LINES,
    ".ndjson": _JSON_LINES,
    ".ndjson.gz": _JSON_LINES,
    ".parquet": Format(_parquet_columns, _parquet_rows),
}
"""By how the file's name ends."""


def _format_of(path: Path) -> Format:
    for ending, format_ in FORMATS.items():
        if path.name.lower().endswith(ending):
            return format_
    raise InvalidInput(str(path), f"must end in one of {', '.join(FORMATS)}.")

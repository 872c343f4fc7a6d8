"""BSON batches of events -> an ActTable, without a Python object for each event."""

import warnings
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

with warnings.catch_warnings():
    # It was built with a pyarrow whose objects were smaller; larger ones are compatible.
    warnings.filterwarnings("ignore", message="pyarrow.lib.*size changed")
    from pymongoarrow.context import PyMongoArrowContext
    from pymongoarrow.schema import Schema

from recommender.facts.ids import IdIndex, Rows
from recommender.insights.acts import COLUMNS, TYPES, ActTable

_FIELDS = {
    "shopper_id": pa.string(),
    "product_id": pa.string(),
    "type": pa.string(),
    "at": pa.timestamp("ms"),
    "quantity": pa.int64(),
    "order_id": pa.string(),
    "trusted": pa.bool_(),
    "unit_price": pa.struct([("minor_units", pa.int64()), ("currency", pa.string())]),
}
PROJECTION = {"_id": 0, **dict.fromkeys(_FIELDS, 1)}
_SCHEMA = Schema(_FIELDS)
_KINDS = {"type": np.uint8, "at": np.int64, "minor_units": np.int64, "currency": np.int16}


class ActColumns:
    """Columns that grow batch by batch."""

    def __init__(self) -> None:
        self._shoppers, self._products, self._currencies, self._orders = (
            IdIndex() for _ in range(4)
        )
        self._types = IdIndex(t.value for t in TYPES)
        self._parts: dict[str, list[NDArray[Any]]] = {name: [] for name in COLUMNS}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, batch: bytes) -> None:
        """Put the events of one raw batch at the end."""
        context = PyMongoArrowContext(_SCHEMA)
        context.process_bson_stream(batch)
        read = context.finish()
        prices = read["unit_price"].combine_chunks()
        currency = _rows(self._currencies, pc.struct_field(prices, "currency")).astype(np.int16)
        trusted = _numbers(read["trusted"], True)
        of_batch = {
            "shopper": _rows(self._shoppers, read["shopper_id"]),
            "product": _rows(self._products, read["product_id"]),
            "type": np.minimum(_rows(self._types, read["type"]), 255).astype(np.uint8),
            "at": read["at"].cast(pa.int64()).to_numpy(),
            "quantity": _numbers(read["quantity"], 1).astype(np.int32),
            "minor_units": _numbers(pc.struct_field(prices, "minor_units"), 0),
            "currency": np.where(trusted, currency, np.int16(-1)),
            "order": _rows(self._orders, read["order_id"]),
        }
        for name, column in of_batch.items():
            self._parts[name].append(column)
        self._count += read.num_rows

    def table(self) -> ActTable:
        """All of them."""
        columns: dict[str, NDArray[Any]] = {
            name: np.concatenate(parts) if parts else np.zeros(0, _KINDS.get(name, np.int32))
            for name, parts in self._parts.items()
        }
        table = ActTable(len(self._shoppers), self._products.ids, self._currencies.ids, **columns)
        # A type that a newer version of us wrote says nothing to this one.
        return table.where(table.type < len(TYPES))


def _rows(index: IdIndex, column: pa.Array | pa.ChunkedArray) -> Rows:
    """The column's strings as rows of the index, each looked up once; -1 where there is none."""
    encoded = _whole(column).dictionary_encode()
    row_of = np.append(index.rows(encoded.dictionary.to_pylist()), np.int32(-1))
    rows: Rows = row_of[_numbers(encoded.indices, -1)]
    return rows


def _numbers(column: pa.Array | pa.ChunkedArray, missing: int) -> NDArray[Any]:
    """The column's values, with another one where there is none."""
    found: NDArray[Any] = pc.fill_null(_whole(column), missing).to_numpy(zero_copy_only=False)
    return found


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column

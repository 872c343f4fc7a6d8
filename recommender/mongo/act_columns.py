"""BSON batches of events -> an ActTable, without a Python object for each event."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from recommender.facts.ids import IdIndex
from recommender.insights.acts import COLUMNS, TYPES, ActTable
from recommender.mongo.columns import (
    codes_of,
    milliseconds_of,
    numbers_of,
    projection_of,
    read,
    rows_of,
)

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
PROJECTION = projection_of(_FIELDS)
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
        found = read(batch, _FIELDS)
        prices = found["unit_price"].combine_chunks()
        currency = rows_of(self._currencies, pc.struct_field(prices, "currency")).astype(np.int16)
        trusted = numbers_of(found["trusted"], True)
        of_batch: dict[str, NDArray[Any]] = {
            "shopper": rows_of(self._shoppers, found["shopper_id"]),
            "product": rows_of(self._products, found["product_id"]),
            "type": codes_of(self._types, found["type"]),
            "at": milliseconds_of(found["at"]),
            "quantity": numbers_of(found["quantity"], 1).astype(np.int32),
            "minor_units": numbers_of(pc.struct_field(prices, "minor_units"), 0),
            "currency": np.where(trusted, currency, np.int16(-1)),
            "order": rows_of(self._orders, found["order_id"]),
        }
        for name, column in of_batch.items():
            self._parts[name].append(column)
        self._count += found.num_rows

    def table(self) -> ActTable:
        """All of them."""
        columns: dict[str, NDArray[Any]] = {
            name: np.concatenate(parts) if parts else np.zeros(0, _KINDS.get(name, np.int32))
            for name, parts in self._parts.items()
        }
        table = ActTable(len(self._shoppers), self._products.ids, self._currencies.ids, **columns)
        # A type that a newer version of us wrote says nothing to this one.
        return table.where(table.type < len(TYPES))

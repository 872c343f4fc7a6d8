"""Raw BSON batches -> columns, without a Python object for each document."""

import warnings
from typing import Any, TypeAlias

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

Column: TypeAlias = "pa.Array | pa.ChunkedArray"
Fields = dict[str, Any]
"""Name -> pyarrow type."""


def projection_of(fields: Fields) -> dict[str, int]:
    """What to ask MongoDB for."""
    return {"_id": 0, **dict.fromkeys(fields, 1)}


def read(batch: Any, fields: Fields) -> pa.Table:
    """The documents of one raw batch: bytes, whatever the driver's types say."""
    context = PyMongoArrowContext(Schema(fields))
    context.process_bson_stream(batch)
    return context.finish()


def rows_of(index: IdIndex, column: Column) -> Rows:
    """The column's strings as rows of the index, each looked up once; -1 where there is none."""
    encoded = _whole(column).dictionary_encode()
    row_of = np.append(index.rows(encoded.dictionary.to_pylist()), np.int32(-1))
    rows: Rows = row_of[numbers_of(encoded.indices, -1)]
    return rows


def codes_of(index: IdIndex, column: Column) -> NDArray[np.uint8]:
    """The same for strings of few kinds; 255 for what the index does not begin with."""
    return np.minimum(rows_of(index, column), 255).astype(np.uint8)


def milliseconds_of(column: Column) -> NDArray[np.int64]:
    """Moments as milliseconds since 1970."""
    found: NDArray[np.int64] = column.cast(pa.int64()).to_numpy()
    return found


def numbers_of(column: Column, missing: int) -> NDArray[Any]:
    """The column's values, with another one where there is none."""
    found: NDArray[Any] = pc.fill_null(_whole(column), missing).to_numpy(zero_copy_only=False)
    return found


def _whole(column: Column) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column

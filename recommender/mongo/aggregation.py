"""What MongoDB puts together for us."""

from collections.abc import Sequence
from inspect import isawaitable
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection

from recommender.mongo.documents import Document


async def aggregated(
    collection: AsyncCollection[Document], pipeline: Sequence[Document]
) -> list[Document]:
    """What the pipeline leads to."""
    found: Any = collection.aggregate(pipeline)
    # Motor gives the cursor at once, PyMongo's own client wants to be awaited.
    cursor = await found if isawaitable(found) else found
    rows: list[Document] = await cursor.to_list(None)
    return rows

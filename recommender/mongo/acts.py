"""The events of some time, from MongoDB into columns."""

import asyncio
from importlib import import_module
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from recommender.facts.errors import InvalidInput
from recommender.facts.events import MOST_AHEAD
from recommender.facts.insights import Range
from recommender.insights.acts import ActTable
from recommender.mongo.documents import EVENTS, Document

BATCH = 4_000
"""Events that are made into columns at once: 5 ms, for which nothing else of the process runs."""


class ActReader:
    """Reads the events of some time, one time after the other: two at once would need twice the
    memory, and neither would be sooner."""

    def __init__(self, database: AsyncDatabase[Document], most: int | None = None) -> None:
        """Nothing is read yet.

        Args:
            database: the shop's.
            most: how many events may be read at once; None: any number.
        """
        self._events = database[EVENTS]
        self._most = most
        self._reading = asyncio.Lock()

    async def read(self, within: Range) -> ActTable:
        """Every event of some time, by the shop's clock.

        Raises:
            InvalidInput: if there are more than may be read at once.
        """
        async with self._reading:
            # pyarrow takes half a second and 50 MB: not for a process that is never asked this.
            module = await asyncio.to_thread(import_module, "recommender.mongo.act_columns")
            columns = module.ActColumns()
            cursor: Any = self._events.find_raw_batches(
                # Nothing is done later than a day after we hear of it: so the index on received_at
                # spares us what we heard of before.
                {
                    "received_at": {"$gte": within.start - MOST_AHEAD},
                    "at": {"$gte": within.start, "$lt": within.end},
                },
                projection=module.PROJECTION,
                batch_size=BATCH,
            )
            try:
                async for batch in cursor:
                    await asyncio.to_thread(columns.add, batch)
                    if self._most is not None and len(columns) > self._most:
                        raise InvalidInput(
                            "range",
                            f"must be shorter: it and the time before it have more than "
                            f"{self._most} events (the setting MOST_INSIGHT_EVENTS)",
                        )
            finally:
                await cursor.close()
            table: ActTable = await asyncio.to_thread(columns.table)
            return table

"""What clients asked for, counted by all API processes together."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from pymongo import UpdateOne, WriteConcern
from pymongo.asynchronous.database import AsyncDatabase

from recommender.mongo.documents import RATE_COUNTS, Document


class RateCounts:
    """Counts that forget themselves."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        # What is lost with a server are seconds of counting: not worth waiting for a disk.
        self._counts = database.get_collection(
            RATE_COUNTS, write_concern=WriteConcern(w=1, j=False)
        )

    async def add(self, amounts: Mapping[str, int], expires_at: Mapping[str, float]) -> None:
        """Add to each count; a new one is kept until then, in seconds since 1970."""
        await self._counts.bulk_write(
            [
                UpdateOne(
                    {"_id": count_id},
                    {
                        "$inc": {"count": amount},
                        "$setOnInsert": {
                            "expires_at": datetime.fromtimestamp(expires_at[count_id], UTC)
                        },
                    },
                    upsert=True,
                )
                for count_id, amount in amounts.items()
            ],
            ordered=False,
        )

    async def read(self, count_ids: Iterable[str]) -> dict[str, int]:
        """Each count as it is now; what was never counted is left out."""
        found = self._counts.find({"_id": {"$in": list(count_ids)}}, {"count": 1})
        return {d["_id"]: d["count"] async for d in found}

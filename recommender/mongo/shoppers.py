"""What the shop says of its shoppers, in MongoDB."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from itertools import islice

from pymongo import ReplaceOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.database import Database
from pymongo.results import BulkWriteResult

from recommender.facts.shopper_attributes import Attributes, ShopperAttributes
from recommender.mongo.documents import SHOPPERS, Document, shopper_document, shopper_of
from recommender.mongo.products import WRITE_BATCH, Upserted


def upsert_shoppers(
    database: Database[Document], shoppers: Iterable[ShopperAttributes]
) -> Upserted:
    """Store what is said of each shopper, in the place of all that was said before."""
    done = Upserted()
    shoppers = iter(shoppers)
    while batch := list(islice(shoppers, WRITE_BATCH)):
        stored = _upserted(database[SHOPPERS].bulk_write(_writes(batch), ordered=False))
        done.created += stored.created
        done.updated += stored.updated
        done.unchanged += stored.unchanged
    return done


def read_shoppers(database: Database[Document]) -> Iterator[ShopperAttributes]:
    """Every shopper of whom something is said."""
    return map(shopper_of, database[SHOPPERS].find())


def attributes_of(database: Database[Document], shopper_id: str) -> Attributes:
    """The same as `Shoppers.attributes_of`, for the worker."""
    return _attributes(database[SHOPPERS].find_one({"_id": shopper_id}))


class Shoppers:
    """What is said of shoppers, as the API needs it."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        changed: Callable[[Set[str]], None] = lambda _: None,
    ) -> None:
        """Shoppers of a database.

        Args:
            database: the shop's.
            changed: told of whom something was said, before that is acknowledged.
        """
        self._shoppers = database[SHOPPERS]
        self._changed = changed

    async def attributes_of(self, shopper_id: str) -> Attributes:
        """What is said of the shopper; nothing of one who is not there."""
        return _attributes(await self._shoppers.find_one({"_id": shopper_id}))

    async def upsert(self, shoppers: Sequence[ShopperAttributes]) -> Upserted:
        """Store what is said of each shopper, in the place of all that was said before."""
        if not shoppers:
            return Upserted()
        try:
            return _upserted(await self._shoppers.bulk_write(_writes(shoppers), ordered=False))
        finally:
            self._changed({shopper.shopper_id for shopper in shoppers})


def _writes(shoppers: Iterable[ShopperAttributes]) -> list[ReplaceOne[Document]]:
    # Of two that speak of the same shopper the last one counts, as if they had come one by one.
    latest = {shopper.shopper_id: shopper for shopper in shoppers}
    return [
        ReplaceOne({"_id": shopper_id}, shopper_document(shopper), upsert=True)
        for shopper_id, shopper in latest.items()
    ]


def _upserted(result: BulkWriteResult) -> Upserted:
    return Upserted(
        created=result.upserted_count,
        updated=result.modified_count,
        unchanged=result.matched_count - result.modified_count,
    )


def _attributes(document: Document | None) -> Attributes:
    return shopper_of(document).attributes if document else ()

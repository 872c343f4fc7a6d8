"""The catalogue in MongoDB."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

import structlog
from pymongo import ReplaceOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.database import Database

from recommender.facts.catalog import UNSAID, Product
from recommender.facts.errors import RecommenderError
from recommender.facts.ids import LONGEST_ID
from recommender.mongo.documents import PRODUCTS, Document, product_document, product_of

log = structlog.get_logger(__name__)

WRITE_BATCH = 2_000
"""Products in one bulk write."""


@dataclass
class Upserted:
    """What an upsert did."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0


def upsert_products(
    database: Database[Document], products: Iterable[Product], now: datetime
) -> Upserted:
    """Store each product under its id; one that is stored like that already is left alone.

    `updated_at` becomes `now` for what is new or changed, so that whoever follows the catalogue
    sees it. Where a product does not say since when the shop sells it, that is `now` for a new
    one, and stays as it was for one that is there already.
    """
    collection = database[PRODUCTS]
    done = Upserted()
    products = iter(products)
    while batch := list(islice(products, WRITE_BATCH)):
        latest = {product.product_id: product for product in batch}
        stored = {d["_id"]: product_of(d) for d in collection.find({"_id": {"$in": list(latest)}})}
        writes: list[ReplaceOne[Document]] = []
        for product in latest.values():
            before = stored.get(product.product_id)
            if product.created_at == UNSAID:
                product = replace(product, created_at=before.created_at if before else now)
            if before is not None and product.same_as(before):
                done.unchanged += 1
                continue
            done.updated += before is not None
            done.created += before is None
            changed = product_document(replace(product, updated_at=now))
            writes.append(ReplaceOne({"_id": product.product_id}, changed, upsert=True))
        if writes:
            collection.bulk_write(writes, ordered=False)
    return done


def read_products(database: Database[Document]) -> Iterator[Product]:
    """The whole catalogue, in the order of the ids; what is no product is logged and left out."""
    return usable(database[PRODUCTS].find(sort=[("_id", 1)]), _log_unusable)


def usable(
    documents: Iterable[Document], unusable: Callable[[str, Exception], None]
) -> Iterator[Product]:
    """The documents as products.

    One that somebody wrote past us, and wrongly, must not keep the others from being sold:
    `unusable` hears its id and what is wrong with it.
    """
    for document in documents:
        try:
            yield product_of(document)
        except (RecommenderError, KeyError, TypeError, ValueError, AttributeError) as error:
            unusable(str(document.get("_id"))[:LONGEST_ID], error)


def _log_unusable(product_id: str, error: Exception) -> None:
    log.error("unusable_product", product_id=product_id, error=repr(error))


class Products:
    """The catalogue as the API needs it."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._products = database[PRODUCTS]

    async def all(self) -> list[Document]:
        """The documents of the whole catalogue, in the order of the ids."""
        return await self._products.find(sort=[("_id", 1)]).to_list(None)

    async def changed_since(self, moment: datetime) -> list[Document]:
        """The documents whose `updated_at` is at or after the moment."""
        changed = self._products.find({"updated_at": {"$gte": moment}}, hint="changes")
        return await changed.to_list(None)

    async def known(self, product_ids: Sequence[str]) -> set[str]:
        """Which of these the catalogue has."""
        where: dict[str, Any] = {"_id": {"$in": list(product_ids)}}
        return {d["_id"] for d in await self._products.find(where, {"_id": 1}).to_list(None)}

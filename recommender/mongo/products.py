"""The catalogue in MongoDB."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any

import structlog
from pymongo import ReplaceOne, UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.database import Database

from recommender.facts.catalog import UNSAID, Product
from recommender.facts.errors import InvalidInput, RecommenderError, UnknownProduct
from recommender.facts.ids import LONGEST_ID
from recommender.mongo.documents import PRODUCTS, Document, product_document, product_of

log = structlog.get_logger(__name__)

WRITE_BATCH = 2_000
"""Products in one bulk write."""


TICK = timedelta(milliseconds=1)
"""What two moments in the database differ by at least."""


@dataclass(frozen=True, slots=True)
class ProductChange:
    """What is new about a product; all else stays as it is."""

    product_id: str
    fields: Mapping[str, Any]
    """By the names of Product's fields."""


class Change(StrEnum):
    """What became of a change."""

    UPDATED = "updated"
    UNCHANGED = "unchanged"


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
        stored = collection.find({"_id": {"$in": [product.product_id for product in batch]}})
        if writes := _upserts(batch, stored, now, done):
            collection.bulk_write(writes, ordered=False)
    return done


def _upserts(
    batch: Sequence[Product], stored: Iterable[Document], now: datetime, done: Upserted
) -> list[ReplaceOne[Document]]:
    """What is to be written so that the batch is stored; counted in `done`.

    Of two with the same id the last one counts, as if they had come one by one.
    """
    latest = {product.product_id: product for product in batch}
    there = {product.product_id: product for product in usable(stored, _log_unusable)}
    writes: list[ReplaceOne[Document]] = []
    for product in latest.values():
        before = there.get(product.product_id)
        if product.created_at == UNSAID:
            product = replace(product, created_at=before.created_at if before else now)
        if before is not None and product.same_as(before):
            done.unchanged += 1
            continue
        done.updated += before is not None
        done.created += before is None
        changed = product_document(replace(product, updated_at=_later(now, before)))
        writes.append(ReplaceOne({"_id": product.product_id}, changed, upsert=True))
    return writes


def _later(now: datetime, before: Product | None) -> datetime:
    """When a product changed: each time another moment, so that it tells which state it is."""
    return max(now, before.updated_at + TICK) if before else now


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

    async def of(self, product_ids: Sequence[str]) -> list[Product]:
        """Those of these products that the catalogue has, in this order."""
        found = {p.product_id: p for p in usable(await self._documents(product_ids), _log_unusable)}
        return [found[product_id] for product_id in product_ids if product_id in found]

    async def upsert(self, products: Sequence[Product], now: datetime) -> Upserted:
        """The same as `upsert_products`, for the API."""
        done = Upserted()
        stored = await self._documents([product.product_id for product in products])
        if writes := _upserts(products, stored, now, done):
            await self._products.bulk_write(writes, ordered=False)
        return done

    async def update(
        self, changes: Sequence[ProductChange], now: datetime
    ) -> list[Change | InvalidInput | UnknownProduct]:
        """Change products, each to a state that is right as a whole; what became of each change.

        A product that somebody else changes meanwhile is looked at again, so that neither change
        is lost.
        """
        outcomes: list[Change | InvalidInput | UnknownProduct] = [Change.UNCHANGED] * len(changes)
        waiting = list(range(len(changes)))
        while waiting:
            # Of two changes of one product, the second waits for the first.
            turn = {changes[place].product_id: place for place in reversed(waiting)}
            stored = {d["_id"]: d for d in await self._documents(list(turn))}
            writes: list[UpdateOne] = []
            for product_id, place in turn.items():
                try:
                    if write := _change(stored.get(product_id), changes[place], now):
                        writes.append(write)
                        outcomes[place] = Change.UPDATED
                except (InvalidInput, UnknownProduct) as error:
                    outcomes[place] = error
            matched = 0
            if writes:
                matched = (await self._products.bulk_write(writes, ordered=False)).matched_count
            # Which ones did not match is not told. Those that did need nothing the second time.
            if matched == len(writes):
                done = set(turn.values())
                waiting = [place for place in waiting if place not in done]
        return outcomes

    async def remove(self, product_ids: Sequence[str]) -> set[str]:
        """Take products out of the catalogue; those that it had."""
        known = await self.known(product_ids)
        if known:
            await self._products.delete_many({"_id": {"$in": list(known)}})
        return known

    async def _documents(self, product_ids: Sequence[str]) -> list[Document]:
        return await self._products.find({"_id": {"$in": list(product_ids)}}).to_list(None)


def _change(stored: Document | None, change: ProductChange, now: datetime) -> UpdateOne | None:
    """What is to be written, if anything, provided that the product is still as it was read.

    Raises:
        UnknownProduct, InvalidInput: if there is no such product, or it would not be right.
    """
    before = next(usable([stored], _log_unusable), None) if stored else None
    if before is None:
        raise UnknownProduct(change.product_id)
    after = replace(before, **change.fields)
    if after.same_as(before):
        return None
    old = product_document(before)
    new = product_document(replace(after, updated_at=_later(now, before)))
    values = {name: value for name, value in new.items() if old.get(name) != value}
    gone = dict.fromkeys(old.keys() - new.keys(), 1)
    return UpdateOne(
        {"_id": before.product_id, "updated_at": before.updated_at},
        {"$set": values, **({"$unset": gone} if gone else {})},
    )

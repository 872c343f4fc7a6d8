"""Lists that can be walked further, in MongoDB: as they were when their first page was shown.

A page that comes later is read from here, whatever was trained, clicked or restarted since. So its
products go on where the page before ended, and its reasons are those that the scores were made of.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from recommender.facts.catalog import Product
from recommender.facts.errors import InvalidInput
from recommender.facts.phrases import Phrase, Saying
from recommender.facts.placements import Placement, Strategy
from recommender.facts.request import Reason, ReasonKind, Recommendation, Shelf
from recommender.mongo.documents import FROZEN_LISTS, Document, list_document, utc

COLUMNS = ("products", "scores", "strategies", "fillers", "reasons")
"""Arrays with an entry for each product."""
ALL = 1_000_000
"""More than any list has."""

FindProduct = Callable[[str], Product | None]


@dataclass(frozen=True, slots=True)
class FrozenPage:
    """A page of a list that was made before."""

    shelf: Shelf
    asked: str
    """A digest of what was asked for when the list was made."""
    shopper_id: str | None
    has_more: bool
    """Whether more comes after the page."""


class FrozenLists:
    """Keeps lists for those who walk them."""

    def __init__(self, database: AsyncDatabase[Document], kept: timedelta) -> None:
        self._lists = database[FROZEN_LISTS]
        self._kept = kept

    async def freeze(
        self, shelf: Shelf, shopper_id: str | None, asked: str, *, with_reasons: bool
    ) -> None:
        """Keep a list. When this returns any process can read it, and goes on being able to."""
        document = list_document(shelf, shopper_id, shelf.generated_at + self._kept)
        document["asked"] = asked
        if with_reasons:
            found = (*shelf.recommendations, *shelf.rest)
            document["reasons"] = [[_kept_reason(reason) for reason in r.reasons] for r in found]
        await self._lists.insert_one(document)

    async def page(
        self,
        recommendation_id: str,
        after: int,
        count: int,
        find: FindProduct,
        now: datetime,
        *,
        with_reasons: bool,
    ) -> FrozenPage | None:
        """The page after a rank; None if there is no such list any more.

        Products that the shop no longer has or sells are left out; the others keep their ranks.

        Args:
            recommendation_id: of the list.
            after: the rank of the last product of the page before.
            count: how many products there are to be, if there are so many.
            find: the product of an id, if the shop has it.
            now: what has expired by then is gone.
            with_reasons: whether reasons will be asked for.
        """
        fields: Document = {column: {"$slice": [after, ALL]} for column in COLUMNS}
        if not with_reasons:
            fields["reasons"] = 0
        document = await self._lists.find_one(
            {"_id": recommendation_id, "expires_at": {"$gt": now}}, fields
        )
        if document is None:
            return None
        there = [
            (place, product)
            for place, product_id in enumerate(document["products"])
            if (product := find(product_id)) and product.available_for_sale
        ]
        page = [
            _recommendation(document, place, after + place + 1, product, find)
            for place, product in there[:count]
        ]
        return FrozenPage(
            shelf=Shelf(
                recommendation_id=recommendation_id,
                placement=Placement(document["placement"]),
                strategy=Strategy(document["strategy"]),
                model_version=document.get("model_version"),
                generated_at=utc(document["at"]),
                recommendations=page,
                short_reason="The list ends here." if len(page) < count else None,
            ),
            asked=document["asked"],
            shopper_id=document.get("shopper_id"),
            has_more=len(there) > count,
        )


def _kept_reason(reason: Reason) -> list[Any]:
    product_id = reason.product.product_id if reason.product else None
    said = reason.phrase
    return [
        reason.kind.value,
        reason.contribution,
        reason.weight,
        product_id,
        said.saying.value,
        *said.values,
    ]


def _reason_of(kept: list[Any], find: FindProduct) -> Reason:
    kind, contribution, weight, product_id, saying, *values = kept
    return Reason(
        ReasonKind(kind),
        Phrase(Saying(saying), tuple(values)),
        contribution,
        weight,
        find(product_id) if product_id is not None else None,
    )


def _recommendation(
    document: Document, place: int, rank: int, product: Product, find: FindProduct
) -> Recommendation:
    strategies, fillers = document.get("strategies"), document.get("fillers")
    return Recommendation(
        product=product,
        rank=rank,
        score=document["scores"][place],
        strategy=Strategy(strategies[place] if strategies else document["strategy"]),
        is_filler=fillers[place] if fillers else False,
        explain=partial(_reasons_of, document.get("reasons"), place, find),
    )


def _reasons_of(kept: list[list[Any]] | None, place: int, find: FindProduct) -> list[Reason]:
    if kept is None:
        raise InvalidInput(
            "reasons", "were not kept with this list: ask for them on its first page too"
        )
    return [_reason_of(reason, find) for reason in kept[place]]

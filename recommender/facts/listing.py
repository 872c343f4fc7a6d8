"""Which products to list, and in which order."""

from dataclasses import dataclass
from enum import StrEnum

from recommender.facts.errors import InvalidInput
from recommender.facts.filters import Attribute, Field, Filter

LONGEST_QUERY = 200
"""Characters of what is searched for."""


class ProductSort(StrEnum):
    """The order of a listing. What is equal goes by the shop's ids."""

    RELEVANCE = "relevance"
    """The best answer to the query first, of equal ones the more popular. Without a query: by the
    shop's ids."""
    NAME = "name"
    PRICE_ASC = "price_asc"
    """What has no price comes last."""
    PRICE_DESC = "price_desc"
    """What has no price comes last."""
    NEWEST = "newest"
    POPULARITY = "popularity"


@dataclass(frozen=True, slots=True)
class Listing:
    """Products to browse, whether they can be bought now or not."""

    query: str = ""
    """Words to search for. Blank: no search."""
    filter: Filter | None = None
    sort: ProductSort = ProductSort.RELEVANCE

    def __post_init__(self) -> None:
        if len(self.query) > LONGEST_QUERY:
            raise InvalidInput(
                "query", f"must be at most {LONGEST_QUERY} characters, not {len(self.query)}"
            )

    @property
    def order(self) -> str:
        """Names what the order goes by. Places in one order say nothing in another."""
        return "words" if self.by_words else self.sort

    @property
    def by_words(self) -> bool:
        """Whether the order is how well products answer the query."""
        return self.sort is ProductSort.RELEVANCE and bool(self.query.strip())


FACETS = {
    "categories": Field.CATEGORY,
    "brands": Field.BRAND,
    "tags": Field.TAG,
    "availableForSale": Field.AVAILABLE,
    "itemGroupIds": Field.ITEM_GROUP,
}
"""What listings can be counted by, as filters call it."""
_ATTRIBUTE = "attributes."


def facet_named(name: str) -> Field | Attribute:
    """The field of a facet.

    >>> facet_named("attributes.colour")
    Attribute(name='colour')

    Raises:
        InvalidInput: listing those there are.
    """
    if name.startswith(_ATTRIBUTE):
        return Attribute(name.removeprefix(_ATTRIBUTE))
    if name not in FACETS:
        raise InvalidInput(
            "fields", f"must be of {', '.join(FACETS)}, {_ATTRIBUTE}NAME, not {name[:40]!r}"
        )
    return FACETS[name]

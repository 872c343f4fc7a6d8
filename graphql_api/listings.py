"""Browsing what the shop sells: search, filters, orders, facets and pages, in the schema."""

from functools import partial
from typing import Annotated

import strawberry

from graphql_api.cursors import cursor_of, place_in
from graphql_api.filters import FilterArgument, filter_in
from graphql_api.keys import Scope
from graphql_api.products import DEFAULT_PAGE, After, Before, First, Info, Last, PageInfo, Product
from recommender.facts.errors import InvalidInput
from recommender.facts.listing import FACETS, LONGEST_QUERY, Listing, ProductSort, facet_named
from recommender.facts.request import checked_limit
from recommender.serving.listing import Found, kinds_in

DEFAULT_VALUES = 20
"""Values of a facet for which no limit was given."""
MOST_FACETS = 20


@strawberry.type(description="A product on a page of products.")
class ProductEdge:
    cursor: str = strawberry.field(
        description="Its place, for after and before. It stays good when products come, change and "
        "go, also in the place of this very product."
    )
    node: Product = strawberry.field(description="The product.")


@strawberry.type(description="A value that products have.")
class FacetValue:
    value: str = strawberry.field(description="As a filter takes it.")
    count: int = strawberry.field(description="How many of the products have it.")


@strawberry.type(description="How many products have each value of a field.")
class Facet:
    field: str = strawberry.field(description="As it was asked for.")
    values: list[FacetValue] = strawberry.field(description="The most frequent one first.")


@strawberry.type(description="A page of products.")
class ProductConnection:
    found: strawberry.Private[Found]
    edges: list[ProductEdge] = strawberry.field(description="The products with their cursors.")
    nodes: list[Product] = strawberry.field(
        description="The same products without the edges, for callers that need no cursors."
    )
    page_info: PageInfo = strawberry.field(description="Where this page stands.")

    @strawberry.field(description="How many products there are on all pages, exactly.")
    def total_count(self) -> int:
        return len(self.found)

    @strawberry.field(
        description="How many products on all pages have which value. What the filter asks of the "
        "same field does not count, so that other brands can still be chosen beside the chosen one."
    )
    def facets(
        self,
        info: Info,
        fields: Annotated[
            list[str],
            strawberry.argument(
                description=f"Of {', '.join(FACETS)}, attributes.NAME (such as attributes.colour); "
                f"at most {MOST_FACETS}."
            ),
        ],
        limit: Annotated[
            int,
            strawberry.argument(
                description="The most values of each field, at most the server's LONGEST_PAGE, 100 "
                "unless set."
            ),
        ] = DEFAULT_VALUES,
    ) -> list[Facet]:
        if len(fields) > MOST_FACETS:
            raise InvalidInput("fields", f"must be at most {MOST_FACETS}, not {len(fields)}")
        checked_limit("limit", limit, info.context.settings.longest_page)
        return [
            Facet(
                field=name,
                values=[
                    FacetValue(value=value, count=count)
                    for value, count in self.found.counts(facet_named(name))[:limit]
                ],
            )
            for name in fields
        ]


@strawberry.type
class ListingQueries:
    @strawberry.field(
        description="The products of the shop, also those that cannot be bought now: all of them, "
        "or what is searched for."
    )
    def products(
        self,
        info: Info,
        query: Annotated[
            str | None,
            strawberry.argument(
                description="Words to search for in name, brand, categories, tags, attributes and "
                "description. The last one may be half typed, and small slips are forgiven. Null "
                f"or blank: no search. At most {LONGEST_QUERY} characters."
            ),
        ] = None,
        filter: FilterArgument = None,  # noqa: A002
        sort: Annotated[
            ProductSort, strawberry.argument(description="What comes first.")
        ] = ProductSort.RELEVANCE,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> ProductConnection | None:
        context = info.context
        context.caller.require(Scope.READ)
        listing = Listing(query or "", filter_in(filter, context.settings), sort)
        found = Found(listing, context.live)
        longest = context.settings.longest_page
        if first is not None and last is not None:
            raise InvalidInput("first", "and last exclude one another: ask for one of the two")
        if first is not None:
            checked_limit("first", first, longest)
        elif last is not None:
            checked_limit("last", last, longest)
        else:
            first = min(DEFAULT_PAGE, longest)
        place = partial(place_in, order=listing.order, kinds=kinds_in(listing))
        page = found.page(
            first,
            place(after, "after") if after is not None else None,
            last,
            place(before, "before") if before is not None else None,
        )
        edges = [
            ProductEdge(
                cursor=cursor_of(found.place(row), listing.order),
                node=Product.of(found.product(row), context.settings.base_url),
            )
            for row in page.rows
        ]
        return ProductConnection(
            found=found,
            edges=edges,
            nodes=[edge.node for edge in edges],
            page_info=PageInfo(
                has_next_page=page.has_next,
                has_previous_page=page.has_previous,
                start_cursor=edges[0].cursor if edges else None,
                end_cursor=edges[-1].cursor if edges else None,
            ),
        )

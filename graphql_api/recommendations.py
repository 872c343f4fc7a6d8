"""Which products to show, and why, in the schema."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, NamedTuple, Self, TypeVar, Unpack

import strawberry

from graphql_api.compiled import METHOD
from graphql_api.keys import Scope
from graphql_api.products import After, Info, PageInfo, Product, ProductIdArgument
from graphql_api.selection import names_below
from graphql_api.shelf_input import (
    AnyShopper,
    CategoryArgument,
    ContextArgument,
    Controls,
    PlacementArgument,
    RecommendationContextInput,
    ShelfInput,
    Shopper,
    with_controls,
)
from graphql_api.shelves import Walk, cursor_at, page_after, shelves_for
from graphql_api.shopper_input import ShopperInput
from recommender.facts.errors import UnknownProduct
from recommender.facts.placements import Placement, Strategy, TrendingWindow
from recommender.facts.request import ReasonKind, Recommendation, Request, Shelf, checked_limit
from recommender.serving.explain import MOST_REASONS

CURSOR_FIELDS = frozenset({"cursor", "pageInfo", "endCursor"})
"""Who asks for one of them may ask for what comes after."""

DEFAULT_REASONS = 3
"""Reasons of one product for which no number was asked."""


class Look(NamedTuple):
    """At what of a list somebody looks, so that nothing else is made."""

    at_edges: bool
    at_reasons: bool
    walks: bool
    """Whether they want to know the place of anything: then they may go on from there."""

    @property
    def walk(self) -> Walk | None:
        """How they may go on from a first page, if they may."""
        return Walk(self.at_reasons) if self.walks else None


@strawberry.type(description="Why a product was chosen, in a form a page can show.")
class RecommendationReason:
    kind: ReasonKind = strawberry.field(description="What kind of reason it is.")
    text: str = strawberry.field(description="A short sentence in the language asked for.")
    weight: float = strawberry.field(
        description="The share of what speaks for the product that this reason accounts for, "
        "from 0 to 1."
    )
    contribution: float = strawberry.field(
        description="What it adds to the score, in which there may also be what speaks against "
        "the product."
    )
    product: Product | None = strawberry.field(
        description="The product the reason points at, where there is one."
    )


@strawberry.type(description="A product on a list.")
class RecommendationEdge:
    cursor: str = strawberry.field(description="Its place in the list, for after.")
    node: Product = strawberry.field(description="The product.")
    rank: int = strawberry.field(description="Its place in the whole list, from 1.")
    score: float = strawberry.field(
        description="The higher the better; comparable within one list and strategy only."
    )
    strategy: Strategy = strawberry.field(description="How it was chosen.")
    is_filler: bool = strawberry.field(
        description="Whether it fills a place that the list's own strategy left empty."
    )
    found: strawberry.Private[Recommendation]
    base_url: strawberry.Private[str]

    @strawberry.field(
        description="Why it was chosen, strongest first.", metadata={METHOD: "reasons"}
    )
    def reasons(
        self,
        limit: Annotated[
            int, strawberry.argument(description=f"At most so many, 1 to {MOST_REASONS}.")
        ] = DEFAULT_REASONS,
        locale: Annotated[
            str,
            strawberry.argument(
                description='The language of the texts: "en" or "de"; "de-AT" is German too. '
                "English for languages we do not speak."
            ),
        ] = "en",
    ) -> list[RecommendationReason]:
        return [
            RecommendationReason(
                kind=reason.kind,
                text=reason.phrase.text(locale),
                weight=reason.weight,
                contribution=reason.contribution,
                product=Product.of(reason.product, self.base_url) if reason.product else None,
            )
            for reason in self.found.reasons[: checked_limit("limit", limit, MOST_REASONS)]
        ]


@strawberry.type
class Listed:
    """What all lists tell."""

    recommendation_id: strawberry.ID = strawberry.field(
        description="Send this back with every event that follows from this list."
    )
    placement: str = strawberry.field(description="The shelf that was asked for.")
    strategy: Strategy = strawberry.field(
        description="How the first product was chosen; POPULAR for a shopper nobody knows."
    )
    model_version: str | None = strawberry.field(
        description="The model that answered; null before the first training."
    )
    variant: str | None = strawberry.field(
        description="The experiment's arm under which the list was made; null while none runs."
    )
    generated_at: datetime = strawberry.field(
        description="When the list was made: all its pages at once."
    )
    short_reason: str | None = strawberry.field(
        description="Why there are fewer products than asked for; null where there are as many."
    )
    edges: list[RecommendationEdge] = strawberry.field(description="The products, best first.")
    nodes: list[Product] = strawberry.field(
        description="The same products without rank, score and reasons."
    )


@strawberry.type(description="A list of products for a shopper or a place on a page.")
class RecommendationConnection(Listed):
    page_info: PageInfo = strawberry.field(
        description="Where this page stands in the list. A list can be walked for as long as the "
        "server's CURSOR_HOURS says, 24 unless set, and up to LONGEST_LIST products, 200 unless "
        "set. Its pages never show a product twice, whatever was clicked or trained since."
    )

    @classmethod
    def of(
        cls,
        shelf: Shelf,
        base_url: str,
        look: Look,
        *,
        after: bool = False,
        more: bool = False,
    ) -> Self:
        """The same shelf, as the schema has it.

        Args:
            shelf: what was found.
            base_url: for addresses on this server.
            look: at what the caller looks.
            after: whether something comes before this page.
            more: whether something comes after it, beside the rest of the shelf.
        """
        return cls(
            **_told(shelf, base_url, look),
            page_info=PageInfo(
                has_next_page=more or bool(shelf.rest),
                has_previous_page=after,
                start_cursor=_cursor(shelf, 0, look),
                end_cursor=_cursor(shelf, -1, look),
            ),
        )


@strawberry.type(
    description="A list as it stands on a page or is pushed: the same, always from its start."
)
class RecommendationShelf(Listed):
    end_cursor: str | None = strawberry.field(
        description="Where recommendations(after:) with the same arguments goes on; null where "
        "there is no more."
    )

    @classmethod
    def of(cls, shelf: Shelf, base_url: str, look: Look) -> Self:
        """The same shelf, as the schema has it."""
        end = _cursor(shelf, -1, look) if shelf.rest else None
        return cls(**_told(shelf, base_url, look), end_cursor=end)


def _told(shelf: Shelf, base_url: str, look: Look) -> dict[str, Any]:
    nodes = [Product.of(found.product, base_url) for found in shelf.recommendations]
    edges = [
        RecommendationEdge(
            cursor=cursor_at(shelf.recommendation_id, found.rank) if look.walks else "",
            node=node,
            rank=found.rank,
            score=found.score,
            strategy=found.strategy,
            is_filler=found.is_filler,
            found=found,
            base_url=base_url,
        )
        for found, node in zip(shelf.recommendations, nodes, strict=True)
        if look.at_edges
    ]
    return {
        "recommendation_id": strawberry.ID(shelf.recommendation_id),
        "placement": shelf.placement.value,
        "strategy": shelf.strategy,
        "model_version": shelf.model_version,
        "variant": None,
        "generated_at": shelf.generated_at,
        "short_reason": shelf.short_reason,
        "edges": edges,
        "nodes": nodes,
    }


def _cursor(shelf: Shelf, place: int, look: Look) -> str | None:
    if not (look.walks and shelf.recommendations):
        return None
    return cursor_at(shelf.recommendation_id, shelf.recommendations[place].rank)


def look_of(info: Info) -> Look:
    """At what of a list the caller looks."""
    names = names_below(info)
    return Look("edges" in names, "reasons" in names, not names.isdisjoint(CURSOR_FIELDS))


List = TypeVar("List", RecommendationConnection, RecommendationShelf)


async def lists_for(
    info: Info, page: Sequence[Request], shopper_id: str | None, as_: type[List]
) -> list[List]:
    """Lists that stand on one page, each from its start; works out no more than is asked for."""
    look = look_of(info)
    shelves = await shelves_for(info.context, page, shopper_id, look.walk)
    base_url = info.context.settings.base_url
    return [as_.of(shelf, base_url, look) for shelf in shelves]


async def list_for(
    info: Info, request: Request, shopper: ShopperInput | None, after: str | None
) -> RecommendationConnection:
    """A page of a list: the first one, or that which follows a cursor."""
    info.context.caller.require(Scope.READ)
    shopper_id = info.context.shopper_of(shopper) if shopper else None
    if after is None:
        [found] = await lists_for(info, [request], shopper_id, RecommendationConnection)
        return found
    look = look_of(info)
    page = await page_after(info.context, after, request, shopper_id, Walk(look.at_reasons))
    base_url = info.context.settings.base_url
    return RecommendationConnection.of(page.shelf, base_url, look, after=True, more=page.has_more)


@strawberry.type
class RecommendationQueries:
    @strawberry.field(description="The products to show to this shopper in this place.")
    @with_controls
    async def recommendations(
        self,
        info: Info,
        shopper: Shopper,
        placement: PlacementArgument = "home",
        context: ContextArgument = None,
        after: After = None,
        **controls: Unpack[Controls],
    ) -> RecommendationConnection | None:
        shelf = ShelfInput(placement=placement, **controls)
        return await list_for(info, shelf.request_on(info.context, context), shopper, after)

    @strawberry.field(description="Products that shoppers treat as alternatives to this one.")
    @with_controls
    async def similar_products(
        self,
        info: Info,
        product_id: ProductIdArgument,
        shopper: AnyShopper = None,
        after: After = None,
        **controls: Unpack[Controls],
    ) -> RecommendationConnection | None:
        request = about_products(info, Placement.SIMILAR, [product_id], controls)
        return await list_for(info, request, shopper, after)

    @strawberry.field(description="Products that are bought in the same orders as these.")
    @with_controls
    async def bought_together(
        self,
        info: Info,
        product_ids: Annotated[
            list[strawberry.ID],
            strawberry.argument(description="One product, or all that is in the cart."),
        ],
        shopper: AnyShopper = None,
        after: After = None,
        **controls: Unpack[Controls],
    ) -> RecommendationConnection | None:
        request = about_products(info, Placement.BOUGHT_TOGETHER, product_ids, controls)
        return await list_for(info, request, shopper, after)

    @strawberry.field(
        description="What rises: to which more shoppers are drawn now than its long memory leads "
        "the model to expect. Then what is popular, which says so."
    )
    @with_controls
    async def trending(
        self,
        info: Info,
        window: Annotated[
            TrendingWindow | None,
            strawberry.argument(
                description="How far back now goes: the shoppers who did something in that time "
                "are counted, at most a minute ago. Null: the model's short memory, in which an "
                "act counts half after half a month unless tuning found better."
            ),
        ] = None,
        shopper: AnyShopper = None,
        category: CategoryArgument = None,
        after: After = None,
        **controls: Unpack[Controls],
    ) -> RecommendationConnection | None:
        request = in_category(info, Placement.TRENDING, category, controls)
        return await list_for(info, replace(request, window=window), shopper, after)

    @strawberry.field(description="What many shoppers take to these days.")
    @with_controls
    async def popular(
        self,
        info: Info,
        shopper: AnyShopper = None,
        category: CategoryArgument = None,
        after: After = None,
        **controls: Unpack[Controls],
    ) -> RecommendationConnection | None:
        request = in_category(info, Placement.POPULAR, category, controls)
        return await list_for(info, request, shopper, after)

    @strawberry.field(description="What the shop began to sell last.")
    @with_controls
    async def newest(
        self,
        info: Info,
        shopper: AnyShopper = None,
        category: CategoryArgument = None,
        after: After = None,
        **controls: Unpack[Controls],
    ) -> RecommendationConnection | None:
        request = in_category(info, Placement.NEWEST, category, controls)
        return await list_for(info, request, shopper, after)

    @strawberry.field(
        description="What the shopper looked at and did not buy since, latest first. Then what "
        "suits them, which says so; strict leaves that out."
    )
    @with_controls
    async def recently_viewed(
        self, info: Info, shopper: Shopper, after: After = None, **controls: Unpack[Controls]
    ) -> RecommendationConnection | None:
        request = in_category(info, Placement.RECENTLY_VIEWED, None, controls)
        return await list_for(info, request, shopper, after)

    @strawberry.field(
        description="What the shopper bought, by how much it is time to buy it again. Then what "
        "suits them, which says so; strict leaves that out."
    )
    @with_controls
    async def buy_again(
        self, info: Info, shopper: Shopper, after: After = None, **controls: Unpack[Controls]
    ) -> RecommendationConnection | None:
        request = in_category(info, Placement.BUY_AGAIN, None, controls)
        return await list_for(info, request, shopper, after)


def about_products(
    info: Info, placement: Placement, product_ids: Sequence[strawberry.ID], controls: Controls
) -> Request:
    """A request for what goes with products that the shop has.

    Raises:
        UnknownProduct: if it has none of them.
        InvalidInput: naming what is out of bounds.
    """
    # First of all: without a key nobody learns what the shop has.
    info.context.caller.require(Scope.READ)
    context = RecommendationContextInput(product_ids=list(product_ids))
    request = ShelfInput(placement=placement.value, **controls).request_on(info.context, context)
    if not info.context.live.rows(request.product_ids):
        raise UnknownProduct(request.product_ids[0])
    return request


def in_category(
    info: Info, placement: Placement, category: str | None, controls: Controls
) -> Request:
    """A request for the list of a placement, with the products of a category first.

    Raises:
        InvalidInput: naming what is out of bounds.
    """
    context = RecommendationContextInput(category=category)
    return ShelfInput(placement=placement.value, **controls).request_on(info.context, context)

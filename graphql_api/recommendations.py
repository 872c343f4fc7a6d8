"""Which products to show, and why, in the schema."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from graphql_api.context import Context
from graphql_api.keys import Scope
from graphql_api.products import Info, Product, ProductIdArgument
from graphql_api.shopper_input import ShopperInput
from recommender.facts import request as shelves
from recommender.facts.errors import InvalidInput, UnknownProduct
from recommender.facts.events import History
from recommender.facts.ids import checked_id
from recommender.facts.placements import NEEDS_PRODUCTS, Placement, Strategy
from recommender.facts.request import Request, Shelf, checked_limit
from recommender.serving.engine import recommend


@strawberry.input(description="What the shopper is looking at now.")
class RecommendationContextInput:
    product_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description="Products on the page. They are not recommended; the first one is what "
        "the placement similar goes by, which needs one.",
    )
    cart_product_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description="Products in the cart. They are not recommended; the placement "
        "bought_together goes by them and by what is on the page, and needs one of either.",
    )
    category: str | None = strawberry.field(
        default=None,
        description='A path such as "Home > Kitchen". Its products come first; others only fill '
        "up the list, and say so.",
    )


@strawberry.type(description="Why a product was chosen, in a form a page can show.")
class RecommendationReason:
    kind: shelves.ReasonKind = strawberry.field(description="What kind of reason it is.")
    text: str = strawberry.field(description="A short sentence in English.")
    weight: float = strawberry.field(
        description="The share of what speaks for the product that this reason accounts for, "
        "from 0 to 1."
    )
    product: Product | None = strawberry.field(
        description="The product the reason points at, where there is one."
    )


@strawberry.type(description="A product on a list.")
class RecommendationEdge:
    node: Product = strawberry.field(description="The product.")
    rank: int = strawberry.field(description="Its place in the list, from 1.")
    score: float = strawberry.field(
        description="The higher the better; comparable within one list and strategy only."
    )
    strategy: Strategy = strawberry.field(description="How it was chosen.")
    is_filler: bool = strawberry.field(
        description="Whether it fills a place that the list's own strategy left empty."
    )
    reasons: list[RecommendationReason] = strawberry.field(description="Strongest first.")

    @classmethod
    def of(cls, found: shelves.Recommendation, base_url: str) -> Self:
        """The same recommendation, as the schema has it."""
        return cls(
            node=Product.of(found.product, base_url),
            rank=found.rank,
            score=found.score,
            strategy=found.strategy,
            is_filler=found.is_filler,
            reasons=[
                RecommendationReason(
                    kind=reason.kind,
                    text=reason.text,
                    weight=reason.weight,
                    product=Product.of(reason.product, base_url) if reason.product else None,
                )
                for reason in found.reasons
            ],
        )


@strawberry.type(description="A list of products for a shopper or a place on a page.")
class RecommendationConnection:
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
    generated_at: datetime = strawberry.field(description="When the list was made.")
    short_reason: str | None = strawberry.field(
        description="Why there are fewer products than asked for; null where there are as many."
    )
    edges: list[RecommendationEdge] = strawberry.field(description="The products, best first.")
    nodes: list[Product] = strawberry.field(
        description="The same products without rank, score and reasons."
    )

    @classmethod
    def of(cls, shelf: Shelf, base_url: str) -> Self:
        """The same shelf, as the schema has it."""
        edges = [RecommendationEdge.of(r, base_url) for r in shelf.recommendations]
        return cls(
            recommendation_id=strawberry.ID(shelf.recommendation_id),
            placement=shelf.placement.value,
            strategy=shelf.strategy,
            model_version=shelf.model_version,
            generated_at=shelf.generated_at,
            short_reason=shelf.short_reason,
            edges=edges,
            nodes=[edge.node for edge in edges],
        )


async def shelf_for(
    context: Context,
    shopper_id: str | None,
    placement: Placement,
    limit: int,
    product_ids: tuple[str, ...] = (),
    category: str | None = None,
    diversity: float = 0.0,
) -> Shelf:
    """A shelf with the shopper's history as it is in the database at this moment."""
    request = Request(
        placement,
        limit,
        at=context.now(),
        product_ids=product_ids,
        category=category,
        diversity=diversity,
    )
    history = await context.history_of(shopper_id) if shopper_id else History()
    return recommend(request, history, context.live, rules=context.settings.rules)


DEFAULT_LENGTH = 12
"""Products on a shelf for which no length was asked."""

Length = Annotated[
    int | None,
    strawberry.argument(
        description=f"How many products; {DEFAULT_LENGTH} unless given, at most the server's "
        "LONGEST_SHELF, 100 unless set."
    ),
]


@strawberry.type
class RecommendationQueries:
    @strawberry.field(description="The products to show to this shopper in this place.")
    async def recommendations(
        self,
        info: Info,
        shopper: Annotated[ShopperInput, strawberry.argument(description="Who it is for.")],
        placement: Annotated[
            str, strawberry.argument(description=f"The shelf: {', '.join(Placement)}.")
        ] = "home",
        context: Annotated[
            RecommendationContextInput | None,
            strawberry.argument(description="What the shopper is looking at now."),
        ] = None,
        first: Length = None,
        diversity: Annotated[
            float,
            strawberry.argument(
                description="From 0, the best products however alike, to 1, as different from one "
                "another as can be."
            ),
        ] = 0.0,
    ) -> RecommendationConnection | None:
        info.context.caller.require(Scope.READ)
        longest = info.context.settings.longest_shelf
        place = placement_named(placement)
        shelf = await shelf_for(
            info.context,
            info.context.shopper_of(shopper),
            place,
            length_of(first, longest),
            product_ids_in(context, place, longest),
            context.category if context else None,
            diversity,
        )
        return RecommendationConnection.of(shelf, info.context.settings.base_url)

    @strawberry.field(description="Products that are like this one.")
    async def similar_products(
        self, info: Info, product_id: ProductIdArgument, first: Length = None
    ) -> RecommendationConnection | None:
        info.context.caller.require(Scope.READ)
        anchor = checked_id("productId", str(product_id))
        if info.context.live.get(anchor) is None:
            raise UnknownProduct(anchor)
        limit = length_of(first, info.context.settings.longest_shelf)
        shelf = await shelf_for(info.context, None, Placement.SIMILAR, limit, (anchor,))
        return RecommendationConnection.of(shelf, info.context.settings.base_url)


def placement_named(name: str) -> Placement:
    """The placement of that name.

    Raises:
        InvalidInput: listing those there are.
    """
    try:
        return Placement(name)
    except ValueError:
        raise InvalidInput(
            "placement", f"must be one of {', '.join(Placement)}, not {name[:40]!r}"
        ) from None


def length_of(first: int | None, longest: int) -> int:
    """How many products to show.

    Raises:
        InvalidInput: with the bounds.
    """
    return min(DEFAULT_LENGTH, longest) if first is None else checked_limit("first", first, longest)


def product_ids_in(
    context: RecommendationContextInput | None, placement: Placement, most: int
) -> tuple[str, ...]:
    """The products on the page, then those in the cart.

    Raises:
        InvalidInput: if there are too many, one cannot be an id, or the shelf needs one.
    """
    ids = [*context.product_ids, *context.cart_product_ids] if context else []
    if placement in NEEDS_PRODUCTS and not ids:
        raise InvalidInput(
            "productIds",
            f"must name a product for the shelf {placement}: context: {{productIds: [...]}}",
        )
    if len(ids) > most:
        raise InvalidInput("productIds", f"must be at most {most}, not {len(ids)}")
    return tuple(checked_id("productIds", str(i)) for i in ids)

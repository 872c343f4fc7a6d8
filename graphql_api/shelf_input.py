"""What a page asks for, in the schema: a shelf, and how it is to be filled."""

from collections.abc import Callable, Sequence
from inspect import Parameter, signature
from typing import Annotated, Any, TypedDict, TypeVar, get_type_hints

import strawberry

from graphql_api.context import Context
from graphql_api.filters import (
    BoostInput,
    BoostsArgument,
    FilterArgument,
    ProductFilterInput,
    boosts_in,
    filter_in,
)
from graphql_api.shopper_input import ShopperInput
from recommender.facts.errors import InvalidInput
from recommender.facts.ids import checked_id
from recommender.facts.listing import LONGEST_QUERY
from recommender.facts.placements import NEEDS_PRODUCTS, Placement
from recommender.facts.request import Request, Rotation, checked_limit

DEFAULT_LENGTH = 12
"""Products on a shelf for which no length was asked."""

_FIRST = (
    f"How many products; {DEFAULT_LENGTH} unless given, at most the server's LONGEST_SHELF, 100 "
    "unless set."
)
_PLACEMENT = f"The shelf: {', '.join(Placement)}."
_EXCLUDE = "Products that must not be on the list, by the shop's own ids."
_DIVERSITY = (
    "From 0, the best products however alike, to 1, as different from one another as can be."
)
_MINIMUM_RELEVANCE = (
    "From 0, whatever there is, to 1, only what suits as well as the best product; 0.5: what is at "
    "least halfway to it from the product in the middle."
)
_STRICT = "Whether the places that the list's own strategy leaves empty stay empty."
_OFFER_BOUGHT = "Whether the list may offer what the shopper bought already."
_ROTATION = "What was shown to the shopper lately makes room for something else."


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
    search_query: str | None = strawberry.field(
        default=None,
        description="What the shopper searched for. Products that answer it are lifted; what "
        "answers it best, nearly to the top.",
    )


@strawberry.input(
    description="Don't show again what was shown to the shopper lately, by the lists that were "
    "made for them and the impressions that the shop reports."
)
class RotationInput:
    hours: float = strawberry.field(
        default=2.0,
        description="How long ago lately is. What was shown recovers over that time.",
    )
    strength: float = strawberry.field(
        default=1.0,
        description="0: it may be shown again at once. 1: not again while there is anything else. "
        "In between it is pushed down: at 0.5 by one standard deviation of the scores, at 0.75 by "
        "three.",
    )


@strawberry.input(description="One shelf of a page, and how it is to be filled.")
class ShelfInput:
    placement: str = strawberry.field(default=Placement.HOME.value, description=_PLACEMENT)
    first: int | None = strawberry.field(default=None, description=_FIRST)
    context: RecommendationContextInput | None = strawberry.field(
        default=None,
        description="What the shopper is looking at, in the place of what is said of the page.",
    )
    filter: ProductFilterInput | None = strawberry.field(
        default=None, description="Only products that match, fillers too."
    )
    boosts: list[BoostInput] | None = strawberry.field(
        default=None, description="What the shop wants to show more of, or less."
    )
    exclude_product_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description=_EXCLUDE
    )
    diversity: float = strawberry.field(default=0.0, description=_DIVERSITY)
    minimum_relevance: float = strawberry.field(default=0.0, description=_MINIMUM_RELEVANCE)
    strict: bool = strawberry.field(default=False, description=_STRICT)
    offer_bought_again: bool = strawberry.field(default=False, description=_OFFER_BOUGHT)
    rotation: RotationInput | None = strawberry.field(default=None, description=_ROTATION)

    def request_on(self, context: Context, page: RecommendationContextInput | None) -> Request:
        """What this asks for, on a page where something is looked at.

        Raises:
            InvalidInput: naming what is out of bounds.
        """
        settings = context.settings
        placement = placement_named(self.placement)
        page = self.context or page
        now = context.now()
        return Request(
            placement=placement,
            limit=length_of(self.first, settings.longest_shelf),
            # The database keeps whole milliseconds, so that a list is not younger on page two.
            at=now.replace(microsecond=now.microsecond // 1000 * 1000),
            product_ids=product_ids_in(page, placement, settings.longest_shelf),
            category=page.category if page else None,
            search_query=search_query_in(page),
            exclude=_excluded(self.exclude_product_ids or (), settings.most_filter_values),
            offer_bought_again=self.offer_bought_again,
            diversity=self.diversity,
            filter=filter_in(self.filter, settings),
            boosts=boosts_in(self.boosts, settings),
            minimum_relevance=self.minimum_relevance,
            strict=self.strict,
            rotation=Rotation(self.rotation.hours, self.rotation.strength)
            if self.rotation
            else None,
        )


Shopper = Annotated[ShopperInput, strawberry.argument(description="Who the list is for.")]
AnyShopper = Annotated[
    ShopperInput | None,
    strawberry.argument(
        description="Who the list is for, if it is for somebody: it leaves out what they bought or "
        "turned away from."
    ),
]
PlacementArgument = Annotated[str, strawberry.argument(description=_PLACEMENT)]
ContextArgument = Annotated[
    RecommendationContextInput | None,
    strawberry.argument(description="What the shopper is looking at now."),
]
CategoryArgument = Annotated[
    str | None,
    strawberry.argument(
        description='A path such as "Home > Kitchen". Its products come first; others only fill '
        "up the list, and say so. A filter leaves the others out."
    ),
]
ShelvesArgument = Annotated[
    list[ShelfInput],
    strawberry.argument(
        description="The shelves, the most important one first. At most the server's MOST_SHELVES, "
        "12 unless set."
    ),
]


class Controls(TypedDict, total=False):
    """How a list is to be filled: arguments that every list takes, as ShelfInput has fields."""

    first: Annotated[int | None, strawberry.argument(description=_FIRST)]
    filter: FilterArgument
    boosts: BoostsArgument
    exclude_product_ids: Annotated[
        list[strawberry.ID] | None, strawberry.argument(description=_EXCLUDE)
    ]
    diversity: Annotated[float, strawberry.argument(description=_DIVERSITY)]
    minimum_relevance: Annotated[float, strawberry.argument(description=_MINIMUM_RELEVANCE)]
    strict: Annotated[bool, strawberry.argument(description=_STRICT)]
    offer_bought_again: Annotated[bool, strawberry.argument(description=_OFFER_BOUGHT)]
    rotation: Annotated[RotationInput | None, strawberry.argument(description=_ROTATION)]


_DEFAULTS = {
    "diversity": 0.0,
    "minimum_relevance": 0.0,
    "strict": False,
    "offer_bought_again": False,
}
_CONTROLS = [
    Parameter(name, Parameter.KEYWORD_ONLY, annotation=type_, default=_DEFAULTS.get(name))
    for name, type_ in get_type_hints(Controls, include_extras=True).items()
]

Resolver = TypeVar("Resolver", bound=Callable[..., Any])


def with_controls(resolver: Resolver) -> Resolver:
    """Give a resolver, which passes them on as keywords, the arguments that every list takes."""
    own = signature(resolver)
    named = [p for p in own.parameters.values() if p.kind is not Parameter.VAR_KEYWORD]
    # Strawberry reads the arguments of a field off the signature of its resolver.
    resolver.__signature__ = own.replace(parameters=[*named, *_CONTROLS])  # type: ignore[attr-defined]
    return resolver


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


def search_query_in(context: RecommendationContextInput | None) -> str:
    """What was searched for; "" for nothing.

    Raises:
        InvalidInput: if it is too long.
    """
    query = (context.search_query if context else None) or ""
    if len(query) > LONGEST_QUERY:
        raise InvalidInput(
            "searchQuery", f"must be at most {LONGEST_QUERY} characters, not {len(query)}"
        )
    return query


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


def _excluded(product_ids: Sequence[strawberry.ID], most: int) -> frozenset[str]:
    if len(product_ids) > most:
        raise InvalidInput("excludeProductIds", f"must be at most {most}, not {len(product_ids)}")
    return frozenset(checked_id("excludeProductIds", str(i)) for i in product_ids)

"""What the shop sells, in the schema."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Self
from urllib.parse import quote

import strawberry

from graphql_api.compiled import WITHOUT_ARGUMENTS, Answers
from graphql_api.context import Context
from graphql_api.filters import FilterArgument, ProductFilterInput
from graphql_api.global_ids import Node, global_id
from graphql_api.keys import Scope
from graphql_api.shelf_input import Controls
from graphql_api.values import URL, CurrencyCode
from recommender.facts import catalog, money
from recommender.facts.ids import checked_id
from recommender.facts.placements import Placement
from recommender.facts.request import checked_limit

if TYPE_CHECKING:
    from graphql_api.recommendations import RecommendationConnection

Info = strawberry.Info[Context, None]
Recommendations = Annotated[
    "RecommendationConnection", strawberry.lazy("graphql_api.recommendations")
]
First = Annotated[int | None, strawberry.argument(description="How many, from the start.")]
After = Annotated[str | None, strawberry.argument(description="Only what comes after this cursor.")]

DEFAULT_PAGE = 20
"""Entries of a page for which no length was asked."""
MOST_PIXELS = 5_000
MOST_SCALE = 4


@strawberry.type(description="An exact amount of one currency.")
class Money:
    amount: Decimal = strawberry.field(
        description="A decimal number, sent as a string so that no client rounds it."
    )
    currency_code: CurrencyCode = strawberry.field(description="The currency.")

    @classmethod
    def of(cls, value: money.Money | None) -> Self | None:
        """The same amount, as the schema has it."""
        return (
            cls(amount=value.amount, currency_code=CurrencyCode(value.currency)) if value else None
        )


@strawberry.input(
    description="The size a picture is wanted in. It is passed on to the shop's image server, if "
    "the setting IMAGE_TRANSFORM_URL names one; else the picture comes as it is."
)
class ImageTransformInput:
    max_width: int | None = strawberry.field(
        default=None, description=f"Pixels of a page, at most {MOST_PIXELS}."
    )
    max_height: int | None = strawberry.field(
        default=None, description=f"Pixels of a page, at most {MOST_PIXELS}."
    )
    scale: int = strawberry.field(
        default=1,
        description=f"Pixels of the screen for each pixel of a page, at most {MOST_SCALE}.",
    )

    def applied_to(self, url: str, template: str) -> str:
        """The address of the picture in this size.

        Raises:
            InvalidInput: naming what is out of bounds.
        """
        checked_limit("scale", self.scale, MOST_SCALE)
        sizes = {"width": self.max_width, "height": self.max_height}
        for side, pixels in sizes.items():
            if pixels is not None:
                checked_limit(f"max_{side}", pixels, MOST_PIXELS)
        return template.format(
            url=url,
            encoded_url=quote(url, safe=""),
            **{side: pixels * self.scale if pixels else "" for side, pixels in sizes.items()},
        )


@strawberry.type(description="A picture of a product.")
class Image:
    address: strawberry.Private[URL]
    alt_text: str | None = strawberry.field(
        description="What it shows, for those who cannot see it."
    )
    width: int | None = strawberry.field(
        default=None, description="Pixels. Null where the catalogue does not say."
    )
    height: int | None = strawberry.field(
        default=None, description="Pixels. Null where the catalogue does not say."
    )

    @strawberry.field(description="Where the picture is.", metadata={WITHOUT_ARGUMENTS: "address"})
    def url(
        self,
        info: Info,
        transform: Annotated[
            ImageTransformInput | None, strawberry.argument(description="In which size.")
        ] = None,
    ) -> URL:
        template = info.context.settings.image_transform_url
        if transform is None or not template:
            return self.address
        return URL(transform.applied_to(self.address, template))


@strawberry.type(description="A property that the shop gave a product, such as colour: red.")
class Attribute:
    name: str = strawberry.field(description="Such as colour.")
    value: str = strawberry.field(description="Such as red.")


@strawberry.type(description="A product of the shop's catalogue.")
class Product(Node):
    product_id: strawberry.ID = strawberry.field(description="The shop's own id.")
    name: str = strawberry.field(description="What it is called.")
    description: str | None = strawberry.field(description="What the shop says about it.")
    brand: str | None = strawberry.field(description="Who makes it.")
    categories: list[str] = strawberry.field(
        description='Paths from the root, such as "Home > Kitchen > Mugs".'
    )
    tags: list[str] = strawberry.field(description="Words the shop put on it.")
    url: URL | None = strawberry.field(
        description="The page to link to. Null where the catalogue gave none."
    )
    image: Image | None = strawberry.field(description="Its picture.")
    price: Money | None = strawberry.field(description="What it costs.")
    compare_at_price: Money | None = strawberry.field(
        description="What it cost before it was reduced."
    )
    available_for_sale: bool = strawberry.field(description="Whether it can be bought now.")
    properties: strawberry.Private[Sequence[tuple[str, str]]]
    item_group_id: strawberry.ID | None = strawberry.field(
        description="Shared by the variants of one product: sizes, colours."
    )
    created_at: datetime = strawberry.field(description="When the shop began to sell it.")
    updated_at: datetime = strawberry.field(description="When it last changed here.")
    kept_answers: strawberry.Private[Answers] = field(default_factory=dict, repr=False)

    @strawberry.field(
        description="Its properties.", metadata={WITHOUT_ARGUMENTS: "every_attribute"}
    )
    def attributes(
        self,
        names: Annotated[
            list[str] | None,
            strawberry.argument(description="Only those of these names, such as colour."),
        ] = None,
    ) -> list[Attribute]:
        every = self.every_attribute
        return every if names is None else [a for a in every if a.name in names]

    @property
    def every_attribute(self) -> list[Attribute]:
        """Its properties, whatever they are called."""
        return [Attribute(name=name, value=value) for name, value in self.properties]

    @strawberry.field(description="Products that shoppers treat as alternatives to this one.")
    async def similar(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        filter: FilterArgument = None,  # noqa: A002 (what callers call it)
    ) -> Recommendations | None:
        return await _list_about(self, Placement.SIMILAR, info, first, after, filter)

    @strawberry.field(description="Products that are bought in the same orders as this one.")
    async def bought_together(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        filter: FilterArgument = None,  # noqa: A002 (what callers call it)
    ) -> Recommendations | None:
        return await _list_about(self, Placement.BOUGHT_TOGETHER, info, first, after, filter)

    @classmethod
    def of(cls, product: catalog.Product, base_url: str) -> "Product":
        """The same product, as the schema has it; made once, while it does not change."""
        place = base_url, product.product_id
        made_of, made = _MADE.pop(place, (None, None))
        if made is None or made_of is not product:
            made = cls._made_of(product, base_url)
            if len(_MADE) >= MOST_KEPT:
                del _MADE[next(iter(_MADE))]
        _MADE[place] = product, made
        return made

    @classmethod
    def _made_of(cls, product: catalog.Product, base_url: str) -> Self:
        image = product.image_url
        return cls(
            id=strawberry.ID(global_id("Product", product.product_id)),
            product_id=strawberry.ID(product.product_id),
            name=product.name,
            description=product.description or None,
            brand=product.brand,
            categories=list(product.categories),
            tags=list(product.tags),
            url=absolute(product.url, base_url),
            image=Image(
                address=URL(absolute(image, base_url) or image), alt_text=product.image_alt_text
            )
            if image
            else None,
            price=Money.of(product.price),
            compare_at_price=Money.of(product.compare_at_price),
            available_for_sale=product.available_for_sale,
            properties=product.attributes,
            item_group_id=strawberry.ID(product.item_group_id) if product.item_group_id else None,
            created_at=product.created_at,
            updated_at=product.updated_at,
        )


def product_of(context: Context, product_id: str) -> Product | None:
    """The product of that id, as the catalogue has it now."""
    found = context.live.get(product_id)
    return Product.of(found, context.settings.base_url) if found else None


MOST_KEPT = 20_000
"""Products that are kept as the schema has them. Lists show the same ones again and again, and
fifty that have to be made take as long as the choice of them."""

_MADE: dict[tuple[str, str], tuple[catalog.Product, Product]] = {}
"""Least recently used first. Nothing but a cache: what a product became lasts as long as it."""


@strawberry.type(description="Where a page of a list stands in the whole list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more comes after this page.")
    has_previous_page: bool = strawberry.field(description="Whether something comes before it.")
    start_cursor: str | None = strawberry.field(description="The cursor of its first entry.")
    end_cursor: str | None = strawberry.field(description="The cursor of its last entry.")


ProductIdArgument = Annotated[strawberry.ID, strawberry.argument(description="The shop's own id.")]
Last = Annotated[int | None, strawberry.argument(description="How many, from the end.")]
Before = Annotated[str | None, strawberry.argument(description="Only what comes before it.")]


@strawberry.type
class ProductQueries:
    @strawberry.field(description="One product by the shop's own id; null if there is none.")
    def product(self, info: Info, product_id: ProductIdArgument) -> Product | None:
        info.context.caller.require(Scope.READ)
        return product_of(info.context, checked_id("productId", str(product_id)))


async def _list_about(
    product: Product,
    placement: Placement,
    info: Info,
    first: int | None,
    after: str | None,
    wanted: ProductFilterInput | None,
) -> "RecommendationConnection":
    # Lists are made of products, so their page needs this one before this one can need theirs.
    from graphql_api.recommendations import about_products, list_for

    controls: Controls = {"first": first, "filter": wanted}
    request = about_products(info, placement, [product.product_id], controls)
    return await list_for(info, request, None, after)


def absolute(address: str | None, base_url: str) -> URL | None:
    """Paths on this server get its address in front."""
    if address is None:
        return None
    return URL(base_url + address if address.startswith("/") else address)

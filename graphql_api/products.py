"""What the shop sells, in the schema."""

from base64 import b64decode, b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self

import strawberry

from graphql_api.context import Context
from graphql_api.keys import Scope
from graphql_api.values import URL, CurrencyCode
from recommender.facts import catalog, money
from recommender.facts.errors import InvalidInput
from recommender.facts.ids import checked_id
from recommender.facts.request import checked_limit

Info = strawberry.Info[Context, None]

DEFAULT_PAGE = 20
"""Products on a page for which no length was asked."""


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


@strawberry.type(description="A picture of a product.")
class Image:
    url: URL = strawberry.field(description="Where the picture is.")
    alt_text: str | None = strawberry.field(
        description="What it shows, for those who cannot see it."
    )


@strawberry.type(description="A property that the shop gave a product, such as colour: red.")
class Attribute:
    name: str = strawberry.field(description="Such as colour.")
    value: str = strawberry.field(description="Such as red.")


@strawberry.type(description="A product of the shop's catalogue.")
class Product:
    id: strawberry.ID = strawberry.field(description="Global id, for client caches.")
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
    attributes: list[Attribute] = strawberry.field(description="Its properties.")
    item_group_id: strawberry.ID | None = strawberry.field(
        description="Shared by the variants of one product: sizes, colours."
    )
    created_at: datetime = strawberry.field(description="When the shop began to sell it.")
    updated_at: datetime = strawberry.field(description="When it last changed here.")

    @classmethod
    def of(cls, product: catalog.Product, base_url: str) -> Self:
        """The same product, as the schema has it."""
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
                url=URL(absolute(image, base_url) or image), alt_text=product.image_alt_text
            )
            if image
            else None,
            price=Money.of(product.price),
            compare_at_price=Money.of(product.compare_at_price),
            available_for_sale=product.available_for_sale,
            attributes=[Attribute(name=n, value=v) for n, v in product.attributes],
            item_group_id=strawberry.ID(product.item_group_id) if product.item_group_id else None,
            created_at=product.created_at,
            updated_at=product.updated_at,
        )


@strawberry.type(description="Where a page of a list stands in the whole list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more comes after this page.")
    has_previous_page: bool = strawberry.field(description="Whether something comes before it.")
    start_cursor: str | None = strawberry.field(description="The cursor of its first entry.")
    end_cursor: str | None = strawberry.field(description="The cursor of its last entry.")


@strawberry.type(description="A product on a page of products.")
class ProductEdge:
    cursor: str = strawberry.field(description="Its place, for after and before.")
    node: Product = strawberry.field(description="The product.")


@strawberry.type(description="A page of products.")
class ProductConnection:
    edges: list[ProductEdge] = strawberry.field(description="The products with their cursors.")
    nodes: list[Product] = strawberry.field(
        description="The same products without the edges, for callers that need no cursors."
    )
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int = strawberry.field(description="How many products there are in all.")


ProductIdArgument = Annotated[strawberry.ID, strawberry.argument(description="The shop's own id.")]
First = Annotated[int | None, strawberry.argument(description="How many, from the start.")]
Last = Annotated[int | None, strawberry.argument(description="How many, from the end.")]
After = Annotated[str | None, strawberry.argument(description="Only what comes after this cursor.")]
Before = Annotated[str | None, strawberry.argument(description="Only what comes before it.")]


@strawberry.type
class ProductQueries:
    @strawberry.field(description="One product by the shop's own id; null if there is none.")
    def product(self, info: Info, product_id: ProductIdArgument) -> Product | None:
        info.context.caller.require(Scope.READ)
        context = info.context
        found = context.live.get(checked_id("productId", str(product_id)))
        return Product.of(found, context.settings.base_url) if found else None

    @strawberry.field(description="The catalogue, in the order of the shop's ids.")
    def products(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> ProductConnection | None:
        context = info.context
        context.caller.require(Scope.READ)
        ids = context.live.sorted_ids
        start, end = page_bounds(ids, first, after, last, before, context.settings.longest_page)
        page = [context.live.products[context.live.row_of[i]] for i in ids[start:end]]
        nodes = [Product.of(p, context.settings.base_url) for p in page]
        edges = [ProductEdge(cursor=cursor_of(str(n.product_id)), node=n) for n in nodes]
        return ProductConnection(
            edges=edges,
            nodes=nodes,
            page_info=PageInfo(
                has_next_page=end < len(ids),
                has_previous_page=start > 0,
                start_cursor=edges[0].cursor if edges else None,
                end_cursor=edges[-1].cursor if edges else None,
            ),
            total_count=len(ids),
        )


def page_bounds(
    ids: Sequence[str],
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
    longest: int,
) -> tuple[int, int]:
    """Where a page of sorted ids starts and ends, as the Relay cursor specification has it.

    A cursor is a place between ids, so it stays good when its own product is gone.

    Raises:
        InvalidInput: for a page that is too long or goes both ways, or what is no cursor.
    """
    if first is not None and last is not None:
        raise InvalidInput("first", "and last exclude one another: ask for one of the two")
    start = 0 if after is None else bisect_right(ids, id_at(after, "after"))
    end = len(ids) if before is None else bisect_left(ids, id_at(before, "before"))
    end = max(start, end)
    if last is not None:
        return max(start, end - checked_limit("last", last, longest)), end
    length = min(DEFAULT_PAGE, longest) if first is None else checked_limit("first", first, longest)
    return start, min(end, start + length)


def cursor_of(product_id: str) -> str:
    """An opaque cursor."""
    return b64encode(f"after:{product_id}".encode()).decode()


def id_at(cursor: str, argument: str) -> str:
    """The product id in a cursor.

    Raises:
        InvalidInput: if it is none of ours.
    """
    try:
        kind, _, product_id = b64decode(cursor, validate=True).decode().partition(":")
    except ValueError:
        kind, product_id = "", ""
    if kind != "after":
        raise InvalidInput(argument, f"must be a cursor from an earlier page, not {cursor[:40]!r}")
    return product_id


def global_id(kind: str, id_: str) -> str:
    """The id that is unique over all types."""
    return b64encode(f"{kind}:{id_}".encode()).decode()


def absolute(address: str | None, base_url: str) -> URL | None:
    """Paths on this server get its address in front."""
    if address is None:
        return None
    return URL(base_url + address if address.startswith("/") else address)

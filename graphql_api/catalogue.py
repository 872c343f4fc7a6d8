"""What the shop sells, as the shop tells it: put in, changed, taken out, in batches."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

import strawberry
from strawberry import Maybe

from graphql_api.batches import KEY_DESCRIPTION, Told, told_once
from graphql_api.context import Context
from graphql_api.keys import Scope
from graphql_api.products import Info, Product
from graphql_api.user_errors import UserError
from graphql_api.values import URL, AttributeInput, MoneyInput, utc
from recommender.facts import catalog
from recommender.facts.errors import InvalidInput, UnknownProduct
from recommender.facts.ids import checked_id
from recommender.facts.money import Money
from recommender.mongo.products import Change, ProductChange

Item = TypeVar("Item")

AT_MOST = "at most the server's LARGEST_BATCH, 500 unless set."


@strawberry.input(description="A product as the shop has it. What is not said is not there.")
class ProductInput:
    product_id: strawberry.ID = strawberry.field(description="The shop's own id.")
    name: str = strawberry.field(description="What it is called.")
    description: str | None = strawberry.field(
        default=None, description="What the shop says about it."
    )
    brand: str | None = strawberry.field(default=None, description="Who makes it.")
    categories: list[str] = strawberry.field(
        default_factory=list, description='Paths from the root, such as "Home > Kitchen > Mugs".'
    )
    tags: list[str] = strawberry.field(default_factory=list, description="Words to put on it.")
    url: URL | None = strawberry.field(
        default=None, description="The page to link to, or a path on this server."
    )
    image_url: URL | None = strawberry.field(
        default=None, description="Its picture, or a path on this server."
    )
    image_alt_text: str | None = strawberry.field(
        default=None, description="What the picture shows, for those who cannot see it."
    )
    price: MoneyInput | None = strawberry.field(default=None, description="What it costs.")
    compare_at_price: MoneyInput | None = strawberry.field(
        default=None, description="What it cost before it was reduced."
    )
    available_for_sale: bool = strawberry.field(
        default=True, description="Whether it can be bought now. Lists show nothing else."
    )
    attributes: list[AttributeInput] = strawberry.field(
        default_factory=list, description="Its properties. A name may come more than once."
    )
    item_group_id: strawberry.ID | None = strawberry.field(
        default=None, description="Shared by the variants of one product: sizes, colours."
    )
    created_at: datetime | None = strawberry.field(
        default=None,
        description="When the shop began to sell it; the time of arrival for a product that is "
        "new here, unless said.",
    )

    def to_product(self) -> catalog.Product:
        """The product this describes.

        Raises:
            InvalidInput: naming what is out of bounds.
        """
        given = {name: value for name in _FIELDS if (value := getattr(self, name)) is not None}
        return catalog.Product(product_id=str(self.product_id), **_facts(given))


@strawberry.input(
    description="What changed about a product. What is not said stays as it is; null takes away."
)
class ProductChangeInput:
    product_id: strawberry.ID = strawberry.field(description="The shop's own id.")
    name: Maybe[str] = strawberry.field(description="What it is called.")
    description: Maybe[str | None] = strawberry.field(description="What the shop says about it.")
    brand: Maybe[str | None] = strawberry.field(description="Who makes it.")
    categories: Maybe[list[str]] = strawberry.field(
        description="Paths from the root, in the place of all there were."
    )
    tags: Maybe[list[str]] = strawberry.field(description="Words, in the place of all there were.")
    url: Maybe[URL | None] = strawberry.field(description="The page to link to.")
    image_url: Maybe[URL | None] = strawberry.field(description="Its picture.")
    image_alt_text: Maybe[str | None] = strawberry.field(description="What the picture shows.")
    price: Maybe[MoneyInput | None] = strawberry.field(description="What it costs.")
    compare_at_price: Maybe[MoneyInput | None] = strawberry.field(
        description="What it cost before it was reduced."
    )
    available_for_sale: Maybe[bool] = strawberry.field(description="Whether it can be bought now.")
    attributes: Maybe[list[AttributeInput]] = strawberry.field(
        description="Its properties, in the place of all there were."
    )
    item_group_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="Shared by the variants of one product."
    )
    created_at: Maybe[datetime] = strawberry.field(description="When the shop began to sell it.")

    def to_change(self) -> ProductChange:
        """The change this describes.

        Raises:
            InvalidInput: naming what is out of bounds.
        """
        said = {name: some.value for name in _FIELDS if (some := getattr(self, name)) is not None}
        return ProductChange(checked_id("product_id", str(self.product_id)), _facts(said))


_FIELDS = (
    "name",
    "description",
    "brand",
    "categories",
    "tags",
    "url",
    "image_url",
    "image_alt_text",
    "price",
    "compare_at_price",
    "available_for_sale",
    "attributes",
    "item_group_id",
    "created_at",
)


def _facts(given: dict[str, Any]) -> dict[str, Any]:
    """What was given of a product, as the catalogue has it."""
    return {
        name: _AS_FACT[name](value, name) if name in _AS_FACT else value
        for name, value in given.items()
    }


def _money(given: MoneyInput | None, field: str) -> Money | None:
    return given.to_money(field) if given else None


_AS_FACT: dict[str, Callable[[Any, str], Any]] = {
    "description": lambda text, _: text or "",
    "categories": lambda paths, _: tuple(paths),
    "tags": lambda words, _: tuple(words),
    "attributes": lambda pairs, _: tuple((pair.name, pair.value) for pair in pairs),
    "price": _money,
    "compare_at_price": _money,
    "created_at": utc,
}
"""Fields that the catalogue has in another form than the schema."""


@strawberry.input(description="Products to put in, or to replace.")
class UpsertProductsInput:
    products: list[ProductInput] = strawberry.field(description=f"The products; {AT_MOST}")
    idempotency_key: str = strawberry.field(description=KEY_DESCRIPTION)


@strawberry.input(description="Changes of products, such as of price and stock.")
class UpdateProductsInput:
    products: list[ProductChangeInput] = strawberry.field(description=f"The changes; {AT_MOST}")
    idempotency_key: str = strawberry.field(description=KEY_DESCRIPTION)


@strawberry.input(description="Products to take out.")
class RemoveProductsInput:
    product_ids: list[strawberry.ID] = strawberry.field(
        description=f"By the shop's own ids; {AT_MOST}"
    )
    idempotency_key: str = strawberry.field(description=KEY_DESCRIPTION)


USER_ERRORS = (
    "One for each rejected product, with its place in the batch; or one for all of it, of which "
    "nothing is done then."
)


@strawberry.type(description="What became of products that were put in.")
class UpsertProductsPayload:
    created_count: int = strawberry.field(description="Products that are new.")
    updated_count: int = strawberry.field(description="Products that were there otherwise.")
    unchanged_count: int = strawberry.field(description="Products that were there just so.")
    rejected_count: int = strawberry.field(description="Products that are not stored.")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS)
    product_ids: strawberry.Private[Sequence[str]]

    @strawberry.field(description="The products that were sent, as they are stored now.")
    async def products(self, info: Info) -> list[Product]:
        return await _products(info.context, self.product_ids)


@strawberry.type(description="What became of changes of products.")
class UpdateProductsPayload:
    updated_count: int = strawberry.field(description="Changes that changed something.")
    unchanged_count: int = strawberry.field(description="Changes to what was so already.")
    rejected_count: int = strawberry.field(description="Changes that were not made.")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS)
    product_ids: strawberry.Private[Sequence[str]]

    @strawberry.field(description="The products that were named, as they are stored now.")
    async def products(self, info: Info) -> list[Product]:
        return await _products(info.context, self.product_ids)


@strawberry.type(description="What became of products that were taken out.")
class RemoveProductsPayload:
    removed_product_ids: list[strawberry.ID] = strawberry.field(
        description="Those that were there. The others were not, which is just as well."
    )
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS)


async def _products(context: Context, product_ids: Sequence[str]) -> list[Product]:
    found = await context.products.of(list(dict.fromkeys(product_ids)))
    return [Product.of(product, context.settings.base_url) for product in found]


@strawberry.type
class CatalogueMutations:
    @strawberry.mutation(
        description="Put products into the catalogue, or replace them. Lists have them at once. "
        "One with a mistake keeps none of the others out. Needs a secret key."
    )
    async def upsert_products(
        self,
        info: Info,
        input: Annotated[UpsertProductsInput, strawberry.argument(description="The products.")],  # noqa: A002
    ) -> UpsertProductsPayload:
        context = info.context
        context.caller.require(Scope.CATALOGUE)

        async def work() -> Told:
            good, rejected = _read(input.products, ProductInput.to_product, "products")
            done = await context.products.upsert(list(good.values()), context.now())
            return Told(counts=vars(done), rejected=rejected)

        told = await told_once(context, "upsertProducts", input, "products", work)
        return UpsertProductsPayload(
            created_count=told.counts.get("created", 0),
            updated_count=told.counts.get("updated", 0),
            unchanged_count=told.counts.get("unchanged", 0),
            rejected_count=told.rejected_count(len(input.products)),
            user_errors=told.user_errors,
            product_ids=[str(product.product_id) for product in input.products],
        )

    @strawberry.mutation(
        description="Change what is said of products, such as price and stock. Lists have it at "
        "once. One with a mistake keeps none of the others out. Needs a secret key."
    )
    async def update_products(
        self,
        info: Info,
        input: Annotated[UpdateProductsInput, strawberry.argument(description="The changes.")],  # noqa: A002
    ) -> UpdateProductsPayload:
        context = info.context
        context.caller.require(Scope.CATALOGUE)

        async def work() -> Told:
            good, rejected = _read(input.products, ProductChangeInput.to_change, "products")
            outcomes = await context.products.update(list(good.values()), context.now())
            for place, outcome in zip(good, outcomes, strict=True):
                if isinstance(outcome, InvalidInput | UnknownProduct):
                    rejected[place] = UserError.of(outcome, "input", "products", str(place))
            counts = {str(change): outcomes.count(change) for change in Change}
            return Told(counts=counts, rejected=dict(sorted(rejected.items())))

        told = await told_once(context, "updateProducts", input, "products", work)
        return UpdateProductsPayload(
            updated_count=told.counts.get("updated", 0),
            unchanged_count=told.counts.get("unchanged", 0),
            rejected_count=told.rejected_count(len(input.products)),
            user_errors=told.user_errors,
            product_ids=[str(product.product_id) for product in input.products],
        )

    @strawberry.mutation(
        description="Take products out of the catalogue. What shoppers did with them is kept. "
        "Needs a secret key."
    )
    async def remove_products(
        self,
        info: Info,
        input: Annotated[RemoveProductsInput, strawberry.argument(description="Which.")],  # noqa: A002
    ) -> RemoveProductsPayload:
        context = info.context
        context.caller.require(Scope.CATALOGUE)

        async def work() -> Told:
            good, rejected = _read(
                input.product_ids, lambda i: checked_id("product_ids", i), "productIds"
            )
            removed = await context.products.remove(list(good.values()))
            places = [place for place, product_id in good.items() if product_id in removed]
            return Told(places={"removed": places}, rejected=rejected)

        told = await told_once(context, "removeProducts", input, "product_ids", work)
        removed = [input.product_ids[place] for place in told.places.get("removed", ())]
        return RemoveProductsPayload(
            removed_product_ids=list(dict.fromkeys(removed)),
            user_errors=told.user_errors,
        )


def _read(
    items: Iterable[Any], make: Callable[[Any], Item], name: str
) -> tuple[dict[int, Item], dict[int, UserError]]:
    """Those that can be used, and what is wrong with the others, by their places."""
    good: dict[int, Item] = {}
    rejected: dict[int, UserError] = {}
    for place, item in enumerate(items):
        try:
            good[place] = make(item)
        except InvalidInput as error:
            rejected[place] = UserError.of(error, "input", name, str(place))
    return good, rejected

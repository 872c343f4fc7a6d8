"""Shelves as they are after an act: a click and the page it leads to in one round trip."""

import strawberry

from graphql_api.pages import page_for
from graphql_api.products import Info
from graphql_api.recommendations import RecommendationShelf
from graphql_api.shelf_input import ContextArgument, ShelvesArgument
from graphql_api.shopper_input import ShopperInput


@strawberry.type
class Refreshed:
    """What answers an act, and can bring back the page that follows from it."""

    shopper: strawberry.Private[ShopperInput | None] = None

    @strawberry.field(
        description="The shelves of the page for the shopper of the act (of the first one, of a "
        "batch), made after it was recorded. Null where there was none."
    )
    async def page(
        self, info: Info, shelves: ShelvesArgument, context: ContextArgument = None
    ) -> list[RecommendationShelf] | None:
        if self.shopper is None:
            return None
        return await page_for(info, self.shopper, shelves, context)

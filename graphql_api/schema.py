"""Table of contents of the schema, one line per feature."""

import sys
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from graphql_api.catalogue import CatalogueMutations
from graphql_api.compiled import CompiledExecutor
from graphql_api.errors import CodedErrors
from graphql_api.events import EventMutations
from graphql_api.federation import FEDERATION_SCALARS, SubgraphQueries
from graphql_api.inputs import plan_inputs
from graphql_api.insights import InsightQueries
from graphql_api.limits import CachedDocuments, document_cache
from graphql_api.listings import ListingQueries
from graphql_api.models import ModelMutations, ModelQueries
from graphql_api.nodes import NodeQueries
from graphql_api.pages import PageQueries
from graphql_api.persisted import PersistedDocuments
from graphql_api.products import ProductQueries
from graphql_api.recommendations import RecommendationQueries
from graphql_api.shop_insights import ShopInsightQueries
from graphql_api.shoppers import ShopperMutations, ShopperQueries
from graphql_api.subscriptions import ModelSubscriptions, RecommendationSubscriptions
from graphql_api.values import SCALARS
from recommender.settings import Settings


@strawberry.type(description="What can be asked.")
class Query(
    RecommendationQueries,
    ListingQueries,
    ProductQueries,
    NodeQueries,
    PageQueries,
    ShopperQueries,
    ModelQueries,
    InsightQueries,
    ShopInsightQueries,
):
    """Everything that can be read."""


@strawberry.type(name="Query", description="What can be asked.")
class SubgraphQuery(Query, SubgraphQueries):
    """The same, and what gateways ask."""


@strawberry.type(description="What can be told.")
class Mutation(EventMutations, CatalogueMutations, ShopperMutations, ModelMutations):
    """Everything that can be written."""


@strawberry.type(
    description="What can be followed, over graphql-transport-ws and as server-sent events."
)
class Subscription(RecommendationSubscriptions, ModelSubscriptions):
    """Everything that tells of its changes."""


class _Schema(strawberry.Schema):
    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Log nothing here: CodedErrors logs what is ours, and callers' mistakes are theirs."""

    def _get_custom_context_kwargs(
        self, operation_extensions: dict[str, Any] | None = None, *, sync: bool = False
    ) -> dict[str, Any]:
        """Mistakes in variables are found while executing, which can hide suggestions too."""
        kwargs = super()._get_custom_context_kwargs(operation_extensions, sync=sync)
        return {**kwargs, "hide_suggestions": self.config.disable_field_suggestions}


def make_schema(settings: Settings) -> strawberry.Schema:
    """The schema, with the limits of the settings."""
    schema = _Schema(
        query=SubgraphQuery if settings.federation else Query,
        mutation=Mutation,
        subscription=Subscription,
        execution_context_class=CompiledExecutor,
        config=StrawberryConfig(
            scalar_map={**SCALARS, **FEDERATION_SCALARS},
            disable_field_suggestions=not settings.field_suggestions,
        ),
        extensions=[CodedErrors, lambda: CachedDocuments(cache, persisted, settings)],
    )
    plan_inputs(schema)
    persisted = PersistedDocuments(settings)
    cache = document_cache(schema._schema, settings)  # noqa: SLF001 (it has no public name)
    return schema


if __name__ == "__main__":
    sys.stdout.write(make_schema(Settings.read({})).as_str() + "\n")

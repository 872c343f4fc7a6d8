"""Table of contents of the schema, one line per feature."""

import sys
from collections.abc import Iterable
from typing import Any, cast

import strawberry
from graphql import GraphQLError
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import DEFAULT_ALLOWED_OPERATION_TYPES
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.graphql import OperationType

from graphql_api.catalogue import CatalogueMutations
from graphql_api.compiled import CompiledExecutor
from graphql_api.errors import CodedErrors, coded
from graphql_api.events import EventMutations
from graphql_api.exchange import note_operation
from graphql_api.explorer import ExplorerQueries
from graphql_api.federation import FEDERATION_SCALARS, SubgraphQueries
from graphql_api.inputs import plan_inputs, plan_resolvers
from graphql_api.insights import InsightQueries
from graphql_api.limits import CachedDocuments, Documents
from graphql_api.listings import ListingQueries
from graphql_api.models import ModelMutations, ModelQueries
from graphql_api.nodes import NodeQueries
from graphql_api.pages import PageQueries
from graphql_api.persisted import PersistedDocuments
from graphql_api.planned import leave_plan, plan_for
from graphql_api.products import ProductQueries
from graphql_api.recommendations import RecommendationQueries
from graphql_api.shop_insights import ShopInsightQueries
from graphql_api.shoppers import ShopperMutations, ShopperQueries
from graphql_api.status import StatusQueries
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
    ExplorerQueries,
    StatusQueries,
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
    plain_documents: Documents | None = None
    """Where there may be some that need none of what Strawberry does around an execution."""

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """As Strawberry does it, but a document that came before is executed at once.

        Its extensions find nothing to do there but to give errors their codes.
        """
        allowed = DEFAULT_ALLOWED_OPERATION_TYPES
        if allowed_operation_types is not None:
            allowed = set(allowed_operation_types)
        plain = None
        if self.plain_documents and query and not operation_extensions:
            plain = self.plain_documents.plain(query, operation_name, allowed)
        if plain is None:
            return await super().execute(
                query,
                variable_values,
                context_value,
                root_value,
                operation_name,
                allowed,
                operation_extensions,
            )
        note_operation(plain.operation.root_fields)
        if (plan := plan_for(plain.operation.node)) is not None:
            planned = await plan.execute(root_value, context_value, variable_values or {})
            if planned is not None:
                return planned
        executor = self.execution_context_class.build(
            self._schema,
            plain.document,
            root_value,
            context_value,
            variable_values,
            operation_name,
            is_awaitable=cast("Any", optimized_is_awaitable),
            **self._get_custom_context_kwargs(),
        )
        if isinstance(executor, list):
            return ExecutionResult(data=None, errors=[coded(error) for error in executor])
        if isinstance(executor, CompiledExecutor):
            leave_plan(executor)
        result: Any = executor.execute_operation()
        if executor.is_awaitable(result):
            result = await result
        errors = [coded(error) for error in result.errors or ()]
        return ExecutionResult(data=result.data, errors=errors or None)

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
        extensions=[CodedErrors, lambda: CachedDocuments(documents, persisted, settings)],
    )
    plan_inputs(schema)
    plan_resolvers(schema)
    persisted = PersistedDocuments(settings)
    documents = Documents(schema._schema, settings)  # noqa: SLF001 (it has no public name)
    if not persisted.only_trusted:
        schema.plain_documents = documents
    return schema


if __name__ == "__main__":
    sys.stdout.write(make_schema(Settings.read({})).as_str() + "\n")

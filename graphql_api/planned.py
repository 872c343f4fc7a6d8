"""Queries of one field, executed by a plan that is made once.

Around a resolver graphql-core builds an executor, coerces variables and arguments, collects fields
and gathers what is awaited: half of what a request costs beside the engine, for an operation that
is the same each time. So the first execution leaves a plan on the document, for those that follow.

Only what is plain has one: a query with a single field at the top, no directives, and an answer
that `compiled` puts together at once. And a plan gives up whenever something is unusual, before the
resolver is called wherever that can be told; then graphql-core does it all, and says what is wrong.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    Undefined,
    located_error,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import VariableValues, coerce_argument
from graphql.pyutils import Path
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.types import ExecutionResult

from graphql_api.coerced import Coerce, coercion_of_variables
from graphql_api.compiled import CONSTANTS, CompiledExecutor, Completion
from graphql_api.errors import coded

is_awaitable = cast("Any", optimized_is_awaitable)

_PLAN = "plan"
"""The attribute of an operation's node that holds its plan, or None if it can have none."""


class _Argument(NamedTuple):
    """One that is not the same in every request."""

    name: str
    definition: GraphQLArgument
    node: ArgumentNode


class Plan(NamedTuple):
    """How an operation is executed."""

    coerce_variables: Coerce
    constants: dict[str, Any]
    """Arguments that are the same in every request."""
    arguments: list[_Argument]
    key: str
    """Of the answer."""
    field: GraphQLField
    node: FieldNode
    parent_type: GraphQLObjectType
    completion: Completion
    schema: GraphQLSchema
    fragments: dict[str, Any]
    operation: OperationDefinitionNode

    def coerced(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The variables, and the arguments of the resolver; None where something is wrong."""
        try:
            variables = self.coerce_variables(given)
            if variables is Undefined:
                return None
            values, arguments = VariableValues({}, variables), self.constants.copy()
            for name, definition, node in self.arguments:
                coerce_argument(arguments, self.node, name, definition, node, values, None)
        # Also what an input itself raises where its fields do not go together.
        except Exception:
            return None
        return variables, arguments

    async def execute(
        self, root_value: Any, context: Any, given: Mapping[str, Any]
    ) -> ExecutionResult | None:
        """The result; None where graphql-core has to find it."""
        if (coerced := self.coerced(given)) is None:
            return None
        variables, arguments = coerced
        field, node = self.field, self.node
        info = GraphQLResolveInfo(
            node.name.value,
            [node],
            field.type,
            self.parent_type,
            Path(None, self.key, self.parent_type.name),
            self.schema,
            self.fragments,
            root_value,
            self.operation,
            cast("Any", variables),  # as Strawberry has it
            context,
            is_awaitable,
            None,
            cast("Any", None),  # for resolvers that leave work behind, which ours do not
        )
        try:
            value = cast("Any", field.resolve)(root_value, info, **arguments)
            if is_awaitable(value):
                value = await value
        except Exception as error:
            failed = coded(located_error(error, [node], [self.key]))
            data = None if isinstance(field.type, GraphQLNonNull) else {self.key: None}
            return ExecutionResult(data=data, errors=[failed])
        try:
            as_is = type(value) in self.completion.as_is
            answer = value if as_is else self.completion.complete(value)
        except Exception:
            # graphql-core will ask once more, meet the same, and report it.
            return None
        return ExecutionResult(data={self.key: answer}, errors=None)


def plan_for(operation: OperationDefinitionNode) -> Plan | None:
    """The plan that an earlier execution left, if it could."""
    return cast("Plan | None", vars(operation).get(_PLAN))


def leave_plan(executor: CompiledExecutor) -> None:
    """Leave a plan for the operation that this executes, if it is plain."""
    kept = vars(executor.operation)
    if _PLAN not in kept:
        kept[_PLAN] = _plan(executor)


def _plan(executor: CompiledExecutor) -> Plan | None:
    operation, schema = executor.operation, executor.schema
    [node, *more] = operation.selection_set.selections
    parent_type = schema.query_type
    if (
        operation.operation is not OperationType.QUERY
        or more
        or not isinstance(node, FieldNode)
        or node.directives
        or operation.directives
        or parent_type is None
    ):
        return None
    field = parent_type.fields.get(node.name.value)
    if field is None or field.resolve is None:
        return None
    completion = executor.completion_of(field.type, [FieldDetails(node, None)])
    coerce_variables = coercion_of_variables(schema, operation.variable_definitions or ())
    if completion is None or coerce_variables is None:
        return None
    given = {argument.name.value: argument for argument in node.arguments or ()}
    constants: dict[str, Any] = {}
    arguments: list[_Argument] = []
    for name, definition in field.args.items():
        argument = given.get(name)
        if argument is not None and not isinstance(argument.value, CONSTANTS):
            arguments.append(_Argument(name, definition, argument))
            continue
        try:
            coerce_argument(constants, node, name, definition, argument, None, None)
        except GraphQLError:
            return None
    return Plan(
        coerce_variables,
        constants,
        arguments,
        node.alias.value if node.alias else node.name.value,
        field,
        node,
        parent_type,
        completion,
        schema,
        executor.fragment_definitions,
        operation,
    )

"""Queries of one field, executed by a plan that is made once.

Around a resolver graphql-core builds an executor, coerces variables and arguments, collects fields
and gathers what is awaited: half of what a request costs beside the engine, for an operation that
is the same each time. So the first execution leaves a plan on the document, for those that follow.

Only what is plain has one: a query with a single field at the top, no directives, and an answer
that `compiled` puts together at once. And a plan gives up whenever something is unusual, before the
resolver is called wherever that can be told; then graphql-core does it all, and says what is wrong.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from graphql import (
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
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    get_variable_values,
    is_input_type,
    is_required_argument,
    located_error,
    type_from_ast,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import VariableValues, input_is_nested_too_deeply
from graphql.language import Visitor, visit
from graphql.pyutils import Path
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.types import ExecutionResult

from graphql_api.coerced import Coerce, value_coercion
from graphql_api.compiled import CompiledExecutor, Completion
from graphql_api.errors import coded

is_awaitable = cast("Any", optimized_is_awaitable)

PLAN = "plan"
"""The attribute of an operation's node that holds its plan, or None if it can have none."""


class _GivenUp(Exception):
    """Something is unusual."""


class _Variable(NamedTuple):
    name: str
    coerce: Coerce
    default: Any
    """Undefined where it has none."""
    is_required: bool


class _Argument(NamedTuple):
    out_name: str
    get: Callable[[Mapping[str, Any]], Any]
    """Its value, from the variables; Undefined where it is left out."""


class Plan(NamedTuple):
    """How an operation is executed."""

    variables: list[_Variable]
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
        """The variables, and the arguments of the resolver; None where something is unusual."""
        try:
            variables = dict(_coerced(self.variables, given))
            arguments = {
                out_name: value
                for out_name, get in self.arguments
                if (value := get(variables)) is not Undefined
            }
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


def plan_of(executor: CompiledExecutor) -> Plan | None:
    """The plan for what this executor executes, made once for each document.

    None where it is not plain.
    """
    kept = vars(executor.operation)
    if PLAN not in kept:
        kept[PLAN] = _plan(executor)
    return cast("Plan | None", kept[PLAN])


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
    if completion is None:
        return None
    try:
        return Plan(
            [_variable(schema, of) for of in operation.variable_definitions or ()],
            [_argument(name, argument, node) for name, argument in field.args.items()],
            node.alias.value if node.alias else node.name.value,
            field,
            node,
            parent_type,
            completion,
            schema,
            executor.fragment_definitions,
            operation,
        )
    except (_GivenUp, GraphQLError, StrawberryInputCoercionError):
        return None


def _variable(schema: GraphQLSchema, definition: VariableDefinitionNode) -> _Variable:
    type_ = type_from_ast(schema, definition.type)
    if definition.directives or not is_input_type(type_):
        raise _GivenUp
    name, default = definition.variable.name.value, Undefined
    if definition.default_value:
        found = get_variable_values(schema, [definition], {})
        if isinstance(found, list):
            raise _GivenUp
        default = found.coerced[name]
    plainly = value_coercion(type_)

    def coerce(value: Any) -> Any:
        if isinstance(value, list | dict) and input_is_nested_too_deeply(value, type_):
            return Undefined
        return plainly(value)

    required = isinstance(type_, GraphQLNonNull) and default is Undefined
    return _Variable(name, coerce, default, required)


def _coerced(variables: list[_Variable], given: Mapping[str, Any]) -> Any:
    for name, coerce, default, is_required in variables:
        value = given.get(name, Undefined)
        if value is Undefined:
            if is_required:
                raise _GivenUp
            if default is not Undefined:
                yield name, default
            continue
        value = coerce(value)
        if value is Undefined:
            raise _GivenUp
        yield name, value


def _argument(name: str, argument: GraphQLArgument, node: FieldNode) -> _Argument:
    given = next((a.value for a in node.arguments or () if a.name.value == name), None)
    out_name = argument.out_name or name
    if given is None and is_required_argument(argument):
        raise _GivenUp
    default = Undefined if is_required_argument(argument) else coerce_default_value(argument)
    if given is None:
        return _Argument(out_name, lambda _: default)
    type_ = argument.type
    if isinstance(given, VariableNode):
        variable = given.name.value
        is_required, not_null = is_required_argument(argument), isinstance(type_, GraphQLNonNull)

        def of_variable(variables: Mapping[str, Any]) -> Any:
            value = variables.get(variable, Undefined)
            if value is Undefined:
                if is_required:
                    raise _GivenUp
                return default
            if value is None and not_null:
                raise _GivenUp
            return value

        return _Argument(out_name, of_variable)

    def of_literal(variables: Mapping[str, Any]) -> Any:
        value = coerce_input_literal(given, type_, VariableValues({}, dict(variables)))
        if value is Undefined:
            raise _GivenUp
        return value

    if _names_variables(given):
        return _Argument(out_name, of_literal)
    constant = of_literal({})
    return _Argument(out_name, lambda _: constant)


def _names_variables(node: ValueNode) -> bool:
    found = False

    class Finder(Visitor):
        def enter_variable(self, *_: object) -> None:
            nonlocal found
            found = True

    visit(node, Finder())
    return found

"""Variables are coerced by plans that are made once.

graphql-core asks of each field of each item anew what kind of type it has, which for a long list
takes longer than storing the items does. So a query that has a plan has all of its variables
coerced here. Of other operations a long list of inputs is taken out of the variables, coerced here,
and put back when all else was coerced. Whatever is not plain stays where it is and goes through
graphql-core, and so does whatever is wrong: it says best what.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any, NamedTuple, cast

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    VariableDefinitionNode,
    coerce_input_value,
    get_variable_values,
    is_input_type,
    is_leaf_type,
    is_required_input_field,
    type_from_ast,
)
from graphql.execution.values import input_is_nested_too_deeply
from graphql.utilities.coerce_input_value import coerce_default_value

LONG = 10
"""Items of a list that is worth it."""

Coerce = Callable[[Any], Any]
"""What `coerce_input_value` gives for a value and one type; Undefined if it is wrong."""


class Taken(NamedTuple):
    """A list that was taken out of the variables, as it has to be put back."""

    variable: str
    field: str | None
    """Of the input that the variable is; None if it is the list itself."""
    items: list[Any]


def take_lists(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation_name: str | None,
    values: Mapping[str, Any],
) -> tuple[dict[str, Any], list[Taken]]:
    """The variables without their long lists of inputs, and these lists, coerced."""
    rest, taken = dict(values), []
    for name, field, items in _long_lists(values):
        type_ = _variable_type(schema, document, operation_name, name)
        if field is not None:
            type_ = _field_type(type_, field)
        item = _item_type(type_)
        coerced = _all(items, item) if item else None
        if coerced is not None:
            rest[name] = [] if field is None else {**rest[name], field: []}
            taken.append(Taken(name, field, coerced))
    return rest, taken


def put_back(coerced: dict[str, Any], taken: list[Taken]) -> None:
    """The lists where they were, in variables that are coerced."""
    for variable, field, items in taken:
        if field is None:
            coerced[variable] = items
        else:
            coerced[variable][field] = items


def _long_lists(values: Mapping[str, Any]) -> Iterator[tuple[str, str | None, list[Any]]]:
    for name, value in values.items():
        if isinstance(value, list):
            if len(value) >= LONG:
                yield name, None, value
        elif isinstance(value, dict):
            for field, inner in value.items():
                if isinstance(inner, list) and len(inner) >= LONG:
                    yield name, field, inner


def _variable_type(
    schema: GraphQLSchema, document: DocumentNode, operation_name: str | None, variable: str
) -> GraphQLInputType | None:
    """What the operation says of the variable; None where it is not plain which one that is."""
    operations = [
        definition
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
        and operation_name in (None, definition.name and definition.name.value)
    ]
    if len(operations) != 1:
        return None
    for definition in operations[0].variable_definitions or ():
        if definition.variable.name.value == variable:
            return cast("GraphQLInputType | None", type_from_ast(schema, definition.type))
    return None


def _field_type(type_: GraphQLInputType | None, field: str) -> GraphQLInputType | None:
    named = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    if not isinstance(named, GraphQLInputObjectType) or field not in named.fields:
        return None
    found = named.fields[field]
    # Where it has another name in Python, it would be put back under the wrong one.
    return found.type if found.out_name in (None, field) else None


def _item_type(type_: GraphQLInputType | None) -> GraphQLInputObjectType | None:
    """The inputs that a list is of, if it is one of inputs and has no nulls."""
    of = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    item = of.of_type if isinstance(of, GraphQLList) else None
    named = item.of_type if isinstance(item, GraphQLNonNull) else None
    return named if isinstance(named, GraphQLInputObjectType) else None


def _all(items: list[Any], type_: GraphQLInputObjectType) -> list[Any] | None:
    """All of them coerced; None if one is wrong."""
    coerce = _object(type_)
    try:
        coerced = [coerce(item) for item in items]
    except (GraphQLError, RecursionError):
        return None
    return None if any(item is Undefined for item in coerced) else coerced


class _Step(NamedTuple):
    """A field of an input."""

    name: str
    out_name: str
    coerce: Coerce
    is_required: bool
    default: Any


@lru_cache(maxsize=1_000)
def _object(type_: GraphQLInputObjectType) -> Coerce:
    names = frozenset(type_.fields)
    steps = [
        _Step(
            name,
            field.out_name or name,
            _value(field.type),
            is_required_input_field(field),
            coerce_default_value(field),
        )
        for name, field in type_.fields.items()
    ]
    is_one_of, out_type = type_.is_one_of, type_.out_type

    def coerce(given: Any) -> Any:
        if not isinstance(given, dict) or not given.keys() <= names:
            return Undefined
        found = _coerced_fields(steps, given)
        if found is Undefined:
            return Undefined
        if is_one_of and (len(given) != 1 or None in found.values()):
            return Undefined
        return out_type(found)

    return coerce


def coercion_of_variables(
    schema: GraphQLSchema, definitions: Iterable[VariableDefinitionNode]
) -> Coerce | None:
    """What gives the coerced variables of an operation; None if they are not plain."""
    steps: list[_Step] = []
    for definition in definitions:
        type_ = type_from_ast(schema, definition.type)
        if definition.directives or not is_input_type(type_):
            return None
        name, default = definition.variable.name.value, Undefined
        if definition.default_value:
            found = get_variable_values(schema, [definition], {})
            if isinstance(found, list):
                return None
            default = found.coerced[name]
        is_required = isinstance(type_, GraphQLNonNull) and default is Undefined
        steps.append(_Step(name, name, _unless_too_deep(type_), is_required, default))
    return partial(_coerced_fields, steps)


def _coerced_fields(steps: Iterable[_Step], given: Mapping[str, Any]) -> Any:
    """What is given, coerced and by the names that it has in Python; Undefined if it is wrong."""
    found: dict[str, Any] = {}
    for name, out_name, coerce, is_required, default in steps:
        value = given.get(name, Undefined)
        if value is Undefined:
            if is_required:
                return Undefined
            if default is not Undefined:
                found[out_name] = default
            continue
        value = coerce(value)
        if value is Undefined:
            return Undefined
        found[out_name] = value
    return found


def _unless_too_deep(type_: GraphQLInputType) -> Coerce:
    coerce = _value(type_)
    return lambda value: (
        Undefined
        if isinstance(value, list | dict) and input_is_nested_too_deeply(value, type_)
        else coerce(value)
    )


def _value(type_: GraphQLInputType) -> Coerce:
    if isinstance(type_, GraphQLNonNull):
        inner = _value(type_.of_type)
        return lambda value: Undefined if value is None else inner(value)
    if type_ in (GraphQLString, GraphQLID):
        return lambda value: (
            value if value is None or type(value) is str else coerce_input_value(value, type_)
        )
    if is_leaf_type(type_):
        return lambda value: None if value is None else _leaf(value, type_)
    if isinstance(type_, GraphQLInputObjectType):
        # Made when it is needed: inputs may hold one another.
        return lambda value: None if value is None else _object(type_)(value)
    return lambda value: coerce_input_value(value, type_)


def _leaf(value: Any, type_: Any) -> Any:
    try:
        return type_.coerce_input_value(value)
    except Exception:
        return Undefined  # graphql-core will say why

"""Inputs are built, and resolvers called, by plans that are made once.

Strawberry works out for each field of each item of a batch what it is called and of what type. That
takes several times as long as storing the batch does, and depends on the schema alone. It does the
same for each argument of a resolver, also for those that nobody gave. What is out of the ordinary
stays with Strawberry: inputs of which a field may be left out, but not be null, since its check of
that looks only at inputs it builds itself; fields with extensions; subscriptions.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from typing import Any, NamedTuple

import strawberry
from graphql import GraphQLInputObjectType, GraphQLObjectType, GraphQLResolveInfo
from strawberry.types.arguments import InputContext
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryObjectDefinition,
    StrawberryOptional,
    StrawberryType,
    has_object_definition,
)
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType

Convert = Callable[[Any, InputContext], Any]


class _Step(NamedTuple):
    """A field of an input."""

    given_as: str
    name: str
    convert: Convert | None
    """None for what is taken as it is: scalars and enums, which are coerced already."""


def plan_inputs(schema: strawberry.Schema) -> None:
    """Let all inputs of the schema that can be be built by plans."""
    for type_ in schema._schema.type_map.values():  # noqa: SLF001 (it has no public name)
        definition = type_.extensions.get("strawberry-definition")
        if isinstance(type_, GraphQLInputObjectType) and definition and _is_ordinary(definition):
            definition.from_input = _builder(schema, definition)


def plan_resolvers(schema: strawberry.Schema) -> None:
    """Let all resolvers of the schema that can be be called by plans."""
    for type_ in schema._schema.type_map.values():  # noqa: SLF001 (it has no public name)
        for field in type_.fields.values() if isinstance(type_, GraphQLObjectType) else ():
            definition = field.extensions.get("strawberry-definition")
            if (
                isinstance(definition, StrawberryField)
                and definition.base_resolver
                and not definition.extensions
                and not definition.is_subscription
                and not any(isinstance(a.type, LazyType) for a in definition.arguments)
            ):
                field.resolve = _caller(schema, definition)


def _caller(schema: strawberry.Schema, field: StrawberryField) -> Callable[..., Any]:
    """What graphql-core calls for a field that has a resolver."""
    resolver = field.base_resolver
    assert resolver is not None  # noqa: S101 (looked at before)
    name_of = schema.config.name_converter.from_argument
    steps = {name_of(a): (a.python_name, _converter(a.type)) for a in field.arguments}
    config, registry = schema.config, schema.schema_converter.scalar_registry
    info_name = resolver.info_parameter.name if resolver.info_parameter else None
    takes_self = bool(resolver.self_parameter)
    sources = [p.name for p in (resolver.parent_parameter, resolver.root_parameter) if p]

    def resolve(source: Any, raw: GraphQLResolveInfo[Any], **given: Any) -> Any:
        info = config.info_class(_raw_info=raw, _field=field)
        arguments: dict[str, Any] = dict.fromkeys(sources, source)
        if info_name:
            arguments[info_name] = info
        for given_as, value in given.items():
            name, convert = steps[given_as]
            if convert is not None and value is not None:
                value = convert(value, InputContext(info, config, registry, (given_as,)))
            arguments[name] = value
        return resolver(source, **arguments) if takes_self else resolver(**arguments)

    return resolve


def _is_ordinary(definition: StrawberryObjectDefinition) -> bool:
    return definition.is_one_of or not any(
        isinstance(field.type, StrawberryMaybe)
        and not isinstance(field.type.of_type, StrawberryOptional)
        for field in definition.fields
    )


def _builder(
    schema: strawberry.Schema, definition: StrawberryObjectDefinition
) -> Callable[[type, Mapping[str, Any], InputContext], Any]:
    name_of = schema.config.name_converter.from_field
    # What is neither given nor has a default is null.
    absent = {
        field.python_name: None
        for field in definition.fields
        if field.default_value is MISSING and field.default_factory is MISSING
    }
    steps: list[_Step] = []

    def build(cls: type, given: Mapping[str, Any], context: InputContext) -> Any:
        if not steps:  # made late: inputs may hold one another
            for field in definition.fields:
                type_ = field.resolve_type(type_definition=definition)
                steps.append(_Step(name_of(field), field.python_name, _converter(type_)))
        values = absent.copy()
        for given_as, name, convert in steps:
            if given_as in given:
                value = given[given_as]
                values[name] = value if convert is None else convert(value, context)
        return cls(**values)

    return build


def _converter(type_: StrawberryType | type) -> Convert | None:
    if isinstance(type_, StrawberryMaybe):
        return _some(_converter(type_.of_type))
    if isinstance(type_, StrawberryOptional):
        return _unless_null(_converter(type_.of_type))
    if isinstance(type_, StrawberryList):
        return _each(_converter(type_.of_type))
    if not has_object_definition(type_):
        return None
    definition = type_.__strawberry_definition__
    build = definition.from_input
    if build is None:
        return lambda value, context: context.convert(value, type_)
    return lambda value, context: build(definition.origin, value, context)


def _some(inner: Convert | None) -> Convert:
    return lambda value, context: strawberry.Some(inner(value, context) if inner else value)


def _unless_null(inner: Convert | None) -> Convert | None:
    if inner is None:
        return None
    return lambda value, context: None if value is None else inner(value, context)


def _each(inner: Convert | None) -> Convert:
    if inner is None:
        # A default is the same list for every request, so it is copied.
        return lambda values, _: list(values)
    return lambda values, context: [inner(value, context) for value in values]

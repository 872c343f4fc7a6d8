"""Inputs are built by plans that are made once.

Strawberry works out for each field of each item of a batch what it is called and of what type. That
takes several times as long as storing the batch does, and depends on the schema alone. What is out
of the ordinary stays with Strawberry: inputs of which a field may be left out, but not be null,
since its check of that looks only at inputs it builds itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from typing import Any, NamedTuple

import strawberry
from graphql import GraphQLInputObjectType
from strawberry.types.arguments import InputContext
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryObjectDefinition,
    StrawberryOptional,
    StrawberryType,
    has_object_definition,
)

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

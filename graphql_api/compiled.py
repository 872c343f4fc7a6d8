"""Answers from what resolvers have made already, put together by one function per field.

graphql-core asks of each field of each product anew which resolver, type and selection it has:
2.6 ms for fifty products of eight fields, ten times what it takes to find them. Below a resolver
the objects are complete, and all that is left is to pick attributes; what to pick depends on the
document and the schema alone. So it is worked out once for each field of a document.

Only what is plain is done this way. Whatever is not (a resolver, an argument, a directive, a null
where none may be, a value of another type than the schema says) goes through graphql-core, so
that coercion, errors and their paths are its own.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from enum import Enum
from math import isfinite
from operator import attrgetter, methodcaller
from typing import Any, NamedTuple

import orjson
from graphql import (
    BooleanValueNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLBoolean,
    GraphQLError,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    IntValueNode,
    Node,
    NullValueNode,
    SelectionSetNode,
    StringValueNode,
    Undefined,
    get_argument_values,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path
from graphql.type.scalars import GRAPHQL_MAX_INT, GRAPHQL_MIN_INT
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import CustomGraphQLEnumType, GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from graphql_api.coerced import put_back, take_lists

NOTHING = frozenset[type]()
NULL = frozenset({type(None)})
AS_THEY_ARE: Mapping[object, frozenset[type]] = {
    GraphQLString: frozenset({str}),
    GraphQLID: frozenset({str}),
    GraphQLBoolean: frozenset({bool}),
}
"""Scalars whose values of these types are the answer."""


WITHOUT_ARGUMENTS = "without_arguments"
"""In the metadata of a field with arguments: the attribute that is the answer without them."""


MOST_KEPT_ANSWERS = 8
"""Of one object: as many as there are ways to show it on the pages of a shop."""

Answers = dict[object, orjson.Fragment]
"""Parts of answers that are JSON already, by what made them."""

KEPT_ANSWERS = "kept_answers"
"""The attribute with the Answers of an object that never changes. A class that has it promises
that its objects do not, and that nobody looks into an answer before it is encoded by orjson."""


METHOD = "method"
"""In the metadata of a field: the method, with the field's arguments, that is the answer. Their
names are one word each, the same in the schema and in Python."""

CONSTANTS = (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    IntValueNode,
    NullValueNode,
    StringValueNode,
)
"""Arguments that are the same in every request."""


class Unusual(Exception):
    """A value that is for graphql-core to complete."""


class Completion(NamedTuple):
    """How a value becomes a part of the answer."""

    as_is: frozenset[type]
    """Types of values that are the answer already."""
    complete: Callable[[Any], Any]
    """For values of other types. Raises whatever it likes where it does not know what to do."""


class Selected(NamedTuple):
    """A field of the answer."""

    key: str
    get: Callable[[Any], Any]
    """Its value, from the object."""
    as_is: frozenset[type]
    complete: Callable[[Any], Any]


class CompiledExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor, which completes plain objects and lists of them in one go."""

    @classmethod
    def build(
        cls,
        schema: GraphQLSchema,
        document: DocumentNode,
        root_value: Any = None,
        context_value: Any = None,
        raw_variable_values: dict[str, Any] | None = None,
        operation_name: str | None = None,
        *more: Any,
        **options: Any,
    ) -> list[GraphQLError] | Executor[Any]:
        """An executor with all variables coerced, or what is wrong."""
        values, taken = take_lists(schema, document, operation_name, raw_variable_values or {})
        built = super().build(
            schema, document, root_value, context_value, values, operation_name, *more, **options
        )
        if taken and not isinstance(built, list):
            put_back(built.variable_values.coerced, taken)
        return built

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Complete an object."""
        found = self.at_once(return_type, field_details_list, result)
        if found is not Undefined:
            return found
        return super().complete_object_value(
            return_type, field_details_list, info, path, result, position_context
        )

    def complete_list_value(
        self,
        return_type: GraphQLList[Any],
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Complete a list."""
        found = self.at_once(return_type, field_details_list, result)
        if found is not Undefined:
            return found
        return super().complete_list_value(
            return_type, field_details_list, info, path, result, position_context
        )

    def at_once(
        self,
        type_: GraphQLOutputType,
        selected: FieldDetailsList,
        value: Any,
    ) -> Any:
        """The whole answer for this value; Undefined where anything about it is unusual."""
        completion = self.completion_of(type_, selected)
        if completion is None:
            return Undefined
        try:
            return completion.complete(value)
        # Also what is raised where an attribute is missing or a value cannot be serialised: it is
        # raised again, and reported, when graphql-core comes there.
        except Exception:
            return Undefined

    def completion_of(
        self, type_: GraphQLOutputType, selected: FieldDetailsList
    ) -> Completion | None:
        """How values of a type are completed; None if that takes more than their attributes."""
        if len(selected) != 1 or (self.middleware_manager and self.middleware_manager.middlewares):
            return None
        # Kept on the node itself: it goes when the document does, and hashing a node takes long.
        kept: dict[GraphQLOutputType, Completion | None]
        kept = vars(selected[0].node).setdefault("completions", {})
        if type_ not in kept:
            kept[type_] = self._completion(type_, selected)
        return kept[type_]

    def _completion(
        self, type_: GraphQLOutputType, selected: FieldDetailsList
    ) -> Completion | None:
        match type_:
            case GraphQLNonNull():
                inner = self._completion(type_.of_type, selected)
                return inner and Completion(inner.as_is - NULL, inner.complete)
            case GraphQLList():
                item = self._completion(type_.of_type, selected)
                return item and Completion(NULL, _list_of(item))
            case GraphQLObjectType():
                ours = type_.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
                # The types of introspection are graphql-core's.
                if ours is None or (fields := self._fields(type_, selected)) is None:
                    return None
                complete = _object_of(ours.origin, fields)
                keeps = KEPT_ANSWERS in ours.origin.__dataclass_fields__
                return Completion(NULL, _once(complete) if keeps else complete)
            case GraphQLScalarType() | CustomGraphQLEnumType():
                return Completion(NULL | AS_THEY_ARE.get(type_, NOTHING), _leaf_of(type_))
        return None

    def _fields(
        self, type_: GraphQLObjectType, selected: FieldDetailsList
    ) -> list[Selected] | None:
        """What is selected of objects of a type; None unless all of it is plain."""
        if any(_has_directives(details.node, self.fragment_definitions) for details in selected):
            return None
        fields: list[Selected] = []
        for key, nodes in self.collect_subfields(type_, selected).grouped_field_set.items():
            name = nodes[0].node.name.value
            if name == "__typename":
                fields.append(Selected(key, type, NOTHING, _always(type_.name)))
                continue
            get = _getter(type_.fields[name], nodes[0].node) if name in type_.fields else None
            completion = get and self._completion(type_.fields[name].type, nodes)
            if not (get and completion):
                return None
            fields.append(Selected(key, get, *completion))
        return fields


def _has_directives(
    node: Node, fragments: Mapping[str, FragmentDefinitionNode], spread: set[str] | None = None
) -> bool:
    """Whether a directive decides about anything selected here; fields within it apart."""
    spread = set() if spread is None else spread
    selection_set: SelectionSetNode | None = getattr(node, "selection_set", None)
    for selection in selection_set.selections if selection_set else ():
        if selection.directives:
            return True
        inner: Node = selection
        if isinstance(selection, FieldNode):
            continue
        if isinstance(selection, FragmentSpreadNode):
            if (name := selection.name.value) in spread or name not in fragments:
                continue
            spread.add(name)
            inner = fragments[name]
        if _has_directives(inner, fragments, spread):
            return True
    return False


def _getter(field: GraphQLField, node: FieldNode) -> Callable[[Any], Any] | None:
    """How the value of a field is got, if it is an attribute and nothing more, or a METHOD."""
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(definition, StrawberryField):
        return None
    if method := definition.metadata.get(METHOD):
        if not all(isinstance(a.value, CONSTANTS) for a in node.arguments or ()):
            return None
        try:
            return methodcaller(method, **get_argument_values(field, node))
        except GraphQLError:
            return None
    if node.arguments:
        return None
    if field.args:
        attribute = definition.metadata.get(WITHOUT_ARGUMENTS)
        return attrgetter(attribute) if attribute else None
    # Strawberry marks its own way to an attribute, with nothing in between.
    plain = definition.is_basic_field and getattr(field.resolve, "_is_default", False)
    return attrgetter(definition.python_name) if plain else None


def _object_of(origin: type, fields: list[Selected]) -> Callable[[Any], Any]:
    def complete(value: Any) -> dict[str, Any]:
        # Nothing else: neither an exception, nor what has to be awaited or cast.
        if type(value) is not origin:
            raise Unusual
        answer = {}
        for key, get, as_is, complete_field in fields:
            found = get(value)
            answer[key] = found if type(found) in as_is else complete_field(found)
        return answer

    return complete


def _once(complete: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Completed and encoded once for each object."""

    def complete_once(value: Any) -> orjson.Fragment:
        kept: Answers = value.kept_answers
        found = kept.get(complete)
        if found is None:
            found = orjson.Fragment(orjson.dumps(complete(value)))
            if len(kept) >= MOST_KEPT_ANSWERS:
                del kept[next(iter(kept))]
            kept[complete] = found
        return found

    return complete_once


def _list_of(item: Completion) -> Callable[[Any], Any]:
    as_is, complete_item = item

    def complete(value: Any) -> list[Any]:
        if type(value) not in (list, tuple):
            raise Unusual
        return [v if type(v) in as_is else complete_item(v) for v in value]

    return complete


def _leaf_of(type_: GraphQLScalarType | CustomGraphQLEnumType) -> Callable[[Any], Any]:
    if type_ in AS_THEY_ARE:
        return _unusual
    if type_ is GraphQLInt:
        return _whole
    if type_ is GraphQLFloat:
        return _finite
    if isinstance(type_, CustomGraphQLEnumType):
        members: Iterable[Enum] = type_.wrapped_cls
        return _name_in({member: type_.coerce_output_value(member) for member in members})
    coerce = type_.coerce_output_value

    def complete(value: Any) -> Any:
        # str makes text of anything, also of what is to be raised or awaited.
        if value is None or isinstance(value, Exception | Awaitable):
            raise Unusual
        if (coerced := coerce(value)) is None or coerced is Undefined:
            raise Unusual
        return coerced

    return complete


def _unusual(value: object) -> Any:
    raise Unusual


def _whole(value: Any) -> int:
    if type(value) is int and GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT:
        return value
    raise Unusual


def _finite(value: Any) -> float:
    if type(value) is float and isfinite(value):
        return value
    raise Unusual


def _name_in(names: Mapping[Enum, str]) -> Callable[[Any], Any]:
    def complete(value: Any) -> str:
        if isinstance(value, Enum):
            return names[value]
        raise Unusual

    return complete


def _always(answer: str) -> Callable[[Any], Any]:
    return lambda _: answer

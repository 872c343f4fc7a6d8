"""What a GraphQL document may ask for, and the cache of documents found to be fine.

Validating even a small query takes a millisecond, five times as long as answering it. So each
text is parsed and validated once, against fixed rule classes: Strawberry's own limiters make new
ones for each request, which keeps its caches from ever hitting.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    parse,
    specified_rules,
    validate,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types.graphql import OperationType

from graphql_api.cost import UNBOUNDED, Cost, costs_of
from graphql_api.errors import ErrorCode
from graphql_api.exchange import note_operation
from graphql_api.persisted import LONGEST_KEPT_TEXT, PersistedDocuments
from recommender.settings import Settings

MOST_ERRORS = 5
"""Mistakes that are listed. Finding more costs more than it helps."""
NOTHING = parse("{ __typename }")
"""What stands in for the document of a request that is refused before there is one."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a selection is with its fragments spread."""

    depth: int = 0
    fields: int = 0
    """At the top only."""
    aliases: int = 0
    directives: int = 0


def size_of(document: DocumentNode) -> Size:
    """The depth and the root fields of the largest operation, and the rest of all of them.

    Each fragment is measured once, however often it is spread, so a document of fragments that
    spread one another takes no longer than its length. One that spreads itself counts as empty
    there: validation refuses it anyway.
    """
    fragments = {
        d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)
    }
    measured: dict[str, Size] = {}

    def total(numbers: Iterable[int]) -> int:
        # Fragments that spread one another double it again and again.
        return min(sum(numbers), UNBOUNDED)

    def of_selection(node: SelectionNode) -> Size:
        inner = of_spread(node) if isinstance(node, FragmentSpreadNode) else of_selections(node)
        directives = inner.directives + len(node.directives or ())
        if not isinstance(node, FieldNode):
            return replace(inner, directives=directives)
        # Tools ask for the schema 15 deep; graphql-core's own rule bounds what that may nest.
        depth = 1 if node.name.value in ("__schema", "__type") else inner.depth + 1
        return Size(depth, 1, inner.aliases + (node.alias is not None), directives)

    def of_spread(node: FragmentSpreadNode) -> Size:
        name = node.name.value
        if name not in measured:
            measured[name] = Size()
            if name in fragments:
                measured[name] = of_selections(fragments[name])
        return measured[name]

    def of_selections(node: Any) -> Size:
        selections = node.selection_set.selections if node.selection_set else ()
        sizes = [of_selection(selection) for selection in selections]
        return Size(
            max((s.depth for s in sizes), default=0),
            total(s.fields for s in sizes),
            total(s.aliases for s in sizes),
            total(s.directives for s in sizes),
        )

    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    sizes = [of_selections(operation) for operation in operations]
    return Size(
        max((s.depth for s in sizes), default=0),
        max((s.fields for s in sizes), default=0),
        total(s.aliases for s in sizes),
        total(
            s.directives + len(o.directives or ()) for s, o in zip(sizes, operations, strict=True)
        ),
    )


def root_fields(document: DocumentNode, operation: OperationDefinitionNode) -> tuple[str, ...]:
    """The fields at the top of an operation by their names in the schema, each once, in order."""
    fragments = {
        d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)
    }
    found: dict[str, None] = {}

    def gather(selections: SelectionSetNode) -> None:
        for selection in selections.selections:
            if isinstance(selection, FieldNode):
                found[selection.name.value] = None
            elif isinstance(selection, InlineFragmentNode):
                gather(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode):
                # Taken out, so that each is gathered once, however often it is spread.
                fragment = fragments.pop(selection.name.value, None)
                if fragment is not None:
                    gather(fragment.selection_set)

    gather(operation.selection_set)
    return tuple(found)


class Refused(Exception):
    """A document that was parsed, and must not be executed.

    Attributes:
        document: what was parsed.
        errors: what is wrong with it.
    """

    def __init__(self, document: DocumentNode, errors: list[GraphQLError]) -> None:
        super().__init__()
        self.document = document
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Operation:
    """One of a document."""

    node: OperationDefinitionNode
    kind: OperationType
    root_fields: tuple[str, ...]
    cost: Cost
    most: int
    """What it costs with the worst variables."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A document without mistakes, and within the limits that go by its text."""

    document: DocumentNode
    operations: Mapping[str | None, Operation]
    """By their names; the only one also by None."""


class Plain(NamedTuple):
    """An operation that can be executed without a further question."""

    document: DocumentNode
    operation: Operation


class Documents:
    """Documents that are fine and not overly long, parsed and validated once."""

    def __init__(self, schema: GraphQLSchema, settings: Settings) -> None:
        self._schema = schema
        self._settings = settings
        self._rules = [*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule]
        if not settings.introspection:
            self._rules.append(NoSchemaIntrospectionCustomRule)
        self._longest_page = max(settings.longest_page, settings.longest_shelf)
        self._known: dict[str, Checked] = {}
        """Least recently used first."""

    def known(self, text: str) -> Checked | None:
        """The document of a query's text, if it came before."""
        checked = self._known.pop(text, None)
        if checked is not None:
            self._known[text] = checked
        return checked

    def checked(self, text: str) -> Checked:
        """The document of a query's text.

        Raises:
            GraphQLError: if it cannot be parsed.
            Refused: with all that is wrong with it otherwise.
        """
        if (known := self.known(text)) is not None:
            return known
        document = _parsed(text, self._settings.most_query_tokens)
        errors = _over_limits(size_of(document), self._settings) or validate(
            self._schema,
            document,
            self._rules,
            max_errors=MOST_ERRORS,
            hide_suggestions=not self._settings.field_suggestions,
        )
        if errors:
            raise Refused(document, errors)
        checked = Checked(document, self._operations_of(document))
        if len(text) <= LONGEST_KEPT_TEXT and self._settings.cached_documents:
            if len(self._known) >= self._settings.cached_documents:
                del self._known[next(iter(self._known))]
            self._known[text] = checked
        return checked

    def plain(self, text: str, name: str | None, kinds: Collection[OperationType]) -> Plain | None:
        """The operation of that name, if its document came before, it is of one of these kinds,
        and no variables make it cost too much."""
        known = self.known(text)
        operation = known.operations.get(name) if known else None
        if known is None or operation is None or operation.kind not in kinds:
            return None
        if operation.most > self._settings.most_query_cost:
            return None
        return Plain(known.document, operation)

    def _operations_of(self, document: DocumentNode) -> dict[str | None, Operation]:
        costs = costs_of(document, self._schema, self._longest_page)
        operations: dict[str | None, Operation] = {}
        for definition in document.definitions:
            if isinstance(definition, OperationDefinitionNode):
                name = definition.name.value if definition.name else None
                operations[name] = Operation(
                    definition,
                    OperationType(definition.operation.value),
                    root_fields(document, definition),
                    costs[name],
                    costs[name].most,
                )
        if len(operations) == 1:
            operations[None] = next(iter(operations.values()))
        return operations


def _parsed(text: str, most_tokens: int) -> DocumentNode:
    try:
        return parse(text, max_tokens=most_tokens)
    except GraphQLSyntaxError as error:
        if "more than" in error.message and "tokens" in error.message:
            # Nobody counts further: that would take as long as the text.
            message = f"The document has more than {most_tokens} tokens, the most that is allowed."
            too_long = over_limit(message, most_tokens, most_tokens + 1)
            raise Refused(NOTHING, [too_long]) from None
        raise


def over_limit(message: str, limit: int, value: int) -> GraphQLError:
    """A refusal that says which limit, and what was asked for."""
    return GraphQLError(
        message,
        extensions={"code": ErrorCode.QUERY_TOO_COSTLY, "limit": limit, "value": value},
    )


def _over_limits(size: Size, settings: Settings) -> list[GraphQLError]:
    limits = (
        ("is nested", "levels deep", size.depth, settings.most_query_depth),
        ("asks for", "root fields", size.fields, settings.most_root_fields),
        ("is using", "aliases", size.aliases, settings.most_query_aliases),
        ("is using", "directives", size.directives, settings.most_query_directives),
    )
    return [
        over_limit(f"The document {verb} {value} {unit}; at most {most} are allowed.", most, value)
        for verb, unit, value, most in limits
        if value > most
    ]


class CachedDocuments(SchemaExtension):
    """Takes each document from the cache, parsed and validated, and refuses what costs too much."""

    def __init__(
        self, documents: Documents, persisted: PersistedDocuments, settings: Settings
    ) -> None:
        self._documents = documents
        self._persisted = persisted
        self._settings = settings

    def on_operation(self) -> Iterator[None]:
        """Fill in the document, and the mistakes in it."""
        context = self.execution_context
        extensions = context.operation_extensions or {}
        try:
            if extensions or self._persisted.only_trusted:
                context.query = self._persisted.text_of(context.query, extensions)
            if context.query:
                self._use(self._documents.checked(context.query), extensions)
        except GraphQLSyntaxError:
            # graphql-core meets the same error, and reports it as each transport wants it.
            context.parse_options["max_tokens"] = self._settings.most_query_tokens
        except Refused as refused:
            context.graphql_document = refused.document
            context.pre_execution_errors = refused.errors
        except GraphQLError as error:
            context.graphql_document = NOTHING
            context.pre_execution_errors = [error]
        yield

    def _use(self, checked: Checked, extensions: Mapping[str, Any]) -> None:
        context = self.execution_context
        context.graphql_document = checked.document
        # Validated, and without a mistake: None would have it validated again.
        context.pre_execution_errors = []
        operation = checked.operations.get(context.operation_name)
        if operation is None:
            # What is raised for one that does not exist is graphql-core's business.
            return
        note_operation(operation.root_fields)
        most = self._settings.most_query_cost
        told = extensions.get("cost") is True
        if operation.most <= most and not told:
            return
        value = min(operation.cost.of(context.variables or {}), UNBOUNDED)
        if told:
            context.extensions_results["cost"] = {"requested": value, "maximum": most}
        if value > most:
            context.pre_execution_errors = [
                over_limit(
                    f"The operation costs {value}; at most {most} is allowed. Ask for shorter "
                    "pages, or less within them.",
                    most,
                    value,
                )
            ]

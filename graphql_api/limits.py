"""What a GraphQL document may ask for, and the cache of documents found to be fine.

Validating even a small query takes a millisecond, five times as long as answering it. So each
text is parsed and validated once, against fixed rule classes: Strawberry's own limiters make new
ones for each request, which keeps its caches from ever hitting.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    SelectionNode,
    parse,
    specified_rules,
    validate,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from recommender.settings import Settings

MOST_ERRORS = 5
"""Mistakes that are listed. Finding more costs more than it helps."""
LONGEST_KEPT_TEXT = 20_000
"""Characters of a document that is kept. Comments are no tokens, so a document within its limits
can be as long as a body, and hundreds of those would fill the memory."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a selection is with its fragments spread."""

    depth: int
    aliases: int


def size_of(document: DocumentNode) -> Size:
    """The depth of the deepest operation and the aliases of all of them.

    Each fragment is measured once, however often it is spread, so a document of fragments that
    spread one another takes no longer than its length. One that spreads itself counts as empty
    there: validation refuses it anyway.
    """
    fragments = {
        d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)
    }
    measured: dict[str, Size] = {}

    def of_selection(node: SelectionNode) -> Size:
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name not in measured:
                measured[name] = Size(0, 0)
                if name in fragments:
                    measured[name] = of_selections(fragments[name])
            return measured[name]
        inner = of_selections(node)
        if isinstance(node, FieldNode) and node.name.value in ("__schema", "__type"):
            # Tools ask 15 deep; graphql-core's own rule bounds what introspection may nest.
            return Size(1, inner.aliases)
        if isinstance(node, FieldNode):
            return Size(inner.depth + 1, inner.aliases + (node.alias is not None))
        return inner

    def of_selections(node: Any) -> Size:
        selections = node.selection_set.selections if node.selection_set else ()
        sizes = [of_selection(selection) for selection in selections]
        return Size(max((s.depth for s in sizes), default=0), sum(s.aliases for s in sizes))

    sizes = [
        of_selections(d) for d in document.definitions if isinstance(d, OperationDefinitionNode)
    ]
    return Size(max((s.depth for s in sizes), default=0), sum(s.aliases for s in sizes))


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


def document_cache(schema: GraphQLSchema, settings: Settings) -> Callable[[str], DocumentNode]:
    """A function from a query's text to its document, which raises what is wrong with it:
    GraphQLError if it cannot be parsed, else Refused.

    It remembers documents that are fine and not overly long.
    """
    rules = [*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule]
    if not settings.introspection:
        rules.append(NoSchemaIntrospectionCustomRule)

    def checked(text: str) -> DocumentNode:
        document = parse(text, max_tokens=settings.most_query_tokens)
        errors = _over_limits(size_of(document), settings) or validate(
            schema, document, rules, max_errors=MOST_ERRORS
        )
        if errors:
            raise Refused(document, errors)
        return document

    # What is raised is not remembered.
    remembered = lru_cache(maxsize=settings.cached_documents)(checked)
    return lambda text: (remembered if len(text) <= LONGEST_KEPT_TEXT else checked)(text)


def _over_limits(size: Size, settings: Settings) -> list[GraphQLError]:
    limits = (
        ("nested", "levels deep", size.depth, settings.most_query_depth),
        ("using", "aliases", size.aliases, settings.most_query_aliases),
    )
    return [
        GraphQLError(
            f"The document is {verb} {value} {unit}; at most {most} are allowed.",
            extensions={"code": "QUERY_TOO_COSTLY", "limit": most, "value": value},
        )
        for verb, unit, value, most in limits
        if value > most
    ]


class CachedDocuments(SchemaExtension):
    """Takes each document from the cache, parsed and validated."""

    def __init__(self, cache: Callable[[str], DocumentNode], most_tokens: int) -> None:
        self._cache = cache
        self._most_tokens = most_tokens

    def on_parse(self) -> Iterator[None]:
        """Fill in the document, and the mistakes in it."""
        context = self.execution_context
        if context.query:
            try:
                context.graphql_document = self._cache(context.query)
                # Validated, and without a mistake: None would have it validated again.
                context.pre_execution_errors = []
            except Refused as refused:
                context.graphql_document = refused.document
                context.pre_execution_errors = refused.errors
            except GraphQLError:
                # graphql-core meets the same error, and reports it as each transport wants it.
                context.parse_options["max_tokens"] = self._most_tokens
        yield

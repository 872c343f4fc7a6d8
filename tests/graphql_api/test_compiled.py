"""What is put together at once is what graphql-core would have answered."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar

import hypothesis
import orjson
import strawberry
from graphql import (
    REMOVE,
    ArgumentNode,
    DocumentNode,
    GraphQLObjectType,
    GraphQLSchema,
    StringValueNode,
    Undefined,
    Visitor,
    is_required_argument,
    parse,
    print_ast,
    visit,
)
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from hypothesis_graphql import queries
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graphql_api.compiled import CompiledExecutor
from graphql_api.context import open_context
from graphql_api.keys import ANYBODY
from graphql_api.schema import make_schema

KNOWN = {"productId": "kitchen-1", "placement": "home", "id": "UHJvZHVjdDpraXRjaGVuLTE="}
"""What arguments must be for an answer with something in it."""


class Checked(CompiledExecutor):
    """Completes everything both ways, and notes where they differ.

    Objects within were compared before those around them, so that it does not matter that
    graphql-core completes them by way of this class, too.
    """

    at_once_count: ClassVar[int] = 0
    differing: ClassVar[list[tuple[Any, Any]]] = []

    def complete_object_value(self, *given: Any) -> Any:
        return self._both(StrawberryGraphQLCoreExecutionContext.complete_object_value, *given)

    def complete_list_value(self, *given: Any) -> Any:
        return self._both(StrawberryGraphQLCoreExecutionContext.complete_list_value, *given)

    def _both(self, ordinary_way: Callable[..., Any], type_: Any, selected: Any, *rest: Any) -> Any:
        found = self.at_once(type_, selected, rest[2])
        ordinary = ordinary_way(self, type_, selected, *rest)
        if found is not Undefined:
            Checked.at_once_count += 1
            # Also the order of the keys, and 1 is not True.
            if orjson.dumps(found) != orjson.dumps(ordinary):
                Checked.differing.append((found, ordinary))
        return ordinary


def strings_for(schema: Any) -> dict[str, Any]:
    """hypothesis-graphql wants to know how scalars that it has not heard of are written."""
    strings = st.text("abc>-1", min_size=1, max_size=8).map(lambda s: StringValueNode(value=s))
    usual = {"Int", "Float", "String", "Boolean", "ID"}
    return {
        name: strings
        for name, type_ in schema.type_map.items()
        if hasattr(type_, "parse_value") and name not in usual and not hasattr(type_, "values")
    }


class WithKnown(Visitor):
    """Asks for what there is, and leaves out what need not be given."""

    def __init__(self, schema: GraphQLSchema) -> None:
        super().__init__()
        fields = [
            field
            for type_ in schema.type_map.values()
            if isinstance(type_, GraphQLObjectType)
            for field in type_.fields.values()
        ]
        self._needed = {
            name
            for field in fields
            for name, argument in field.args.items()
            if is_required_argument(argument)
        }

    def enter_argument(self, node: ArgumentNode, *_: Any) -> Any:
        if (known := KNOWN.get(node.name.value)) is not None:
            return ArgumentNode(name=node.name, value=StringValueNode(value=known))
        return None if node.name.value in self._needed else REMOVE


PLAIN = """{
    products(first: 12) { nodes { productId name price { amount currencyCode } image { url } } }
    recommendations(shopper: {userId: "ann"}) { edges { rank reasons { text } node { name } } }
}"""
"""However queries turn out, this one is put together at once."""


def test_every_query_is_answered_as_graphql_core_answers_it(shop, settings):
    schema = make_schema(settings)
    schema.execution_context_class = Checked
    core = schema._schema
    known = WithKnown(core)
    asked = st.one_of(
        queries(
            core,
            custom_scalars=strings_for(core),
            print_ast=lambda document: print_ast(visit(document, known)),
        ),
        queries(core, custom_scalars=strings_for(core)),
    )
    with asyncio.Runner() as runner:
        opened = open_context(settings.mongodb_uri, settings)
        context = runner.run(opened.__aenter__()).of(ANYBODY)

        @given(asked)
        @hypothesis.example(PLAIN)
        @hypothesis.seed(1)
        @hypothesis.settings(
            max_examples=300, database=None, suppress_health_check=list(HealthCheck)
        )
        def every_query(query: str) -> None:
            runner.run(schema.execute(query, context_value=context))
            assert Checked.differing == []

        try:
            every_query()
        finally:
            runner.run(opened.__aexit__(None, None, None))
    # Of the plain one alone: the list's products and edges, and what is in them.
    assert Checked.at_once_count > 50


# A small schema for values that are not what the schema says.


@strawberry.enum
class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Part(Named):
    weight: float
    colour: Colour | None


@strawberry.type
class HeavyPart(Part):
    pass


@strawberry.type
class Thing(Named):
    count: int
    big: bool | None
    id: strawberry.ID
    price: Decimal | None
    at: datetime
    part: Part | None
    parts: list[Part | None]
    words: list[str] | None

    @strawberry.field
    def shout(self, twice: bool = False) -> str:
        return self.name.upper() * (1 + twice)


@strawberry.type
class Query:
    things: list[Thing]
    named: list[Named]
    one: Thing | None


@dataclass
class Stranger:
    """Has a name, and is nothing that the schema knows."""

    name: str


strangers = st.builds(Stranger, st.text(max_size=3))
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**33), 2**33),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from(
        [Colour.RED, "blue", "green", Decimal("1.50"), datetime(2026, 1, 1, tzinfo=UTC)]
    ),
    st.builds(ValueError, st.text(max_size=3)),
    st.just(strawberry.UNSET),
    strangers,
    st.lists(st.text(max_size=2), max_size=2),
)


def nearly(right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what it should be."""
    return st.integers(0, 19).flatmap(lambda n: right if n else odd)


parts = st.builds(
    Part,
    name=nearly(st.text(max_size=3)),
    weight=nearly(st.floats(allow_nan=False)),
    colour=nearly(st.sampled_from([None, *Colour])),
)
heavy = st.builds(HeavyPart, name=st.just("heavy"), weight=st.just(1.0), colour=st.none())
things = st.builds(
    Thing,
    name=nearly(st.text(max_size=3)),
    count=nearly(st.integers(0, 9) | st.sampled_from([2**31 - 1, 2**31, -(2**31) - 1])),
    big=nearly(st.booleans() | st.none()),
    id=nearly(st.text(max_size=3)),
    price=nearly(st.decimals(allow_nan=False) | st.none()),
    at=nearly(st.datetimes(timezones=st.just(UTC))),
    part=nearly(parts | heavy | st.none()),
    parts=nearly(st.lists(parts | st.none() | heavy, max_size=3).map(tuple)),
    words=nearly(st.lists(st.text(max_size=2), max_size=2) | st.none()),
)
roots = st.builds(
    Query,
    things=nearly(st.lists(nearly(things), max_size=3)),
    named=nearly(st.lists(things | parts, max_size=3)),
    one=nearly(things | strangers),
)

DOCUMENTS = [
    "{ things { name count big id price at words } }",
    "{ things { __typename kind: name part { weight colour } parts { name colour } } }",
    """{ one { ...All } things { ...All } }
    fragment All on Thing { part { ...W ... { name } } }
    fragment W on Part { weight colour ...W2 } fragment W2 on Part { weight }""",
    """query ($no: Boolean = false) {
        things { name @include(if: $no) count part { name } }
        one { ... @skip(if: $no) { id } parts { weight name @skip(if: $no) } }
    }""",
    "{ things { name shout parts { name } } one { shout(twice: true) words } }",
    "{ named { __typename name ... on Thing { count } ... on Part { colour weight } } }",
    "{ one { name } one { part { name } part { weight } } }",
    """{ things { shout ...P } one { shout ...P part { weight } } }
    fragment P on Thing { part { name } }""",
]


@cache
def parsed(document: str) -> DocumentNode:
    return parse(document)


class KeptDocuments(SchemaExtension):
    """As in the API: what was worked out for a document is there when it comes again."""

    def on_parse(self) -> Iterator[None]:
        self.execution_context.graphql_document = parsed(self.execution_context.query)
        yield


BOTH = [
    strawberry.Schema(
        Query, types=[Part], execution_context_class=executor, extensions=[KeptDocuments]
    )
    for executor in (StrawberryGraphQLCoreExecutionContext, CompiledExecutor)
]


UNPRICED = Thing(
    name="mug",
    count=1,
    big=None,
    id="1",
    price=ValueError(""),
    at=datetime(2026, 1, 1, tzinfo=UTC),
    part=None,
    parts=(),
    words=None,
)
"""str would make a price of what went wrong."""


@given(st.sampled_from(DOCUMENTS), roots, st.booleans())
@hypothesis.example(
    document=DOCUMENTS[0], root=Query(things=[UNPRICED], named=[], one=None), no=False
)
@hypothesis.settings(max_examples=400)
def test_odd_values_are_answered_and_blamed_as_graphql_core_does_it(document, root, no):
    answers = []
    for schema in BOTH:
        variables = {"no": no} if "$no" in document else {}
        result = schema.execute_sync(document, variables, root_value=root)
        blamed = [(error.message, error.path, error.locations) for error in result.errors or ()]
        answers.append((repr(result.data), blamed))
    assert answers[0] == answers[1]

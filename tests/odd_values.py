"""Generated queries, and a small schema for values that are not what it says."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any

import strawberry
from graphql import DocumentNode, StringValueNode, parse
from hypothesis import strategies as st
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graphql_api.compiled import CompiledExecutor


def strings_for(schema: Any) -> dict[str, Any]:
    """hypothesis-graphql wants to know how scalars that it has not heard of are written."""
    strings = st.text("abc>-1", min_size=1, max_size=8).map(lambda s: StringValueNode(value=s))
    usual = {"Int", "Float", "String", "Boolean", "ID"}
    return {
        name: strings
        for name, type_ in schema.type_map.items()
        if hasattr(type_, "parse_value") and name not in usual and not hasattr(type_, "values")
    }


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

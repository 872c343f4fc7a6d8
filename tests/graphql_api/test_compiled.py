"""What is put together at once is what graphql-core would have answered."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

import hypothesis
import orjson
from graphql import (
    REMOVE,
    ArgumentNode,
    GraphQLObjectType,
    GraphQLSchema,
    StringValueNode,
    Undefined,
    Visitor,
    is_required_argument,
    print_ast,
    visit,
)
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from hypothesis_graphql import queries
from odd_values import BOTH, DOCUMENTS, Query, Thing, roots, strings_for
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

"""A query that came before is answered by its plan as graphql-core would answer it."""

import asyncio
from typing import Any

import hypothesis
import orjson
import pytest
from graphql import (
    ArgumentNode,
    GraphQLError,
    GraphQLSchema,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_argument_values,
    get_variable_values,
    parse,
    parse_type,
    print_ast,
    value_from_ast_untyped,
    visit,
)
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from hypothesis_graphql import queries
from odd_values import BOTH, DOCUMENTS, roots, strings_for
from strawberry.exceptions import StrawberryInputCoercionError

from graphql_api.compiled import CompiledExecutor
from graphql_api.planned import Plan, leave_plan, plan_for
from graphql_api.schema import make_schema
from recommender.settings import Settings

SCHEMA: GraphQLSchema = make_schema(Settings.read({}))._schema

STRINGS = strings_for(SCHEMA)

ODD = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just([]) | st.just({})


class Lifted(Visitor):
    """Arguments of root fields as variables."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types
        self.definitions: list[VariableDefinitionNode] = []
        self.values: dict[str, Any] = {}

    def enter_argument(self, node: ArgumentNode, *_: Any) -> Any:
        if self._types.get_parent_type() is not SCHEMA.query_type:
            return None
        name = f"v{len(self.values)}"
        self.values[name] = value_from_ast_untyped(node.value)
        variable = VariableNode(name=NameNode(value=name))
        type_ = parse_type(str(self._types.get_input_type()))
        self.definitions.append(VariableDefinitionNode(variable=variable, type=type_))
        return ArgumentNode(name=node.name, value=variable)


def lifted(query: str) -> tuple[str, dict[str, Any]]:
    """The same query with its values in variables."""
    types = TypeInfo(SCHEMA)
    visitor = Lifted(types)
    document = visit(parse(query), TypeInfoVisitor(types, visitor))
    [operation] = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    rest = {name: getattr(operation, name) for name in ("selection_set", "name", "directives")}
    with_variables = OperationDefinitionNode(
        operation=OperationType.QUERY, variable_definitions=tuple(visitor.definitions), **rest
    )
    return print_ast(with_variables), visitor.values


def planned(schema: GraphQLSchema, query: str, variables: dict[str, Any]) -> Plan | None:
    executor = CompiledExecutor.build(schema, parse(query), None, None, variables)
    if not isinstance(executor, CompiledExecutor):
        return None
    leave_plan(executor)
    return plan_for(executor.operation)


def in_order(coerced: Any) -> str:
    """For comparison: 1 is not True, and arguments are given by name."""
    return repr(coerced and [sorted(values.items()) for values in coerced])


def as_graphql_core_coerces(plan: Plan, given: dict[str, Any]) -> Any:
    """What the resolver would be called with; None where something is wrong."""
    definitions = plan.operation.variable_definitions or ()
    variables = get_variable_values(SCHEMA, definitions, given)
    if isinstance(variables, list):
        return None
    try:
        return variables.coerced, get_argument_values(plan.field, plan.node, variables)
    except (GraphQLError, StrawberryInputCoercionError):
        return None


def one_field(query: str) -> bool:
    return len(parse(query).definitions[0].selection_set.selections) == 1


def queries_for(field: str) -> st.SearchStrategy[str]:
    return queries(SCHEMA, fields=[field], custom_scalars=STRINGS)


def test_a_resolver_is_called_with_what_graphql_core_would_call_it_with():
    plans = 0

    @given(
        st.sampled_from(sorted(SCHEMA.query_type.fields)).flatmap(queries_for),
        st.booleans(),
        st.data(),
    )
    @hypothesis.seed(1)
    @hypothesis.settings(
        max_examples=250,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def every_query(query: str, in_variables: bool, data: st.DataObject) -> None:
        nonlocal plans
        values: dict[str, Any] = {}
        if not one_field(query):
            return
        if in_variables:
            query, values = lifted(query)
        plan = planned(SCHEMA, query, values)
        if plan is None:
            return
        plans += 1
        assert in_order(plan.coerced(values)) == in_order(as_graphql_core_coerces(plan, values))
        # And whatever is sent instead of one of them: never with anything else.
        for name in values:
            left_out = {key: value for key, value in values.items() if key != name}
            for odd in (left_out, {**values, name: data.draw(ODD)}):
                found, expected = plan.coerced(odd), as_graphql_core_coerces(plan, odd)
                assert found is None or in_order(found) == in_order(expected)

    every_query()
    assert plans > 50


@given(st.sampled_from(DOCUMENTS), roots, st.booleans())
@hypothesis.settings(max_examples=300, deadline=None)
def test_odd_values_are_answered_by_a_plan_or_left_to_graphql_core(document, root, no):
    variables = {"no": no} if "$no" in document else {}
    plan = planned(BOTH[1]._schema, document, variables)
    if plan is None or (found := asyncio.run(plan.execute(root, None, variables))) is None:
        return
    expected = BOTH[0].execute_sync(document, variables, root_value=root)
    assert not expected.errors
    assert repr(found.data) == repr(expected.data)


PRODUCT = "query($id: ID!, $ways: Int = 2) { product(productId: $id) { name productId } }"

ASKED = [
    (PRODUCT, {"id": "kitchen-1"}),
    (PRODUCT, {"id": "nothing"}),
    (PRODUCT, {"id": 5}),
    (PRODUCT, {"id": None}),
    (PRODUCT, {"id": ["kitchen-1"]}),
    (PRODUCT, {}),
    (PRODUCT, {"id": "kitchen-1", "ways": "two"}),
    (PRODUCT, {"id": "kitchen-1", "unknown": 1}),
    ('{ mug: product(productId: "kitchen-1") { __typename name price { amount } } }', {}),
    ("query($n: Int) { products(first: $n) { nodes { name } totalCount } }", {"n": 2}),
    ("query($n: Int) { products(first: $n) { nodes { name } totalCount } }", {}),
    ("query($n: Int) { products(first: $n) { nodes { name } totalCount } }", {"n": None}),
    ("query($n: Int) { products(first: $n) { nodes { name } totalCount } }", {"n": 2**31}),
    ("query($n: Int) { products(first: $n) { nodes { name } totalCount } }", {"n": 0}),
    (
        "query($f: ProductFilterInput) { products(first: 3, filter: $f) { nodes { name } } }",
        {"f": {"not": {"brand": {"eq": "none"}}}},
    ),
    ("query($s: ID!) { shopper(shopper: {userId: $s}) { __typename } }", {"s": ""}),
    (
        """query($s: ID!) { recommendations(shopper: {userId: $s}, first: 3) {
             edges { rank node { name } reasons { text } } } }""",
        {"s": "ann"},
    ),
    (
        "query($s: ID) { recommendations(shopper: {userId: $s}) { nodes { name } } }",
        {"s": None},
    ),
    ('{ recommendations(shopper: {userId: ""}) { nodes { name } } }', {}),
    ('{ recommendations(shopper: {signedUserId: "x.y"}) { nodes { name } } }', {}),
]


@pytest.mark.parametrize(("query", "variables"), ASKED)
async def test_the_first_answer_and_all_that_follow_are_the_same(shop, api, query, variables):
    answers = []
    for _ in range(3):
        body = orjson.dumps({"query": query, "variables": variables})
        headers = {"Content-Type": "application/json"}
        answer = await api.post("/graphql", content=body, headers=headers)
        answers.append((answer.status_code, answer.content))
    assert answers[0] == answers[1] == answers[2]

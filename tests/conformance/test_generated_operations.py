"""Whatever the schema allows is answered, and never with a mistake of ours."""

import asyncio

import hypothesis
import schemathesis
from graphql import ArgumentNode, Visitor, parse, parse_value, print_ast, visit
from graphql.language.visitor import REMOVE
from hypothesis import HealthCheck
from hypothesis import strategies as st
from schemathesis.graphql import nodes

SCALARS = {
    "CurrencyCode": st.sampled_from(["EUR", "USD", "euro"]).map(nodes.String),
    "DateTime": st.datetimes().map(lambda at: nodes.String(at.isoformat())),
    "Decimal": st.decimals(allow_nan=False, allow_infinity=False).map(
        lambda amount: nodes.String(str(amount))
    ),
    "JSON": st.text(max_size=5).map(nodes.String),
    "URL": st.sampled_from(["https://shop.example/1", "/1", "no address"]).map(nodes.String),
}
MANY = hypothesis.settings(max_examples=12, database=None, suppress_health_check=list(HealthCheck))
KNOWN = {"placement": '"home"', "productId": '"kitchen-1"', "shopper": '{userId: "ann"}'}
KEPT = {"input", "ids", "id", "version", "range", "shelves", "context"}


class ToThePoint(Visitor):
    """Asks for what there is, and leaves out what need not be given."""

    def enter_argument(self, node, *_):
        if known := KNOWN.get(node.name.value):
            return ArgumentNode(name=node.name, value=parse_value(known))
        return None if node.name.value in KEPT else REMOVE


async def test_every_operation_that_schemathesis_makes_is_answered(served):
    for name, strategy in SCALARS.items():
        schemathesis.graphql.scalar(name, strategy)
    answered = await asyncio.to_thread(answers_to_everything, f"{served.base_url}/graphql")
    assert {"recommendations", "products", "recordEvents", "upsertProducts"} <= answered
    assert len(answered) > 20


def answers_to_everything(url):
    """Which fields at the top gave something."""
    answered = set()

    def answer(case):
        for text in (case.body, print_ast(visit(parse(case.body), ToThePoint()))):
            case.body = text
            response = case.call()
            assert response.status_code < 500, (text, response.text)
            codes = {error["extensions"]["code"] for error in response.json().get("errors", [])}
            assert "INTERNAL" not in codes, (text, response.text)
            if not codes:
                answered.add(case.operation.definition.field_name)

    for found in schemathesis.graphql.from_url(url).get_all_operations():
        asking = hypothesis.given(found.ok().as_strategy())(answer)
        hypothesis.seed(1)(MANY(asking))()
    return answered

"""Long lists in variables come out as graphql-core would have it, right or wrong."""

import pytest
from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    Undefined,
    parse,
)
from graphql.utilities import coerce_input_value
from hypothesis import given
from hypothesis import strategies as st

from graphql_api.coerced import LONG, put_back, take_lists
from graphql_api.schema import make_schema
from recommender.settings import Settings

SCHEMA = make_schema(Settings.read({}))._schema
INPUTS = {n: t for n, t in SCHEMA.type_map.items() if isinstance(t, GraphQLInputObjectType)}
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 2**33)
    | st.floats(-2, 2)
    | st.sampled_from(["", "mug", "VIEW", "RATING", "9.50", "EUR", "2026-11-20T10:00:00Z"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("userId"), inner),
    max_leaves=3,
)


def likely(type_, depth=2):
    """Values of a type, most of them right."""
    if isinstance(type_, GraphQLNonNull):
        return likely(type_.of_type, depth)
    if isinstance(type_, GraphQLList):
        return st.lists(likely(type_.of_type, depth), max_size=2)
    if isinstance(type_, GraphQLInputObjectType):
        if depth == 0:
            return st.just({})
        fields = {name: likely(field.type, depth - 1) for name, field in type_.fields.items()}
        required = {
            name: fields.pop(name)
            for name, field in type_.fields.items()
            if isinstance(field.type, GraphQLNonNull)
        }
        return st.fixed_dictionaries(required, optional=fields)
    right = {
        "String": st.sampled_from(["", "mug"]),
        "ID": st.sampled_from(["mug", 7]),
        "Int": st.integers(0, 9),
        "Float": st.integers(0, 9) | st.floats(0, 9),
        "Boolean": st.booleans(),
        "DateTime": st.sampled_from(["2026-11-20T10:00:00Z", "2026-11-20", "soon"]),
        "Decimal": st.sampled_from(["9.50", 7, "nine"]),
        "CurrencyCode": st.just("EUR"),
        "EventType": st.sampled_from(["VIEW", "VIEWED"]),
    }
    return right.get(type_.name, anything)


def mixed(type_):
    return st.lists(likely(type_) | anything, min_size=LONG, max_size=LONG + 3)


def by_graphql_core(item, type_):
    try:
        return coerce_input_value(item, GraphQLNonNull(type_))
    except GraphQLError:  # Strawberry's, of an input that is one of several
        return Undefined


@pytest.mark.parametrize("name", sorted(INPUTS))
@given(data=st.data())
def test_an_item_is_what_graphql_core_makes_of_it(name, data):
    document = parse(f"query($items: [{name}!]!) {{ __typename }}")
    items = data.draw(
        st.lists(likely(INPUTS[name]), min_size=LONG, max_size=LONG) | mixed(INPUTS[name])
    )
    rest, taken = take_lists(SCHEMA, document, None, {"items": items, "other": 1})
    theirs = [by_graphql_core(item, INPUTS[name]) for item in items]
    if Undefined in theirs:
        assert (rest, taken) == ({"items": items, "other": 1}, [])
    else:
        assert rest == {"items": [], "other": 1}
        coerced = dict(rest)
        put_back(coerced, taken)
        assert coerced["items"] == theirs


def test_a_list_within_an_input_is_taken_too_and_the_rest_stays():
    document = parse(
        "mutation A($input: RemoveProductsInput!, $b: RecordEventsInput!) { __typename }"
    )
    event = {"eventId": "e", "type": "VIEW", "shopper": {"userId": "u"}, "productId": "mug"}
    ids = [str(n) for n in range(LONG)]
    values = {
        "input": {"productIds": ids, "idempotencyKey": "k"},
        "b": {"events": [event] * LONG, "idempotencyKey": "k"},
    }
    rest, taken = take_lists(SCHEMA, document, "A", values)
    assert rest == {**values, "b": {"events": [], "idempotencyKey": "k"}}
    assert [(t.variable, t.field, len(t.items)) for t in taken] == [("b", "events", LONG)]
    assert values["b"]["events"] == [event] * LONG


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ("query A { a } query B($items: [EventInput!]!) { a }", None),
        ("query A($items: [EventInput!]!) { a }", "B"),
        ("query A($items: [EventInput]) { a }", "A"),
        ("query A($items: [String!]!) { a }", "A"),
        ("query A($items: Nothing) { a }", "A"),
        ("query A { a }", "A"),
    ],
)
def test_what_is_not_plain_is_left_to_graphql_core(document, name):
    event = {"eventId": "e", "type": "VIEW", "shopper": {"userId": "u"}, "productId": "mug"}
    values = {"items": [event] * LONG}
    assert take_lists(SCHEMA, parse(document), name, values) == (values, [])

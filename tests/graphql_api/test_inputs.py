"""Inputs that are built by plans are what Strawberry would have built."""

import pytest
from graphql import GraphQLInputObjectType, coerce_input_value
from strawberry.types.arguments import convert_argument

from graphql_api.schema import make_schema
from recommender.settings import Settings

SCHEMA = make_schema(Settings.read({}))
INPUTS = {
    name: type_
    for name, type_ in SCHEMA._schema.type_map.items()
    if isinstance(type_, GraphQLInputObjectType)
}
EVENT = {
    "eventId": "e",
    "type": "PURCHASE",
    "shopper": {"sessionId": "s"},
    "productId": "mug",
    "unitPrice": {"amount": "9.50", "currencyCode": "EUR"},
    "occurredAt": "2026-11-20T10:00:00.123+01:00",
}
PRODUCT = {
    "productId": "mug",
    "name": "Mug",
    "price": None,
    "tags": ["tea"],
    "attributes": [{"name": "colour", "value": "red"}],
}
GIVEN = {
    "RecordEventsInput": [
        {"events": [], "idempotencyKey": "k"},
        {"events": [EVENT, {**EVENT, "unitPrice": None}], "idempotencyKey": "k"},
    ],
    "RecordOrderInput": [
        {"orderId": "o", "shopper": {"userId": "u"}, "lines": [{"productId": "mug", "rank": 2}]}
    ],
    "UpsertProductsInput": [{"products": [PRODUCT], "idempotencyKey": "k"}],
    "UpdateProductsInput": [
        {
            "products": [{"productId": "mug", "price": None, "availableForSale": False}],
            "idempotencyKey": "k",
        }
    ],
    "UpsertShoppersInput": [{"shoppers": [{"shopper": {"userId": "u"}, "attributes": []}]}],
    "RequestTrainingInput": [{"idempotencyKey": "k"}],
}
"""Inputs that hold all the kinds of fields there are."""


def built(type_, given):
    definition = type_.extensions["strawberry-definition"]
    coerced = coerce_input_value(given, type_)
    scalars = SCHEMA.schema_converter.scalar_registry
    return convert_argument(coerced, definition.origin, scalars, SCHEMA.config)


@pytest.mark.parametrize(("name", "given"), [(n, g) for n, all_ in GIVEN.items() for g in all_])
def test_a_plan_builds_what_strawberry_would_have_built(monkeypatch, name, given):
    planned = built(INPUTS[name], given)
    for type_ in INPUTS.values():
        monkeypatch.setattr(type_.extensions["strawberry-definition"], "from_input", None)
    assert planned == built(INPUTS[name], given)


@pytest.mark.parametrize("literal", ["null", '{amount: null, currencyCode: "EUR"}'])
def test_what_may_be_left_out_but_not_be_null_is_checked_in_documents_too(literal):
    field = "name" if literal == "null" else "price"
    document = f"""mutation {{ updateProducts(input: {{
        idempotencyKey: "k", products: [{{productId: "mug", {field}: {literal}}}]
    }}) {{ updatedCount }} }}"""
    errors = SCHEMA.execute_sync(document).errors
    assert errors
    assert "null" in errors[0].message


def test_batches_are_planned():
    planned = {
        name
        for name, type_ in INPUTS.items()
        if type_.extensions["strawberry-definition"].from_input
    }
    assert {"EventInput", "ShopperInput", "MoneyInput", "ProductInput"} <= planned
    assert "ProductChangeInput" not in planned

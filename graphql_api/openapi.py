"""The OpenAPI document of the REST shim."""

from typing import Any

from recommender.facts.events import HIGHEST_RATING, LOWEST_RATING
from recommender.facts.ids import LONGEST_ID
from recommender.facts.placements import Placement

_ID = {
    "type": "string",
    "minLength": 1,
    "maxLength": LONGEST_ID,
    "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]+$",
}
_OPTIONAL_ID = {**_ID, "type": ["string", "null"]}


_SIGNATURE = (
    "When it ends (seconds since 1970), a dot, and what the shop's server signed user_id with, "
    "where the shop wants that nobody can ask as somebody else."
)


def document(longest_shelf: int, base_url: str) -> dict[str, Any]:
    """OpenAPI 3.1. What it forbids is refused, and every status is described."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Recommendations",
            "version": "1.0.0",
            "description": "Which products to show to a shopper, and what they thought of them. "
            "GraphQL at /graphql can do more.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": base_url}],
        "paths": {
            "/api/recommendations": {
                "get": {
                    "operationId": "getRecommendations",
                    "summary": "The products to show to a user",
                    "description": "Reflects everything the user did until this moment. A user "
                    "nobody knows gets what is popular.",
                    "parameters": [
                        {
                            "name": "user_id",
                            "in": "query",
                            "required": True,
                            "description": "The shop's own id of the user.",
                            "schema": _ID,
                        },
                        {
                            "name": "signature",
                            "in": "query",
                            "description": _SIGNATURE,
                            "schema": {"type": "string"},
                        },
                        {
                            "name": "limit",
                            "in": "query",
                            "description": "How many products.",
                            "schema": {
                                "type": "integer",
                                "minimum": 1,
                                "maximum": longest_shelf,
                                "default": min(10, longest_shelf),
                            },
                        },
                        {
                            "name": "placement",
                            "in": "query",
                            "description": "The shelf. similar and bought_together go by "
                            "product_id; without one they are filled with what is popular.",
                            "schema": {
                                "type": "string",
                                "enum": list(Placement),
                                "default": Placement.HOME,
                            },
                        },
                        {
                            "name": "product_id",
                            "in": "query",
                            "description": "What the user is looking at.",
                            "schema": _ID,
                        },
                        {
                            "name": "category",
                            "in": "query",
                            "description": "A path such as Home > Kitchen: its products come "
                            "first, others only fill up the list.",
                            "schema": {"type": "string"},
                        },
                    ],
                    "responses": {
                        "200": _response("The list.", "Recommendations"),
                        **_REFUSALS,
                        "422": _problem("A parameter is missing or out of bounds.", "Invalid"),
                        "503": _problem("The database cannot be reached."),
                    },
                }
            },
            "/api/feedback": {
                "post": {
                    "operationId": "postFeedback",
                    "summary": "Say how many stars a user gives a product",
                    "description": "Stored by a majority of the database's servers before the "
                    "answer. The very next list reflects it.",
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": _schema("Feedback")}},
                    },
                    "responses": {
                        "201": _response("It is stored.", "Recorded"),
                        "400": _problem("The body is not JSON."),
                        **_REFUSALS,
                        "404": _problem("There is no such product."),
                        "413": {
                            "description": "The body is too long.",
                            "content": {"text/plain": {"schema": {"type": "string"}}},
                        },
                        "422": _problem("A field is missing or wrong.", "Invalid"),
                        "503": _problem("The database cannot be reached."),
                    },
                }
            },
        },
        "security": [{"publishable": []}, {"secret": []}, {}],
        "components": {
            "securitySchemes": {
                "publishable": {"type": "apiKey", "in": "header", "name": "X-Recs-Key"},
                "secret": {"type": "http", "scheme": "bearer"},
            },
            "schemas": {
                "Recommendations": _object(
                    {
                        "user_id": {"type": "string"},
                        "recommendation_id": {
                            "type": "string",
                            "description": "Send it back with what follows from this list.",
                        },
                        "placement": {"type": "string"},
                        "model_version": {"type": ["string", "null"]},
                        "strategy": {
                            "type": "string",
                            "description": "personalized, or what stood in: popular, newest.",
                        },
                        "short_reason": {
                            "type": ["string", "null"],
                            "description": "Why there are fewer products than asked for.",
                        },
                        "recommendations": {"type": "array", "items": _schema("Recommendation")},
                    }
                ),
                "Recommendation": _object(
                    {
                        "product_id": {"type": "string"},
                        "name": {"type": "string"},
                        "url": {"type": ["string", "null"]},
                        "image": {"type": ["string", "null"]},
                        "price": {
                            "type": ["string", "null"],
                            "description": "A decimal number, as text so that nobody rounds it.",
                        },
                        "currency": {"type": ["string", "null"]},
                        "score": {"type": "number"},
                        "reason": {"type": ["string", "null"]},
                        "strategy": {"type": "string"},
                        "is_filler": {"type": "boolean"},
                    }
                ),
                "Feedback": {
                    "type": "object",
                    "required": ["user_id", "product_id", "rating"],
                    "properties": {
                        "user_id": _ID,
                        "signature": {"type": ["string", "null"], "description": _SIGNATURE},
                        "product_id": _ID,
                        "rating": {
                            "type": "number",
                            "minimum": LOWEST_RATING,
                            "maximum": HIGHEST_RATING,
                        },
                        "event_id": {
                            **_OPTIONAL_ID,
                            "description": "Choose one to make sending again harmless.",
                        },
                        "recommendation_id": {
                            **_OPTIONAL_ID,
                            "description": "From the list that led to this.",
                        },
                    },
                },
                "Recorded": _object(
                    {"event_id": {"type": "string"}, "duplicate": {"type": "boolean"}}
                ),
                "Problem": _PROBLEM,
                "Invalid": {
                    **_PROBLEM,
                    "required": [*_PROBLEM["required"], "errors"],
                    "properties": {
                        **_PROBLEM["properties"],
                        "errors": {
                            "type": "array",
                            "items": _object(
                                {"field": {"type": "string"}, "message": {"type": "string"}}
                            ),
                        },
                    },
                },
            },
        },
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _schema(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _response(description: str, schema: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {"application/json": {"schema": _schema(schema)}},
    }


def _problem(description: str, schema: str = "Problem") -> dict[str, Any]:
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": _schema(schema)}},
    }


_PROBLEM = _object(
    {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    }
)

_REFUSALS = {
    "401": _problem("A key is needed, or the one that was sent or the signature is not good."),
    "403": _problem("The key does not allow this, or not from there."),
    "429": _problem("Too many requests: Retry-After says how many seconds to wait."),
}

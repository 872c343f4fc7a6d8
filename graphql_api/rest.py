"""GET /api/recommendations, POST /api/feedback, and their OpenAPI document: for shops that want
two URLs and nothing else.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import orjson
from starlette import requests
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from graphql_api.context import Context
from graphql_api.errors import STATUS, ErrorCode, logged, refusal_headers
from graphql_api.events import Rejected, feedback, record
from graphql_api.keys import Scope
from graphql_api.openapi import document
from graphql_api.products import Product
from graphql_api.security import Guard
from graphql_api.shelf_input import placement_named
from graphql_api.shelves import shelf_for
from graphql_api.shopper_input import ShopperInput
from recommender.facts.errors import InvalidInput, RecommenderError
from recommender.facts.events import checked_rating
from recommender.facts.ids import checked_id
from recommender.facts.placements import Placement
from recommender.facts.request import Request, Shelf, checked_limit
from recommender.mongo.events import Outcome

DEFAULT_LIMIT = 10

Value = TypeVar("Value")


async def get_recommendations(request: requests.Request) -> Response:
    """GET /api/recommendations?user_id=&limit=&placement=&product_id=&category="""
    context: Context = request.scope["state"]["context"]
    context.caller.require(Scope.READ)
    given = request.query_params
    user_id = given.get("user_id", "")
    fields = _Fields()
    shopper_id = fields.read(lambda: _shopper(context, user_id, given.get("signature")))
    limit = fields.read(lambda: _limit(given.get("limit"), context.settings.longest_shelf))
    placement = fields.read(lambda: placement_named(given.get("placement", Placement.HOME)))
    looked_at = fields.read(lambda: _looked_at(given.get("product_id")))
    if shopper_id is None or limit is None or placement is None or looked_at is None:
        return unprocessable(fields.problems)
    asked = Request(placement, limit, context.now(), looked_at, given.get("category"))
    shelf = await shelf_for(context, asked, shopper_id)
    return _json(_answer(shelf, user_id, context.settings.base_url))


async def post_feedback(request: requests.Request) -> Response:
    """POST /api/feedback"""
    context: Context = request.state.context
    context.caller.require(Scope.EVENTS)
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        return problem(400, "Malformed JSON", f"The body is not JSON: {error}.")
    if not isinstance(body, dict):
        body = {}
    fields = _Fields()
    shopper_id = fields.read(
        lambda: _shopper(context, _text(body, "user_id"), _optional_text(body, "signature"))
    )
    product_id = fields.read(lambda: checked_id("product_id", _text(body, "product_id")))
    rating = fields.read(lambda: checked_rating(_number(body, "rating")))
    event_id = fields.read(lambda: _optional_id(body, "event_id"))
    recommendation_id = fields.read(lambda: _optional_id(body, "recommendation_id"))
    if fields.problems or shopper_id is None or product_id is None or rating is None:
        return unprocessable(fields.problems)
    event = feedback(shopper_id, product_id, rating, context.now(), event_id, recommendation_id)
    [outcome] = await record(context, [event])
    if isinstance(outcome, Rejected):
        return problem(404, "Unknown product", str(outcome.error))
    return _json(
        {"event_id": event.event_id, "duplicate": outcome is Outcome.DUPLICATE}, status=201
    )


async def get_openapi(request: requests.Request) -> Response:
    """GET /openapi.json"""
    settings = request.state.context.settings
    return _json(document(settings.longest_shelf, settings.base_url))


def failure(_request: requests.Request, error: Exception) -> Response:
    """The answer to a request that is refused, or that went wrong.

    What is ours is in the log; the caller gets the id to find it by.
    """
    if isinstance(error, RecommenderError) and error.code != ErrorCode.INTERNAL:
        code = ErrorCode(error.code)
        title = code.replace("_", " ").capitalize()
        response = problem(STATUS.get(code, 400), title, str(error))
        response.headers.update(refusal_headers(error))
        return response
    code, error_id = logged(error)
    if code is ErrorCode.UNAVAILABLE:
        detail = "The database cannot be reached. Try again."
        return problem(503, "Service unavailable", detail, error_id=error_id)
    return problem(500, "Internal error", "Unexpected error.", error_id=error_id)


async def _recommendations(scope: Connection, receive: Receive, send: Send) -> None:
    request = requests.Request(scope, receive)
    try:
        response = await get_recommendations(request)
    except Exception as error:
        response = failure(request, error)
    await response(scope, receive, send)


TO_RECOMMENDATIONS = Route(
    "/api/recommendations", Guard(_recommendations, failure), methods=["GET"]
)
"""It answers errors itself, so that there can be a shortcut to it."""

ROUTES = [
    TO_RECOMMENDATIONS,
    Route(
        "/api/feedback",
        post_feedback,
        methods=["POST"],
        middleware=[Middleware(Guard, refusal=failure)],
    ),
    Route("/openapi.json", get_openapi, methods=["GET"]),
]


class _Fields:
    """Reads fields one by one and gathers what is wrong, so that one answer names it all."""

    def __init__(self) -> None:
        self.problems: list[InvalidInput] = []

    def read(self, field: Callable[[], Value]) -> Value | None:
        try:
            return field()
        except InvalidInput as problem:
            self.problems.append(problem)
            return None


def _shopper(context: Context, user_id: str, signature: str | None) -> str:
    checked_id("user_id", user_id)
    if signature is None:
        return context.shopper_of(ShopperInput.of_user(user_id))
    return context.shopper_of(ShopperInput.of_signed_user(f"{user_id}.{signature}"))


def _looked_at(product_id: str | None) -> tuple[str, ...]:
    return () if product_id is None else (checked_id("product_id", product_id),)


def _limit(text: str | None, most: int) -> int:
    if text is None:
        return min(DEFAULT_LIMIT, most)
    # int() would take 1_0, blanks, and digits of other scripts.
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) < 10):
        raise InvalidInput("limit", f"must be a whole number from 1 to {most}, not {text[:40]!r}")
    return checked_limit("limit", int(text), most)


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise InvalidInput(name, "is missing" if value is None else "must be a string")
    return value


def _optional_text(body: Mapping[str, Any], name: str) -> str | None:
    return None if body.get(name) is None else _text(body, name)


def _optional_id(body: Mapping[str, Any], name: str) -> str | None:
    return None if body.get(name) is None else checked_id(name, _text(body, name))


def _number(body: Mapping[str, Any], name: str) -> float:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(name, "is missing" if value is None else "must be a number")
    return float(value)


def _answer(shelf: Shelf, user_id: str, base_url: str) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "recommendation_id": shelf.recommendation_id,
        "placement": shelf.placement,
        "model_version": shelf.model_version,
        "strategy": shelf.strategy,
        "short_reason": shelf.short_reason,
        "recommendations": [
            {
                "product_id": product.product_id,
                "name": product.name,
                "url": product.url,
                "image": product.image.address if product.image else None,
                "price": str(product.price.amount) if product.price else None,
                "currency": product.price.currency_code if product.price else None,
                "score": r.score,
                "reason": reasons[0].text if (reasons := r.reasons) else None,
                "strategy": r.strategy,
                "is_filler": r.is_filler,
            }
            for r in shelf.recommendations
            for product in (Product.of(r.product, base_url),)
        ],
    }


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    """A mistake of the caller, as RFC 9457 has it."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return _json(body, status, "application/problem+json")


def unprocessable(problems: list[InvalidInput]) -> Response:
    """422 with one entry for each field."""
    return problem(
        422,
        "Unprocessable content",
        "; ".join(str(p) for p in problems) + ".",
        errors=[{"field": p.field, "message": str(p)} for p in problems],
    )


def _json(body: Any, status: int = 200, media_type: str = "application/json") -> Response:
    return Response(orjson.dumps(body), status_code=status, media_type=media_type)

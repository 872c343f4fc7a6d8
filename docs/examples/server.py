"""A shop's server and the recommender, from Python, by the HTTP client that comes with it."""

import hashlib
import hmac
import json
import logging
import os
import time
from typing import Any
from urllib.request import Request, urlopen

log = logging.getLogger(__name__)


def ask(query: str, variables: dict[str, Any], *, seconds: float, buyer_ip: str = "") -> Any:
    """The data of an operation.

    Args:
        query: the document.
        variables: what it leaves open.
        seconds: how long to wait.
        buyer_ip: the shopper's address, which then has a rate limit of its own.

    Raises:
        OSError: if there was no answer in time (it may have been carried out), or one with a status
            such as 401 or 503.
        RuntimeError: if it could not be carried out, with the code.
    """
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {os.environ['RECS_SECRET_KEY']}",
    }
    if buyer_ip:
        headers["X-Recs-Buyer-IP"] = buyer_ip
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = Request(f"{os.environ['RECS_API']}/graphql", body, headers)
    with urlopen(request, timeout=seconds) as response:
        answer = json.load(response)
    if errors := answer.get("errors"):
        raise RuntimeError(f"{errors[0]['extensions']['code']}: {errors[0]['message']}")
    return answer["data"]


SHELVES = """query Shelves($shopper: ShopperInput!, $shelves: [ShelfInput!]!) {
  page(shopper: $shopper, shelves: $shelves) {
    recommendationId placement edges { rank node { productId name } }
  }
}"""


def shelves(
    shopper: dict[str, str], wanted: list[dict[str, Any]], *, buyer_ip: str = ""
) -> list[dict[str, Any]]:
    """Shelves for a page that is rendered here; none if they take too long."""
    variables = {"shopper": shopper, "shelves": wanted}
    try:
        return ask(SHELVES, variables, seconds=0.3, buyer_ip=buyer_ip)["page"] or []
    except (OSError, RuntimeError) as error:
        log.warning("No recommendations: %s", error)
        return []


ORDER = """mutation Order($order: RecordOrderInput!) {
  recordOrder(input: $order) { accepted duplicate userErrors { message field } }
}"""


def record_order(order: dict[str, Any]) -> dict[str, Any]:
    """Tell of an order. If this raises, do it again later: from a queue, until it succeeds."""
    told: dict[str, Any] = ask(ORDER, {"order": order}, seconds=10)["recordOrder"]
    if told["userErrors"]:
        log.error("Not recorded, and sending it again will not help: %s", told["userErrors"])
    return told


def signed_user_id(user_id: str, seconds: int = 3600) -> str:
    """What the page of somebody who is signed in may be given: good for an hour."""
    secret = os.environ["SHOPPER_SIGNING_SECRET"]
    said = f"{user_id}.{int(time.time()) + seconds}"
    return f"{said}.{hmac.new(secret.encode(), said.encode(), hashlib.sha256).hexdigest()}"

"""Ask the engine from the command line: the same lists that the API gives."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from recommender.facts.errors import NotEnoughData
from recommender.facts.events import shopper_of_user
from recommender.facts.placements import Placement
from recommender.facts.request import Request, Shelf, checked_limit
from recommender.mongo.documents import Document
from recommender.mongo.events import history, popular_lately
from recommender.mongo.models import load, version_in_service
from recommender.mongo.products import read_products
from recommender.mongo.shoppers import attributes_of
from recommender.serving.engine import recommend
from recommender.serving.live_model import LiveModel
from recommender.settings import Settings


def shelf_for(database: Database[Document], settings: Settings, user_id: str, limit: int) -> Shelf:
    """The home shelf of a user.

    Raises:
        InvalidInput: if the user id or the limit is out of bounds.
        NotEnoughData: if the catalogue is empty.
    """
    shopper_id = shopper_of_user(user_id)
    limit = checked_limit("limit", limit, settings.longest_shelf)
    products = list(read_products(database))
    if not products:
        raise NotEnoughData(
            f"There are no products in the database {database.name!r}. Seed a demo shop: python "
            "-m seed demo"
        )
    version = version_in_service(database)
    live = (
        LiveModel(load(database, version), products)
        if version
        else LiveModel(None, products, popular_lately(database, settings.popular_events))
    )
    request = Request(Placement.HOME, limit, at=datetime.now(UTC))
    known = replace(
        history(database, shopper_id, settings.history_length),
        attributes=attributes_of(database, shopper_id),
    )
    return recommend(request, known, live, rules=settings.rules)


def as_table(shelf: Shelf, user_id: str) -> Table:
    """For people."""
    caption = f"model {shelf.model_version or 'none yet'}, list {shelf.recommendation_id}"
    if shelf.short_reason:
        caption += f"\n{shelf.short_reason}"
    # As Text: what shops and shoppers are called may look like markup, "Mug [set of 2]".
    table = Table(
        title=Text(f"For {user_id}", "table.title"),
        caption=Text(caption, "table.caption"),
        box=SIMPLE_HEAD,
    )
    table.add_column("", justify="right")
    table.add_column("product", no_wrap=True)
    table.add_column("name, and why")
    table.add_column("price", justify="right", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    for r in shelf.recommendations:
        why = r.reasons[0].text if r.reasons else "No single reason"
        how = f"{r.strategy}, filler" if r.is_filler else str(r.strategy)
        table.add_row(
            Text(str(r.rank)),
            Text(r.product.product_id),
            Text.assemble(r.product.name, "\n", (f"{why} ({how})", "dim")),
            Text(str(r.product.price or "")),
            Text(f"{r.score:.3f}"),
        )
    return table


def as_dict(shelf: Shelf, user_id: str) -> dict[str, Any]:
    """For machines."""
    return {
        "user_id": user_id,
        "recommendation_id": shelf.recommendation_id,
        "model_version": shelf.model_version,
        "strategy": shelf.strategy,
        "short_reason": shelf.short_reason,
        "recommendations": [
            {
                "rank": r.rank,
                "product_id": r.product.product_id,
                "name": r.product.name,
                "price": str(r.product.price.amount) if r.product.price else None,
                "currency": r.product.price.currency if r.product.price else None,
                "score": r.score,
                "strategy": r.strategy,
                "is_filler": r.is_filler,
                "reasons": [
                    {"kind": reason.kind, "text": reason.text, "weight": reason.weight}
                    for reason in r.reasons
                ],
            }
            for r in shelf.recommendations
        ],
    }

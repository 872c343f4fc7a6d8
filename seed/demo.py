"""The demo shop in MongoDB: safe to make twice, and to go on with after it was interrupted."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pymongo.database import Database
from rich.progress import Progress

from recommender.facts.errors import RecommenderError
from recommender.facts.events import shopper_of_user
from recommender.mongo.documents import EVENTS, PRODUCTS, Document, utc
from recommender.mongo.events import EventWriter
from recommender.mongo.products import upsert_products
from recommender.settings import Settings
from seed import pictures, shop, shoppers

SEEDS = "seeds"
"""What was generated into this database, so that a second time goes on with the same."""

WARM_UP = timedelta(days=365)
"""How long before the end of the history the shop opened."""

Thing = TypeVar("Thing")


class AnotherShop(RecommenderError):
    """The database holds something else than what is to be seeded."""


@dataclass(frozen=True, slots=True)
class DemoSize:
    """What to generate. The same numbers give the same shop."""

    seed: int = 1
    products: int = 2_400
    events: int = 60_000
    shoppers: int = 3_000
    days: int = 180


@dataclass
class DemoSummary:
    """What seeding did."""

    products: int = 0
    events: int = 0
    already_there: int = 0
    """Products and events of them that were stored before."""
    pictures: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self)


def is_seeded(database: Database[Document]) -> bool:
    """Whether a demo shop was made here, whole."""
    marker = database[SEEDS].find_one({"_id": "demo"})
    return bool(marker and marker["done"])


def may_be_seeded(database: Database[Document]) -> bool:
    """Whether the database is empty, or holds (part of) a demo shop."""
    return (
        database[SEEDS].find_one({"_id": "demo"}) is not None
        or database[PRODUCTS].find_one({}, {"_id": 1}) is None
    )


def seed_demo(
    database: Database[Document],
    settings: Settings,
    size: DemoSize,
    progress: Progress,
    now: datetime,
) -> DemoSummary:
    """Generate the demo shop into the database, without holding it in memory.

    Raises:
        AnotherShop: if the database holds other products, or a demo shop of another size.
    """
    begun = _begin(database, size, now)
    until, opened = utc(begun["until"]), utc(begun["opened"])
    summary = DemoSummary()
    if not begun["done"]:
        catalogue = shop.products(size.seed, size.products, opened=opened)
        upserted = upsert_products(
            database, _told(progress, "Making products", catalogue, size.products), now
        )
        summary.products = upserted.created + upserted.updated
        summary.already_there = upserted.unchanged
        history = shoppers.events(
            shop.products(size.seed, size.products, opened=opened),
            until=until,
            days=size.days,
            count=size.events,
            shoppers=size.shoppers,
            seed=size.seed,
        )
        with EventWriter(database) as writer:
            writer.write(_told(progress, "Making events", history, size.events))
        summary.events = writer.written.recorded
        summary.already_there += writer.written.duplicate
        database[SEEDS].update_one({"_id": "demo"}, {"$set": {"done": True}})
    else:
        summary.already_there = (
            database[PRODUCTS].estimated_document_count()
            + database[EVENTS].estimated_document_count()
        )
    media = settings.data_dir / "media" / "demo"
    summary.pictures = pictures.write_pictures(media)
    (media / "shoppers.json").write_text(json.dumps(_who_can_sign_in(database)))
    return summary


def _who_can_sign_in(database: Database[Document]) -> list[dict[str, str]]:
    """For the page of the demo shop."""
    return [
        {"userId": user_id, "name": user_id.partition("-")[0].title(), "tastes": about}
        for user_id, about in example_shoppers(database, count=8)
    ]


def example_shoppers(
    database: Database[Document], count: int = 3, fewest_events: int = 20
) -> list[tuple[str, str]]:
    """A few user ids with a history, and what they are into; no two of the same taste."""
    begun = database[SEEDS].find_one({"_id": "demo"}) or {}
    found: dict[str, tuple[str, str]] = {}
    for number in range(1, begun.get("shoppers", 0) + 1):
        interests = shoppers.taste_of(number, begun["seed"]).interests
        user_id = shoppers.user_id_of(number)
        if interests[0] not in found and fewest_events == database[EVENTS].count_documents(
            {"shopper_id": shopper_of_user(user_id)}, limit=fewest_events
        ):
            found[interests[0]] = (user_id, " and ".join(interests))
        if len(found) == count:
            break
    return list(found.values())


def _begin(database: Database[Document], size: DemoSize, now: datetime) -> Document:
    """The note of what is generated here; made before anything else, and kept to ever after."""
    if not may_be_seeded(database):
        raise AnotherShop(
            f"The database {database.name!r} holds products that are not the demo shop's. Set "
            "MONGODB_DATABASE to another name to seed a demo shop beside them."
        )
    until = datetime(now.year, now.month, now.day, tzinfo=UTC)
    wanted = asdict(size)
    begun = database[SEEDS].find_one({"_id": "demo"})
    if begun is None:
        begun = {
            "_id": "demo",
            **wanted,
            "until": until,
            "opened": until - WARM_UP,
            "done": False,
        }
        database[SEEDS].insert_one(begun)
    there = {name: begun[name] for name in wanted}
    if there != wanted:
        raise AnotherShop(
            f"The database {database.name!r} holds a demo shop of another size: {there}. Ask for "
            "the same, or set MONGODB_DATABASE to another name."
        )
    return begun


def _told(progress: Progress, what: str, things: Iterable[Thing], about: int) -> Iterator[Thing]:
    """The same things, while a bar moves."""
    task = progress.add_task(what, total=about)
    done = 0
    for done, thing in enumerate(things, 1):
        if done % 1000 == 0:
            progress.update(task, completed=done)
        yield thing
    progress.update(task, completed=done, total=done)

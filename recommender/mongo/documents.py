"""Every document: its shape, its indexes, to and from our own types.

Absent fields are left out rather than stored as null. Datetimes are BSON dates (UTC, whole
milliseconds). Money is {minor_units, currency}, so that the database can sum it exactly.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from recommender.facts.catalog import Product
from recommender.facts.events import Act, Event, EventType
from recommender.facts.keys import Key, KeyKind, Scope
from recommender.facts.money import Money
from recommender.facts.request import Shelf
from recommender.facts.shopper_attributes import ShopperAttributes

Document = dict[str, Any]

EVENTS = "events"
PRODUCTS = "products"
SHOPPERS = "shoppers"
"""What the shop says of shoppers, under their ids."""
JOINS = "joins"
"""Which users signed in on a session, one after the other, and since when; under its shopper id."""
FORGOTTEN = "forgotten"
"""Shoppers that were forgotten a moment ago, until nothing of them can be on its way any more."""
ANSWERS = "answers"
"""First answers to batches, under their idempotency keys."""
MODELS = "models"
MODEL_FILES = "model_files"
"""The GridFS bucket with the arrays of each model."""
SERVING = "serving"
"""One document: which model answers."""
LISTS = "lists"
"""Every list that was served."""
FROZEN_LISTS = "frozen_lists"
"""Lists that can be walked further, as they were when they were made."""
CREDITS = "credits"
"""Acts that are credited to lists."""
CREDITING = "crediting"
"""One document: up to when acts are credited."""
LEASES = "leases"
JOBS = "jobs"
"""Trainings that were asked for, under the versions of the models that come of them."""
SEARCHES = "searches"
"""One document for each search for parameters."""
TRIALS = "trials"
"""What each search tried."""
PARAMETERS = "parameters"
"""One document: what the last search found, if that was better than the defaults."""
KEYS = "keys"
"""What each key may do, under its first characters. Never the key itself."""
RATE_COUNTS = "rate_counts"
"""How much was asked for in one window of time, by one client with one key."""

INDEXES: Mapping[str, list[IndexModel]] = {
    EVENTS: [
        # A shopper's history is read from the index alone: all that HISTORY_FIELDS names is here.
        IndexModel(
            [
                ("shopper_id", ASCENDING),
                ("at", DESCENDING),
                ("product_id", ASCENDING),
                ("type", ASCENDING),
                ("rating", ASCENDING),
            ],
            name="history",
        ),
        IndexModel([("received_at", DESCENDING)], name="latest"),
    ],
    PRODUCTS: [IndexModel([("updated_at", ASCENDING)], name="changes")],
    SHOPPERS: [],
    JOINS: [
        IndexModel([("turns.user", ASCENDING)], name="of_user"),
        IndexModel([("settle_at", ASCENDING)], name="unsettled", sparse=True),
        IndexModel([("expires_at", ASCENDING)], name="kept", expireAfterSeconds=0),
    ],
    FORGOTTEN: [IndexModel([("settle_at", ASCENDING)], name="unsettled")],
    ANSWERS: [IndexModel([("expires_at", ASCENDING)], name="kept", expireAfterSeconds=0)],
    MODELS: [IndexModel([("trained_at", DESCENDING)], name="latest")],
    SERVING: [],
    LISTS: [
        IndexModel([("shopper_id", ASCENDING), ("at", DESCENDING)], name="of_shopper"),
        IndexModel([("at", ASCENDING)], name="served"),
        IndexModel([("expires_at", ASCENDING)], name="expiry", expireAfterSeconds=0),
    ],
    CREDITS: [IndexModel([("at", ASCENDING)], name="acted")],
    CREDITING: [],
    FROZEN_LISTS: [
        IndexModel([("shopper_id", ASCENDING)], name="of_shopper"),
        IndexModel([("expires_at", ASCENDING)], name="expiry", expireAfterSeconds=0),
    ],
    LEASES: [],
    JOBS: [
        IndexModel([("key", ASCENDING)], name="key", unique=True),
        IndexModel([("state", ASCENDING), ("requested_at", ASCENDING)], name="next"),
    ],
    SEARCHES: [IndexModel([("started_at", DESCENDING)], name="latest")],
    TRIALS: [IndexModel([("search", ASCENDING), ("number", ASCENDING)], name="of_search")],
    PARAMETERS: [],
    KEYS: [],
    RATE_COUNTS: [IndexModel([("expires_at", ASCENDING)], name="expiry", expireAfterSeconds=0)],
}

SPEAKING_TYPES = [t.value for t in EventType if t is not EventType.IMPRESSION]
"""What a history is made of. Impressions say nothing, and there are far more of them."""

HISTORY_FIELDS = {"_id": 0, "at": 1, "product_id": 1, "type": 1, "rating": 1}

_TYPES = {str(t): t for t in EventType}


def money_document(money: Money) -> Document:
    """{minor_units, currency}."""
    return {"minor_units": money.minor_units, "currency": money.currency}


def money_of(document: Document | None) -> Money | None:
    """The other way."""
    return Money(document["minor_units"], document["currency"]) if document else None


def event_document(event: Event) -> Document:
    """One event. Its id is the key, so that a retry cannot be stored twice."""
    document: Document = {
        "_id": event.event_id,
        "type": event.type.value,
        "shopper_id": event.shopper_id,
        "product_id": event.product_id,
        "at": event.at,
        "received_at": event.received_at,
    }
    if event.quantity != 1:
        document["quantity"] = event.quantity
    if event.rating is not None:
        document["rating"] = event.rating
    if event.unit_price is not None:
        document["unit_price"] = money_document(event.unit_price)
    if event.order_id is not None:
        document["order_id"] = event.order_id
    if event.recommendation_id is not None:
        document["recommendation_id"] = event.recommendation_id
    if event.rank is not None:
        document["rank"] = event.rank
    if not event.trusted:
        document["trusted"] = False
    return document


def event_of(document: Document) -> Event:
    """The other way."""
    return Event(
        event_id=document["_id"],
        type=_TYPES[document["type"]],
        shopper_id=document["shopper_id"],
        product_id=document["product_id"],
        at=utc(document["at"]),
        received_at=utc(document["received_at"]),
        quantity=document.get("quantity", 1),
        rating=document.get("rating"),
        unit_price=money_of(document.get("unit_price")),
        order_id=document.get("order_id"),
        recommendation_id=document.get("recommendation_id"),
        rank=document.get("rank"),
        trusted=document.get("trusted", True),
    )


def acts_of(documents: Iterable[Document]) -> list[Act]:
    """What serving reads of events: the fields of HISTORY_FIELDS."""
    types, act = _TYPES, Act._make
    return [
        act((d["product_id"], types[d["type"]], d["at"].replace(tzinfo=UTC), d.get("rating")))
        for d in documents
    ]


def product_document(product: Product) -> Document:
    """One product, under the shop's own id."""
    document: Document = {
        "_id": product.product_id,
        "name": product.name,
        "available_for_sale": product.available_for_sale,
        "created_at": product.created_at,
        "updated_at": product.updated_at,
    }
    if product.description:
        document["description"] = product.description
    if product.categories:
        document["categories"] = list(product.categories)
    if product.tags:
        document["tags"] = list(product.tags)
    if product.attributes:
        document["attributes"] = _attribute_documents(product.attributes)
    for name in ("brand", "url", "image_url", "image_alt_text", "item_group_id"):
        if (value := getattr(product, name)) is not None:
            document[name] = value
    if product.price is not None:
        document["price"] = money_document(product.price)
    if product.compare_at_price is not None:
        document["compare_at_price"] = money_document(product.compare_at_price)
    return document


def product_of(document: Document) -> Product:
    """The other way."""
    return Product(
        product_id=document["_id"],
        name=document["name"],
        description=document.get("description", ""),
        brand=document.get("brand"),
        categories=tuple(document.get("categories", ())),
        tags=tuple(document.get("tags", ())),
        attributes=_attributes_of(document),
        url=document.get("url"),
        image_url=document.get("image_url"),
        image_alt_text=document.get("image_alt_text"),
        price=money_of(document.get("price")),
        compare_at_price=money_of(document.get("compare_at_price")),
        available_for_sale=document["available_for_sale"],
        item_group_id=document.get("item_group_id"),
        created_at=utc(document["created_at"]),
        updated_at=utc(document["updated_at"]),
    )


def shopper_document(shopper: ShopperAttributes) -> Document:
    """What is said of one shopper."""
    return {
        "_id": shopper.shopper_id,
        "attributes": _attribute_documents(shopper.attributes),
    }


def shopper_of(document: Document) -> ShopperAttributes:
    """The other way."""
    return ShopperAttributes(document["_id"], _attributes_of(document))


def list_document(shelf: Shelf, shopper_id: str | None, expires_at: datetime) -> Document:
    """One list that was served. What is said of its products stands in lists as long as that of
    their ids: it is stored far more often than it is read, and so it is smallest."""
    found = [*shelf.recommendations, *shelf.rest]
    document: Document = {
        "_id": shelf.recommendation_id,
        "placement": shelf.placement.value,
        "strategy": shelf.strategy.value,
        "at": shelf.generated_at,
        "expires_at": expires_at,
        "products": [r.product.product_id for r in found],
        "scores": [r.score for r in found],
    }
    if shopper_id is not None:
        document["shopper_id"] = shopper_id
    if shelf.model_version is not None:
        document["model_version"] = shelf.model_version
    strategies = [r.strategy for r in found]
    if strategies.count(shelf.strategy) < len(found):
        document["strategies"] = [strategy.value for strategy in strategies]
    fillers = [r.is_filler for r in found]
    if True in fillers:
        document["fillers"] = fillers
    if shelf.rest:
        # Those after that were not shown yet.
        document["shown"] = len(shelf.recommendations)
    return document


def key_document(key: Key) -> Document:
    """What is kept of one key."""
    document: Document = {
        "_id": key.key_id,
        "name": key.name,
        "kind": key.kind.value,
        "digest": key.digest,
        "scopes": sorted(scope.value for scope in key.scopes),
        "created_at": key.created_at,
    }
    if key.origins:
        document["origins"] = list(key.origins)
    for name in ("expires_at", "revoked_at", "last_used_at"):
        if (moment := getattr(key, name)) is not None:
            document[name] = moment
    return document


def key_of(document: Document) -> Key:
    """The other way."""
    moments = {
        name: utc(document[name]) if name in document else None
        for name in ("expires_at", "revoked_at", "last_used_at")
    }
    return Key(
        key_id=document["_id"],
        name=document["name"],
        kind=KeyKind(document["kind"]),
        digest=bytes(document["digest"]),
        scopes=frozenset(Scope(s) for s in document["scopes"]),
        created_at=utc(document["created_at"]),
        origins=tuple(document.get("origins", ())),
        **moments,
    )


def _attribute_documents(attributes: Iterable[tuple[str, str]]) -> list[Document]:
    return [{"name": name, "value": value} for name, value in attributes]


def _attributes_of(document: Document) -> tuple[tuple[str, str], ...]:
    return tuple((a["name"], a["value"]) for a in document.get("attributes", ()))


def utc(moment: datetime) -> datetime:
    """A moment as the driver gives it, with its time zone said."""
    return moment.replace(tzinfo=UTC)

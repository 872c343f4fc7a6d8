"""Trained models in MongoDB: the arrays in GridFS, a document about each, and which one answers."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Protocol

from gridfs import GridFSBucket
from gridfs.errors import GridFSError, NoFile
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.database import Database

from recommender.facts.errors import CorruptModel, NoModel
from recommender.model.trained_model import TrainedModel
from recommender.mongo.documents import MODEL_FILES, MODELS, SERVING, Document, utc

POINTER = "model"
"""The id of the one document in SERVING."""
_WITHOUT_CURVES = {"curves": 0}
"""They are most of a document, and only reports show them."""
MOST_BEFORE = 20
"""Models that were in service before, as far as is remembered."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known of a model without loading it."""

    version: str
    trained_at: datetime
    """UTC."""
    trained_through: datetime
    """UTC by our clock: it learned from events received until then."""
    algorithm: str
    digest: str
    """SHA-256 of the file, in hexadecimal."""
    bytes: int
    shopper_count: int
    product_count: int
    interaction_count: int
    training_seconds: float
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Model or baseline -> measure -> value, all on the same held-out events."""
    bounds: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Measure -> low and high of the model itself (95 %). None of what is no mean over shoppers,
    nor of models from before this was kept."""
    curves: Mapping[str, Mapping[str, Mapping[str, Sequence[float]]]] = field(default_factory=dict)
    """Model or baseline -> measure -> mean, low, high -> value for lists of 1, 2, ... products. Of
    models from before this was kept there are none."""
    search: str | None = None
    """Which search found the parameters it was trained with; None for the defaults."""


class File(Protocol):
    """What both drivers' GridFS streams share."""

    async def read(self) -> bytes:
        """The whole file."""


class Bucket(Protocol):
    """What both drivers' GridFS buckets share."""

    async def open_download_stream(self, file_id: str) -> File:
        """The file with that id."""


def publish(database: Database[Document], model: TrainedModel, **known: Any) -> ModelCard:
    """Store the model so that it can be put in service: first the arrays, then the document.

    Whoever dies in between leaves a file, or half of one, that nobody points at, and `forget_old`
    removes it.

    Args:
        database: the shop's.
        model: what was trained.
        known: the fields of its card that the model itself does not know.
    """
    data = model.to_bytes()
    card = ModelCard(
        version=model.version,
        trained_at=model.trained_at,
        digest=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        **known,
    )
    bucket = GridFSBucket(database, MODEL_FILES)
    with suppress(NoFile):  # what a worker left that died over the same version
        bucket.delete(card.version)
    bucket.upload_from_stream_with_id(card.version, card.version, data)
    database[MODELS].replace_one({"_id": card.version}, _card_document(card), upsert=True)
    return card


def put_in_service(database: Database[Document], version: str, now: datetime) -> None:
    """Let this model answer, in every API process, from now on.

    Raises:
        NoModel: if there is no such model.
    """
    read_card(database, version)
    database[SERVING].update_one({"_id": POINTER}, _pointed_at(version, now), upsert=True)


def _pointed_at(version: str, now: datetime) -> list[Document]:
    """The change of the pointer, which remembers what it pointed at before."""
    new = {"$literal": version}
    before = {"$ifNull": ["$before", []]}
    longer = {"$slice": [{"$concatArrays": [before, ["$version"]]}, -MOST_BEFORE]}
    is_there = {"$eq": [{"$ifNull": ["$version", new]}, new]}
    known = {"before": {"$cond": [is_there, before, longer]}, "version": new, "since": now}
    return [{"$set": known}]


def version_in_service(database: Database[Document]) -> str | None:
    """Which model answers; None while none does."""
    pointer = database[SERVING].find_one({"_id": POINTER})
    return pointer["version"] if pointer else None


def read_card(database: Database[Document], version: str) -> ModelCard:
    """What is known of a model.

    Raises:
        NoModel: if there is no such model.
    """
    return _card_of(database[MODELS].find_one({"_id": version}), version)


def read_cards(database: Database[Document]) -> list[ModelCard]:
    """Every model that was ever published, the oldest first."""
    found = database[MODELS].find(
        {"digest": {"$exists": True}}, sort=[("trained_at", 1), ("_id", 1)]
    )
    return [_card_of(document, str(document["_id"])) for document in found]


def load(database: Database[Document], version: str) -> TrainedModel:
    """The model, checked against its digest.

    Raises:
        NoModel, CorruptModel: if it is not there, or not what its document says.
    """
    card = read_card(database, version)
    try:
        data = GridFSBucket(database, MODEL_FILES).open_download_stream(version).read()
    except GridFSError as error:
        raise _unreadable(version, error) from None
    return checked(data, card)


def checked(data: bytes, card: ModelCard) -> TrainedModel:
    """The model in the data.

    Raises:
        CorruptModel: if the data is not what was published.
    """
    found = hashlib.sha256(data).hexdigest()
    if found != card.digest:
        raise CorruptModel(
            f"The file of model {card.version} has digest {found[:12]}..., published was "
            f"{card.digest[:12]}...: it is damaged."
        )
    return TrainedModel.from_bytes(data)


def attach(database: Database[Document], version: str, name: str, data: bytes) -> None:
    """Keep a file beside the arrays of a model, for as long as these are kept.

    Before the model is published or after; a file of the same name is replaced.
    """
    bucket = GridFSBucket(database, MODEL_FILES)
    with suppress(NoFile):
        bucket.delete(_attachment(version, name))
    bucket.upload_from_stream_with_id(_attachment(version, name), name, data)


def attached(database: Database[Document], version: str, name: str) -> bytes | None:
    """The file of that name beside the arrays of a model, if there is one."""
    try:
        stream = GridFSBucket(database, MODEL_FILES).open_download_stream(
            _attachment(version, name)
        )
    except NoFile:
        return None
    return stream.read()


def _attachment(version: str, name: str) -> str:
    return f"{version}/{name}"


def forget_old(database: Database[Document], kept: int) -> list[str]:
    """Remove the files of all but the latest models; those of the one in service always stay.

    The documents stay too: what a model scored is worth knowing for longer than its arrays. Only
    for who holds the lease of the retrain: what another one is still uploading looks no different
    from what a dead one left.
    """
    recent = database[MODELS].find({}, {"_id": 1}, sort=[("trained_at", -1)], limit=kept)
    pointer = database[SERVING].find_one({"_id": POINTER}) or {}
    # The one in service, and the one to roll back to.
    keep = {d["_id"] for d in recent} | {pointer.get("version"), *pointer.get("before", [])[-1:]}
    bucket = GridFSBucket(database, MODEL_FILES)
    # Each file's id is, or begins with, its version, and its chunks were written before the file.
    stored = database[f"{MODEL_FILES}.files"].distinct("_id")
    stored += database[f"{MODEL_FILES}.chunks"].distinct("files_id")
    gone = sorted(id_ for id_ in set(stored) if id_.partition("/")[0] not in keep)
    for version in gone:
        with suppress(NoFile):  # if its upload was cut short; the chunks are deleted all the same
            bucket.delete(version)
    return gone


class Models:
    """Models as the API needs them."""

    def __init__(self, database: AsyncDatabase[Document], bucket: Bucket) -> None:
        self._models = database[MODELS]
        self._serving = database[SERVING]
        self._files = database[f"{MODEL_FILES}.files"]
        self._bucket = bucket

    async def version_in_service(self) -> str | None:
        """Which model should answer; None while none should."""
        pointer = await self._serving.find_one({"_id": POINTER})
        return pointer["version"] if pointer else None

    async def cards(
        self, *, after: str | None, before: str | None, count: int, latest_first: bool
    ) -> list[Document]:
        """Documents of models, also of those to come, in the order of their versions.

        Args:
            after: only older ones than this.
            before: only newer ones than this.
            count: at most.
            latest_first: count from the newest; else from the oldest, and begin with it.
        """
        bounds = {"$lt": after, "$gt": before}
        where = {name: version for name, version in bounds.items() if version is not None}
        found = self._models.find(
            {"_id": where} if where else {},
            _WITHOUT_CURVES,
            sort=[("_id", -1 if latest_first else 1)],
            limit=count,
        )
        return await found.to_list(None)

    async def kept(self, versions: Sequence[str]) -> set[str]:
        """Those of these models whose arrays are still there."""
        found = await self._files.find({"_id": {"$in": list(versions)}}, {"_id": 1}).to_list(None)
        return {document["_id"] for document in found}

    async def card(self, version: str) -> Document | None:
        """What is known of a model, also of one to come."""
        return await self._models.find_one({"_id": version}, _WITHOUT_CURVES)

    async def put_in_service(self, version: str, now: datetime) -> None:
        """Let this model answer, in every API process, from now on.

        Raises:
            NoModel: if there is no such model, or its arrays are no longer kept.
        """
        _card_of(await self.card(version), version)
        if not await self.kept([version]):
            raise NoModel(f"The arrays of model {version!r} are no longer kept: retrain.")
        pointed_at = _pointed_at(version, now)
        await self._serving.update_one({"_id": POINTER}, pointed_at, upsert=True)

    async def roll_back(self, now: datetime) -> str:
        """Let the model answer that did before the one in service; which one that is.

        Raises:
            NoModel: if none was in service before, or none of them is kept.
        """
        while True:
            pointer = await self._serving.find_one({"_id": POINTER}) or {}
            before = pointer.get("before", [])
            kept = await self.kept(before)
            place = next((n for n in reversed(range(len(before))) if before[n] in kept), None)
            if place is None:
                raise NoModel("No model was in service before that is still kept.")
            back = {"version": before[place], "since": now, "before": before[:place]}
            done = await self._serving.update_one(
                {"_id": POINTER, "version": pointer["version"], "before": before}, {"$set": back}
            )
            # Somebody else may have moved the pointer meanwhile: then look again.
            if done.matched_count:
                return str(back["version"])

    async def file(self, version: str) -> tuple[bytes, ModelCard]:
        """The model's file, not yet checked, and its card.

        Raises:
            NoModel, CorruptModel: if the one or the other is not there.
        """
        card = _card_of(await self._models.find_one({"_id": version}), version)
        try:
            stream = await self._bucket.open_download_stream(version)
            return await stream.read(), card
        except GridFSError as error:
            raise _unreadable(version, error) from None


def _unreadable(version: str, error: GridFSError) -> CorruptModel:
    if isinstance(error, NoFile):
        return CorruptModel(f"The arrays of model {version} are missing.")
    return CorruptModel(f"The arrays of model {version} are damaged: {error}")


def _card_document(card: ModelCard) -> Document:
    document = {
        "_id": card.version,
        "trained_at": card.trained_at,
        "trained_through": card.trained_through,
        "algorithm": card.algorithm,
        "digest": card.digest,
        "bytes": card.bytes,
        "shopper_count": card.shopper_count,
        "product_count": card.product_count,
        "interaction_count": card.interaction_count,
        "training_seconds": card.training_seconds,
        "metrics": {name: dict(values) for name, values in card.metrics.items()},
    }
    if card.bounds:
        document["bounds"] = {name: list(values) for name, values in card.bounds.items()}
    if card.curves:
        document["curves"] = card.curves
    return document if card.search is None else {**document, "search": card.search}


def _card_of(document: Document | None, version: str) -> ModelCard:
    if document is None or "digest" not in document:
        raise NoModel(f"There is no model {version!r}.")
    # What a newer worker wrote may have more to it than we know.
    known = {f.name: document[f.name] for f in fields(ModelCard) if f.name in document}
    moments = {name: utc(known[name]) for name in ("trained_at", "trained_through")}
    return ModelCard(**{**known, **moments, "version": document["_id"]})

"""Shelves as they are made for whoever asks: GraphQL, REST, a subscription, a refreshed page.

Every one is put on the log. A list that can be walked further is frozen before it is answered.
"""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import timedelta
from functools import partial
from hashlib import blake2b

import orjson
from pymongo.errors import PyMongoError

from graphql_api.context import Context
from recommender.facts.errors import InvalidInput
from recommender.facts.events import Act, History
from recommender.facts.fates import WhyNot
from recommender.facts.request import Request, Shelf
from recommender.mongo.frozen_lists import FrozenPage
from recommender.serving.engine import recommend_page
from recommender.serving.why_not import why_not


@dataclass(frozen=True, slots=True)
class Walk:
    """Whoever asked may go on from the first page of a list to the next."""

    with_reasons: bool
    """Whether they want reasons."""


async def shelf_for(
    context: Context, request: Request, shopper_id: str | None = None, walk: Walk | None = None
) -> Shelf:
    """A shelf with all that the shopper did until this moment; None: for nobody in particular."""
    [shelf] = await shelves_for(context, [request], shopper_id, walk)
    return shelf


async def shelves_for(
    context: Context,
    page: Sequence[Request],
    shopper_id: str | None = None,
    walk: Walk | None = None,
) -> list[Shelf]:
    """The shelves of a page, no product on two of them: the earlier one has it."""
    shelves = await made_for(context, page, shopper_id, walk)
    await served(context, page, shelves, shopper_id, walk)
    return shelves


async def made_for(
    context: Context,
    page: Sequence[Request],
    shopper_id: str | None,
    walk: Walk | None = None,
    acts: Sequence[Act] = (),
) -> list[Shelf]:
    """The same, of which nobody takes note yet; as after further acts, the latest first."""
    history = History()
    page = [await _with_what_is_drawn(context, request) for request in page]
    if shopper_id is not None:
        page = await _with_shown_lately(context, page, shopper_id)
        history = await context.history_of(shopper_id)
        history = history.then(acts) if acts else history
    rules = context.settings.rules
    longest = context.settings.longest_list if walk else 0
    return recommend_page(page, history, context.live, rules=rules, longest=longest)


async def served(
    context: Context,
    page: Sequence[Request],
    shelves: Sequence[Shelf],
    shopper_id: str | None,
    walk: Walk | None = None,
) -> None:
    """Take note of shelves that are about to be shown, and keep what may be walked further."""
    context.metrics.served(shelves, (context.now() - shelves[0].generated_at).total_seconds())
    if walk is None:
        for shelf in shelves:
            context.list_log.served(shelf, shopper_id)
        return
    freeze = partial(context.frozen_lists.freeze, with_reasons=walk.with_reasons)
    await asyncio.gather(
        *(
            freeze(shelf, shopper_id, asked(request))
            for shelf, request in zip(shelves, page, strict=True)
        ),
        *(context.list_log.served_now(shelf, shopper_id) for shelf in shelves),
    )


async def page_after(
    context: Context, cursor: str, request: Request, shopper_id: str | None, walk: Walk
) -> FrozenPage:
    """The page of a frozen list that comes after a cursor, as long as the request says.

    Raises:
        InvalidInput: if it is no cursor, has expired, or is that of another list.
    """
    recommendation_id, rank = _place_at(cursor)
    page = await context.frozen_lists.page(
        recommendation_id,
        rank,
        request.limit,
        context.live.get,
        context.now(),
        with_reasons=walk.with_reasons,
    )
    if page is None:
        hours = context.settings.cursor_hours
        raise InvalidInput(
            "after", f"is of a list that is gone: cursors last {hours:g} hours. Ask without after"
        )
    # Who guesses or finds a cursor learns nothing of another shopper by it.
    if (page.shopper_id, page.asked) != (shopper_id, asked(request)):
        raise InvalidInput(
            "after",
            "is a cursor of another list: shopper, placement, context, filter and all other "
            "arguments but first must be those of the first page",
        )
    if page.shelf.recommendations:
        context.list_log.walked(recommendation_id, page.shelf.recommendations[-1].rank)
    return page


def cursor_at(recommendation_id: str, rank: int) -> str:
    """An opaque cursor: a place in a list."""
    return b64encode(f"list:{recommendation_id}:{rank}".encode()).decode()


def _place_at(cursor: str) -> tuple[str, int]:
    try:
        kind, recommendation_id, rank = b64decode(cursor, validate=True).decode().split(":")
        if kind == "list" and rank.isascii() and rank.isdigit() and len(rank) < 7:
            return recommendation_id, int(rank)
    except ValueError:
        pass
    raise InvalidInput("after", f"must be a cursor from an earlier page, not {cursor[:40]!r}")


NOT_ASKED = frozenset(
    {"limit", "at", "recommendation_id", "shown_lately", "shoppers_drawn", "elsewhere"}
)
"""What may differ from page to page of one list."""


def asked(request: Request) -> str:
    """A digest of what the request asks for, whichever page it is."""
    said = [getattr(request, f.name) for f in fields(request) if f.name not in NOT_ASKED]
    spelled = orjson.dumps(said, default=_spelled, option=orjson.OPT_PASSTHROUGH_DATACLASS)
    return blake2b(spelled, digest_size=12).hexdigest()


def _spelled(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    if is_dataclass(value):
        return [type(value).__name__, *(getattr(value, f.name) for f in fields(value))]
    return str(value)


async def why_not_for(
    context: Context, product_id: str, page: Sequence[Request], shopper_id: str
) -> WhyNot:
    """Where a product stands when the last shelf of a page is filled."""
    page = [await _with_what_is_drawn(context, request) for request in page]
    *before, request = await _with_shown_lately(context, page, shopper_id)
    history = await context.history_of(shopper_id)
    rules = context.settings.rules
    return why_not(product_id, request, history, context.live, rules=rules, before=before)


async def _with_what_is_drawn(context: Context, request: Request) -> Request:
    """The same request; if it asks for a window it knows what shoppers were drawn to in it."""
    if request.window is None:
        return request
    try:
        return replace(request, shoppers_drawn=await context.trends.shoppers_drawn(request.window))
    except PyMongoError as error:
        if not error.timeout:
            raise
        raise InvalidInput(
            "window",
            f"{request.window} takes too long to count in this shop. Ask for a shorter one, or for "
            "none: then the model's short memory says what rises",
        ) from error


async def _with_shown_lately(
    context: Context, page: Sequence[Request], shopper_id: str
) -> Sequence[Request]:
    """The same page; requests that go by what was shown to the shopper lately know it."""
    hours = max((r.rotation.hours for r in page if r.rotation), default=0.0)
    if not hours:
        return page
    since = page[0].at - timedelta(hours=hours)
    shown_lately = await context.list_log.shown_lately(shopper_id, since)
    return [replace(r, shown_lately=shown_lately) if r.rotation else r for r in page]

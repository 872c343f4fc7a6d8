"""What a resolver can reach."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.read_preferences import ReadPreference

from graphql_api.database import make_indexes, model_files, open_database, watch
from graphql_api.gathered import Gathered
from graphql_api.histories import Histories
from graphql_api.keys import NOBODY, Caller, KeyRing
from graphql_api.listeners import TRAININGS, Listeners
from graphql_api.metrics import Metrics
from graphql_api.origins import is_loopback
from graphql_api.rate_limits import RateLimits, SharedCounts
from graphql_api.shopper_input import ShopperInput
from recommender.facts.errors import InvalidInput, Unauthenticated
from recommender.facts.events import History, shopper_of_session, shopper_of_user
from recommender.facts.keys import KeyKind, Scope
from recommender.facts.signed_users import user_of
from recommender.mongo.acts import ActReader
from recommender.mongo.answers import Answers
from recommender.mongo.credits import Crediting
from recommender.mongo.documents import Document
from recommender.mongo.event_stream import EventStream, open_stream
from recommender.mongo.events import Events
from recommender.mongo.follow import Followed, Follower
from recommender.mongo.frozen_lists import FrozenLists
from recommender.mongo.jobs import Jobs
from recommender.mongo.joins import Joins
from recommender.mongo.keys import Keys
from recommender.mongo.lists import ListLog
from recommender.mongo.models import Models
from recommender.mongo.products import Products
from recommender.mongo.rate_counts import RateCounts
from recommender.mongo.shoppers import Shoppers
from recommender.mongo.trends import Trends
from recommender.serving.live_model import LiveModel
from recommender.settings import Settings


def _now() -> datetime:
    return datetime.now(UTC)


# Not frozen: a WebSocket says who it is only after it was opened.
@dataclass
class Context:
    """What a process has one of, and who asks."""

    settings: Settings
    database: AsyncDatabase[Document]
    events: Events
    products: Products
    shoppers: Shoppers
    answers: Answers
    models: Models
    jobs: Jobs
    follower: Follower
    trends: Trends
    list_log: ListLog
    frozen_lists: FrozenLists
    event_stream: EventStream
    histories: Histories
    listeners: Listeners
    crediting: Crediting
    acts: ActReader
    keys: KeyRing
    rate_limits: RateLimits
    metrics: Metrics
    now: Callable[[], datetime] = _now
    caller: Caller = NOBODY

    @property
    def live(self) -> LiveModel:
        """Model and catalogue as they are now. Take it once for each answer: it is swapped."""
        return self.follower.live

    @property
    def has_its_model(self) -> bool:
        """Whether a model answers, as far as the settings want one before we count as ready."""
        return self.live.trained is not None or self.settings.ready_without_model

    def of(self, caller: Caller) -> "Context":
        """The same for what this caller asks."""
        # As replace() does it, which takes 2 µs of every request, where this takes half of one.
        context = object.__new__(Context)
        context.__dict__.update(self.__dict__, caller=caller)
        return context

    def shopper_of(self, shopper: ShopperInput) -> str:
        """The shopper that is named; no other way leads from an input to a shopper's id.

        Raises:
            InvalidInput: if the id is empty or too long.
            Unauthenticated: if a signed id is not good, or one is needed and was not sent.
        """
        if shopper.signed_user_id is not None:
            signed = str(shopper.signed_user_id.value)
            return shopper_of_user(user_of(signed, self.settings.signing_secrets, self.now()))
        if shopper.user_id is not None:
            if self.settings.require_signed_shopper and not self._acts_for_any_shopper:
                raise Unauthenticated(
                    "userId is taken with a secret key only. Send signedUserId, made by the "
                    "shop's server as docs/security.md shows, or a sessionId."
                )
            return shopper_of_user(str(shopper.user_id.value))
        if shopper.session_id is not None:
            return shopper_of_session(str(shopper.session_id.value))
        raise InvalidInput("shopper", "must have a userId, a signedUserId or a sessionId")

    @property
    def _acts_for_any_shopper(self) -> bool:
        # While there are no keys everybody has all scopes, and is not the shop's server for that.
        return self.caller.kind is KeyKind.SECRET and self.caller.may(Scope.SHOPPERS)

    async def history_of(self, shopper_id: str) -> History:
        """What the shopper did, and what the shop says of them.

        It has every act that this process acknowledged, and every act that was acknowledged
        elsewhere more than a tenth of a second ago.
        """
        return await self.histories.of(shopper_id)


@asynccontextmanager
async def open_context(uri: str, settings: Settings) -> AsyncIterator[Context]:
    """Everything connected and followed, while in the block.

    Raises:
        ServerUnavailable: if the database cannot be reached.
        InvalidSetting: if MONGODB_URI is not an address, or metrics cannot be put together.
    """
    metrics = Metrics(settings.prometheus_multiproc_dir)
    async with open_database(uri, settings) as database:
        await make_indexes(database)

        def told(shoppers: Set[str] | None) -> None:
            """By the event stream, of what was acknowledged anywhere."""
            histories.drop(shoppers)
            listeners.ring(shoppers)

        def acknowledged(shoppers: Set[str]) -> None:
            """By those who are about to acknowledge something here."""
            histories.drop(shoppers)
            # The stream tells it in a moment, where there is one.
            if not event_stream.is_open:
                listeners.ring(shoppers)

        def followed(what: Followed) -> None:
            if what is Followed.TRAININGS:
                listeners.ring({TRAININGS})
                return
            if what is Followed.MODEL:
                # It may go by attributes, where the last one did not.
                histories.drop(None)
            listeners.ring(None)

        async def read(shopper_ids: Sequence[str]) -> list[History]:
            if not follower.live.goes_by_attributes:
                return await events.histories(shopper_ids)
            found, attributes = await asyncio.gather(
                events.histories(shopper_ids), shoppers.attributes_of_each(shopper_ids)
            )
            return [replace(h, attributes=a) for h, a in zip(found, attributes, strict=True)]

        events = Events(database, settings.history_length, acknowledged)
        # Nothing is on its way for longer than a call to the database may take.
        settle_after = timedelta(seconds=2 * settings.mongodb_timeout_seconds + 5)
        kept = timedelta(days=settings.sessions_kept_days)
        shoppers = Shoppers(
            database,
            Joins(database, kept=kept, settle_after=settle_after, changed=acknowledged),
            settle_after=settle_after,
            changed=acknowledged,
        )
        event_stream = EventStream(
            partial(open_stream, uri, settings), told, poll_seconds=settings.poll_seconds
        )
        histories = Histories(
            Gathered(read).of,
            event_stream.is_current,
            # Another member may have heard of less than the stream, which is read from the primary.
            settings.acts_in_memory if database.read_preference == ReadPreference.PRIMARY else 0,
        )
        listeners = Listeners(settings.most_subscriptions)
        models = Models(database, model_files(database))
        follower = Follower(
            database,
            models,
            partial(watch, database),
            popular_events=settings.popular_events,
            poll_seconds=settings.poll_seconds,
            changed=followed,
        )
        keys = KeyRing(
            Keys(database),
            _now,
            origins=settings.origins,
            on_loopback=is_loopback(settings.host),
        )
        counts = SharedCounts(RateCounts(database))
        crediting = Crediting(database, timedelta(hours=settings.attribution_window_hours), _now)
        list_log = ListLog(
            database,
            kept=timedelta(days=settings.kept_lists_days),
            room=settings.lists_waiting,
        )
        tasks = [
            asyncio.ensure_future(work)
            for work in (
                follower.run(),
                event_stream.run(),
                listeners.run(),
                shoppers.run(),
                crediting.run(settings.crediting_seconds),
                keys.run(),
                counts.run(),
                list_log.run(),
            )
        ]
        following = asyncio.gather(*tasks)
        try:
            await keys.read()
            # Requests that come before the catalogue was read would get empty shelves.
            await _either(follower.loaded(), following)
            context = Context(
                settings=settings,
                database=database,
                events=events,
                products=Products(database),
                shoppers=shoppers,
                answers=Answers(database, settings.answers_kept_hours),
                models=models,
                jobs=Jobs(database),
                follower=follower,
                trends=Trends(events, _now),
                list_log=list_log,
                frozen_lists=FrozenLists(database, timedelta(hours=settings.cursor_hours)),
                event_stream=event_stream,
                histories=histories,
                listeners=listeners,
                crediting=crediting,
                acts=ActReader(database, settings.most_insight_events),
                keys=keys,
                rate_limits=RateLimits(settings, counts),
                metrics=metrics,
            )
            tasks.append(asyncio.ensure_future(metrics.run(context)))
            yield context
        finally:
            for task in tasks:
                task.cancel()
            # It is over with the first of them; the database has to stay until the last.
            await asyncio.gather(following, *tasks, return_exceptions=True)
            await list_log.close()
            metrics.close()


async def _either(wanted: Coroutine[Any, Any, None], running: asyncio.Future[Any]) -> None:
    """Wait for the one; if the other ends before, it has failed, and so do we."""
    waiting = asyncio.create_task(wanted)
    try:
        await asyncio.wait((waiting, running), return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            await running
    finally:
        waiting.cancel()

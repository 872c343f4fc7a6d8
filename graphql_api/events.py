"""What shoppers do, in the schema: acts, feedback and orders, in ones and in batches."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Annotated, Any

import strawberry
from pymongo.errors import PyMongoError

from graphql_api.batches import KEY_DESCRIPTION, Told, told_once
from graphql_api.context import Context
from graphql_api.keys import Scope
from graphql_api.products import Info
from graphql_api.refreshed import Refreshed
from graphql_api.shopper_input import ShopperInput
from graphql_api.user_errors import UserError, UserErrorCode
from graphql_api.values import MoneyInput, utc
from recommender.facts import events as facts
from recommender.facts.errors import InvalidInput, UnknownProduct
from recommender.facts.events import ORDER, UNPROVEN_ORDER, Event, order_line_id
from recommender.facts.ids import LONGEST_ID, new_id
from recommender.mongo.events import Outcome

LONGEST_ORDER_ID = LONGEST_ID - len(order_line_id("", 999_999, trusted=False))
"""Characters in the id of an order, so that its lines have ids of the usual length."""


@strawberry.input(description="One act of one shopper on one product.")
class EventInput:
    event_id: strawberry.ID = strawberry.field(
        description="Chosen by the sender. A second event with the same id is dropped, so that "
        "sending again is harmless."
    )
    type: facts.EventType = strawberry.field(description="What was done.")
    shopper: ShopperInput = strawberry.field(description="Who did it.")
    product_id: strawberry.ID = strawberry.field(description="To what, by the shop's own id.")
    recommendation_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="From the list the shopper acted on, so that the act is credited to it.",
    )
    rank: int | None = strawberry.field(
        default=None, description="The product's place in that list, from 1."
    )
    quantity: int = strawberry.field(default=1, description="How many.")
    unit_price: MoneyInput | None = strawberry.field(
        default=None, description="What one cost, for purchases."
    )
    order_id: strawberry.ID | None = strawberry.field(
        default=None, description="The same for all that was bought together."
    )
    rating: float | None = strawberry.field(
        default=None, description="Stars from 1 to 5, for events of type RATING."
    )
    occurred_at: datetime | None = strawberry.field(
        default=None, description="Defaults to the time of arrival."
    )

    def to_event(self, context: Context, now: datetime) -> Event:
        """The event this describes.

        Raises:
            InvalidInput: naming what is out of bounds.
        """
        event_id = str(self.event_id)
        if event_id.startswith((ORDER, UNPROVEN_ORDER)):
            raise InvalidInput(
                "event_id", f"must not begin like those of recordOrder, as {event_id[:40]!r} does"
            )
        price = self.unit_price
        return Event(
            event_id=event_id,
            type=self.type,
            shopper_id=context.shopper_of(self.shopper),
            product_id=str(self.product_id),
            at=utc(self.occurred_at, "at") if self.occurred_at else now,
            received_at=now,
            quantity=self.quantity,
            rating=self.rating,
            unit_price=price.to_money("unit_price") if price else None,
            order_id=self.order_id,
            recommendation_id=self.recommendation_id,
            rank=self.rank,
            trusted=self.type is not facts.EventType.PURCHASE
            or context.caller.may(Scope.TRUSTED_EVENTS),
        )


@strawberry.input(description="One event.")
class RecordEventInput:
    event: EventInput = strawberry.field(description="What happened.")


@strawberry.input(description="Many events.")
class RecordEventsInput:
    events: list[EventInput] = strawberry.field(
        description="What happened; at most the server's LARGEST_BATCH, 500 unless set."
    )
    idempotency_key: str = strawberry.field(description=KEY_DESCRIPTION)


@strawberry.input(description="One product of an order.")
class OrderLineInput:
    product_id: strawberry.ID = strawberry.field(description="What, by the shop's own id.")
    quantity: int = strawberry.field(default=1, description="How many.")
    unit_price: MoneyInput | None = strawberry.field(default=None, description="What one cost.")
    recommendation_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="From the list it was found on, so that the purchase is credited to it.",
    )
    rank: int | None = strawberry.field(
        default=None, description="The product's place in that list, from 1."
    )


@strawberry.input(description="What somebody bought at once.")
class RecordOrderInput:
    order_id: strawberry.ID = strawberry.field(
        description="The shop's own id. The same order sent again changes nothing."
    )
    shopper: ShopperInput = strawberry.field(description="Who bought.")
    lines: list[OrderLineInput] = strawberry.field(
        description="What; at most the server's LARGEST_BATCH, 500 unless set."
    )
    occurred_at: datetime | None = strawberry.field(
        default=None, description="Defaults to the time of arrival."
    )

    def to_event(self, context: Context, line: int, now: datetime) -> Event:
        """The purchase of one line, counted from 0.

        Raises:
            InvalidInput: naming what is out of bounds.
        """
        bought = self.lines[line]
        trusted = context.caller.may(Scope.TRUSTED_EVENTS)
        price = bought.unit_price
        return Event(
            event_id=order_line_id(str(self.order_id), line + 1, trusted=trusted),
            type=facts.EventType.PURCHASE,
            shopper_id=context.shopper_of(self.shopper),
            product_id=str(bought.product_id),
            at=utc(self.occurred_at, "at") if self.occurred_at else now,
            received_at=now,
            quantity=bought.quantity,
            unit_price=price.to_money("unit_price") if price else None,
            order_id=str(self.order_id),
            recommendation_id=bought.recommendation_id,
            rank=bought.rank,
            trusted=trusted,
        )


@strawberry.input(description="What a shopper thinks of a product.")
class RecordFeedbackInput:
    shopper: ShopperInput = strawberry.field(description="Who says it.")
    product_id: strawberry.ID = strawberry.field(description="Of what, by the shop's own id.")
    rating: float = strawberry.field(description="Stars from 1 to 5.")
    event_id: strawberry.ID | None = strawberry.field(
        default=None, description="Choose one to make sending again harmless."
    )
    recommendation_id: strawberry.ID | None = strawberry.field(
        default=None, description="From the list the shopper acted on."
    )

    def to_event(self, context: Context, now: datetime) -> Event:
        """The event this describes.

        Raises:
            InvalidInput: naming what is out of bounds.
        """
        return feedback(
            context.shopper_of(self.shopper),
            str(self.product_id),
            self.rating,
            now,
            str(self.event_id) if self.event_id is not None else None,
            str(self.recommendation_id) if self.recommendation_id is not None else None,
        )


@strawberry.type(description="What became of one event.")
class RecordEventPayload(Refreshed):
    accepted: bool = strawberry.field(
        description="Whether it is stored now, or was already. A majority of the database's "
        "servers has it."
    )
    duplicate: bool = strawberry.field(description="Whether its id was there already.")
    user_errors: list[UserError] = strawberry.field(description="Why it was not accepted.")


@strawberry.type(description="What became of a shopper's feedback.")
class RecordFeedbackPayload(Refreshed):
    event_id: strawberry.ID | None = strawberry.field(description="The id it is stored under.")
    accepted: bool = strawberry.field(description="Whether it is stored now, or was already.")
    duplicate: bool = strawberry.field(description="Whether its id was there already.")
    user_errors: list[UserError] = strawberry.field(description="Why it was not accepted.")


@strawberry.enum(description="What became of something that was sent.")
class EventOutcome(Enum):
    RECORDED = strawberry.enum_value("recorded", description="It is stored now.")
    DUPLICATE = strawberry.enum_value("duplicate", description="Its id was there already.")
    REJECTED = strawberry.enum_value(
        "rejected", description="It has a mistake, or another one has."
    )


@strawberry.type(description="What became of one event of a batch.")
class EventResult:
    event_id: strawberry.ID = strawberry.field(description="Its id.")
    outcome: EventOutcome = strawberry.field(description="What became of it.")
    error: UserError | None = strawberry.field(description="Why it was rejected.")


@strawberry.type(description="What became of each event of a batch.")
class RecordEventsPayload(Refreshed):
    accepted_count: int = strawberry.field(description="Events stored now.")
    duplicate_count: int = strawberry.field(description="Events whose id was there already.")
    rejected_count: int = strawberry.field(description="Events that are not stored.")
    user_errors: list[UserError] = strawberry.field(
        description="One for each rejected event, with its place in the batch; or one for all of "
        "it, of which nothing is stored then."
    )
    event_ids: strawberry.Private[Sequence[str]]
    outcomes: strawberry.Private[Mapping[int, EventOutcome]]
    errors: strawberry.Private[Mapping[int, UserError]]

    @strawberry.field(description="One for each event, in their order.")
    def results(self) -> list[EventResult]:
        return [
            EventResult(
                event_id=strawberry.ID(event_id),
                outcome=self.outcomes.get(place, EventOutcome.RECORDED),
                error=self.errors.get(place),
            )
            for place, event_id in enumerate(self.event_ids)
        ]

    @classmethod
    def of(
        cls, told: Told, event_ids: Sequence[str], shopper: ShopperInput | None
    ) -> "RecordEventsPayload":
        """What was told of these events, the first of which is the shopper's."""
        size, duplicates = len(event_ids), told.places.get("duplicate", ())
        rejected = told.rejected_count(size)
        outcomes = dict.fromkeys(duplicates, EventOutcome.DUPLICATE)
        outcomes |= dict.fromkeys(
            range(size) if told.refusal else told.rejected, EventOutcome.REJECTED
        )
        return cls(
            accepted_count=size - len(duplicates) - rejected,
            duplicate_count=len(duplicates),
            rejected_count=rejected,
            user_errors=told.user_errors,
            event_ids=event_ids,
            outcomes=outcomes,
            errors=told.rejected,
            shopper=shopper,
        )


@strawberry.type(description="What became of an order.")
class RecordOrderPayload(Refreshed):
    accepted: bool = strawberry.field(
        description="Whether all of it is stored now, or was already; otherwise nothing is."
    )
    duplicate: bool = strawberry.field(description="Whether all of it was there already.")
    recorded_count: int = strawberry.field(description="Lines stored now.")
    duplicate_count: int = strawberry.field(description="Lines that were there already.")
    user_errors: list[UserError] = strawberry.field(
        description="One for each line with a mistake, with its place; or one for the order."
    )

    @classmethod
    def refused(cls, order: RecordOrderInput, errors: list[UserError]) -> "RecordOrderPayload":
        """Nothing of the order is stored."""
        return cls(
            accepted=False,
            duplicate=False,
            recorded_count=0,
            duplicate_count=0,
            user_errors=errors,
            shopper=order.shopper,
        )


@dataclass(frozen=True, slots=True)
class Rejected:
    """An event that was not stored, and why."""

    type: facts.EventType
    error: InvalidInput | UnknownProduct


async def record(context: Context, events: Sequence[Event | Rejected]) -> list[Outcome | Rejected]:
    """Store what can be stored; what became of each, in their order."""
    checked = await of_known_products(context, events)
    context.metrics.told((e.type, "rejected") for e in checked if isinstance(e, Rejected))
    stored = iter(await appended(context, [e for e in checked if isinstance(e, Event)]))
    return [next(stored) if isinstance(e, Event) else e for e in checked]


async def appended(context: Context, events: Sequence[Event]) -> list[Outcome]:
    """Store events, and count what became of them."""
    try:
        outcomes = await context.events.append(events)
    except PyMongoError:
        context.metrics.told((event.type, "failed") for event in events)
        raise
    context.metrics.told((e.type, o.value) for e, o in zip(events, outcomes, strict=True))
    return outcomes


async def of_known_products(
    context: Context, events: Sequence[Event | Rejected]
) -> Sequence[Event | Rejected]:
    """The events, those on a product that the catalogue does not have rejected.

    The catalogue in memory may be a moment behind, so the database has the last word.
    """
    known = context.live.row_of
    strangers = {e.product_id for e in events if isinstance(e, Event) and e.product_id not in known}
    if not strangers:
        return events
    unknown = strangers - await context.products.known(list(strangers))
    return [
        Rejected(e.type, UnknownProduct(e.product_id))
        if isinstance(e, Event) and e.product_id in unknown
        else e
        for e in events
    ]


def feedback(
    shopper_id: str,
    product_id: str,
    rating: float,
    now: datetime,
    event_id: str | None = None,
    recommendation_id: str | None = None,
) -> Event:
    """A rating, under an id of ours where the sender chose none.

    Raises:
        InvalidInput: naming what is out of bounds.
    """
    return Event(
        event_id=event_id if event_id is not None else new_id(),
        type=facts.EventType.RATING,
        shopper_id=shopper_id,
        product_id=product_id,
        at=now,
        received_at=now,
        rating=rating,
        recommendation_id=recommendation_id,
    )


def read(type_: facts.EventType, make: Callable[..., Event], *given: Any) -> Event | Rejected:
    """The event of this type that is made of what was given, or why there is none."""
    try:
        return make(*given)
    except InvalidInput as error:
        return Rejected(type_, error)


@strawberry.type
class EventMutations:
    @strawberry.mutation(description="Record one act. The very next list reflects it.")
    async def record_event(
        self,
        info: Info,
        input: Annotated[RecordEventInput, strawberry.argument(description="The event.")],  # noqa: A002
    ) -> RecordEventPayload:
        info.context.caller.require(Scope.EVENTS)
        given = input.event
        event = read(given.type, given.to_event, info.context, info.context.now())
        [outcome] = await record(info.context, [event])
        errors = _error(outcome, "input", "event")
        return RecordEventPayload(
            accepted=not errors,
            duplicate=outcome is Outcome.DUPLICATE,
            user_errors=errors,
            shopper=input.event.shopper,
        )

    @strawberry.mutation(
        description="Record many acts. One with a mistake keeps none of the others out."
    )
    async def record_events(
        self,
        info: Info,
        input: Annotated[RecordEventsInput, strawberry.argument(description="The events.")],  # noqa: A002
    ) -> RecordEventsPayload:
        context = info.context
        context.caller.require(Scope.EVENTS)

        async def work() -> Told:
            now = context.now()
            events = [read(e.type, e.to_event, context, now) for e in input.events]
            outcomes = await record(context, events)
            duplicates = [p for p, found in enumerate(outcomes) if found is Outcome.DUPLICATE]
            errors = _errors(outcomes, "input", "events")
            return Told(places={"duplicate": duplicates}, rejected=errors)

        told = await told_once(context, "recordEvents", input, "events", work)
        shopper = input.events[0].shopper if input.events else None
        ids = [str(event.event_id) for event in input.events]
        return RecordEventsPayload.of(told, ids, shopper)

    @strawberry.mutation(
        description="Record what somebody bought at once: an event of type PURCHASE for each line. "
        "All of it is stored, or nothing; sending the same order again changes nothing."
    )
    async def record_order(
        self,
        info: Info,
        input: Annotated[RecordOrderInput, strawberry.argument(description="The order.")],  # noqa: A002
    ) -> RecordOrderPayload:
        context = info.context
        context.caller.require(Scope.EVENTS)
        payload = await _recorded(context, input)
        if not payload.accepted:
            context.metrics.told((facts.EventType.PURCHASE, "rejected") for _ in input.lines)
        return payload

    @strawberry.mutation(description="Record how many stars a shopper gives a product.")
    async def record_feedback(
        self,
        info: Info,
        input: Annotated[RecordFeedbackInput, strawberry.argument(description="The rating.")],  # noqa: A002
    ) -> RecordFeedbackPayload:
        info.context.caller.require(Scope.EVENTS)
        event = read(facts.EventType.RATING, input.to_event, info.context, info.context.now())
        [outcome] = await record(info.context, [event])
        errors = _error(outcome, "input")
        return RecordFeedbackPayload(
            event_id=strawberry.ID(event.event_id)
            if isinstance(event, Event) and not errors
            else None,
            accepted=not errors,
            duplicate=outcome is Outcome.DUPLICATE,
            user_errors=errors,
            shopper=input.shopper,
        )


async def _recorded(context: Context, order: RecordOrderInput) -> RecordOrderPayload:
    """Store all of an order, or nothing."""
    if wrong := _wrong_order(order, context.settings.largest_batch):
        return RecordOrderPayload.refused(order, [wrong])
    now = context.now()
    lines = range(len(order.lines))
    events = await of_known_products(
        context,
        [read(facts.EventType.PURCHASE, order.to_event, context, line, now) for line in lines],
    )
    good = [event for event in events if isinstance(event, Event)]
    if len(good) < len(events):
        return RecordOrderPayload.refused(order, _line_errors(events))
    if not await _is_new_or_the_same(context, good):
        return RecordOrderPayload.refused(order, [_another_order(order.order_id)])
    outcomes = await appended(context, good)
    duplicates = outcomes.count(Outcome.DUPLICATE)
    return RecordOrderPayload(
        accepted=True,
        duplicate=duplicates == len(outcomes),
        recorded_count=len(outcomes) - duplicates,
        duplicate_count=duplicates,
        user_errors=[],
        shopper=order.shopper,
    )


def _errors(outcomes: Sequence[object], *path: str) -> dict[int, UserError]:
    """Place -> what is wrong there."""
    return {
        place: UserError.of(outcome.error, *path, str(place))
        for place, outcome in enumerate(outcomes)
        if isinstance(outcome, Rejected)
    }


def _error(outcome: Outcome | Rejected, *path: str) -> list[UserError]:
    return [UserError.of(outcome.error, *path)] if isinstance(outcome, Rejected) else []


def _wrong_order(order: RecordOrderInput, most_lines: int) -> UserError | None:
    """What is wrong with the order as a whole."""
    if len(order.lines) > most_lines:
        return UserError.too_many(len(order.lines), most_lines, "input", "lines")
    if not order.lines:
        return UserError.of(InvalidInput("lines", "must be one at least"), "input")
    if len(order.order_id) > LONGEST_ORDER_ID:
        problem = f"must be 1 to {LONGEST_ORDER_ID} characters, not {len(order.order_id)}"
        return UserError.of(InvalidInput("order_id", problem), "input")
    return None


def _line_errors(events: Sequence[Event | Rejected]) -> list[UserError]:
    """One for each line with a mistake; what they all have wrong is said once, of the order."""
    for event in events:
        if (
            isinstance(event, Rejected)
            and isinstance(event.error, InvalidInput)
            and event.error.field in _FIELDS_OF_ORDER
        ):
            return [UserError.of(event.error, "input")]
    return list(_errors(events, "input", "lines").values())


_FIELDS_OF_ORDER = ("order_id", "user_id", "session_id", "at")


async def _is_new_or_the_same(context: Context, lines: Sequence[Event]) -> bool:
    """Whether what is stored under the order's id, if anything, is part of this order.

    Part of it is there if whoever sent it died, or the database did: then the rest is to follow.
    """
    [first, *_] = lines
    order_id = first.order_id or ""
    sent = {event.event_id: event for event in lines}
    one_more = order_line_id(order_id, len(lines) + 1, trusted=first.trusted)
    return all(
        event.event_id in sent and _same_line(event, sent[event.event_id])
        for event in await context.events.stored([*sent, one_more])
    )


def _same_line(one: Event, other: Event) -> bool:
    # Not the shopper: whoever signed in meanwhile has another id now.
    return (one.product_id, one.quantity, one.unit_price) == (
        other.product_id,
        other.quantity,
        other.unit_price,
    )


def _another_order(order_id: str) -> UserError:
    message = (
        f"Another order was recorded as {order_id[:40]!r}. An order that changed is sent as a new "
        "one with what was added."
    )
    return UserError(message=message, code=UserErrorCode.CONFLICT, field=["input", "orderId"])

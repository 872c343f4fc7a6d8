"""What shoppers do, in the schema: acts and feedback, in ones and in batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any
from uuid import uuid4

import strawberry

from graphql_api.context import Context
from graphql_api.keys import Scope
from graphql_api.products import Info
from graphql_api.shopper_input import ShopperInput
from graphql_api.values import CurrencyCode, camel
from recommender.facts import events as facts
from recommender.facts import money
from recommender.facts.errors import InvalidInput, UnknownProduct
from recommender.facts.events import Event
from recommender.mongo.events import Outcome


@strawberry.enum(description="What is wrong with an input.")
class UserErrorCode(Enum):
    INVALID = strawberry.enum_value("invalid", description="A value is out of bounds.")
    NOT_FOUND = strawberry.enum_value("not_found", description="There is no such product.")


@strawberry.type(description="A mistake in the input that the caller can put right.")
class UserError:
    message: str = strawberry.field(description="What is wrong, and what would be right.")
    code: UserErrorCode = strawberry.field(description="For programs.")
    field: list[str] | None = strawberry.field(
        description='The path to the argument, such as ["input", "events", "3", "productId"].'
    )

    @classmethod
    def of(cls, error: InvalidInput | UnknownProduct, *path: str) -> "UserError":
        """The same mistake, as the schema has it."""
        if isinstance(error, InvalidInput):
            field = _PATHS.get(error.field, [camel(error.field)])
            message = f"{field[-1]} {error.problem}"
            return cls(message=message, code=UserErrorCode.INVALID, field=[*path, *field])
        return cls(message=str(error), code=UserErrorCode.NOT_FOUND, field=[*path, "productId"])


_PATHS = {
    "user_id": ["shopper", "userId"],
    "session_id": ["shopper", "sessionId"],
    "at": ["occurredAt"],
    "price": ["unitPrice", "amount"],
    "currency": ["unitPrice", "currencyCode"],
}
"""Where our field names stand in the input, if not under the same name."""


@strawberry.input(description="An amount of one currency.")
class MoneyInput:
    amount: Decimal = strawberry.field(description='A decimal number, as a string: "12.50".')
    currency_code: CurrencyCode = strawberry.field(description="The currency.")


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
        price = self.unit_price
        return Event(
            event_id=str(self.event_id),
            type=self.type,
            shopper_id=context.shopper_of(self.shopper),
            product_id=str(self.product_id),
            at=utc(self.occurred_at) if self.occurred_at else now,
            received_at=now,
            quantity=self.quantity,
            rating=self.rating,
            unit_price=money.Money.of(price.amount, price.currency_code) if price else None,
            order_id=str(self.order_id) if self.order_id is not None else None,
            recommendation_id=str(self.recommendation_id)
            if self.recommendation_id is not None
            else None,
            rank=self.rank,
        )


@strawberry.input(description="One event.")
class RecordEventInput:
    event: EventInput = strawberry.field(description="What happened.")


@strawberry.input(description="Many events.")
class RecordEventsInput:
    events: list[EventInput] = strawberry.field(
        description="What happened; at most the server's LARGEST_BATCH, 500 unless set."
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
class RecordEventPayload:
    accepted: bool = strawberry.field(
        description="Whether it is stored now, or was already. A majority of the database's "
        "servers has it."
    )
    duplicate: bool = strawberry.field(description="Whether its id was there already.")
    user_errors: list[UserError] = strawberry.field(description="Why it was not accepted.")


@strawberry.type(description="What became of a shopper's feedback.")
class RecordFeedbackPayload:
    event_id: strawberry.ID | None = strawberry.field(description="The id it is stored under.")
    accepted: bool = strawberry.field(description="Whether it is stored now, or was already.")
    duplicate: bool = strawberry.field(description="Whether its id was there already.")
    user_errors: list[UserError] = strawberry.field(description="Why it was not accepted.")


@strawberry.type(description="What became of each event of a batch.")
class RecordEventsPayload:
    accepted_count: int = strawberry.field(description="Events stored now.")
    duplicate_count: int = strawberry.field(description="Events whose id was there already.")
    rejected_count: int = strawberry.field(description="Events with a mistake in them.")
    user_errors: list[UserError] = strawberry.field(
        description="One for each rejected event, with its place in the batch."
    )


@dataclass(frozen=True, slots=True)
class Rejected:
    """An event that was not stored, and why."""

    error: InvalidInput | UnknownProduct


async def record(context: Context, events: Sequence[Event | Rejected]) -> list[Outcome | Rejected]:
    """Store what can be stored; what became of each, in their order.

    An event on a product that the catalogue does not have is rejected. The catalogue in memory
    may be a moment behind, so the database has the last word.
    """
    live = context.live
    strangers = {
        e.product_id for e in events if isinstance(e, Event) and e.product_id not in live.row_of
    }
    unknown = strangers - await context.products.known(list(strangers)) if strangers else set()
    outcomes: list[Outcome | Rejected] = []
    good: list[tuple[int, Event]] = []
    for place, event in enumerate(events):
        if isinstance(event, Event) and event.product_id in unknown:
            event = Rejected(UnknownProduct(event.product_id))
        if isinstance(event, Event):
            good.append((place, event))
            outcomes.append(Outcome.RECORDED)
        else:
            outcomes.append(event)
    stored = await context.events.append([event for _, event in good])
    for (place, _), outcome in zip(good, stored, strict=True):
        outcomes[place] = outcome
    return outcomes


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
        event_id=event_id if event_id is not None else uuid4().hex,
        type=facts.EventType.RATING,
        shopper_id=shopper_id,
        product_id=product_id,
        at=now,
        received_at=now,
        rating=rating,
        recommendation_id=recommendation_id,
    )


def utc(moment: datetime) -> datetime:
    """The same moment in UTC; one without an offset is taken to be in UTC.

    Raises:
        InvalidInput: if in UTC it lies before the year 1, or after 9999.
    """
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise InvalidInput("at", f"must be a date after 1970, not {moment.isoformat()}") from None


def read(make: Callable[..., Event], *given: Any) -> Event | Rejected:
    """The event that is made of what was given, or why there is none."""
    try:
        return make(*given)
    except InvalidInput as error:
        return Rejected(error)


@strawberry.type
class EventMutations:
    @strawberry.mutation(description="Record one act. The very next list reflects it.")
    async def record_event(
        self,
        info: Info,
        input: Annotated[RecordEventInput, strawberry.argument(description="The event.")],  # noqa: A002
    ) -> RecordEventPayload:
        info.context.caller.require(Scope.EVENTS)
        event = read(input.event.to_event, info.context, info.context.now())
        [outcome] = await record(info.context, [event])
        errors = _errors([outcome], lambda _: ("input", "event"))
        return RecordEventPayload(
            accepted=not errors, duplicate=outcome is Outcome.DUPLICATE, user_errors=errors
        )

    @strawberry.mutation(
        description="Record many acts. One with a mistake keeps none of the others out."
    )
    async def record_events(
        self,
        info: Info,
        input: Annotated[RecordEventsInput, strawberry.argument(description="The events.")],  # noqa: A002
    ) -> RecordEventsPayload:
        info.context.caller.require(Scope.EVENTS)
        most = info.context.settings.largest_batch
        if len(input.events) > most:
            raise InvalidInput("events", f"must be at most {most}, not {len(input.events)}")
        now = info.context.now()
        outcomes = await record(
            info.context, [read(e.to_event, info.context, now) for e in input.events]
        )
        errors = _errors(outcomes, lambda place: ("input", "events", str(place)))
        return RecordEventsPayload(
            accepted_count=outcomes.count(Outcome.RECORDED),
            duplicate_count=outcomes.count(Outcome.DUPLICATE),
            rejected_count=len(errors),
            user_errors=errors,
        )

    @strawberry.mutation(description="Record how many stars a shopper gives a product.")
    async def record_feedback(
        self,
        info: Info,
        input: Annotated[RecordFeedbackInput, strawberry.argument(description="The rating.")],  # noqa: A002
    ) -> RecordFeedbackPayload:
        info.context.caller.require(Scope.EVENTS)
        event = read(input.to_event, info.context, info.context.now())
        [outcome] = await record(info.context, [event])
        errors = _errors([outcome], lambda _: ("input",))
        return RecordFeedbackPayload(
            event_id=strawberry.ID(event.event_id)
            if isinstance(event, Event) and not errors
            else None,
            accepted=not errors,
            duplicate=outcome is Outcome.DUPLICATE,
            user_errors=errors,
        )


def _errors(
    outcomes: Sequence[Outcome | Rejected], path: Callable[[int], tuple[str, ...]]
) -> list[UserError]:
    return [
        UserError.of(outcome.error, *path(place))
        for place, outcome in enumerate(outcomes)
        if isinstance(outcome, Rejected)
    ]

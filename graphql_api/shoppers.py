"""Shoppers in the schema: what the shop says of them, who signed in, and what is held of them."""

from base64 import b64decode, b64encode
from datetime import datetime
from typing import Annotated, Any

import orjson
import strawberry
from strawberry.scalars import JSON

from graphql_api.context import Context
from graphql_api.keys import Scope
from graphql_api.products import After, Attribute, Info, PageInfo
from graphql_api.refreshed import Refreshed
from graphql_api.shopper_input import ShopperInput
from graphql_api.user_errors import UserError
from graphql_api.values import AttributeInput
from recommender.facts.errors import InvalidInput
from recommender.facts.request import checked_limit
from recommender.facts.shopper_attributes import ShopperAttributes
from recommender.mongo.documents import Document, utc
from recommender.mongo.shoppers import OF_SHOPPERS, Place


@strawberry.input(description="What the shop says of one shopper.")
class ShopperAttributesInput:
    shopper: ShopperInput = strawberry.field(description="Of whom.")
    attributes: list[AttributeInput] = strawberry.field(
        description="Country, segment, age or whatever may tell tastes apart; in the place of all "
        "that was said before. Reasons show names and values to the shopper."
    )

    def to_shopper(self, context: Context) -> ShopperAttributes:
        """What this says.

        Raises:
            InvalidInput: naming what is out of bounds.
        """
        return ShopperAttributes(
            context.shopper_of(self.shopper), tuple((a.name, a.value) for a in self.attributes)
        )


@strawberry.input(description="What the shop says of many shoppers.")
class UpsertShoppersInput:
    shoppers: list[ShopperAttributesInput] = strawberry.field(
        description="At most the server's LARGEST_BATCH, 500 unless set."
    )


@strawberry.type(description="What became of each shopper of a batch.")
class UpsertShoppersPayload:
    created_count: int = strawberry.field(description="Of whom nothing was said before.")
    updated_count: int = strawberry.field(description="Of whom something else was said before.")
    unchanged_count: int = strawberry.field(description="Of whom the same was said before.")
    rejected_count: int = strawberry.field(description="With a mistake in what is said.")
    user_errors: list[UserError] = strawberry.field(
        description="One for each rejected shopper, with the place in the batch."
    )


@strawberry.input(description="Somebody anonymous signed in.")
class JoinShopperInput:
    session_id: strawberry.ID = strawberry.field(description="Who they were until now.")
    user_id: strawberry.ID | None = strawberry.field(
        default=None, description="Who they are: this, or signedUserId."
    )
    signed_user_id: strawberry.ID | None = strawberry.field(
        default=None, description="Who they are, as the shop's server signed it."
    )

    def user(self) -> ShopperInput:
        """Who they are.

        Raises:
            InvalidInput: if it is said twice, or not at all.
        """
        if (self.user_id is None) == (self.signed_user_id is None):
            raise InvalidInput("user_id", "or signedUserId must be given, and not both")
        if self.signed_user_id is not None:
            return ShopperInput.of_signed_user(self.signed_user_id)
        return ShopperInput.of_user(str(self.user_id))


@strawberry.type(description="What came of a sign-in.")
class JoinShopperPayload(Refreshed):
    joined_event_count: int = strawberry.field(
        description="Events of the session that are the user's now, and were not before."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing was joined.")


@strawberry.input(description="Somebody who is to be forgotten.")
class ForgetShopperInput:
    shopper: ShopperInput = strawberry.field(description="Who.")


@strawberry.type(description="What was removed.")
class ForgetShopperPayload:
    removed_event_count: int = strawberry.field(description="Events that were held.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was removed.")


@strawberry.type(description="A sign-in on a session.")
class SignIn:
    session_id: strawberry.ID = strawberry.field(description="The session.")
    user_id: strawberry.ID | None = strawberry.field(
        description="Who signed in; null for somebody who is forgotten."
    )
    since: datetime = strawberry.field(description="When.")

    @classmethod
    def of(cls, join: Document, turn: Document) -> "SignIn":
        """The same, as the schema has it."""
        _, _, session_id = join["_id"].partition(":")
        _, _, user_id = (turn["user"] or "").partition(":")
        return cls(
            session_id=strawberry.ID(session_id),
            user_id=strawberry.ID(user_id) if user_id else None,
            since=utc(turn["since"]),
        )


@strawberry.type(description="Something that is held of a shopper.")
class ShopperRecord:
    collection: str = strawberry.field(description="The collection of the database it is in.")
    document: JSON = strawberry.field(description="All of it.")


@strawberry.type(description="What is held of a shopper. Nothing else is: models hold no shoppers.")
class ShopperExport:
    attributes: list[Attribute] = strawberry.field(description="What the shop says of them.")
    sign_ins: list[SignIn] = strawberry.field(
        description="Sessions that the user signed in on, or users that did on the session."
    )
    records: list[ShopperRecord] = strawberry.field(
        description="A page of all else: events, then lists, the oldest first."
    )
    page_info: PageInfo = strawberry.field(description="Where this page stands.")


@strawberry.type
class ShopperQueries:
    @strawberry.field(
        description="All that is held of a shopper, a page at a time. Needs a secret key."
    )
    async def export_shopper(
        self,
        info: Info,
        shopper: Annotated[ShopperInput, strawberry.argument(description="Of whom.")],
        first: Annotated[
            int | None,
            strawberry.argument(
                description="Records on the page; the server's LARGEST_EXPORT, 1000 unless set, at "
                "most and if nothing is said."
            ),
        ] = None,
        after: After = None,
    ) -> ShopperExport | None:
        context = info.context
        context.caller.require(Scope.SHOPPERS)
        shopper_id = context.shopper_of(shopper)
        most = context.settings.largest_export
        count = most if first is None else checked_limit("first", first, most)
        place = _place_at(after) if after is not None else None
        shoppers = context.shoppers
        held = await shoppers.held(shopper_id, place, count)
        joins = await shoppers.joins.of_user(shopper_id) + await shoppers.joins.of([shopper_id])
        return ShopperExport(
            attributes=[
                Attribute(name=n, value=v) for n, v in await shoppers.attributes_of(shopper_id)
            ],
            sign_ins=[
                SignIn.of(join, turn)
                for join in joins
                for turn in join["turns"]
                if shopper_id in (join["_id"], turn["user"])
            ],
            records=[
                ShopperRecord(collection=name, document=JSON(_as_json(document)))
                for name, document in held.documents
            ],
            page_info=PageInfo(
                has_next_page=held.end is not None,
                has_previous_page=place is not None,
                start_cursor=None,
                end_cursor=_cursor_of(held.end) if held.end else None,
            ),
        )


def _as_json(document: Document) -> Any:
    """The document as JSON has it: moments as text."""
    known = {"id": document["_id"], **document}
    del known["_id"]
    return orjson.loads(orjson.dumps(known, default=str, option=orjson.OPT_NAIVE_UTC))


def _cursor_of(place: Place) -> str:
    parts = [place.collection, place.at.isoformat(), place.document_id]
    return b64encode(orjson.dumps(parts)).decode()


def _place_at(cursor: str) -> Place:
    try:
        collection, at, document_id = orjson.loads(b64decode(cursor, validate=True))
        if collection in OF_SHOPPERS:
            return Place(collection, datetime.fromisoformat(at), str(document_id))
    except (ValueError, TypeError):
        pass
    raise InvalidInput("after", f"must be a cursor from an earlier page, not {cursor[:40]!r}")


@strawberry.type
class ShopperMutations:
    @strawberry.mutation(
        description="Somebody signed in: what they did on the session counts for the user at once, "
        "and so does what is still to come of it. Who signs in first on a session gets what it did "
        "before; who does later, only what happens from then on. Doing it again changes nothing."
    )
    async def join_shopper(
        self,
        info: Info,
        input: Annotated[JoinShopperInput, strawberry.argument(description="Who.")],  # noqa: A002
    ) -> JoinShopperPayload:
        context = info.context
        context.caller.require(Scope.EVENTS)
        try:
            session = context.shopper_of(ShopperInput.of_session(input.session_id))
            named = input.user()
            user = context.shopper_of(named)
            joined = await context.shoppers.joins.join(session, user, context.now())
        except InvalidInput as error:
            wrong = UserError.of(error, "input")
            wrong.field = ["input", wrong.field[-1]] if wrong.field else None
            return JoinShopperPayload(joined_event_count=0, user_errors=[wrong])
        return JoinShopperPayload(joined_event_count=joined, user_errors=[], shopper=named)

    @strawberry.mutation(
        description="Remove all that is held of a shopper: events, lists, what the shop said of "
        "them, and which sessions were theirs. What is sent later is a new beginning. Doing it "
        "again finishes what was cut short. Needs a secret key."
    )
    async def forget_shopper(
        self,
        info: Info,
        input: Annotated[ForgetShopperInput, strawberry.argument(description="Whom.")],  # noqa: A002
    ) -> ForgetShopperPayload:
        context = info.context
        context.caller.require(Scope.SHOPPERS)
        try:
            shopper_id = context.shopper_of(input.shopper)
        except InvalidInput as error:
            wrong = UserError.of(error, "input")
            return ForgetShopperPayload(removed_event_count=0, user_errors=[wrong])
        removed = await context.shoppers.forget(shopper_id, context.now())
        return ForgetShopperPayload(removed_event_count=removed, user_errors=[])

    @strawberry.mutation(
        description="Say what is known of shoppers beside what they do. The next training learns "
        "from it what shoppers like them take to; from then on it speaks for those who did little "
        "yet. One mistake keeps none of the others out, and sending again is harmless. "
        "Needs a secret key."
    )
    async def upsert_shoppers(
        self,
        info: Info,
        input: Annotated[UpsertShoppersInput, strawberry.argument(description="The shoppers.")],  # noqa: A002
    ) -> UpsertShoppersPayload:
        info.context.caller.require(Scope.SHOPPERS)
        most = info.context.settings.largest_batch
        if (sent := len(input.shoppers)) > most:
            too_many = UserError.too_many(sent, most, "input", "shoppers")
            return UpsertShoppersPayload(
                created_count=0,
                updated_count=0,
                unchanged_count=0,
                rejected_count=sent,
                user_errors=[too_many],
            )
        shoppers: list[ShopperAttributes] = []
        errors: list[UserError] = []
        for place, said in enumerate(input.shoppers):
            try:
                shoppers.append(said.to_shopper(info.context))
            except InvalidInput as error:
                errors.append(UserError.of(error, "input", "shoppers", str(place)))
        stored = await info.context.shoppers.upsert(shoppers)
        return UpsertShoppersPayload(
            created_count=stored.created,
            updated_count=stored.updated,
            unchanged_count=stored.unchanged,
            rejected_count=len(errors),
            user_errors=errors,
        )

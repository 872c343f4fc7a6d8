"""Values with a meaning of their own: scalars, and the enums of the recommender."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, NewType

import strawberry
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.types.scalar import ScalarDefinition

from recommender.facts import money
from recommender.facts.errors import InvalidInput
from recommender.facts.events import EventType
from recommender.facts.fates import Fate
from recommender.facts.insights import Granularity
from recommender.facts.keys import Scope
from recommender.facts.listing import ProductSort
from recommender.facts.placements import Strategy, TrendingWindow
from recommender.facts.request import ReasonKind

CurrencyCode = NewType("CurrencyCode", str)
URL = NewType("URL", str)


def _moment(value: object) -> datetime:
    """Read by Python itself: Strawberry's own reader takes ten times as long."""
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise StrawberryInputCoercionError(
            f"Value cannot represent a DateTime: {str(value)[:40]!r}. Send ISO 8601, such as "
            "2026-11-25T09:30:00Z."
        ) from None


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant in ISO 8601 form; in UTC where it has no offset.",
        serialize=datetime.isoformat,
        parse_value=_moment,
    ),
    CurrencyCode: strawberry.scalar(
        name="CurrencyCode",
        description="A three-letter ISO 4217 code, such as EUR.",
        serialize=str,
        parse_value=str,
    ),
    URL: strawberry.scalar(
        name="URL",
        description="An absolute http(s) URL.",
        serialize=str,
        parse_value=str,
    ),
}


def _enum(enum: type[Enum], name: str, description: str, values: dict[Any, str]) -> None:
    """Put an enum of the recommender into the schema, with a description of each value."""
    definition: Any = strawberry.enum(enum, name=name, description=description)
    for value in definition.__strawberry_definition__.values:
        value.description = values[enum[value.name]]


_enum(
    Scope,
    "KeyScope",
    "Something that a key may allow.",
    {
        Scope.READ: "Lists and products.",
        Scope.EVENTS: "Say what shoppers do. A purchase is recorded, but not trusted.",
        Scope.CATALOGUE: "Put products into the shop and take them out.",
        Scope.INSIGHTS: "What came of the lists, and what the shop's data say.",
        Scope.TRAINING: "Train models, put one in service, roll back; how the server is doing.",
        Scope.SHOPPERS: "Act for any shopper: say what is known of them, export it, forget it.",
        Scope.TRUSTED_EVENTS: "Say what was bought, and be believed.",
        Scope.METRICS: "Read /metrics.",
    },
)
_enum(
    EventType,
    "EventType",
    "What a shopper did with a product.",
    {
        EventType.IMPRESSION: "Had it on the screen.",
        EventType.CLICK: "Clicked on it in a list.",
        EventType.VIEW: "Looked at its page.",
        EventType.ADD_TO_CART: "Put it into the cart.",
        EventType.REMOVE_FROM_CART: "Took it out of the cart.",
        EventType.PURCHASE: "Bought it.",
        EventType.LIKE: "Liked it, or put it on a wish list.",
        EventType.DISLIKE: "Disliked it.",
        EventType.DISMISS: "Asked not to be shown it.",
        EventType.RATING: "Gave it 1 to 5 stars.",
    },
)
_enum(
    Granularity,
    "Granularity",
    "How finely time is divided.",
    {
        Granularity.HOUR: "By the hour.",
        Granularity.DAY: "By the day, UTC.",
        Granularity.WEEK: "By the week, from Monday, UTC.",
    },
)
_enum(
    Strategy,
    "RecommendationStrategy",
    "How a product was chosen.",
    {
        Strategy.PERSONALIZED: "From what this shopper did.",
        Strategy.SIMILAR: "From its likeness to the product being looked at.",
        Strategy.BOUGHT_TOGETHER: "From what shares baskets with what is on the page or in the "
        "cart.",
        Strategy.BECAUSE_YOU_VIEWED: "From its likeness to what the shopper looked at last.",
        Strategy.TRENDING: "From how many more shoppers take to it than before.",
        Strategy.POPULAR: "From what many shoppers take to these days.",
        Strategy.NEWEST: "From when the shop began to sell it.",
        Strategy.RECENTLY_VIEWED: "From what the shopper looked at and did not buy since.",
        Strategy.BUY_AGAIN: "From how much it is time for the shopper to buy it again.",
        Strategy.NEXT_BASKET: "From what is due again and what would be new to this shopper.",
    },
)
_enum(
    ProductSort,
    "ProductSort",
    "The order of a listing. What is equal goes by the shop's ids.",
    {
        ProductSort.RELEVANCE: "The best answer to the query first, of equally good ones the more "
        "popular. Without a query: by the shop's ids.",
        ProductSort.NAME: "From A to Z, whatever the capitals and accents.",
        ProductSort.PRICE_ASC: "The cheapest first; what has no price comes last.",
        ProductSort.PRICE_DESC: "The dearest first; what has no price comes last.",
        ProductSort.NEWEST: "What the shop began to sell last comes first.",
        ProductSort.POPULARITY: "What most shoppers take to these days comes first.",
    },
)
_enum(
    ReasonKind,
    "ReasonKind",
    "What speaks for a product.",
    {
        ReasonKind.BECAUSE_YOU_VIEWED: "The shopper looked at the product it points at.",
        ReasonKind.BECAUSE_YOU_BOUGHT: "The shopper bought the product it points at.",
        ReasonKind.BECAUSE_YOU_LIKED: "The shopper liked the product it points at.",
        ReasonKind.UNLIKE_WHAT_YOU_DISLIKED: "It is unlike what the shopper turned away from.",
        ReasonKind.SHARED_ATTRIBUTE: "The shopper seems to like things with such a property, or "
        "the product it points at has it too.",
        ReasonKind.SIMILAR_TO: "It is like the product it points at.",
        ReasonKind.BOUGHT_WITH: "It is often in the same basket as the product it points at.",
        ReasonKind.TIME_TO_BUY_AGAIN: "The shopper bought it before, and may need it again.",
        ReasonKind.TRENDING: "More and more shoppers take to it.",
        ReasonKind.SHOPPERS_LIKE_YOU: "Shoppers of whom the shop says the same take to it.",
        ReasonKind.POPULAR: "Many shoppers take to it.",
        ReasonKind.NEW_ARRIVAL: "The shop began to sell it lately.",
        ReasonKind.BOOSTED: "The shop wants to show more of such products.",
        ReasonKind.MATCHES_SEARCH: "It answers what the shopper searched for.",
    },
)


@strawberry.input(description="An amount of one currency.")
class MoneyInput:
    """An amount of one currency."""

    amount: Decimal = strawberry.field(description='A decimal number, as a string: "12.50".')
    currency_code: CurrencyCode = strawberry.field(description="The currency.")

    def to_money(self, field: str) -> money.Money:
        """The amount, given as this field.

        Raises:
            InvalidInput: naming the part of the field that is no such thing.
        """
        try:
            return money.Money.of(self.amount, self.currency_code)
        except InvalidInput as error:
            part = "currency_code" if error.field == "currency" else "amount"
            raise InvalidInput(f"{field}.{part}", error.problem) from None


_enum(
    TrendingWindow,
    "TrendingWindow",
    "How far back the acts go that something rises by.",
    {
        TrendingWindow.LAST_24_HOURS: "A day.",
        TrendingWindow.LAST_7_DAYS: "A week.",
        TrendingWindow.LAST_30_DAYS: "A month.",
    },
)
_enum(
    Fate,
    "ProductFate",
    "What becomes of a product when a shelf is filled: SHOWN, or the first rule that keeps it out. "
    "In the order in which the rules apply.",
    {
        Fate.UNKNOWN_PRODUCT: "The shop does not have it.",
        Fate.NOT_AVAILABLE: "It cannot be bought now.",
        Fate.EXCLUDED: "The request leaves it out by its id.",
        Fate.ON_PAGE: "The shopper is looking at it, or has it in the cart.",
        Fate.OTHER_SHELF: "A shelf of the same page that comes before shows it.",
        Fate.ALREADY_BOUGHT: "The shopper bought or rated it, and the shelf does not offer that "
        "again.",
        Fate.TURNED_AWAY: "The shopper turned away from it.",
        Fate.FILTERED: "It does not match the filter.",
        Fate.NOT_SCORED: "No strategy that may fill the shelf has anything to say about it.",
        Fate.BELOW_MINIMUM_RELEVANCE: "It suits less well than the request demands.",
        Fate.VARIANT_ALREADY_SHOWN: "A variant of it is on the shelf or on the page.",
        Fate.BRAND_CAP: "There are as many of its brand on the shelf as the shop wants.",
        Fate.CATEGORY_CAP: "There are as many of its category on the shelf as the shop wants.",
        Fate.ROTATED: "It was shown to the shopper lately, and makes room.",
        Fate.RANKED_LOWER: "Others came first, by score, boosts and diversity.",
        Fate.SHOWN: "It is on the shelf.",
    },
)


@strawberry.input(description="A property, such as colour: red.")
class AttributeInput:
    """A property of a product or a shopper."""

    name: str = strawberry.field(description="Such as colour, or country.")
    value: str = strawberry.field(description="Such as red, or France.")


def utc(moment: datetime, field: str) -> datetime:
    """The same moment in UTC; one without an offset is taken to be in UTC.

    Raises:
        InvalidInput: naming the field, if in UTC it lies before the year 1, or after 9999.
    """
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise InvalidInput(field, f"must be a date after 1970, not {moment.isoformat()}") from None


def camel(name: str) -> str:
    """As the schema spells it.

    >>> camel("event_id")
    'eventId'
    """
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)

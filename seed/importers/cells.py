"""What a cell of a shop's table says: text or a number, in the many ways in which shops write.

The functions take a cell that is not empty and raise ValueError with what is wrong with it.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

import orjson

from recommender.facts.catalog import CATEGORY_SEPARATOR
from recommender.facts.errors import InvalidInput
from recommender.facts.events import EventType
from recommender.facts.money import Money

EVENT_TYPES = {
    **{type_.value: type_ for type_ in EventType},
    **{type_.value.replace("_", ""): type_ for type_ in EventType},
    "shown": EventType.IMPRESSION,
    "clickout": EventType.CLICK,
    "clicked": EventType.CLICK,
    "detail": EventType.VIEW,
    "detailview": EventType.VIEW,
    "pageview": EventType.VIEW,
    "productview": EventType.VIEW,
    "viewed": EventType.VIEW,
    "viewitem": EventType.VIEW,
    "add": EventType.ADD_TO_CART,
    "addtobasket": EventType.ADD_TO_CART,
    "basket": EventType.ADD_TO_CART,
    "cart": EventType.ADD_TO_CART,
    "remove": EventType.REMOVE_FROM_CART,
    "removefrombasket": EventType.REMOVE_FROM_CART,
    "bought": EventType.PURCHASE,
    "buy": EventType.PURCHASE,
    "checkout": EventType.PURCHASE,
    "conversion": EventType.PURCHASE,
    "order": EventType.PURCHASE,
    "purchased": EventType.PURCHASE,
    "sale": EventType.PURCHASE,
    "transaction": EventType.PURCHASE,
    "favorite": EventType.LIKE,
    "favourite": EventType.LIKE,
    "wishlist": EventType.LIKE,
    "hide": EventType.DISMISS,
    "rate": EventType.RATING,
    "rated": EventType.RATING,
    "review": EventType.RATING,
}
"""What shops call the acts, in small letters and without anything between them."""

YES_OR_NO = {
    **dict.fromkeys(("true", "t", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0"), False),
}

BETWEEN_LABELS = "|"
"""Between categories, tags or values of an attribute that stand in one cell."""

SMALLEST_MILLISECONDS = 10**11
"""A time that is a number counts seconds up to here (the year 5138), milliseconds from here."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[-+]?\d+(\.\d*)?")
_AMOUNT_AND_CURRENCY = re.compile(r"(?:([A-Za-z]{3})\s*)?([-+.,\d]+)(?:\s*([A-Za-z]{3}))?")
_NO_UTF_8 = re.compile("[\udc80-\udcff]")


def bare(name: str) -> str:
    """A name without capitals and without what stands between its words.

    >>> bare("Product-Id") == bare("product_id") == bare("productId")
    True
    """
    return re.sub(r"[\W_]+", "", name).lower()


def readable(text: str) -> str:
    """The text with letters for the bytes that were no UTF-8, as Western Windows has them.

    >>> readable("Caf\\udce9")
    'Café'
    """
    return _NO_UTF_8.sub(lambda b: bytes([ord(b[0]) - 0xDC00]).decode("cp1252", "replace"), text)


def as_it_is(cell: Any) -> Any:
    """The cell, for what can only be read beside another one."""
    return cell


def identifier(cell: Any) -> str:
    """An id; one that was read as a number is written without a point.

    >>> identifier(17850.0)
    '17850'
    """
    if isinstance(cell, str):
        if text := cell.strip():
            return text
        raise ValueError("must not be empty")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, int) and not isinstance(cell, bool):
        return str(cell)
    raise ValueError(f"must be text or a whole number, not {cell!r}")


def words(cell: Any) -> str:
    """Text for people, without space around it."""
    return cell.strip() if isinstance(cell, str) else identifier(cell)


def whole_number(cell: Any) -> int:
    """A whole number, also if it is written 3.0."""
    if isinstance(cell, str) and cell.isdecimal() and len(cell) < 10:
        return int(cell)
    value = number(cell)
    if not value.is_integer():
        raise ValueError(f"must be a whole number, not {_quoted(cell)}")
    return int(value)


def number(cell: Any) -> float:
    """A finite number."""
    try:
        value = float("not one" if isinstance(cell, bool) else cell)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"must be a number, not {_quoted(cell)}{_hint(cell)}") from None
    if value - value != 0:
        raise ValueError(f"must be a finite number, not {_quoted(cell)}")
    return value


def yes_or_no(cell: Any) -> bool:
    """True or false in English or as 1 and 0."""
    try:
        return YES_OR_NO[str(cell).strip().lower()]
    except KeyError:
        raise ValueError(f"must be one of {', '.join(YES_OR_NO)}, not {_quoted(cell)}") from None


def moment(cell: Any) -> datetime:
    """A time in UTC, in whole milliseconds as the database keeps it.

    ISO 8601, or seconds or milliseconds since 1970; without an offset it is taken as UTC.

    >>> moment("2024-05-01T12:00:00+02:00") == moment("1714557600") == moment(1714557600000)
    True
    """
    try:
        if isinstance(cell, str):
            at = _moment_of_text(cell.strip())
        elif isinstance(cell, datetime):
            at = cell
        elif isinstance(cell, date):
            at = datetime.combine(cell, time())
        else:
            at = _since_1970(number(cell))
        if at.tzinfo is not UTC:
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            "must be a time in ISO 8601, such as 2024-05-01T12:00:00Z, or seconds or milliseconds "
            f"since 1970, not {_quoted(cell)}"
        ) from None
    return at.replace(microsecond=at.microsecond // 1000 * 1000) if at.microsecond else at


def _moment_of_text(text: str) -> datetime:
    # Eight digits are a date in ISO 8601 (20240501), and not some second of 1970.
    if text[4:5] != "-" and len(text) != 8 and _NUMBER.fullmatch(text):
        return _since_1970(float(text))
    return datetime.fromisoformat(text)


def _since_1970(count: float) -> datetime:
    if abs(count) < SMALLEST_MILLISECONDS:
        return _EPOCH + timedelta(seconds=count)
    return _EPOCH + timedelta(milliseconds=count)


def event_type(cell: Any) -> EventType:
    """An act by our name or by one of those in EVENT_TYPES.

    >>> event_type("Add to cart")
    <EventType.ADD_TO_CART: 'add_to_cart'>
    """
    name = str(cell)
    found = EVENT_TYPES.get(name) or EVENT_TYPES.get(bare(name))
    if found is None:
        raise ValueError(f"must be one of {', '.join(EventType)}, not {_quoted(cell)}")
    return found


def money(cell: Any, currency: str | None) -> Money:
    """An amount; a currency beside it in the cell counts more than `currency`.

    Raises:
        InvalidInput: about "price" or "currency", whichever is wrong.

    >>> money("12.50 EUR", "GBP")
    Money(minor_units=1250, currency='EUR')
    """
    return _money(str(cell), currency)


# A shop has few different prices; reading each once makes a whole import a tenth faster.
@lru_cache(maxsize=10_000)
def _money(cell: str, currency: str | None) -> Money:
    amount = cell
    if parts := _AMOUNT_AND_CURRENCY.fullmatch(cell.strip()):
        before, amount, after = parts.groups()
        currency = before or after or currency
    if not currency:
        raise InvalidInput(
            "price",
            "has no currency: add a column currency, write 12.50 EUR, or pass --currency EUR",
        )
    if "," in amount:
        raise InvalidInput(
            "price", f"must be a decimal number such as 12.50, not {_quoted(amount)}{_hint(amount)}"
        )
    return Money.of(amount, currency_code(currency))


def currency_code(cell: str) -> str:
    """A currency in ISO 4217, in small letters as well.

    >>> currency_code("eur")
    'EUR'
    """
    code = cell.strip().upper()
    if not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise InvalidInput("currency", f"must be three letters such as EUR, not {_quoted(cell)}")
    return code


def labels(cell: Any) -> tuple[str, ...]:
    """Several words: a list, or text with a | between them."""
    parts = cell.split(BETWEEN_LABELS) if isinstance(cell, str) else cell
    if not isinstance(parts, list | tuple):
        parts = [parts]
    return tuple(text for part in parts if part is not None and (text := words(part)))


def properties(cell: Any) -> tuple[str, ...]:
    """Labels; numbers with a point, days, yes and no will do as well.

    >>> properties(["gold | silver", 12.5, True])
    ('gold', 'silver', '12.5', 'true')
    """
    if isinstance(cell, list | tuple):
        return tuple(text for part in cell if part is not None for text in properties(part))
    if isinstance(cell, bool):
        return (str(cell).lower(),)
    if isinstance(cell, date) or (isinstance(cell, float) and not cell.is_integer()):
        return (str(cell),)
    return labels(cell)


def tags(cell: Any) -> tuple[str, ...]:
    """Labels; commas do as well, where there is no |."""
    if isinstance(cell, str) and BETWEEN_LABELS not in cell:
        cell = cell.split(",")
    return labels(cell)


def category_paths(cell: Any) -> tuple[str, ...]:
    """Paths from the root.

    >>> category_paths("Home>Mugs | Gifts")
    ('Home > Mugs', 'Gifts')
    """
    return tuple(
        CATEGORY_SEPARATOR.join(step.strip() for step in path.split(CATEGORY_SEPARATOR.strip()))
        for path in labels(cell)
    )


def attributes(cell: Any) -> tuple[tuple[str, str], ...]:
    """Names and values: an object (in CSV as JSON), or a list of pairs.

    >>> attributes({"colour": ["red", "blue"], "size": None})
    (('colour', 'red'), ('colour', 'blue'))
    """
    if isinstance(cell, str):
        try:
            cell = orjson.loads(cell)
        except orjson.JSONDecodeError:
            cell = None
    if isinstance(cell, list):  # as the products of our own API have it, and Parquet's maps
        cell = [(p.get("name"), p.get("value")) if isinstance(p, dict) else p for p in cell]
        if all(isinstance(p, tuple | list) and len(p) == 2 for p in cell):
            return tuple((words(n), label) for n, v in cell if v is not None for label in labels(v))
    elif isinstance(cell, dict):
        return attributes(list(cell.items()))
    raise ValueError('must be an object such as {"colour": "red"}')


def _quoted(cell: Any) -> str:
    return repr(readable(str(cell)[:60]))


def _hint(cell: Any) -> str:
    """What to do about a number with a comma in it, in half of Europe the decimal point."""
    return ": write it with a point and without commas" if "," in str(cell) else ""

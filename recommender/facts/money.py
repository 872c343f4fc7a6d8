"""Prices, exactly."""

from dataclasses import dataclass
from decimal import Decimal

from recommender.facts.errors import InvalidInput

_NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
MINOR_DIGITS = {
    currency: digits
    for digits, currencies in ((0, _NO_DIGITS), (3, _THREE_DIGITS))
    for currency in currencies.split()
}
"""ISO 4217: digits after the point where they are not two."""

MOST_MINOR_UNITS = 2**53 - 1
"""The largest whole number that JSON readers keep exactly."""
_MOST_DIGITS = len(str(MOST_MINOR_UNITS))


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency.

    >>> Money.of("12.5", "EUR")
    Money(minor_units=1250, currency='EUR')
    >>> str(Money.of("500", "JPY").amount)
    '500'
    """

    minor_units: int
    """Cents, pence, yen: the smallest unit of the currency. Whole, so that sums are exact."""
    currency: str
    """ISO 4217, three capital letters."""

    def __post_init__(self) -> None:
        if not (len(self.currency) == 3 and self.currency.isascii() and self.currency.isupper()):
            raise InvalidInput(
                "currency", f"must be three capital letters such as EUR, not {self.currency!r}"
            )
        if not 0 <= self.minor_units <= MOST_MINOR_UNITS:
            most = Decimal(MOST_MINOR_UNITS).scaleb(-MINOR_DIGITS.get(self.currency, 2))
            raise InvalidInput("price", f"must be 0 to {most}, not {self.amount}")

    @classmethod
    def of(cls, amount: Decimal | str | float, currency: str) -> "Money":
        """Read a decimal amount.

        Raises:
            InvalidInput: for what is no number, or has more digits than the currency has.
        """
        shown = str(amount)[:40]
        digits = MINOR_DIGITS.get(currency, 2)
        whole = None
        try:
            exact = Decimal(str(amount))
            # Asked before anything is computed: int() of 1e300000 takes seconds.
            if exact.is_finite() and exact.adjusted() < _MOST_DIGITS:
                whole = int(exact.scaleb(digits))
        except ArithmeticError:
            pass
        if whole is None:
            raise InvalidInput("price", f"must be a decimal number such as 12.50, not {shown!r}")
        # And back again, since scaleb rounds to 28 digits.
        if Decimal(whole).scaleb(-digits) != exact:
            raise InvalidInput(
                "price", f"has more digits after the point than {currency} has: {shown}"
            )
        return cls(whole, currency)

    @property
    def amount(self) -> Decimal:
        """The amount in the currency's main unit, with all its digits: 12.50."""
        return Decimal(self.minor_units).scaleb(-MINOR_DIGITS.get(self.currency, 2))

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

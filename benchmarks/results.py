"""What was measured, beside the floor it stands on, and how that is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table

COLUMNS = ("Measured", "", "Beside", "", "Ratio", "Wanted")
RIGHT = (1, 3, 4, 5)
"""Columns of numbers."""


@dataclass(frozen=True, slots=True)
class Result:
    """One figure, and the one it is to be judged by."""

    name: str
    value: float
    unit: str
    floor: str | None = None
    """What it is compared with, measured in the same run; None where nothing compares."""
    floor_value: float | None = None
    """In the same unit."""
    ratio: float | None = None
    """How near it comes to its floor: 1 is as good, 0.5 is twice as slow or twice as large."""
    wanted: float | None = None
    """The least ratio we are content with."""

    @classmethod
    def of_rate(
        cls,
        name: str,
        value: float,
        unit: str,
        floor: str,
        floor_value: float,
        wanted: float | None = None,
    ) -> "Result":
        """Of what is better when it is more, such as events a second."""
        return cls(name, value, unit, floor, floor_value, value / floor_value, wanted)

    @classmethod
    def of_cost(
        cls,
        name: str,
        value: float,
        unit: str,
        floor: str,
        floor_value: float,
        wanted: float | None = None,
    ) -> "Result":
        """Of what is better when it is less, such as seconds or bytes."""
        return cls(name, value, unit, floor, floor_value, floor_value / value, wanted)

    def cells(self) -> tuple[str, ...]:
        """Under COLUMNS."""
        return (
            self.name,
            _amount(self.value, self.unit),
            self.floor or "",
            "" if self.floor_value is None else _amount(self.floor_value, self.unit),
            "" if self.ratio is None else f"{self.ratio:.2f}",
            self._verdict(),
        )

    def _verdict(self) -> str:
        if self.wanted is None or self.ratio is None:
            return ""
        return f"at least {self.wanted}" + (": missed" if self.ratio < self.wanted else "")


def _amount(value: float, unit: str) -> str:
    """Three digits that count, at least.

    >>> _amount(1234567, "events/s"), _amount(12.345, "s"), _amount(0.6789, "s")
    ('1,234,567 events/s', '12.3 s', '0.679 s')
    """
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f} {unit}".rstrip()


def table(title: str, results: Sequence[Result]) -> Table:
    """For the terminal."""
    found = Table(title=title, title_justify="left")
    for number, column in enumerate(COLUMNS):
        found.add_column(column, justify="right" if number in RIGHT else "left", no_wrap=True)
    for result in results:
        found.add_row(*result.cells())
    return found


def markdown(results: Sequence[Result]) -> str:
    """The same for README.md."""
    rule = ["---:" if number in RIGHT else "---" for number in range(len(COLUMNS))]
    return "\n".join(_line(cells) for cells in (COLUMNS, rule, *(r.cells() for r in results)))


def replaced(text: str, parts: Mapping[str, str]) -> str:
    """The text with each part put between the marks of its name; what has no marks is left out.

    >>> replaced("<!-- a -->old<!-- end of a -->", {"a": "new"})
    '<!-- a -->\\nnew\\n<!-- end of a -->'
    """
    for name, part in parts.items():
        before, start, rest = text.partition(f"<!-- {name} -->")
        _, end, after = rest.partition(f"<!-- end of {name} -->")
        if start and end:
            text = f"{before}{start}\n{part}\n{end}{after}"
    return text


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"

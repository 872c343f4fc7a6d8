"""What shoppers did in some time, as columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.facts.events import Event, EventType
from recommender.facts.ids import IdIndex, Rows
from recommender.facts.insights import Range

TYPES = tuple(EventType)
"""The meaning of the codes in `ActTable.type`."""
CODE_OF = {type_: code for code, type_ in enumerate(TYPES)}
SEEN = (EventType.VIEW, EventType.CLICK)
"""Acts that say that a shopper looked at a product."""

Chosen = NDArray[np.bool_]
Pairs = NDArray[np.int64]
"""Each pair of a shopper and something else once, as one number, in order."""


@dataclass(frozen=True, slots=True)
class ActTable:
    """Events as columns; 36 bytes each, whatever the ids look like."""

    n_shoppers: int
    products: Sequence[str]
    """The meaning of the product rows."""
    currencies: Sequence[str]
    """The meaning of the currency rows."""
    shopper: Rows
    """(n_events,) rows."""
    product: Rows
    """(n_events,) rows."""
    type: NDArray[np.uint8]
    """(n_events,) codes into TYPES."""
    at: NDArray[np.int64]
    """(n_events,) milliseconds since 1970, UTC, by the shop's clock."""
    quantity: Rows
    """(n_events,) pieces."""
    minor_units: NDArray[np.int64]
    """(n_events,) price of one piece; 0 where none is told."""
    currency: NDArray[np.int16]
    """(n_events,) rows; -1 where no price is told, or anybody could have made it up."""
    order: Rows
    """(n_events,) which order it belongs to; -1 where that is not told."""

    def __len__(self) -> int:
        return len(self.shopper)

    @classmethod
    def of(cls, events: Iterable[Event]) -> "ActTable":
        """The same events as columns."""
        events = list(events)
        shoppers, products, currencies, orders = (IdIndex() for _ in range(4))
        prices = [e.unit_price if e.trusted else None for e in events]
        return cls(
            shopper=shoppers.rows(e.shopper_id for e in events),
            n_shoppers=len(shoppers),
            product=products.rows(e.product_id for e in events),
            products=products.ids,
            type=np.array([CODE_OF[e.type] for e in events], np.uint8),
            at=np.array([_milliseconds(e.at) for e in events], np.int64),
            quantity=np.array([e.quantity for e in events], np.int32),
            minor_units=np.array([p.minor_units if p else 0 for p in prices], np.int64),
            currency=np.array(
                [currencies.rows([p.currency])[0] if p else -1 for p in prices], np.int16
            ),
            currencies=currencies.ids,
            order=np.array([orders.rows([e.order_id])[0] if e.order_id else -1 for e in events],
                           np.int32),
        )  # fmt: skip

    def where(self, chosen: Chosen) -> "ActTable":
        """Some of the events; rows keep their meaning."""
        columns: dict[str, Any] = {name: getattr(self, name)[chosen] for name in COLUMNS}
        return ActTable(self.n_shoppers, self.products, self.currencies, **columns)

    def within(self, range_: Range) -> "ActTable":
        """Those of some time."""
        start, end = _milliseconds(range_.start), _milliseconds(range_.end)
        return self.where((self.at >= start) & (self.at < end))

    def of_type(self, *types: EventType) -> "ActTable":
        """Those of some types."""
        return self.where(np.isin(self.type, [CODE_OF[t] for t in types]))

    @property
    def revenue(self) -> NDArray[np.int64]:
        """(n_events,) price times pieces, in minor units."""
        return self.minor_units * self.quantity

    def shopper_products(self) -> Pairs:
        """Each shopper with each product they acted on: shopper * n_products + product."""
        return np.unique(self.shopper.astype(np.int64) * len(self.products) + self.product)


COLUMNS = tuple(
    "shopper product type at quantity minor_units currency order".split()  # noqa: SIM905
)
"""The names of the columns of an ActTable."""


def moment(milliseconds: int) -> datetime:
    """UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)

"""Reads that come at once, put together.

One call for sixteen shoppers costs the driver a third of sixteen calls at the same time, whose
threads wait for one another. Nobody waits for others to come: who comes while nothing is under way
is read alone and at once, and those who come meanwhile share the next call.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from pymongo.errors import PyMongoError

from recommender.facts.events import History

MOST_TOGETHER = 16
"""Shoppers in one call. More gain little, and the first of them would wait for the last."""

Reads = list[asyncio.Future[History]]
"""Who waits for one and the same history."""


class Gathered:
    """Reads one history, or those of all who wait; one call after the other.

    What is read was asked for after its caller came, so it is as recent as if it was read alone.
    """

    def __init__(self, read: Callable[[Sequence[str]], Awaitable[Sequence[History]]]) -> None:
        """Nothing is under way.

        Args:
            read: the histories of different shoppers, in their order.
        """
        self._read = read
        self._under_way = False
        self._waiting: dict[str, Reads] = {}
        self._rest: asyncio.Task[None] | None = None
        """Reads for those who wait. Kept, since the event loop itself would not."""

    async def of(self, shopper_id: str) -> History:
        """The history of a shopper."""
        if self._under_way:
            waits: asyncio.Future[History] = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(shopper_id, []).append(waits)
            return await waits
        self._under_way = True
        try:
            [history] = await self._read([shopper_id])
        finally:
            self._under_way = bool(self._waiting)
            if self._waiting:
                self._rest = asyncio.create_task(self._read_rest())
        return history

    async def _read_rest(self) -> None:
        try:
            while self._waiting:
                some = list(self._waiting)[:MOST_TOGETHER]
                await self._settle(
                    {shopper_id: self._waiting.pop(shopper_id) for shopper_id in some}
                )
        finally:
            self._under_way = False

    async def _settle(self, reads: dict[str, Reads]) -> None:
        """Tell those who wait what was read, or what went wrong."""
        try:
            histories = await self._read(list(reads))
        except Exception as error:
            if len(reads) > 1 and not isinstance(error, PyMongoError):
                # What is stored of one of them is at fault, and must not harm the others.
                for shopper_id, waiting in reads.items():
                    await self._settle({shopper_id: waiting})
                return
            for waiting in reads.values():
                for waits in _still_there(waiting):
                    waits.set_exception(error)
            return
        for waiting, history in zip(reads.values(), histories, strict=True):
            for waits in _still_there(waiting):
                waits.set_result(history)


def _still_there(waiting: Reads) -> Reads:
    """Those who did not go away meanwhile, by which they are cancelled."""
    return [waits for waits in waiting if not waits.done()]

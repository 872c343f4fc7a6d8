"""What shoppers are drawn to lately, counted from the events themselves by MongoDB."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from recommender.facts.placements import LENGTH_OF, TrendingWindow
from recommender.mongo.events import Events

AGE = timedelta(minutes=1)
"""How old a count may be. All who ask within that time share it."""


class Trends:
    """Counts for the windows that somebody asks for."""

    def __init__(self, events: Events, now: Callable[[], datetime]) -> None:
        self._events = events
        self._now = now
        self._counts: dict[TrendingWindow, tuple[datetime, asyncio.Task[dict[str, int]]]] = {}

    async def shoppers_drawn(self, window: TrendingWindow) -> Mapping[str, int]:
        """How many shoppers did something in the window that speaks for each product.

        Raises:
            pymongo.errors.PyMongoError: if it cannot be counted; the next one tries again.
        """
        now = self._now()
        at, counting = self._counts.get(window, (now, None))
        if counting is None or now - at >= AGE or _failed(counting):
            since = now - LENGTH_OF[window]
            counting = asyncio.create_task(self._events.shoppers_drawn_since(since))
            self._counts[window] = now, counting
        # Whoever gives up leaves it to the others.
        return await asyncio.shield(counting)


def _failed(task: asyncio.Task[dict[str, int]]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)

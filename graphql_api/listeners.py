"""Who waits for what to change: the subscriptions of this process.

Nobody queues anything here. A bell that rings again before it was heard rings once, so whoever is
slow gets the latest and never a backlog.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Set
from contextlib import contextmanager

from recommender.facts.errors import TooManySubscriptions

TRAININGS = "trainings"
"""A topic. The others are shoppers, by their ids, which have a colon in them."""
WAVE_SECONDS = 1.0
"""A change that concerns everybody is told at most so often: an import changes thousands of
products."""
APART_SECONDS = 0.002
"""Between two who are told of it, lest all make their lists at once and requests wait."""


class Listeners:
    """Rings bells."""

    def __init__(self, most: int) -> None:
        """Nobody yet, and never more than so many."""
        self.closing = asyncio.Event()
        """Set when the process is about to stop."""
        self._most = most
        self._bells: set[asyncio.Event] = set()
        self._of_topic: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._wave = asyncio.Event()

    def __len__(self) -> int:
        return len(self._bells)

    def check_room(self) -> None:
        """See that there may be one more.

        Raises:
            TooManySubscriptions: if this process has as many as it may.
        """
        if len(self._bells) >= self._most:
            raise TooManySubscriptions(
                f"This server has {self._most} subscriptions, as many as it may. Try again later."
            )

    @contextmanager
    def listen(self, topic: str) -> Iterator[asyncio.Event]:
        """A bell that rings when something of this topic changes, or something for everybody.

        Raises:
            TooManySubscriptions: if this process has enough of them.
        """
        self.check_room()
        bell = asyncio.Event()
        self._bells.add(bell)
        self._of_topic[topic].add(bell)
        try:
            yield bell
        finally:
            self._bells.remove(bell)
            self._of_topic[topic].remove(bell)
            if not self._of_topic[topic]:
                del self._of_topic[topic]

    def ring(self, topics: Set[str] | None) -> None:
        """Something of these topics changed; None: anything may have."""
        if topics is None:
            self._wave.set()
            return
        for topic in topics & self._of_topic.keys():
            for bell in self._of_topic[topic]:
                bell.set()

    async def run(self) -> None:
        """Tell everybody what concerns everybody, until cancelled."""
        while True:
            await self._wave.wait()
            self._wave.clear()
            for bell in list(self._bells):
                bell.set()
                await asyncio.sleep(APART_SECONDS)
            await asyncio.sleep(WAVE_SECONDS)

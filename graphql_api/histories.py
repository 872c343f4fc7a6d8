"""What recent shoppers did, kept in memory as long as it is known to be true.

Reading a history is the largest part of a request. One that was read is kept until the shopper does
something, wherever: whoever acknowledges an act says so here first, and acts that other processes
acknowledge come through the event stream. While that does not prove to be current, everything is
read, as if nothing was kept.
"""

from collections.abc import Awaitable, Callable, Set

from recommender.facts.events import History

ACTS_OF_A_SHOPPER = 4
"""What a shopper costs beside the acts, in acts."""

Read = Callable[[str], Awaitable[History]]


class Histories:
    """The histories of a process.

    No locks: every method but `of` is synchronous, and `of` waits in one place only.
    """

    def __init__(self, read: Read, is_current: Callable[[], bool], most_acts: int) -> None:
        """Nothing yet.

        Args:
            read: from the database, by shopper id.
            is_current: whether all is dropped that must be.
            most_acts: kept at once, of all shoppers together.
        """
        self.found = 0
        """How many were taken from memory."""
        self.read = 0
        """How many were read."""
        self._read = read
        self._is_current = is_current
        self._most_acts = most_acts
        self._kept: dict[str, History] = {}
        """Least recently used first."""
        self._acts = 0
        self._reading: dict[str, object] = {}
        """The latest read of each shopper that is under way, unless it is out of date already."""

    async def of(self, shopper_id: str) -> History:
        """The history of a shopper.

        It has every act that this process acknowledged, and every act that was acknowledged
        elsewhere more than MOST_BEHIND_SECONDS ago.
        """
        is_current = self._is_current()
        kept = self._kept.get(shopper_id)
        if kept is not None and is_current:
            self._kept[shopper_id] = self._kept.pop(shopper_id)
            self.found += 1
            return kept
        self.read += 1
        this_read = self._reading[shopper_id] = object()
        try:
            history = await self._read(shopper_id)
            # If the shopper did something meanwhile, this may be from before or after it.
            if self._reading.get(shopper_id) is this_read:
                self._keep(shopper_id, history)
        finally:
            if self._reading.get(shopper_id) is this_read:
                del self._reading[shopper_id]
        return history

    def drop(self, shoppers: Set[str] | None) -> None:
        """Forget what these shoppers did, None: what anybody did; they did something since."""
        if shoppers is None:
            self._kept.clear()
            self._reading.clear()
            self._acts = 0
            return
        for shopper_id in shoppers:
            self._reading.pop(shopper_id, None)
            self._let_go(shopper_id)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def acts(self) -> int:
        """What is kept at the moment, in acts."""
        return self._acts

    def _keep(self, shopper_id: str, history: History) -> None:
        self._let_go(shopper_id)
        self._kept[shopper_id] = history
        self._acts += _acts_of(history)
        while self._acts > self._most_acts:
            self._let_go(next(iter(self._kept)))

    def _let_go(self, shopper_id: str) -> None:
        if (history := self._kept.pop(shopper_id, None)) is not None:
            self._acts -= _acts_of(history)


def _acts_of(history: History) -> int:
    # Purchases are acts too, but some lie further back than the acts reach.
    return ACTS_OF_A_SHOPPER + len(history.acts) + len(history.purchases)

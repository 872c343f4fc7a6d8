"""How much each client may ask for, counted by all processes together at hardly any cost.

`limits` says what a limit is and how its window slides; this page keeps the counts. Each process
counts in memory, and every half second tells MongoDB what it counted and hears what all of them
did. In between it gives away at most an eighth of what it believes is left; for more it asks
MongoDB first. So the nearer a client is to its limit, the more exactly it is held to it: n
processes together let through at most (n - 1)/8 more than the limit.
"""

import asyncio
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import SlidingWindowCounterSupport, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from pymongo.errors import PyMongoError

from graphql_api.errors import server_codes
from graphql_api.keys import ANYBODY, Caller
from recommender.facts.errors import TooManyRequests
from recommender.facts.keys import KeyKind
from recommender.mongo.rate_counts import RateCounts
from recommender.settings import Settings

log = structlog.get_logger(__name__)

SHARE_SECONDS = 0.5
"""How often a process tells the others what it counted."""
BLIND_SHARE = 8
"""A process gives away one part in so many of what is left before it asks the others."""
MOST_COUNTED = 100_000
"""Clients that a process remembers. The counts of those it forgets are in MongoDB."""


_Place = tuple[str, int, int]
"""Whose count, in which window, and how many seconds that lasts."""


@dataclass(slots=True)
class Count:
    """What one client asked for in the window that is, and in the one before."""

    window: int
    expiry: int
    """Seconds that a window lasts."""
    shared: int = 0
    """Of all processes, as far as we heard."""
    own: int = 0
    """Of this process, not yet told to the others."""
    previous: int = 0
    """Of all processes in the window before."""

    def weighted(self, now: float) -> int:
        """Of the last `expiry` seconds, if the window before was asked for evenly."""
        left = self.window + 1 - now / self.expiry
        return int(self.previous * min(max(left, 0.0), 1.0)) + self.shared + self.own

    def seconds_until_room(self, now: float, room: float) -> float:
        """How long until no more than `room` is counted, if nothing more comes."""
        begun = now - self.window * self.expiry
        current = self.shared + self.own
        if current <= room:
            # The window before fades away while this one lasts.
            wanted = 1 - (room - current) / self.previous if self.previous else 0.0
            return max(0.0, wanted * self.expiry - begun)
        fading = 1 - max(room, 0.0) / current
        return self.expiry - begun + fading * self.expiry


class SharedCounts(Storage, SlidingWindowCounterSupport):
    """Where `limits` keeps its counts: here, and every now and then in MongoDB."""

    STORAGE_SCHEME = None
    base_exceptions = PyMongoError

    def __init__(self, counts: RateCounts, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self.failures: Counter[str] = Counter()
        """How often what went wrong."""
        self._shared = counts
        self.clock = clock
        self._counts: dict[str, Count] = {}
        self._untold: dict[_Place, int] = {}
        self._sharing = asyncio.Lock()
        self._alone = False

    async def run(self) -> None:
        """Share the counts until cancelled."""
        while True:
            await asyncio.sleep(SHARE_SECONDS)
            await self.share()
            if len(self._counts) > MOST_COUNTED:
                self._counts.clear()

    async def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Count that much, unless it would be more than the limit."""
        count = self.count_of(key, expiry)
        left = limit - count.weighted(self.clock())
        if amount > left:
            return False
        self._add(key, count, amount)
        if count.own <= (left - amount) / BLIND_SHARE or self._alone:
            return True
        # The others hear of it before it is given away: of two that ask, one comes second.
        await self.share()
        if count.weighted(self.clock()) <= limit:
            return True
        self._add(key, count, -amount)
        return False

    def _add(self, key: str, count: Count, amount: int) -> None:
        count.own += amount
        place = (key, count.window, count.expiry)
        self._untold[place] = self._untold.get(place, 0) + amount

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """What was counted in the window before and in this one, and for how long each counts."""
        count = self.count_of(key, expiry)
        left = (count.window + 1) * expiry - self.clock()
        return count.previous, left, count.shared + count.own, left + expiry

    async def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Start anew, in this process."""
        self._counts.pop(key, None)

    def count_of(self, key: str, expiry: int) -> Count:
        """What is counted of a client in the window that is now."""
        window = int(self.clock() // expiry)
        count = self._counts.get(key)
        if count is None or count.window != window:
            before = count.shared + count.own if count and count.window == window - 1 else 0
            count = self._counts[key] = Count(window, expiry, previous=before)
        return count

    async def share(self) -> None:
        """Tell the others what was counted here, and hear what they counted of the same clients.

        While MongoDB is away, each process holds clients to the limit by itself, and what it
        counted then it keeps to itself.
        """
        async with self._sharing:
            told, self._untold = self._untold, {}
            if not told:
                return
            try:
                heard = await self._exchange(told)
            except PyMongoError as error:
                self._failed(error)
                return
            self._alone = False
            for place, amount in told.items():
                self._hear(place, amount, heard)

    def _failed(self, error: PyMongoError) -> None:
        self._alone = True
        self.failures["rate_counts"] += 1
        # Not the message: that of a bulk write lists what was counted, with client addresses.
        log.error(
            "rate_counts_not_shared",
            error=type(error).__name__,
            server_codes=server_codes(error),
        )

    async def _exchange(self, told: Mapping[_Place, int]) -> dict[str, int]:
        await self._shared.add(
            {_id_of(place): amount for place, amount in told.items()},
            {_id_of(place): (place[1] + 2) * place[2] for place in told},
        )
        return await self._shared.read(_ids_of(told))

    def _hear(self, place: _Place, amount: int, heard: Mapping[str, int]) -> None:
        key, window, expiry = place
        count = self._counts.get(key)
        if count is not None and count.window == window:
            count.own -= amount
            count.shared = heard.get(_id_of(place), 0)
            count.previous = heard.get(_id_of((key, window - 1, expiry)), 0)

    # What `limits` asks of any storage, and its sliding window does not use.

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count without a limit."""
        await self.acquire_sliding_window_entry(key, sys.maxsize, expiry, amount)
        return await self.get(key)

    async def get(self, key: str) -> int:
        """What is counted of a client."""
        count = self._counts.get(key)
        return count.shared + count.own if count else 0

    async def get_expiry(self, key: str) -> float:
        """When the window ends."""
        count = self._counts.get(key)
        return (count.window + 1) * count.expiry if count else self.clock()

    async def check(self) -> bool:
        """Whether counts reach the others."""
        return not self._alone

    async def reset(self) -> int | None:
        """Forget what this process counted."""
        self._counts.clear()
        return None

    async def clear(self, key: str) -> None:
        """Forget what this process counted of a client."""
        self._counts.pop(key, None)


def _id_of(place: _Place) -> str:
    key, window, _ = place
    return f"{key}@{window}"


def _ids_of(told: Iterable[_Place]) -> set[str]:
    """Where the counts of these windows are, and those of the windows before."""
    return {_id_of((key, w, expiry)) for key, window, expiry in told for w in (window, window - 1)}


class Allowance(NamedTuple):
    """What a client may still ask for."""

    limit: RateLimitItem
    remaining: int
    reset_seconds: int
    """Until the window ends."""


class RateLimits:
    """The limits of the settings, on whoever asks."""

    def __init__(self, settings: Settings, counts: SharedCounts) -> None:
        self.refused: Counter[str] = Counter()
        """Requests that were one too many, by the kind of key that they came with."""
        self._of_client = parse(settings.rate_limit) if settings.rate_limit else None
        self._of_server = parse(settings.server_rate_limit) if settings.server_rate_limit else None
        self._counts = counts
        self._strategy = SlidingWindowCounterRateLimiter(counts)

    async def spend(
        self, caller: Caller, client: str, buyer: str | None = None, cost: int = 1
    ) -> Allowance | None:
        """Count a request; what is left, or None where nothing is counted.

        Args:
            caller: who sent it. With a secret key it is the shop's own server.
            client: the address it came from.
            buyer: the address of the shopper for whom the shop's server sent it.
            cost: how many requests it counts as.

        Raises:
            TooManyRequests: if it is one too many.
        """
        if caller is ANYBODY:
            # One machine, on which there is nobody to hold back.
            return None
        if caller.kind is not KeyKind.SECRET:
            return await self._hit(self._of_client, cost, str(caller.kind), caller.name, client)
        allowance = await self._hit(self._of_server, cost, caller.kind, caller.name)
        if buyer is not None:
            allowance = await self._hit(self._of_client, cost, caller.kind, caller.name, buyer)
        return allowance

    @property
    def failures(self) -> Counter[str]:
        """How often what went wrong."""
        return self._counts.failures

    async def _hit(self, limit: RateLimitItem | None, cost: int, *who: str) -> Allowance | None:
        if limit is None:
            return None
        # What costs more than all of the limit could never be had.
        cost = min(cost, limit.amount)
        allowed = await self._strategy.hit(limit, *who, cost=cost)
        count = self._counts.count_of(limit.key_for(*who), limit.get_expiry())
        now = self._counts.clock()
        if not allowed:
            self.refused[who[0].lower()] += 1
            wait = max(1, math.ceil(count.seconds_until_room(now, limit.amount - cost)))
            raise TooManyRequests(
                f"At most {limit.amount} requests in {limit.get_expiry()} seconds are allowed. "
                f"Try again in {wait} s.",
                wait,
            )
        return Allowance(
            limit,
            max(0, limit.amount - count.weighted(now)),
            math.ceil((count.window + 1) * count.expiry - now),
        )

"""How often a case may be written to, and which of our entries are on their way right now.  All kept in memory only."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar

from core.errors import OutcomeUnknown, ProviderUnavailable, Throttled
from core.ports.helpdesk import DeskFeatures

LANDING_S: Final = 10.0
"""An entry on its way arrives or fails in less; what looks like it is not judged before."""

AGAIN_S: Final = 1.0
CASES_KEPT: Final = 20_000
T = TypeVar("T")
LONG: Final = 12
"""Letters; shorter texts ("ok") stand in many others."""


class Recent(dict[str, T]):
    """Facts about the cases that were last at work; without the oldest the bridge only asks the desk once more."""

    def __setitem__(self, ref: str, value: T) -> None:
        self.pop(ref, None)
        super().__setitem__(ref, value)
        if len(self) > CASES_KEPT:
            del self[next(iter(self))]


class Budget:
    """Writes to each case within ``features.updates_per_s``; a case nobody writes to is forgotten."""

    def __init__(self, features: DeskFeatures, clock: Callable[[], datetime]) -> None:
        self._most = features.updates
        self._within = timedelta(seconds=features.updates_per_s)
        self._clock = clock
        self._writes: defaultdict[str, deque[datetime]] = defaultdict(deque)

    @property
    def is_limited(self) -> bool:
        """Whether there is any limit."""
        return self._most > 0

    def spend(self, ref: str) -> None:
        """One write now; ``Throttled`` when there is no room for it."""
        if not self.is_limited:
            return
        writes = self._recent(ref)
        if len(writes) >= self._most:
            raise Throttled(
                "The desk takes no more updates of this case now.",
                retry_after_s=self._left_s(writes[len(writes) - self._most] + self._within),
            )
        writes.append(self._clock())

    def record(self, ref: str) -> None:
        """One write now, whether there is room for it or not: the desk itself has the last word."""
        if self.is_limited:
            self._recent(ref).append(self._clock())

    def pace(self, ref: str) -> None:
        """Whether what can wait may be written now; ``Throttled`` while the rest of the budget is kept for what cannot.

        A third of it is free.  From then on such writes get half of it, spread evenly, and each carries all that gathered
        meanwhile.
        """
        if not self.is_limited:
            return
        writes = self._recent(ref)
        if len(writes) < max(self._most // 3, 1):
            return
        left_s = self._left_s(writes[-1] + 2 * self._within / self._most)
        if left_s > 0:
            raise Throttled("Updates of this case are being gathered.", retry_after_s=left_s)

    def _recent(self, ref: str) -> deque[datetime]:
        began_at = self._clock() - self._within
        for stale in [known for known, writes in self._writes.items() if writes and writes[-1] <= began_at]:
            del self._writes[stale]
        writes = self._writes[ref]
        while writes and writes[0] <= began_at:
            writes.popleft()
        return writes

    def _left_s(self, until: datetime) -> float:
        return max((until - self._clock()).total_seconds(), 0.0)


@dataclass(slots=True)
class _Flight:
    words: str
    is_lost: bool = False
    landed: asyncio.Event = field(default_factory=asyncio.Event)

    def resembles(self, words: str) -> bool:
        """The same words, or longer ones with a vendor's or an author's mark around them."""
        return words == self.words or (len(self.words) >= LONG and self.words in words)


class Flights:
    """Our entries whose ids are not known yet: a webhook may tell of them before our own call returns.

    Most helpdesks name the author or keep our key, and then this is never asked; it is the guard for those that show an entry
    we made for somebody as an agent's own.
    """

    def __init__(self) -> None:
        self._flying: defaultdict[str, dict[str, _Flight]] = defaultdict(dict)

    @asynccontextmanager
    async def of(self, ref: str, key: str, text: str) -> AsyncIterator[None]:
        """While an entry is on its way; one whose answer is lost stays so until a later attempt finds it."""
        flight = self._flying[ref][key] = _Flight(words=words_of(text))
        try:
            yield
        except OutcomeUnknown:
            flight.is_lost = True
            raise
        except BaseException:
            self._forget(ref, key)
            raise
        else:
            self._forget(ref, key)
        finally:
            flight.landed.set()

    def _forget(self, ref: str, key: str) -> None:
        self._flying[ref].pop(key, None)
        if not self._flying[ref]:
            del self._flying[ref]

    async def landed(self, ref: str, text: str) -> None:
        """Return when no entry on its way could be this one; ``ProviderUnavailable`` when that takes too long."""
        words = words_of(text)
        for flight in list(self._flying.get(ref, {}).values()):
            if not flight.resembles(words):
                continue
            try:
                async with asyncio.timeout(LANDING_S):
                    await flight.landed.wait()
            except TimeoutError:
                flight.is_lost = True
            if flight.is_lost:
                raise ProviderUnavailable("This may be our own entry.", retry_after_s=AGAIN_S)


def words_of(text: str) -> str:
    """Letters and digits only: markup, line breaks and entities are the vendor's own."""
    return "".join(character for character in text.casefold() if character.isalnum())

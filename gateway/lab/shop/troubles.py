"""What goes wrong with the shop's API, to order."""

from __future__ import annotations

from collections import deque
from enum import StrEnum

import msgspec


class ShopTrouble(StrEnum):
    """What goes wrong with one call."""

    ERROR = "error"
    """500 before anything is done."""
    LOST = "lost"
    """It is done, and then no answer comes: the caller's time runs out (``seconds``, default 60)."""
    BROKEN = "broken"
    """It is done, and then the connection breaks."""
    SLOW = "slow"
    """``seconds`` (default 5) pass before anything is done."""
    HTML = "html"
    """A page instead of JSON, with status 200, as a proxy in maintenance would answer."""
    HUGE = "huge"
    """Five megabytes of JSON."""
    REFUSED = "refused"
    """401: the key is not valid any more."""
    UNREADABLE = "unreadable"
    """Half of a JSON object."""


class ShopArmed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A trouble that waits: ``on`` is the operation it hits, None any; ``times`` None until cleared."""

    trouble: ShopTrouble
    on: str | None = None
    times: int | None = 1
    seconds: float | None = None


class ShopTroubles:
    """The troubles that wait; the first that fits a call is taken."""

    def __init__(self) -> None:
        self._waiting: deque[ShopArmed] = deque(maxlen=1_000)

    def add(
        self,
        trouble: ShopTrouble | str,
        *,
        on: str | None = None,
        times: int | None = 1,
        seconds: float | None = None,
    ) -> None:
        """Let coming calls go wrong."""
        self.arm(ShopArmed(trouble=ShopTrouble(trouble), on=on, times=times, seconds=seconds))

    def arm(self, armed: ShopArmed) -> None:
        """The same, as the wire says it."""
        self._waiting.append(armed)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._waiting.clear()

    @property
    def waiting(self) -> tuple[ShopArmed, ...]:
        """What still waits."""
        return tuple(self._waiting)

    def take(self, operation: str) -> ShopArmed | None:
        """The trouble of this call, used up."""
        for place, armed in enumerate(self._waiting):
            if armed.on not in (None, operation):
                continue
            if armed.times is not None and armed.times > 1:
                self._waiting[place] = msgspec.structs.replace(armed, times=armed.times - 1)
            elif armed.times is not None:
                del self._waiting[place]
            return armed
        return None

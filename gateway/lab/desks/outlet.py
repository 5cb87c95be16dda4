"""How a stand-in of a helpdesk calls Frontdesk: in order, or kept back, twice, reversed and lost, as a test orders."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

Post = Callable[[bytes, Mapping[str, str]], Awaitable[int]]
"""Makes one call: body and headers; the HTTP status it was answered with."""


@dataclass(frozen=True, slots=True)
class Call:
    """One webhook call; ``sign`` makes its headers when it is made, since signatures have a time."""

    body: bytes
    sign: Callable[[bytes], Mapping[str, str]]


class Outlet:
    """The calls of one stand-in; without ``post`` nobody listens."""

    def __init__(self) -> None:
        self.post: Post | None = None
        self.answers: deque[int] = deque(maxlen=1_000)
        self._kept: list[Call] = []
        self._holds = False

    async def call(self, call: Call) -> None:
        """Make it, or keep it while calls are held."""
        if self._holds:
            self._kept.append(call)
        elif self.post is not None:
            self.answers.append(await self.post(call.body, call.sign(call.body)))

    def hold(self) -> None:
        """Keep calls back from now on."""
        self._holds = True

    async def release(self, *, is_reversed: bool = False, copies: int = 1) -> None:
        """Make the kept calls, each ``copies`` times, and hold no more."""
        kept, self._kept, self._holds = self._kept, [], False
        for call in reversed(kept) if is_reversed else kept:
            for _ in range(copies):
                await self.call(call)

    def drop(self) -> None:
        """The kept calls are lost, and hold no more."""
        self._kept, self._holds = [], False

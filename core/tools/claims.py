"""Unique inserts, the one primitive that limits and "once" rest on; and the tries of a call, counted with it."""

from __future__ import annotations

from typing import Final, Protocol

from core.ids import NewId

MAX_TRIES: Final = 12
"""A call is tried once per attempt of its turn, and a turn has three; more is a loop."""

CLOSED: Final = "closed"


class Claims(Protocol):
    """Unique inserts that stand for ever, those of a day's limit longer than the day; a tenant's store is one."""

    async def claim(self, key: str, value: str) -> str:
        """Insert ``key`` unless it is there; the value that stands, ours or the earlier one."""

    async def claimed(self, key: str) -> str | None:
        """The value that stands for ``key``."""


class Tries:
    """The tries of calls that change something: numbered unique inserts ``tooltry|key|n``.

    Only a call that was tried once, failed certainly, and is then closed against every later try certainly did nothing:
    after a crash an earlier try may have worked although this one did not, and another process may be trying right now.
    """

    def __init__(self, claims: Claims, new_id: NewId) -> None:
        self._claims = claims
        self._new_id = new_id

    async def begin(self, key: str) -> int | None:
        """The number of this try, from 1; None when the call is closed or was tried too often."""
        mine = self._new_id("try")
        for number in range(1, MAX_TRIES + 1):
            standing = await self._claims.claim(_name(key, number), mine)
            if standing == mine:
                return number
            if standing.startswith(CLOSED):
                return None
        return None

    async def close(self, key: str, *, after: int) -> bool:
        """Let nobody try again; False when somebody began a try after number ``after``."""
        mine = f"{CLOSED}:{self._new_id('try')}"
        return (await self._claims.claim(_name(key, after + 1), mine)).startswith(CLOSED)

    async def is_closed(self, key: str, *, after: int) -> bool:
        """Whether the call was closed right after try ``after``."""
        standing = await self._claims.claimed(_name(key, after + 1))
        return standing is not None and standing.startswith(CLOSED)


def _name(key: str, number: int) -> str:
    return f"tooltry|{key}|{number}"

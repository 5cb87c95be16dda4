"""Work that one replica does at a time: it runs where the duty is ours, and ends soon after it is not.

On a store of a single process every duty is ours, always.  Where several share a store, a replica that drains gives its duties up
as it begins to, and those of one that died are taken over when its lease is over.  One that was frozen may do a last step of its
duty beside the new holder, so whatever runs here must bear being done twice: what it finds is stored under keys that are unique.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import structlog

from core.ending import ended
from core.errors import StoreUnavailable
from core.ports.store import Store

log = structlog.get_logger(__name__)

Work = Callable[[], Awaitable[None]]
GIVE_UP_S = 1.0
"""A drain does not wait longer for a store that does not answer."""

LOOK_S = 1.0
"""One small read per duty and replica; a hand-over takes this long beside what the lease takes."""


async def give_up(store: Store, duty: str, holder: str) -> None:
    """Let another replica go on now, not when this one has drained; a store that does not answer leaves that to the lease."""
    with suppress(StoreUnavailable, TimeoutError):
        async with asyncio.timeout(GIVE_UP_S):
            await store.system.release(duty, holder)


class Duties:
    """The duties of one process; ``holder`` names it in the ledger."""

    def __init__(self, store: Store, holder: str, *, look_s: float = LOOK_S) -> None:
        self._store = store
        self._holder = holder
        self._look_s = look_s

    def of(self, duty: str, work: Work) -> Work:
        """The work, done only while the duty is ours."""
        return partial(self.keep, duty, work)

    async def keep(self, duty: str, work: Work) -> None:
        """Do the work whenever the duty is ours, until cancelled, which gives it up; returns or raises as the work does.

        A store that does not answer counts as "not ours": others may reach it and go on without us.
        """
        try:
            while True:
                if await self._is_ours(duty) and await self._has_ended(duty, work):
                    return
                await asyncio.sleep(self._look_s)
        except asyncio.CancelledError:
            await give_up(self._store, duty, self._holder)
            raise

    async def _has_ended(self, duty: str, work: Work) -> bool:
        """Do the work as long as the duty is ours: whether it came to its own end."""
        working = asyncio.ensure_future(work())
        try:
            while not working.done():
                await asyncio.wait((working,), timeout=self._look_s)
                if not working.done() and not await self._is_ours(duty):
                    log.info("duty_lost", duty=duty)
                    return False
            await working
            return True
        finally:
            await ended(working)

    async def _is_ours(self, duty: str) -> bool:
        try:
            return await self._store.system.hold(duty, self._holder)
        except StoreUnavailable:
            return False

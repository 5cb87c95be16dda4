"""Drift: what no webhook told, found by asking for changed cases and, less often, by reading every open one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from core.domain import Head, Owner
from core.errors import CredentialsInvalid, DeliveryError, MessageRejected, StoreUnavailable
from core.ports.store import TenantStore
from handoff.bridge.cases import Cases
from handoff.bridge.reading import Reader

log = structlog.get_logger(__name__)

PUSHED_EVERY_S: Final = 60.0
"""A helpdesk that calls us is asked this often for what its calls missed."""

SWEEP_EVERY_S: Final = 600.0
OVERLAP: Final = timedelta(minutes=2)
"""Clocks differ, and a vendor's list may lag behind its writes."""

SHORT_OVERLAP: Final = timedelta(seconds=10)
"""Between two whole overlaps a desk that is polled every few seconds is not asked for the same cases again and again."""

LOOKED_BACK: Final = timedelta(hours=24)
"""How long ago a case may have ended and still be looked at when the process starts."""

STALE: Final = timedelta(days=7)
PAGE: Final = 200
PAGES: Final = 50
TOGETHER: Final = 8
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0


class Watcher:
    """Watches one desk that can be read back."""

    def __init__(self, cases: Cases, reader: Reader, *, store: TenantStore, clock: Callable[[], datetime]) -> None:
        self._book = cases.book
        self._helpdesk = cases.helpdesk
        self._reader = reader
        self._store = store
        self._clock = clock
        self._due: dict[str, None] = {}
        self._every_s = cases.features.poll_s or PUSHED_EVERY_S

    async def run(self) -> None:
        """Until cancelled; trouble of the desk or the ledger is waited out.  Raises ``CredentialsInvalid``."""
        loop = asyncio.get_running_loop()
        self._due.clear()
        since = self._clock() - OVERLAP
        sweep_at = wide_at = loop.time()
        is_first, pause_s, in_trouble = True, FIRST_PAUSE_S, False
        while True:
            try:
                if loop.time() >= sweep_at:
                    await self._list_open(with_ended=is_first)
                    sweep_at, is_first = loop.time() + SWEEP_EVERY_S, False
                asked_at = self._clock()
                self._due |= dict.fromkeys(await self._ours(await self._helpdesk.changed(since)))
                await self._read_due()
                is_wide = loop.time() >= wide_at
                wide_at = loop.time() + PUSHED_EVERY_S if is_wide else wide_at
                since = asked_at - (OVERLAP if is_wide else SHORT_OVERLAP)
            except CredentialsInvalid:
                raise
            except (DeliveryError, StoreUnavailable) as error:
                if not in_trouble:
                    log.warning("desk_cannot_be_read", kind=self._helpdesk.kind, code=error.code)
                in_trouble = True
                await asyncio.sleep(getattr(error, "retry_after_s", None) or pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                continue
            if in_trouble:
                log.info("desk_can_be_read_again", kind=self._helpdesk.kind)
            pause_s, in_trouble = FIRST_PAUSE_S, False
            await asyncio.sleep(self._every_s)

    async def _ours(self, refs: Sequence[str]) -> list[str]:
        """The refs that are cases of ours; the desk may have others."""
        return [ref for ref in dict.fromkeys(refs) if await self._book.known(f"ref:{ref}:1") is not None]

    async def _list_open(self, *, with_ended: bool) -> None:
        now = self._clock()
        heads = await self._heads((Owner.QUEUE, Owner.HUMAN), after=None)
        heads += [head for head in await self._heads((Owner.BOT,), after=now - STALE) if head.handoff is not None]
        if with_ended:
            heads += await self._heads((Owner.NONE,), after=now - LOOKED_BACK)
        for head in heads:
            record = await self._book.case(head.conv, head.episode)
            if record is not None:
                self._due[record.ref] = None

    async def _heads(self, owners: Sequence[Owner], *, after: datetime | None) -> list[Head]:
        """Conversations of these owners, those that changed most recently first, back to ``after``."""
        found: list[Head] = []
        before: datetime | None = None
        for _ in range(PAGES):
            page = await self._store.conversations(owners=owners, limit=PAGE, before=before)
            found += [head for head in page if after is None or head.updated_at >= after]
            if len(page) < PAGE or (after is not None and page[-1].updated_at < after):
                break
            before = page[-1].updated_at
        return found

    async def _read_due(self) -> None:
        """Read what is due; what could not be read stays due."""
        due = tuple(self._due)
        for refs in (due[at : at + TOGETHER] for at in range(0, len(due), TOGETHER)):
            outcomes = await asyncio.gather(*(self._reader.read(ref) for ref in refs), return_exceptions=True)
            trouble: BaseException | None = None
            for ref, outcome in zip(refs, outcomes, strict=True):
                if isinstance(outcome, (StoreUnavailable, asyncio.CancelledError)) or (
                    isinstance(outcome, DeliveryError) and not isinstance(outcome, MessageRejected)
                ):
                    trouble = outcome
                    continue
                del self._due[ref]
                if outcome is not None:
                    log.error("desk_case_not_read", case=ref, error=type(outcome).__name__, exc_info=outcome)
            if trouble is not None:
                raise trouble

"""The queue's clock: finds conversations that nobody took in time, and has them routed anew.

A sweep over the store, so nothing of it is lost by a restart.  What it writes is a control whose key names the wait it ends: any
number of processes may sweep at once, and each wait ends once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from core import ids
from core.domain import Head, InboundEvent, Owner
from core.errors import StoreUnavailable
from core.ledger import CommitDraft
from core.notices import Notices
from core.ownership import decide
from core.ports.store import TenantStore
from handoff.router import Router

log = structlog.get_logger(__name__)

SWEEP_S: Final = 10.0
PAGE: Final = 200


class QueueSweep:
    """The sweep of one process; ``routers`` and ``notices`` are by tenant, as the settings stand now."""

    def __init__(self, *, routers: Callable[[], Mapping[str, Router]], notices: Callable[[str], Notices]) -> None:
        self._routers = routers
        self._notices = notices

    async def run(self) -> None:
        """Sweep now and then until cancelled."""
        while True:
            try:
                await self.sweep()
            except StoreUnavailable:
                log.warning("queue_waits_for_store")
            except Exception:
                log.exception("queue_sweep_failed")
            await asyncio.sleep(SWEEP_S)

    async def sweep(self) -> int:
        """End every wait that has been too long; returns how many this process ended."""
        ended = 0
        for tenant, router in self._routers().items():
            if router.settings.queue.timeout_minutes is not None:
                ended += await self._sweep(tenant, router)
        return ended

    async def _sweep(self, tenant: str, router: Router) -> int:
        ended, before = 0, None
        while True:
            page = await router.store.conversations(owners=(Owner.QUEUE,), limit=PAGE, before=before)
            for head in page:
                event = await router.timed_out(head)
                if event is not None and await self._end(router.store, event, self._notices(tenant)):
                    ended += 1
            if len(page) < PAGE:
                return ended
            before = page[-1].updated_at

    async def _end(self, store: TenantStore, event: InboundEvent, notices: Notices) -> bool:
        def build(head: Head) -> CommitDraft:
            return decide(head, event, notices=notices)

        appended = await store.append(event.conv, nonce=ids.new_id("n"), build=build, event=event)
        if appended.is_duplicate:
            return False
        log.info("queue_timed_out", tenant=store.tenant, conv=event.conv, to=event.reason)
        return True

"""Best-effort work beside the walk: bounded, owned, and never waited for.

What runs here may be lost without harm: a typing sign, a button's spinner, a look at the vendor's clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from core.ending import ended
from core.errors import DeliveryError, StoreUnavailable

log = structlog.get_logger(__name__)

LIMIT = 512
EACH_LIMIT_S = 30.0


class Background:
    """Small tasks of one process; when it is full, further ones are dropped."""

    def __init__(self, *, limit: int = LIMIT) -> None:
        self._limit = limit
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, name: str, work: Coroutine[Any, Any, object]) -> None:
        """Run ``work`` some time soon, unless too much runs already."""
        if len(self._tasks) >= self._limit:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(self._guarded(name, work), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, name: str, work: Coroutine[Any, Any, object]) -> None:
        try:
            async with asyncio.timeout(EACH_LIMIT_S):
                await work
        except (DeliveryError, StoreUnavailable, TimeoutError) as error:
            log.debug("background_failed", task=name, reason=type(error).__name__)
        except Exception:
            log.exception("background_bug", task=name)

    async def stop(self) -> None:
        """Cancel what runs; safe twice."""
        await ended(*self._tasks)

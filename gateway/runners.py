"""Work that goes on as long as its owner is configured: a channel that fetches its events, a desk that is watched.

Each is started, started again after a pause when it raises, and follows a reload.  Where several replicas share a store, each
run is a duty of one of them: a vendor tells an update once, to whoever asks first, and two who ask disturb each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from core.ending import ended
from core.errors import CredentialsInvalid, DeliveryError, Overloaded, StoreUnavailable
from gateway.duties import Duties

log = structlog.get_logger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True)
class Run:
    """Something that runs until it is cancelled; another ``owner`` under the same name replaces it."""

    owner: object
    go: Callable[[], Awaitable[None]]


class Runners:
    """The runs of one sort, by name; ``wanted`` says which there shall be now, ``refused`` hears of bad credentials.

    ``duties``: each run goes on at one replica at a time, named "sort:name".
    """

    def __init__(
        self,
        sort: str,
        wanted: Callable[[], Mapping[str, Run]],
        *,
        refused: Callable[[str, CredentialsInvalid], None],
        first_pause_s: float = FIRST_PAUSE_S,
        duties: Duties | None = None,
    ) -> None:
        self._sort = sort
        self._duties = duties
        self._wanted = wanted
        self._refused = refused
        self._first_pause_s = first_pause_s
        self._tasks: dict[str, tuple[object, asyncio.Task[None]]] = {}
        self._is_open = False

    async def start(self) -> None:
        """Start all of them."""
        self._is_open = True
        await self.follow()

    async def follow(self) -> None:
        """Run what is configured now, and nothing else."""
        if not self._is_open:
            return
        wanted = self._wanted()
        for name, (owner, _) in tuple(self._tasks.items()):
            if name not in wanted or wanted[name].owner is not owner:
                await self._end(name)
        for name, run in wanted.items():
            if name not in self._tasks:
                task = asyncio.create_task(self._keep_going(name, run), name=f"{self._sort}-{name}")
                self._tasks[name] = (run.owner, task)

    async def stop(self) -> None:
        """Stop all of them; safe twice and before start."""
        self._is_open = False
        for name in tuple(self._tasks):
            await self._end(name)

    async def _end(self, name: str) -> None:
        _, task = self._tasks.pop(name)
        await ended(task)

    async def _keep_going(self, name: str, run: Run) -> None:
        pause_s = self._first_pause_s
        go = run.go if self._duties is None else self._duties.of(f"{self._sort}:{name}", run.go)
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            try:
                await go()
            except CredentialsInvalid as error:
                self._refused(name, error)
            except (DeliveryError, StoreUnavailable, Overloaded) as error:
                log.warning("run_interrupted", sort=self._sort, name=name, reason=error.safe_message)
            except Exception:
                log.exception("run_failed", sort=self._sort, name=name)
            has_lasted = loop.time() - started > LONGEST_PAUSE_S
            pause_s = self._first_pause_s if has_lasted else min(pause_s * 2, LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s)

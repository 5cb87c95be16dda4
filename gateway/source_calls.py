"""``POST /webhooks/kb/{tenant}/{source}``: a vendor tells that an item of knowledge changed or is gone.

What is gone is taken out of the answers before the call is acknowledged.  Then, in the background, every item of the call is read
again, and a sync is ordered when there is something new to publish: many calls in a row become one reading and one sync.  What
waits lives in memory: after a crash the next sync finds it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

import structlog
from aiohttp import web

from core.ending import ended
from core.errors import AccountUnknown, FrontdeskError, InboundRejected, SyncRunning
from core.ports.channel import RawRequest
from core.ports.knowledge import SourceNews, SupportsHearing
from gateway.metrics import KB_CALLS
from gateway.services import raw_request
from kb_sync.hearing import HearingSource, reread
from kb_sync.job import SyncJob
from kb_sync.reading import withdraw

log = structlog.get_logger(__name__)

PATH: Final = "/webhooks/kb/{tenant}/{source}"

TRIES: Final = 6
"""How often a vendor that cannot be asked is asked again; then it is left to the next sync."""

LONGEST_PAUSE_S: Final = 60.0

MOST_WAITING: Final = 10_000
"""Items of one source; whoever moves more at once is read by the next sync."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """Seconds: before the first reading, so that a burst becomes one; before trying again; and between two ordered syncs."""

    burst_s: float = 2.0
    again_s: float = 1.0
    between_syncs_s: float = 60.0


class _Key(NamedTuple):
    tenant: str
    source: str


@dataclass(slots=True)
class _Waiting:
    changed: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)

    def add(self, news: SourceNews | _Waiting) -> None:
        self.changed.update(news.changed)
        self.gone.update(news.gone)


class SourceCalls:
    """The calls of all sources of a process.

    ``jobs`` gives today's sync job of each tenant; ``order`` has a source of a tenant synced soon (after one that is under way),
    and says whether anybody will.
    """

    def __init__(
        self,
        *,
        jobs: Callable[[], Mapping[str, SyncJob]],
        order: Callable[[str, str], bool],
        pauses: Pauses = Pauses(),
    ) -> None:
        self._jobs = jobs
        self._order = order
        self._pauses = pauses
        self._waiting: dict[_Key, _Waiting] = {}
        self._tasks: dict[_Key, asyncio.Task[None]] = {}

    def routes(self) -> list[web.RouteDef]:
        """The route of sources."""
        return [web.post(PATH, self.receive)]

    async def run(self) -> None:
        """Stay until cancelled, then end what is under way."""
        try:
            await asyncio.Event().wait()
        finally:
            await self.stop()

    async def receive(self, request: web.Request) -> web.Response:
        """One call of a vendor; it is acknowledged once nobody is answered from what is gone."""
        key = _Key(request.match_info["tenant"], request.match_info["source"])
        job, source = self._found(key)
        if job is None or source is None:
            raise AccountUnknown("No such source, or its vendor makes no calls.")
        return await self._taken(key, job, source, await raw_request(request))

    async def _taken(self, key: _Key, job: SyncJob, source: HearingSource, raw: RawRequest) -> web.Response:
        try:
            news = await asyncio.to_thread(source.hear, raw)
        except InboundRejected:
            KB_CALLS.labels(*key, "refused").inc()
            raise
        KB_CALLS.labels(*key, "gone" if news.gone else "changed" if news.changed else "nothing").inc()
        if news.gone:
            documents = await asyncio.to_thread(withdraw, job, source.id, news.gone)
            log.info("kb_withdrawn", tenant=key.tenant, source=key.source, items=list(news.gone), documents=documents)
        if news.gone or news.changed:
            self._later(key, news)
        if news.answer:
            return web.Response(body=news.answer, content_type="application/json")
        return web.json_response({"accepted": len(news.gone) + len(news.changed)})

    async def settled(self) -> None:
        """Return once nothing waits."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks.values()))

    async def stop(self) -> None:
        """End what is under way; safe twice."""
        await ended(*self._tasks.values())

    def _found(self, key: _Key) -> tuple[SyncJob | None, HearingSource | None]:
        job = self._jobs().get(key.tenant)
        for source in job.sources if job is not None else ():
            if source.id == key.source and isinstance(source, SupportsHearing):
                return job, source
        return job, None

    def _later(self, key: _Key, news: SourceNews | _Waiting) -> None:
        waiting = self._waiting.setdefault(key, _Waiting())
        waiting.add(news)
        if len(waiting.changed) + len(waiting.gone) > MOST_WAITING:
            log.warning("kb_calls_left_to_sync", tenant=key.tenant, source=key.source, reason="too many at once")
            del self._waiting[key]
        elif key not in self._tasks:
            self._tasks[key] = asyncio.create_task(self._work(key), name=f"kb-calls-{key.tenant}-{key.source}")

    async def _work(self, key: _Key) -> None:
        """Until nothing waits for this source."""
        failures = 0
        try:
            await asyncio.sleep(self._pauses.burst_s)
            while (waiting := self._waiting.pop(key, None)) is not None:
                try:
                    is_due = await self._reread(key, waiting)
                except SyncRunning:
                    self._later(key, waiting)
                    await asyncio.sleep(self._pauses.again_s)
                except FrontdeskError as error:
                    failures = await self._put_off(key, waiting, error, failures + 1)
                else:
                    failures = 0
                    if is_due:
                        await self._publish(key)
        except Exception:
            log.exception("kb_calls_failed", tenant=key.tenant, source=key.source)
        finally:
            self._waiting.pop(key, None)
            del self._tasks[key]
            _, source = self._found(key)
            if source is not None:
                source.close()

    async def _put_off(self, key: _Key, waiting: _Waiting, error: FrontdeskError, failures: int) -> int:
        """Wait, the longer the more often it failed; after too many times this news is dropped.  Returns the failures."""
        facts = {"tenant": key.tenant, "source": key.source, "reason": error.safe_message}
        if failures >= TRIES:
            log.warning("kb_calls_left_to_sync", **facts)
            return 0
        log.info("kb_reading_put_off", **facts)
        self._later(key, waiting)
        await asyncio.sleep(min(self._pauses.again_s * 2**failures, LONGEST_PAUSE_S))
        return failures

    async def _reread(self, key: _Key, waiting: _Waiting) -> bool:
        job, source = self._found(key)
        if job is None or source is None:  # it was taken out of the configuration meanwhile
            return False
        read = partial(reread, job, source, changed=sorted(waiting.changed), gone=sorted(waiting.gone))
        reading = asyncio.create_task(asyncio.to_thread(read))
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            await asyncio.gather(reading, return_exceptions=True)  # its thread goes on, and has connections
            raise

    async def _publish(self, key: _Key) -> None:
        """Have it synced as soon as no other sync is under way; where nobody would, the next sync finds it."""
        if not self._order(*key):
            log.warning(
                "kb_calls_left_to_sync", tenant=key.tenant, source=key.source, reason="nobody takes orders here"
            )
            return
        await asyncio.sleep(self._pauses.between_syncs_s)

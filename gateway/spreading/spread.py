"""Live events between replicas, by publish and subscribe on one channel of the installation.

What is published within one tick of the loop goes out as one packet, so the order of a replica's events is kept.  A packet is
told once and never again: one that is lost leaves a hole in its sender's numbers, and whoever sees it sends all watchers to the
store.  Every second each replica tells that it lives; one that hears nothing for a while, not even itself, connects anew.

A process that was stopped for a minute finds its connection silent or closed when it wakes, connects anew and sends its watchers
to the store.  Its own next packet is the next number to those who remember it and a hole to those who forgot it; both are right.
A packet that a stalled Redis passes on late is heard: whoever acts on an event must see from its facts whether it is old.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from random import random
from typing import Final

import structlog

from core import ids
from core.ending import ended
from gateway.spreading.counts import EVENTS, REPLICAS, UP
from gateway.spreading.line import CONNECT_S, FAILURES, Line
from gateway.spreading.packets import VERSION, Packets, Told, installation, read

log = structlog.get_logger(__name__)

BEAT_S: Final = 1.0
SILENT_S: Final = 2.5
SEND_S: Final = 1.0
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0
MOST_WAITING: Final = 4_096
"""Events on their way out; beyond, the oldest are dropped."""

MOST_AT_ONCE: Final = 512

ENGINE: Final = "redis"
TOLD: Final = EVENTS.labels(way="told")
HEARD: Final = EVENTS.labels(way="heard")
DROPPED: Final = EVENTS.labels(way="dropped")

Event = tuple[str, str, str, Mapping[str, object]]


class Spread:
    """Tells the others and hears them; ``hear`` gets each event of another replica, ``missed`` is called when there is a hole."""

    def __init__(self, line: Line, *, secret: bytes, hear: Callable[[Told], None], missed: Callable[[], None]) -> None:
        self._line = line
        self._packets = Packets(secret, ids.new_id("r"))
        self._channel = f"frontdesk:{installation(secret)}:live:{VERSION}"
        self._hear = hear
        self._missed = missed
        self._waiting: deque[Event] = deque()
        self._is_waiting = asyncio.Event()
        self._telling = asyncio.Lock()
        self._number = 0
        self._others: dict[str, tuple[int, float]] = {}
        self._was_told = False

    def tell(self, tenant: str, conv: str, kind: str, data: Mapping[str, object]) -> None:
        """Tell the other replicas of an event soon; never blocks."""
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()
            self._skip(1)
        self._waiting.append((tenant, conv, kind, data))
        self._is_waiting.set()

    async def run(self) -> None:
        """Tell and hear, until cancelled."""
        UP.labels(engine=ENGINE).set(0)
        tasks = (
            asyncio.create_task(self._listen(), name="live-listen"),
            asyncio.create_task(self._send(), name="live-send"),
        )
        try:
            await asyncio.gather(*tasks)
        finally:
            await ended(*tasks)  # not a TaskGroup, which cancels only once

    async def flush(self) -> None:
        """Tell what still waits, before ``run`` is cancelled."""
        await self._send_some()
        while self._waiting:
            await self._send_some()

    # Telling

    async def _send(self) -> None:
        while True:
            try:
                async with asyncio.timeout(BEAT_S):
                    await self._is_waiting.wait()
            except TimeoutError:
                pass
            try:
                await self._send_some()
            except Exception:
                log.exception("live_events_not_told")

    async def _send_some(self) -> None:
        """One packet with what waits, or none; it counts as missed by all when it does not get out."""
        async with self._telling:
            await self._send_packet()

    async def _send_packet(self) -> None:
        count = min(len(self._waiting), MOST_AT_ONCE)
        events = [self._waiting.popleft() for _ in range(count)]
        if not self._waiting:
            self._is_waiting.clear()
        if not self._line.is_up:
            self._skip(count)
            return
        self._number += 1
        packet = self._packets.pack(self._number, events)
        try:
            async with asyncio.timeout(SEND_S):
                await self._line.redis.publish(self._channel, packet)
        except FAILURES:
            DROPPED.inc(count)
            return
        TOLD.inc(count)

    def _skip(self, count: int) -> None:
        """Leave a hole for the others to see."""
        if count:
            self._number += 1
            DROPPED.inc(count)

    # Hearing

    async def _listen(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            reason = "silent"
            connection = self._line.connection()
            try:
                async with asyncio.timeout(CONNECT_S):
                    await connection.connect_check_health()
                    await connection.send_command("SUBSCRIBE", self._channel)
                    await connection.read_response()
                self._found()
                pause_s = FIRST_PAUSE_S
                while (frame := await connection.read_response(disable_decoding=True, timeout=SILENT_S)) is not None:
                    self._take(frame[-1])
            except FAILURES as error:
                reason = type(error).__name__
            except Exception:
                reason = "unexpected"
                log.exception("live_layer_failed")
            finally:
                self._line.is_up = False
                await connection.disconnect(nowait=True)
            self._lost(reason)
            await asyncio.sleep(pause_s * (0.5 + random()))  # noqa: S311  spreads replicas, hides nothing
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    def _found(self) -> None:
        """Connected: what was said before went by."""
        self._line.opened()
        self._was_told = False
        UP.labels(engine=ENGINE).set(1)
        self._others.clear()
        self._missed()
        log.info("live_layer_up")

    def _lost(self, reason: str) -> None:
        """Once per loss, however often it is tried again."""
        UP.labels(engine=ENGINE).set(0)
        REPLICAS.labels(engine=ENGINE).set(0)
        self._missed()
        if not self._was_told:
            self._was_told = True
            log.warning("live_layer_lost", reason=reason, meaning="live events of other replicas come later")

    def _take(self, raw: bytes) -> None:
        packet = read(raw)
        if packet is None:
            return
        if packet.sender == self._packets.sender:
            self._count_others()
            return
        before = self._others.get(packet.sender, (0, 0.0))[0]
        events = self._packets.opened(packet) if packet.number > before else None
        if events is None:
            return
        self._others[packet.sender] = (packet.number, asyncio.get_running_loop().time())
        if packet.number != before + 1:
            self._missed()
        HEARD.inc(len(events))
        for event in events:
            self._heard(event)

    def _heard(self, event: Told) -> None:
        try:
            self._hear(event)
        except Exception:
            log.exception("live_event_failed", tenant=event.tenant, conv=event.conv, kind=event.kind)

    def _count_others(self) -> None:
        """Forget who was not heard for long: their next packet counts as a hole."""
        since = asyncio.get_running_loop().time() - SILENT_S
        self._others = {sender: told for sender, told in self._others.items() if told[1] > since}
        REPLICAS.labels(engine=ENGINE).set(len(self._others))

"""The inbox: an event is stored durably, then it is acknowledged.  Nothing else happens here."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from core.domain import EventKind, InboundEvent
from core.errors import Overloaded
from core.ports.store import Store
from gateway import metrics, walking
from gateway.crashpoints import crash
from gateway.tracing import Tracing


class Inbox:
    """Accepts contact messages for the lanes.

    ``max_unread`` bounds what may wait for a turn; the gauge ``unread`` is kept by signals and recovery.  ``on_accepted`` is
    told of new events once they are durable; it is a hint, set by the composition root, as ``tracing`` is.  ``clock_ns`` is
    nanoseconds since 1970.
    """

    def __init__(self, store: Store, *, max_unread: int, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._store = store
        self._max_unread = max_unread
        self._clock_ns = clock_ns
        self.tracing = Tracing()
        self.unread = 0
        self.on_accepted: Callable[[str, Sequence[InboundEvent]], None] | None = None

    async def accept(
        self, tenant: str, events: Sequence[InboundEvent], *, channel: str = "unknown"
    ) -> tuple[bool, ...]:
        """Store messages; True for each that is new.  Returns only when they are durable.  ``channel`` is the kind, for metrics.

        Raises ``Overloaded`` or ``StoreUnavailable`` with nothing stored.
        """
        for event in events:
            if event.kind is not EventKind.MESSAGE:
                raise ValueError("controls go through the handoff service, not the inbox")
        if events:
            walking.receive(events[0])
        if self.unread >= self._max_unread:
            raise Overloaded("Too many messages are waiting for an answer. Please try again shortly.", retry_after_s=5)
        crash("accept.before")
        began_ns = self._clock_ns() if self.tracing.is_on else 0
        fresh = await self._store.for_tenant(tenant).accept(events)
        crash("accept.after")
        self._observe(events, fresh, channel, began_ns)
        if self.on_accepted is not None and True in fresh:
            new = events if False not in fresh else [e for e, is_new in zip(events, fresh, strict=True) if is_new]
            self.on_accepted(tenant, new)
        return fresh

    def _observe(self, events: Sequence[InboundEvent], fresh: Sequence[bool], channel: str, began_ns: int) -> None:
        ended_ns = self._clock_ns()
        if events:
            taken_s = ended_ns / 1e9 - events[0].received_at.timestamp()
            metrics.accept_of(channel).observe(taken_s)
        new = sum(fresh)
        if new:
            metrics.events_of(channel, "accepted").inc(new)
        if new < len(fresh):
            metrics.events_of(channel, "duplicate").inc(len(fresh) - new)
        if self.tracing.is_on:
            self.tracing.accepted(events, fresh, channel=channel, began_ns=began_ns, ended_ns=ended_ns)

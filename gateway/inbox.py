"""The inbox: an event is stored durably, then it is acknowledged.  Nothing else happens here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.domain import EventKind, InboundEvent
from core.errors import Overloaded
from core.ports.store import Store
from gateway.crashpoints import crash


class Inbox:
    """Accepts contact messages for the lanes.

    ``max_unread`` bounds what may wait for a turn; the gauge ``unread`` is kept by signals and recovery.  ``on_accepted`` is
    told of new events once they are durable; it is a hint, set by the composition root.
    """

    def __init__(self, store: Store, *, max_unread: int) -> None:
        self._store = store
        self._max_unread = max_unread
        self.unread = 0
        self.on_accepted: Callable[[str, Sequence[InboundEvent]], None] | None = None

    async def accept(self, tenant: str, events: Sequence[InboundEvent]) -> tuple[bool, ...]:
        """Store messages; True for each that is new.  Returns only when they are durable.

        Raises ``Overloaded`` or ``StoreUnavailable`` with nothing stored.
        """
        for event in events:
            if event.kind is not EventKind.MESSAGE:
                raise ValueError("controls go through the handoff service, not the inbox")
        if self.unread >= self._max_unread:
            raise Overloaded("Too many messages are waiting for an answer. Please try again shortly.", retry_after_s=5)
        crash("accept.before")
        fresh = await self._store.for_tenant(tenant).accept(events)
        crash("accept.after")
        if self.on_accepted is not None and True in fresh:
            new = events if False not in fresh else [e for e, is_new in zip(events, fresh, strict=True) if is_new]
            self.on_accepted(tenant, new)
        return fresh

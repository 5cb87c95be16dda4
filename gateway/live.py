"""Live events: who watches a conversation now hears of it now.

In-process and ephemeral; everything durable is in the store.  A watcher that falls behind loses events and is told so once
(``is_lagging``), then reads the store again.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final

Topic = tuple[str, str]
"""(tenant, conversation); the conversation ``""`` is the tenant's desk: it hears of every conversation."""

DESK: Final = ""
MAX_WAITING: Final = 64


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One thing that happened.  ``kind``: commit, settled, delta, tool, typing, drain; ``data`` is small and JSON-able."""

    conv: str
    kind: str
    data: Mapping[str, object]


class Subscription:
    """The events of one topic since ``__enter__``; one reader."""

    __slots__ = ("_hub", "_ready", "_topic", "_waiting", "is_lagging")

    def __init__(self, hub: Hub, topic: Topic) -> None:
        self._hub = hub
        self._topic = topic
        self._waiting: deque[LiveEvent] = deque()
        self._ready: asyncio.Future[None] | None = None
        self.is_lagging = False

    def __enter__(self) -> Subscription:
        self._hub.add(self._topic, self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hub.remove(self._topic, self)

    def offer(self, event: LiveEvent) -> None:
        """Queue an event for the reader; a reader that is too slow loses the oldest and is marked as lagging."""
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self.is_lagging = True
        self._waiting.append(event)
        if self._ready is not None and not self._ready.done():
            self._ready.set_result(None)

    async def wait(self) -> tuple[LiveEvent, ...]:
        """All events that wait, oldest first; blocks while there is none."""
        if not self._waiting:
            self._ready = asyncio.get_running_loop().create_future()
            try:
                await self._ready
            finally:
                self._ready = None
        events = tuple(self._waiting)
        self._waiting.clear()
        return events


class Hub:
    """The fan-out; implements the LiveEvents port."""

    def __init__(self) -> None:
        self._watchers: defaultdict[Topic, set[Subscription]] = defaultdict(set)

    def subscribe(self, tenant: str, conv: str) -> Subscription:
        """A subscription to a conversation, or with ``DESK`` to all of a tenant; use it as a context manager."""
        return Subscription(self, (tenant, conv))

    def add(self, topic: Topic, subscription: Subscription) -> None:
        """Start offering events to a subscription."""
        self._watchers[topic].add(subscription)

    def remove(self, topic: Topic, subscription: Subscription) -> None:
        """Stop; safe twice."""
        watchers = self._watchers.get(topic)
        if watchers is None:
            return
        watchers.discard(subscription)
        if not watchers:
            del self._watchers[topic]

    @property
    def watcher_count(self) -> int:
        """How many subscriptions are open."""
        return sum(len(watchers) for watchers in self._watchers.values())

    def publish(self, tenant: str, conv: str, kind: str, data: Mapping[str, object]) -> None:
        """Tell the watchers of a conversation and its tenant's desk; never blocks."""
        conversation, desk = self._watchers.get((tenant, conv), ()), self._watchers.get((tenant, DESK), ())
        if not conversation and not desk:
            return
        event = LiveEvent(conv, kind, data)
        for subscription in (*conversation, *desk):
            subscription.offer(event)

    def broadcast(self, kind: str) -> None:
        """Tell every watcher, for instance that the server drains."""
        event = LiveEvent("", kind, {})
        for watchers in list(self._watchers.values()):
            for subscription in watchers:
                subscription.offer(event)

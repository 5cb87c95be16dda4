"""Live events: who watches a conversation now hears of it now.

In-process and ephemeral; everything durable is in the store.  A watcher that falls behind loses events and is told so once
(``is_lagging``), then reads the store again.  gateway/spreading carries what is published here to the other replicas.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final

Topic = tuple[str, str]
"""(tenant, conversation); the conversation ``""`` is the tenant's desk: it hears of every conversation."""

DESK: Final = ""
MAX_WAITING: Final = 64


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One thing that happened; ``data`` is small and JSON-able.

    ``kind``: commit, settled, delta, tool, typing, stop, desk, logout; for the watchers of this process alone drain and ping.
    """

    conv: str
    kind: str
    data: Mapping[str, object]


DRAIN: Final = LiveEvent("", "drain", {})


class Subscription:
    """The events of one topic since ``__enter__``; one reader."""

    __slots__ = ("_hub", "_is_stirred", "_ready", "_topic", "_waiting", "is_lagging")

    def __init__(self, hub: Hub, topic: Topic) -> None:
        self._hub = hub
        self._topic = topic
        self._waiting: deque[LiveEvent] = deque()
        self._ready: asyncio.Future[None] | None = None
        self._is_stirred = False
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
        self._wake()

    def lag(self) -> None:
        """Events may have been missed on their way here: the reader is woken and told, with or without others."""
        self.is_lagging = self._is_stirred = True
        self._wake()

    def _wake(self) -> None:
        if self._ready is not None and not self._ready.done():
            self._ready.set_result(None)

    async def wait(self) -> tuple[LiveEvent, ...]:
        """All events that wait, oldest first; blocks while there is none, unless the reader began to lag."""
        if not self._waiting and not self._is_stirred:
            self._ready = asyncio.get_running_loop().create_future()
            try:
                await self._ready
            finally:
                self._ready = None
        self._is_stirred = False
        events = tuple(self._waiting)
        self._waiting.clear()
        return events


class Hub:
    """The fan-out; implements the LiveEvents port."""

    def __init__(self) -> None:
        self._watchers: defaultdict[Topic, set[Subscription]] = defaultdict(set)
        self._is_draining = False
        self.spread: Callable[[str, str, str, Mapping[str, object]], None] | None = None
        """Tells the other replicas what ``publish`` was told; None where there are none."""

    def subscribe(self, tenant: str, conv: str) -> Subscription:
        """A subscription to a conversation, or with ``DESK`` to all of a tenant; use it as a context manager."""
        return Subscription(self, (tenant, conv))

    def add(self, topic: Topic, subscription: Subscription) -> None:
        """Start offering events to a subscription."""
        self._watchers[topic].add(subscription)
        if self._is_draining:
            subscription.offer(DRAIN)

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

    def watchers(self) -> tuple[Subscription, ...]:
        """Every open subscription."""
        return tuple(subscription for watchers in self._watchers.values() for subscription in watchers)

    def publish(self, tenant: str, conv: str, kind: str, data: Mapping[str, object]) -> None:
        """Tell the watchers of a conversation and its tenant's desk, here and at the other replicas; never blocks."""
        if self.spread is not None:
            self.spread(tenant, conv, kind, data)
        self.offer(tenant, conv, kind, data)

    def offer(self, tenant: str, conv: str, kind: str, data: Mapping[str, object]) -> None:
        """As ``publish``, for the watchers of this process only."""
        conversation, desk = self._watchers.get((tenant, conv), ()), self._watchers.get((tenant, DESK), ())
        if not conversation and not desk:
            return
        event = LiveEvent(conv, kind, data)
        for subscription in (*conversation, *desk):
            subscription.offer(event)

    def drain(self) -> None:
        """Tell every watcher that the server drains, and whoever comes after this: connections are taken a moment longer."""
        self._is_draining = True
        for subscription in self.watchers():
            subscription.offer(DRAIN)

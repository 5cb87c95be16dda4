"""The parts of a desk's world that live as long as its process: time, news of the ledger, what is broken on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.domain import DeliveryState
from core.ledger import Commit
from core.ports.channel import Memory, Sent
from core.ports.desk import Desk, DeskItem
from core.ports.helpdesk import Helpdesk
from gateway.delivery import Delivery
from handoff.service import HandoffService


@dataclass(slots=True)
class Clock:
    """The real time, and what was skipped of it; ``began`` hours early, for long outages that end now."""

    skipped: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.skipped

    def advance(self, by: timedelta) -> None:
        self.skipped += by

    def to_now(self) -> None:
        """The real time again, if it is behind."""
        self.skipped = max(self.skipped, timedelta())


class Told:
    """The ledger's observer: wakes deliveries as a serving process does, and whoever waits here."""

    def __init__(self) -> None:
        self.delivery: Delivery | None = None
        self.news = asyncio.Event()
        self.settled_count = 0

    def committed(self, tenant: str, commit: Commit) -> None:
        if self.delivery is not None:
            for to in commit.has_outbox:
                self.delivery.wake(tenant, commit.conv, to)
        self.news.set()

    def settled(self, tenant: str, conv: str, message_id: str | None, state: DeliveryState) -> None:
        self.settled_count += 1
        self.news.set()


@dataclass(kw_only=True)
class Kit:
    """What a broken world has otherwise: each wraps the whole part."""

    helpdesk: Callable[[Helpdesk], Helpdesk] = lambda helpdesk: helpdesk
    desk: Callable[[Desk], Desk] = lambda desk: desk
    memory: Callable[[Memory], Memory] = lambda memory: memory
    handoff: type[HandoffService] = HandoffService


class Noted:
    """The desk, keeping what it was asked to bring, so that it can be asked again."""

    def __init__(self, desk: Desk, items: list[DeskItem]) -> None:
        self.kind = desk.kind
        self._desk = desk
        self._items = items

    async def send(self, item: DeskItem) -> Sent:
        sent = await self._desk.send(item)
        self._items.append(item)
        return sent

"""A desk: the other end of the bridge, where people answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.domain import Head, Message
from core.ports.channel import Sent


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskItem:
    """One thing the desk must see: a message, or a signal ("opened", "claimed", "given_back", "resolved")."""

    id: str
    head: Head
    message: Message | None
    signal: str | None
    reconcile: bool


class Desk(Protocol):
    """One tenant's desk."""

    kind: str

    async def send(self, item: DeskItem) -> Sent:
        """Bring one item to the desk, idempotent per ``item.id``; raises ``DeliveryError``."""

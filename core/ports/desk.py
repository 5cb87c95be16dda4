"""A desk: the other end of the bridge, where people answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from core.domain import Head, Message
from core.inbound import Respond
from core.ports.channel import RawRequest, Sent


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskItem:
    """One thing the desk must see: a message, or what happened (``signal``, see ``core.ledger.OutboxDraft``) with its message.

    ``head`` is the newest one, which may be further on than the message.  ``reconcile``: an earlier attempt may have arrived.
    """

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


@runtime_checkable
class BridgesPeople(Protocol):
    """A desk outside this process: agents' work comes back from it."""

    async def receive(self, request: RawRequest) -> Respond | None:
        """One webhook call: proven, understood and durable when this returns; what to answer, None for a plain yes.

        Raises ``InboundRejected`` and ``StoreUnavailable``.
        """

    async def run(self) -> None:
        """Notice what no webhook told, until cancelled; started again after a pause when it raises."""

    async def close(self) -> None:
        """Give up connections; safe twice."""

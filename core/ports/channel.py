"""A channel: verify and parse are pure, ``send`` is the only await."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain import Head, Ignored, InboundEvent, Message, Respond


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRequest:
    """An inbound HTTP request as it came; header names are lower-case, ``body`` is the raw bytes."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel can carry, as limits.  ``debounce_ms``: a burst within it becomes one turn."""

    max_text: int
    max_choices: int
    max_attachments: int
    debounce_ms: int
    streams: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """One message to deliver to the contact; ``reconcile`` tells that an earlier attempt may have reached them."""

    id: str
    head: Head
    message: Message
    reconcile: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """Delivered; ``vendor_ref`` is the other side's id for it, opaque to us."""

    vendor_ref: str | None


class Channel(Protocol):
    """One configured account of a kind of transport."""

    kind: str
    account: str
    tenant: str
    capabilities: Capabilities

    def verify(self, request: RawRequest) -> None:
        """Prove who sent it, over the raw bytes and in constant time; ``SignatureInvalid`` otherwise.  No I/O."""

    def parse(self, request: RawRequest) -> tuple[InboundEvent | Ignored | Respond, ...]:
        """Normalize a verified request; ``PayloadMalformed`` or ``PayloadInvalid`` when it cannot be.  No I/O."""

    async def send(self, outbound: Outbound) -> Sent:
        """Deliver one message; raises ``DeliveryError``."""

    async def preview(self, head: Head, turn_id: str, text: str) -> None:
        """Show the reply's full text so far, where ``capabilities.streams``; best effort."""


class LiveEvents(Protocol):
    """Ephemeral fan-out to whoever watches a conversation now; losing one costs nothing but a redraw."""

    def publish(self, tenant: str, conv: str, kind: str, data: Mapping[str, object]) -> None:
        """Tell the watchers of a conversation; never blocks."""

"""What a channel is given, for tests: nothing global, everything in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from adapters import ChannelContext
from core.domain import Attachment
from core.ports.channel import LiveEvents


class NoLive:
    def publish(self, tenant: str, conv: str, kind: str, data: Mapping[str, object]) -> None:
        """Nobody watches."""


class HeldFiles:
    """Files by attachment id; links point into ``base``."""

    def __init__(self, bodies: dict[str, bytes] | None = None, base: str | None = "https://files.example") -> None:
        self.bodies = bodies or {}
        self.base = base

    async def read(self, attachment: Attachment) -> bytes:
        return self.bodies[attachment.id]

    def link(self, attachment: Attachment, *, valid_s: int) -> str | None:
        return None if self.base is None else f"{self.base}/{attachment.id}?valid_s={valid_s}"


class HeldMemory:
    def __init__(self) -> None:
        self.facts: dict[str, str] = {}

    async def recall(self, key: str) -> str | None:
        return self.facts.get(key)

    async def remember(self, key: str, value: str) -> str:
        return self.facts.setdefault(key, value)


def channel_context(
    *,
    account: str = "acme-main",
    tenant: str = "acme",
    live: LiveEvents | None = None,
    files: HeldFiles | None = None,
    memory: HeldMemory | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    webhook_url: str | None = None,
) -> ChannelContext:
    return ChannelContext(
        account=account,
        tenant=tenant,
        live=live or NoLive(),
        files=files or HeldFiles(),
        memory=memory or HeldMemory(),
        clock=clock,
        webhook_url=webhook_url,
    )

"""What channels show beside messages: who is speaking, and that a streamed reply will not be finished.  Best effort."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.domain import Head
from core.ledger import Commit, CommitKind
from core.ports.channel import Channel, Shown, SupportsOwnership, SupportsStreaming, SupportsTyping
from core.ports.store import Store
from gateway.background import Background


class Presence:
    """Tells channels after the fact; a lost call leaves a stale sign, never a wrong message."""

    def __init__(self, store: Store, *, channels: Callable[[], Mapping[str, Channel]], background: Background) -> None:
        self._store = store
        self._channels = channels
        self._background = background

    def committed(self, commit: Commit) -> None:
        """A control, or a turn that handed over, may have changed who speaks."""
        head = commit.head
        channel = self._channels().get(head.account)
        has_handed_over = head.handoff is not None and any(m.handoff_id == head.handoff.id for m in commit.messages)
        if isinstance(channel, SupportsOwnership) and (commit.kind is CommitKind.CONTROL or has_handed_over):
            self._background.spawn("owned", channel.owned(head))

    def drafted(self, tenant: str, conv: str, message_id: str) -> None:
        """A reply was overtaken before it was sent: what was streamed of it is finished as it is."""
        self._background.spawn("end_preview", self._end_preview(tenant, conv, message_id))

    def agent_types(self, head: Head) -> None:
        """An agent is typing in the desk."""
        channel = self._channels().get(head.account)
        if isinstance(channel, SupportsTyping) and channel.capabilities.typing:
            self._background.spawn("typing", channel.typing(head))

    async def _end_preview(self, tenant: str, conv: str, message_id: str) -> None:
        store = self._store.for_tenant(tenant)
        message, head = await store.message(message_id), await store.head(conv)
        if message is None or head is None or message.turn_id is None:
            return
        channel, preview = self._channels().get(head.account), await store.preview(message.turn_id)
        if preview is not None and isinstance(channel, SupportsStreaming):
            await channel.end_preview(head, message.turn_id, Shown(text=preview.shown, ref=preview.vendor_ref))

"""Accounts whose app is declared an agent at Slack: each thread is a session with a status and a stop button.

A session is ``processing`` while the bot works, ``suspended`` while people own the conversation, ``closed`` when it is
resolved and ``active`` otherwise (agents.sessions.setStatus, checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from adapters import ChannelContext
from adapters.slack.channel import SlackChannel
from adapters.slack.settings import SlackSettings
from core.domain import EventKind, Head, InboundEvent, Owner
from core.errors import DeliveryError
from core.inbound import Parsed
from core.ports.channel import Outbound, Sent

STATUSES: Final[Mapping[Owner, str]] = {
    Owner.BOT: "active",
    Owner.QUEUE: "suspended",
    Owner.HUMAN: "suspended",
    Owner.NONE: "closed",
}


class AgentSlackChannel(SlackChannel):
    """One Slack account with agent sessions."""

    async def send(self, outbound: Outbound) -> Sent:
        """Post the message; the session is no longer processing."""
        sent = await super().send(outbound)
        streamed = outbound.preview.ref if outbound.preview is not None else None
        if streamed is not None and (sent.vendor_ref or "").split(" ")[0] == streamed:
            return sent  # stopping the stream has told it
        with suppress(DeliveryError):  # the message stands; a stale status fades by itself
            await self._set(outbound.head.thread, self._status(outbound.head) or STATUSES[Owner.BOT])
        return sent

    async def typing(self, head: Head) -> None:
        """The session is processing, with a stop button; while people own it, it stays suspended."""
        if head.owner is Owner.BOT:
            await self._set(head.thread, "processing")

    async def owned(self, head: Head) -> None:
        """Show who speaks now."""
        await self._set(head.thread, STATUSES[head.owner])

    async def acknowledge(self, item: Parsed) -> None:
        """After the stop button it is on us to end the session's spinner."""
        if isinstance(item, InboundEvent) and item.kind is EventKind.CONTACT_STOPPED:
            await self._set(item.thread, STATUSES[Owner.BOT])

    async def _set(self, thread: Mapping[str, Any], status: str) -> None:
        thread_ts = thread.get("thread_ts")
        if thread_ts is None or not self._has_status:
            return
        channel = await self._poster.room(thread)
        body = {"channel_id": channel, "thread_ts": str(thread_ts), "status": status}
        await self._quietly("agents.sessions.setStatus", {**body, "initiator_user_id": str(thread.get("user") or "")})


def build(context: ChannelContext, settings: SlackSettings) -> SlackChannel:
    """The channel of one account."""
    return (AgentSlackChannel if settings.agent_sessions else SlackChannel)(context, settings)

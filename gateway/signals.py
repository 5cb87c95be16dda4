"""What the store tells the process after the fact: wake lanes and deliveries, mute turns, inform watchers.

Everything here is a hint.  A lost one costs latency only, because gateway/recovery.py finds the work again, and a turn that was
not told of a person's takeover at another replica finds it in the ledger when it commits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from core.domain import DeliveryState, Head, InboundEvent, Owner
from core.ledger import Commit, CommitKind
from core.ports.channel import Channel
from gateway import metrics
from gateway.delivery import Delivery
from gateway.inbox import Inbox
from gateway.lanes import Lanes
from gateway.live import Hub, LiveEvent
from gateway.presence import Presence


class Signals:
    """The StoreObserver of a serving process, and the wake-up of its inbox."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        lanes: Lanes,
        delivery: Delivery,
        hub: Hub,
        presence: Presence,
        channels: Callable[[], Mapping[str, Channel]],
    ) -> None:
        self._inbox = inbox
        self._lanes = lanes
        self._delivery = delivery
        self._hub = hub
        self._presence = presence
        self._channels = channels
        self.met: Callable[[Head], None] | None = None
        """Told of a conversation's first commit: what its vendor has verified about the contact may link them."""
        self.listeners: tuple[Callable[[str, Commit], None], ...] = ()
        """Told of every commit: who learns from how people wait and what they answer."""

    def accepted(self, tenant: str, events: Sequence[InboundEvent]) -> None:
        """New messages are durable: wake their lanes, after the channel's debounce."""
        channels = self._channels()
        for event in events:
            channel = channels.get(event.account)
            delay_ms = channel.capabilities.debounce_ms if channel is not None else 0
            self._inbox.unread += 1
            self._lanes.wake(tenant, event.conv, delay_s=delay_ms / 1000)

    def committed(self, tenant: str, commit: Commit) -> None:
        """A commit is durable."""
        self._inbox.unread = max(0, self._inbox.unread - len(commit.consumed))
        self._lanes.committed(tenant, commit)
        self._presence.committed(commit)
        if commit.seq == 1 and self.met is not None:
            self.met(commit.head)
        for listener in self.listeners:
            listener(tenant, commit)
        for destination in commit.has_outbox:
            self._delivery.wake(tenant, commit.conv, destination)
        head = commit.head
        if head.handoff is not None and any(m.handoff_id == head.handoff.id for m in commit.messages):
            metrics.HANDOFFS.labels(reason=head.handoff.reason).inc()
        facts = {"seq": commit.seq, "owner": head.owner, "status": head.status, "agent": head.agent}
        control = {"epoch": head.owner_epoch} if commit.kind is CommitKind.CONTROL else {}
        self._hub.publish(tenant, commit.conv, "commit", {**facts, **control, "consumed": commit.consumed})

    def settled(self, tenant: str, conv: str, message_id: str | None, state: DeliveryState) -> None:
        """A delivery attempt has its outcome; what is sent is now part of the contact's log."""
        if state is not DeliveryState.PENDING:
            self._hub.publish(tenant, conv, "settled", {"message_id": message_id, "state": state})
        if state is DeliveryState.DRAFT and message_id is not None:
            self._presence.drafted(tenant, conv, message_id)

    def stop_turn(self, tenant: str, conv: str, *, before: int) -> None:
        """The contact does not want the answer any more, whichever replica makes it."""
        self._lanes.stop_turn(tenant, conv, before=before)
        self._hub.publish(tenant, conv, "stop", {"before": before})

    def heard(self, tenant: str, event: LiveEvent) -> None:
        """What another replica published: a person who took over, or the contact's stop, ends what is said here at once.

        News may be late, so each names its commit: a turn that was opened on top of it is left alone.
        """
        match event:
            case LiveEvent(kind="commit", data={"seq": int(seq), "owner": str(owner), "epoch": int(epoch)}):
                self._lanes.overtaken(tenant, event.conv, seq, owner=Owner(owner), owner_epoch=epoch)
            case LiveEvent(kind="stop", data={"before": int(before)}):
                self._lanes.stop_turn(tenant, event.conv, before=before)

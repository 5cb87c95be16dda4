"""What a verified request means is made durable here, whatever it is; only then may the vendor be told.

Messages go to the inbox and wait for their lane.  Everything else is small and is written at once: controls as commits,
receipts and verdicts as records.  Nothing here runs a turn or sends anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Protocol

import structlog

from core import ids
from core.domain import DeliveryState, EventKind, InboundEvent
from core.identity import is_about_links
from core.ids import NewId
from core.inbound import AccountLost, Elsewhere, Ignored, LinkProof, Parsed, Reaction, Receipt, Respond
from core.notices import Notices
from core.ports.channel import Channel, SupportsAcknowledging, SupportsPlacing
from core.ports.store import Feedback, Store
from core.staffing import Always, Staff
from gateway import metrics, walking
from gateway.accounts import Accounts
from gateway.background import Background
from gateway.inbox import Inbox
from gateway.seeking import sought_message
from gateway.typed import as_chosen, as_wish, may_be_choice
from handoff.service import take

log = structlog.get_logger(__name__)


@cache
def _acknowledges(kind: type[Channel]) -> bool:
    """Asked of every request, and asking a protocol costs as much as parsing."""
    return issubclass(kind, SupportsAcknowledging)


@cache
def _places(kind: type[Channel]) -> bool:
    return issubclass(kind, SupportsPlacing)


class IdentityProofs(Protocol):
    """Verifies that two identities are one contact."""

    async def prove(self, channel: Channel, proof: LinkProof) -> bool:
        """Link, or refuse, once; True when the text that carried the token should still be answered."""

    async def heard(self, channel: Channel, event: InboundEvent) -> bool:
        """As ``prove``, for words that may be a token, a code or STOP LINK."""


class Refusals(Protocol):
    """Told when a vendor takes back what it had accepted."""

    async def refused_later(self, tenant: str, receipt: Receipt, message_id: str) -> None:
        """The message was accepted and then refused: tell the agent, or find another way."""


class Stopping(Protocol):
    """Cancels the turn that runs for a conversation."""

    def stop_turn(self, tenant: str, conv: str, *, before: int) -> None:
        """The contact does not want the answer any more that was begun before commit ``before``."""


class Intake:
    """The door behind every channel's parse; one per process."""

    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        *,
        accounts: Accounts,
        background: Background,
        clock: Callable[[], datetime],
        new_id: NewId = ids.new_id,
    ) -> None:
        self._store = store
        self._inbox = inbox
        self._accounts = accounts
        self._background = background
        self._clock = clock
        self._new_id = new_id
        shipped = Notices()
        self.notices: Callable[[str], Notices] = lambda tenant: shipped
        self.staff: Callable[[str], Staff] = lambda tenant: Always()
        self.proofs: IdentityProofs | None = None
        self.refusals: Refusals | None = None
        self.stopping: Stopping | None = None

    async def take(self, channel: Channel, parsed: Sequence[Parsed]) -> int:
        """Make everything durable; returns how many messages were new.  Raises as the inbox does, with nothing half-said.

        A request that is redelivered after a failure half-way is taken again as a whole: each part is made once.
        """
        if _places(type(channel)):
            assert isinstance(channel, SupportsPlacing)
            parsed = [await channel.placed(item) for item in parsed]
        first = parsed[0] if len(parsed) == 1 or (len(parsed) == 2 and isinstance(parsed[1], Respond)) else None
        if isinstance(first, InboundEvent) and self._is_plain(first):
            fresh = await self._messages(channel, (first,))
        else:
            fresh = await self._mixed(channel, await self._beside_links(channel, parsed))
        if _acknowledges(type(channel)):
            assert isinstance(channel, SupportsAcknowledging)
            for item in parsed:
                self._background.spawn("acknowledge", channel.acknowledge(item))
        return fresh

    def _is_plain(self, event: InboundEvent) -> bool:
        """A message that is nothing but a message; nearly all are, and they are looked at no further."""
        return event.kind is EventKind.MESSAGE and not (
            event.follows
            or may_be_choice(event)
            or is_about_links(event)
            or self.notices(event.tenant).is_go_on(event.text)
        )

    async def _beside_links(self, channel: Channel, parsed: Sequence[Parsed]) -> Sequence[Parsed]:
        """What is left when words about links are answered: a token, its code, STOP LINK."""
        if self.proofs is None or not any(isinstance(i, InboundEvent) and is_about_links(i) for i in parsed):
            return parsed
        return [i for i in parsed if not isinstance(i, InboundEvent) or await self.proofs.heard(channel, i)]

    async def _messages(self, channel: Channel, events: Sequence[InboundEvent]) -> int:
        return sum(await self._inbox.accept(channel.tenant, events, channel=channel.kind))

    async def _mixed(self, channel: Channel, given: Sequence[Parsed]) -> int:
        parsed = [await self._as_chosen(item) for item in given]
        messages = [item for item in parsed if isinstance(item, InboundEvent) and item.kind is EventKind.MESSAGE]
        for item in parsed:
            if isinstance(item, LinkProof):
                messages += [item.event] if await self._prove(channel, item) else []
        addressed = [event for event in messages if await self._is_for_us(channel, event)]
        fresh = await self._messages(channel, addressed) if addressed else 0
        for item in parsed:
            match item:
                case InboundEvent():
                    if item.kind is not EventKind.MESSAGE:
                        walking.receive(item)
                        metrics.events_of(channel.kind, await self._control(channel, item)).inc()
                case Receipt():
                    metrics.events_of(channel.kind, await self._receipt(channel, item)).inc()
                case Reaction():
                    metrics.events_of(channel.kind, await self._reaction(channel, item)).inc()
                case AccountLost():
                    self._accounts.park(channel.tenant, channel.account, item.reason)
                    metrics.events_of(channel.kind, "account_lost").inc()
                case Ignored():
                    metrics.ignored_of(channel.kind, item.reason).inc()
                case LinkProof() | Respond() | Elsewhere():
                    pass
        return fresh

    async def _is_for_us(self, channel: Channel, event: InboundEvent) -> bool:
        """A message in a thread is for us once somebody has addressed us there."""
        if not event.follows or await self._store.for_tenant(channel.tenant).head(event.conv) is not None:
            return True
        metrics.ignored_of(channel.kind, "not_addressed").inc()
        return False

    async def _as_chosen(self, item: Parsed) -> Parsed:
        if not isinstance(item, InboundEvent) or item.kind is not EventKind.MESSAGE:
            return item
        store = self._store.for_tenant(item.tenant)
        chosen = await as_chosen(store, item) if may_be_choice(item) else item
        return await as_wish(store, chosen, self.notices(item.tenant))

    async def _prove(self, channel: Channel, proof: LinkProof) -> bool:
        return True if self.proofs is None else await self.proofs.prove(channel, proof)

    async def _control(self, channel: Channel, event: InboundEvent) -> str:
        """What a contact does beside writing; only asking for a person begins a conversation."""

        store, tenant = self._store.for_tenant(channel.tenant), channel.tenant
        is_beginning = event.kind is EventKind.HANDOFF_REQUESTED and event.contact is not None
        if not is_beginning and await store.head(event.conv) is None:
            metrics.ignored_of(channel.kind, "unknown_conversation").inc()
            return "ignored"
        appended = await take(
            store, event, notices=self.notices(tenant), staff=self.staff(tenant), nonce=self._new_id("n")
        )
        if event.kind is EventKind.CONTACT_STOPPED and self.stopping is not None and appended.commit is not None:
            self.stopping.stop_turn(channel.tenant, event.conv, before=appended.commit.seq)
        return "duplicate" if appended.is_duplicate else "accepted"

    async def _receipt(self, channel: Channel, receipt: Receipt) -> str:
        moved = await self._store.for_tenant(channel.tenant).record_receipt(receipt)
        if moved is not None and moved[1] is DeliveryState.REJECTED and self.refusals is not None:
            await self.refusals.refused_later(channel.tenant, receipt, moved[0])
        return "receipt"

    async def _reaction(self, channel: Channel, reaction: Reaction) -> str:
        store = self._store.for_tenant(channel.tenant)
        if reaction.sought is not None:
            found = await sought_message(store, channel.account, reaction.vendor_ref, reaction.sought)
            conv, message_id = found or ("", None)
        else:
            conv, message_id = reaction.conv, await store.sent_message(reaction.conv, reaction.vendor_ref)
        if message_id is None:
            metrics.ignored_of(channel.kind, "not_our_message").inc()
            return "ignored"
        feedback = Feedback(
            id="f_" + ids.digest(conv, reaction.key),
            conv=conv,
            message_id=message_id,
            rating=reaction.rating,
            text=reaction.text,
            given_at=self._clock(),
        )
        return "feedback" if await store.put_feedback(feedback) else "duplicate"


def elsewhere(channels: Mapping[str, Channel], channel: Channel, wanted: Elsewhere) -> Channel | None:
    """The account of the same kind that is this installation."""
    for other in channels.values():
        if other.kind == channel.kind and getattr(other, "installation", None) == wanted.installation:
            return other
    return None

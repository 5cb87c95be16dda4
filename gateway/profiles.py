"""Names of contacts whose channel tells them only when asked: looked up beside the walk, after a conversation's first commit.

What comes back is unproven and fills only what is missing.  A contact is asked about once a day: a claim names the
conversation that asked, and later conversations of that day take the answer from its head, so no name is kept but in heads.
Losing a lookup costs a name at the desk until the contact's next conversation.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from core import ids
from core.domain import Contact, EventKind, Head, InboundEvent
from core.errors import DeliveryError
from core.identity import head_identity
from core.ledger import CommitDraft
from core.notices import Notices
from core.ownership import decide
from core.ports.channel import Channel, SupportsProfiles
from core.ports.store import Store, TenantStore
from core.profiles import completed

log = structlog.get_logger(__name__)

MOST_A_MINUTE: Final = 60
"""Lookups per account; the vendors' own limits begin above (Slack 100 a minute, checked 2026-11-21)."""
PAUSE: Final = timedelta(minutes=10)
"""How long an account is asked nothing after it was refused, when it does not say itself."""
MOST_TEXT: Final = 254


class Knows(SupportsProfiles, Channel, Protocol):
    """A channel that has profiles."""


class Profiles:
    """The lookups of one process."""

    def __init__(self, store: Store, *, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._asked: dict[str, deque[datetime]] = {}
        self._paused: dict[str, datetime] = {}

    async def meet(self, channel: Knows, head: Head) -> None:
        """Complete the contact of a conversation; raises ``StoreUnavailable``, never a ``DeliveryError``."""
        contact = head.contact
        if channel.tenant != head.tenant or contact.verified or (contact.name and contact.email):
            return
        store = self._store.for_tenant(head.tenant)
        told = await self._known_today(store, head) or await self._ask(channel, head)
        if told is not None:
            await self._keep(store, head, told)

    async def _known_today(self, store: TenantStore, head: Head) -> Contact | None:
        """What another conversation of the same contact was told since midnight (UTC)."""
        day = self._clock().date().isoformat()
        first = await store.claim(f"profile|{head.account}|{ids.digest(head.contact.id)}|{day}", head.conv)
        other = None if first == head.conv else await store.head(first)
        if other is None or head_identity(other) != head_identity(head) or not other.contact.name:
            return None
        return other.contact

    async def _ask(self, channel: Knows, head: Head) -> Contact | None:
        if not self._may_ask(channel.account):
            return None
        try:
            return await channel.profile(head.contact, head.thread)
        except DeliveryError as error:
            pause = PAUSE if error.retry_after_s is None else timedelta(seconds=error.retry_after_s)
            self._paused[channel.account] = self._clock() + pause
            log.info("profile_unknown", tenant=head.tenant, account=channel.account, code=error.code)
            return None

    def _may_ask(self, account: str) -> bool:
        now = self._clock()
        if now < self._paused.get(account, now):
            return False
        asked = self._asked.setdefault(account, deque(maxlen=MOST_A_MINUTE))
        if len(asked) == MOST_A_MINUTE and now - asked[0] < timedelta(minutes=1):
            return False
        asked.append(now)
        return True

    async def _keep(self, store: TenantStore, head: Head, told: Contact) -> None:
        """Commit what is missing, on the newest head."""
        now = self._clock()
        event = InboundEvent(
            tenant=head.tenant,
            account=head.account,
            conv=head.conv,
            dedupe_key=f"profile:{now.date().isoformat()}",
            kind=EventKind.CONTACT_IDENTIFIED,
            contact=head.contact,
            provider_at=now,
            received_at=now,
            thread=head.thread,
        )
        bounded = replace(told, name=_bounded(told.name), email=_bounded(told.email), locale=_bounded(told.locale))

        def build(newest: Head) -> CommitDraft | None:
            whole = completed(newest.contact, bounded)
            if whole == newest.contact:
                return None
            return decide(newest, replace(event, contact=whole), notices=Notices())

        await store.append(head.conv, nonce=event.dedupe_key, build=build, event=event)


def _bounded(value: str | None) -> str | None:
    return value[:MOST_TEXT] if value else None

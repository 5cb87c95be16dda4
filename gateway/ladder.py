"""The delivery ladder: a message that ended undelivered is said on another channel of the same contact, or an agent is told.

The channel itself has tried its own ways (a template) before.  Every step is written once, whoever repeats it: the choice of the
other conversation is a claim, the copy and the note are commits with a nonce of the message, and the mark comes last.  A crash
between any two leaves the message in ``SystemScope.dropped``, and the sweep climbs again to the same end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import structlog

from core.domain import Head, Message, MessageKind, Role
from core.errors import DeliveryError, StoreUnavailable, WindowClosed
from core.identity import account_of, head_identity
from core.inbound import Receipt
from core.ledger import Claimed, CommitDraft
from core.notices import Notices
from core.ports.channel import Channel, SupportsReopening
from core.ports.store import Store, TenantStore
from core.undelivered import (
    Candidate,
    choose,
    copied,
    copy_of,
    failed_note,
    is_movable,
    moved_note,
    noted,
)
from gateway.identity import Identity

log = structlog.get_logger(__name__)

NOWHERE: Final = "-"
SWEEP_S: Final = 60.0
PAGE: Final = 100


class Ladder:
    """One process's ladder.

    ``queues`` says whether a tenant wants a person to look at answers of the bot that nobody got.
    """

    def __init__(
        self,
        store: Store,
        identity: Identity,
        *,
        channels: Callable[[], Mapping[str, Channel]],
        is_parked: Callable[[str], bool],
        notices: Callable[[str], Notices],
        clock: Callable[[], datetime],
        queues: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._store = store
        self._identity = identity
        self._channels = channels
        self._is_parked = is_parked
        self._notices = notices
        self._clock = clock
        self._queues = queues

    async def undelivered(self, claimed: Claimed, error: str) -> None:
        """Delivery ended a row to the contact without delivering it.  Never raises; what fails here is swept up later."""
        if claimed.message is not None:
            await self._safely(claimed.tenant, claimed.conv, claimed.message.id, error or None)

    async def refused_later(self, tenant: str, receipt: Receipt, message_id: str) -> None:
        """The vendor takes back what it had accepted.  Never raises."""
        await self._safely(tenant, receipt.conv, message_id, receipt.error)
        if receipt.error == WindowClosed.code:
            await self._reopen(tenant, receipt.conv, message_id)

    async def _reopen(self, tenant: str, conv: str, message_id: str) -> None:
        """The window closed after all: ask the contact to write again, where the channel can."""
        try:
            head = await self._store.for_tenant(tenant).head(conv)
            channel = None if head is None else self._channels().get(head.account)
            if head is not None and isinstance(channel, SupportsReopening):
                await channel.reopen(head, message_id)
        except (DeliveryError, StoreUnavailable) as error:
            log.info("window_not_reopened", conv=conv, code=error.code)

    async def run(self) -> None:
        """Sweep now and then until cancelled: what a crash or a store that was down left behind."""
        while True:
            try:
                await self.sweep()
            except StoreUnavailable:
                log.warning("ladder_waits_for_store")
            except Exception:
                log.exception("ladder_failed")
            await asyncio.sleep(SWEEP_S)

    async def sweep(self) -> int:
        """Climb for every message that nobody got and nobody was told of; returns how many."""
        found = await self._store.system.dropped(limit=PAGE)
        for item in found:
            await self._safely(item.tenant, item.conv, item.message_id, item.error)
        return len(found)

    async def _safely(self, tenant: str, conv: str, message_id: str, error: str | None) -> None:
        try:
            await self._climb(self._store.for_tenant(tenant), conv, message_id, error)
        except StoreUnavailable:
            log.warning("ladder_waits_for_store", tenant=tenant, conv=conv)
        except Exception:
            log.exception("ladder_bug", tenant=tenant, conv=conv, message=message_id)

    async def _climb(self, store: TenantStore, conv: str, message_id: str, error: str | None) -> None:
        message, head = await store.message(message_id), await store.head(conv)
        if message is not None and head is not None and message.kind is not MessageKind.CSAT_REQUEST:
            origin = copy_of(message)
            if origin is not None:
                await self._copy_failed(store, head, origin, error)
            else:
                await self._find_way(store, head, message, error)
        await store.mark_told(conv, message_id)

    async def _find_way(self, store: TenantStore, head: Head, message: Message, error: str | None) -> None:
        """Copy it to where the contact can be reached, once and for all decided, or say that there is no such place."""
        kind, key = self._kind(head.account), f"ladder:{message.id}"
        instead = await store.claimed(key)
        if instead is None and is_movable(message, error):
            instead = await store.claim(key, await self._elsewhere(store, head) or NOWHERE)
        other = None if instead in (None, NOWHERE) else await store.head(instead)
        if other is None:
            await self._note(store, message, failed_note(message, error, kind=kind), key="undelivered")
            return
        await store.append(
            other.conv, nonce=f"copy:{message.id}", build=lambda newest: copied(newest, message, asked_on=kind)
        )
        text = moved_note(message, error, kind=kind, instead=self._kind(other.account))
        await self._note(store, message, text, key="undelivered", moved=True)
        log.info("undelivered_moved", tenant=store.tenant, conv=head.conv, to=other.account, code=error)

    async def _elsewhere(self, store: TenantStore, head: Head) -> str | None:
        """The best private conversation of the same contact on another account, as of now."""
        together = await self._identity.together(store.tenant, head_identity(head))
        candidates = []
        for member in together.others:
            conv, channel = member.standing.conv, self._channels().get(account_of(member.identity))
            found = None if conv is None or channel is None or conv == head.conv else await store.head(conv)
            if found is not None and channel is not None:
                window_s = channel.capabilities.reply_window_s
                parked = self._is_parked(channel.account)
                candidates.append(Candidate(head=found, kind=channel.kind, reply_window_s=window_s, is_parked=parked))
        chosen = choose(candidates, now=self._clock())
        return None if chosen is None else chosen.head.conv

    async def _copy_failed(self, store: TenantStore, head: Head, origin: str, error: str | None) -> None:
        """The copy did not arrive either: the agent of the conversation it came from is told; there is no third try."""
        message = await store.message(origin)
        if message is None:
            return
        first = await store.head(message.conv)
        kind = self._kind(first.account) if first is not None else "other"
        text = failed_note(message, error, kind=kind, tried=self._kind(head.account))
        await self._note(store, message, text, key="copy-undelivered")

    async def _note(self, store: TenantStore, message: Message, text: str, *, key: str, moved: bool = False) -> None:
        tenant, now = store.tenant, self._clock()
        by_bot = message.role is Role.BOT and not moved

        def build(newest: Head) -> CommitDraft:
            return noted(
                newest,
                text,
                by_bot=by_bot,
                queues=self._queues(tenant),
                notices=self._notices(tenant),
                now=now,
            )

        await store.append(message.conv, nonce=f"{key}:{message.id}", build=build)

    def _kind(self, account: str) -> str:
        channel = self._channels().get(account)
        return channel.kind if channel is not None else "other"

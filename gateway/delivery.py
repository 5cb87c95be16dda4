"""Delivery: outbox rows go to their channel or desk, first in, first out per conversation and destination.

It never decides what to say.  Two questions decide each outcome: may it be tried again, and is it certain that nothing
reached the other side?
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter, time_ns

import structlog

from core.domain import Attachment, DeliveryState, Destination, Voice
from core.errors import CredentialsInvalid, DeliveryError, StoreUnavailable, Unsupported
from core.ledger import Claimed
from core.ports.channel import Channel, Outbound, ReadsLedger, Sent, Shown
from core.ports.desk import Desk, DeskItem
from core.ports.store import Store, TenantStore
from gateway import metrics, walking
from gateway.accounts import Accounts, desk_name
from gateway.carrying import carried
from gateway.crashpoints import crash
from gateway.origins import Origins
from gateway.pacing import Turnstile
from gateway.tracing import Tracing
from gateway.workers import KeyedWorkers

log = structlog.get_logger(__name__)

Line = tuple[str, str, Destination]
"""(tenant, conversation, destination): what is delivered in order."""

Undelivered = Callable[[Claimed, str], Awaitable[None]]
"""Told of a row that ended without being delivered, and the error code; must not raise."""

ENDED_BADLY = (DeliveryState.REJECTED, DeliveryState.PARKED)
FileLink = Callable[[str, Attachment], str | None]
"""A public address of a tenant's file; None when none is configured."""

MAX_ATTEMPTS = 10
FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 300.0
STORE_RETRY_S = 1.0
LONGEST_DESK_RETRY_S = 60.0
"""A desk that is back shall have its cases soon, however long it was away."""

ACCOUNT_RETRY_S = 60.0
"""A parked account is tried again this often, for as long as it takes: what was to be said waits."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended, as the store records it."""

    state: DeliveryState
    vendor_ref: str | None = None
    error: str | None = None
    retry_s: float | None = None


def _parked_name(claimed: Claimed) -> str:
    return claimed.account if claimed.to is Destination.CHANNEL else desk_name(claimed.tenant)


def _after_bug(claimed: Claimed) -> Outcome:
    """A desk looks what is there before it writes, so it may be tried again; nobody knows what a channel has done."""
    if claimed.to is Destination.DESK and claimed.attempt < MAX_ATTEMPTS:
        return Outcome(DeliveryState.PENDING, error="internal", retry_s=retry_delay_s(claimed.attempt))
    return Outcome(DeliveryState.PARKED, error="internal")


def retry_delay_s(attempt: int) -> float:
    """Seconds before attempt ``attempt`` + 1: doubling from one second, at most five minutes."""
    return float(min(FIRST_RETRY_S * 2 ** min(attempt - 1, 30), LONGEST_RETRY_S))


def classify(error: DeliveryError, attempt: int, to: Destination = Destination.CHANNEL) -> Outcome:
    """What a failed attempt means for its row.

    A case waits for its desk as long as it takes, also when an answer was lost: a desk looks whether it is there already.
    """
    refs = Sent.of_parts(error.sent_refs).vendor_ref
    if isinstance(error, CredentialsInvalid):
        return Outcome(DeliveryState.PENDING, vendor_ref=refs, error=error.code, retry_s=ACCOUNT_RETRY_S)
    if to is Destination.DESK and (error.retryable or not error.is_certain):
        retry_s = error.retry_after_s or min(retry_delay_s(attempt), LONGEST_DESK_RETRY_S)
        return Outcome(DeliveryState.PENDING, error=error.code, retry_s=retry_s)
    if not error.is_certain:
        return Outcome(DeliveryState.PARKED, vendor_ref=refs, error=error.code)
    if not error.retryable:
        return Outcome(DeliveryState.REJECTED, vendor_ref=refs, error=error.code)
    if attempt >= MAX_ATTEMPTS:
        return Outcome(DeliveryState.PARKED, vendor_ref=refs, error=error.code)
    retry_s = error.retry_after_s or retry_delay_s(attempt)
    return Outcome(DeliveryState.PENDING, vendor_ref=refs, error=error.code, retry_s=retry_s)


class Delivery:
    """The delivery stage of one process."""

    def __init__(
        self,
        store: Store,
        *,
        channels: Callable[[], Mapping[str, Channel]],
        desks: Callable[[], Mapping[str, Desk]],
        holder: str,
        clock: Callable[[], datetime],
        accounts: Accounts,
        undelivered: Undelivered | None = None,
        link: FileLink | None = None,
        parallel: int = 64,
    ) -> None:
        self._link = link or (lambda tenant, item: None)
        self._accounts = accounts
        self._undelivered = undelivered
        self._store = store
        self._channels = channels
        self._desks = desks
        self._holder = holder
        self._clock = clock
        self._retries: dict[Line, datetime] = {}
        self._readers_of: tuple[Mapping[str, Channel], frozenset[str]] = ({}, frozenset())
        self.origins, self.tracing = Origins(), Tracing()
        self._turnstile = Turnstile()
        self._workers: KeyedWorkers[Line] = KeyedWorkers("delivery", self._deliver_line, parallel=parallel)

    def wake(self, tenant: str, conv: str, to: Destination, *, delay_s: float = 0.0) -> None:
        """Rows may be waiting on this line."""
        self._workers.wake((tenant, conv, to), delay_s=delay_s)

    async def start(self) -> None:
        """Start delivering; the store learns to whom nothing is sent."""
        self._store.readers = self._readers
        await self._workers.start()

    async def stop(self, *, drain_s: float) -> None:
        """Finish attempts in flight; safe twice."""
        await self._workers.stop(drain_s=drain_s)

    async def _deliver_line(self, line: Line) -> None:
        tenant, conv, to = line
        store = self._store.for_tenant(tenant)
        try:
            while (claimed := await store.next_delivery(conv, to, self._holder)) is not None:
                self._retries.pop(line, None)
                await self._turnstile.enter()
                outcome = await self._watched(store, claimed)
                await self._settle(store, claimed, outcome)
                if outcome.state is DeliveryState.PENDING:
                    return
                if outcome.state in ENDED_BADLY and to is Destination.CHANNEL and self._undelivered is not None:
                    await self._undelivered(claimed, outcome.error or "")
            self._wait_on(line)
        except StoreUnavailable:
            log.warning("delivery_waits_for_store", tenant=tenant, conv=conv)
            self._workers.wake(line, delay_s=STORE_RETRY_S)
        finally:
            walking.leave()

    def _readers(self) -> Collection[str]:
        """The accounts to which nothing is sent, because their contacts read the ledger."""
        channels = self._channels()
        if channels is not self._readers_of[0]:
            accounts = frozenset(name for name, one in channels.items() if isinstance(one, ReadsLedger))
            self._readers_of = (channels, accounts)
        return self._readers_of[1]

    async def _watched(self, store: TenantStore, claimed: Claimed) -> Outcome:
        """One attempt, in the trace of what it answers and in the metrics of its stage."""
        origin = await self.origins.of(claimed, store)
        walking.enter(origin.source, claimed.conv, origin.turn)
        began_ns, before = time_ns(), perf_counter()
        outcome = await self._attempt(claimed)
        metrics.DELIVERY_SECONDS.of(claimed.to).observe(perf_counter() - before)
        metrics.deliveries_of(claimed.to, outcome.state).inc()
        if outcome.state is DeliveryState.SENT and origin.at is not None:
            metrics.DELIVERY_AGE_SECONDS.of(claimed.to).observe((self._clock() - origin.at).total_seconds())
        kind = self._kind(claimed)
        if claimed.to is Destination.DESK:
            metrics.DESK_CALLS.labels(desk=kind, outcome=outcome.state).inc()
        self.tracing.delivered(
            claimed,
            origin,
            kind=kind,
            outcome=outcome.state,
            error=outcome.error or "",
            began_ns=began_ns,
            ended_ns=time_ns(),
        )
        return outcome

    def _kind(self, claimed: Claimed) -> str:
        """The kind of channel or desk; empty when it is no longer configured."""
        if claimed.to is Destination.DESK:
            desk = self._desks().get(claimed.tenant)
            return desk.kind if desk is not None else ""
        channel = self._channels().get(claimed.account)
        return channel.kind if channel is not None else ""

    def _wait_on(self, line: Line) -> None:
        """Nothing is due: something new on the line woke it before its time, and took the place of its retry."""
        retry_at = self._retries.pop(line, None)
        left_s = 0.0 if retry_at is None else (retry_at - self._clock()).total_seconds()
        if retry_at is not None and left_s > 0:
            self._retry(line, retry_at, left_s)

    def _retry(self, line: Line, retry_at: datetime, delay_s: float) -> None:
        self._retries[line] = retry_at
        self._workers.wake(line, delay_s=delay_s)

    async def _attempt(self, claimed: Claimed) -> Outcome:
        crash("send.before")
        try:
            sent = await self._send(claimed)
        except DeliveryError as error:
            outcome = classify(error, claimed.attempt, claimed.to)
            log.warning("delivery_failed", row=claimed.id, to=claimed.to, code=error.code, next=outcome.state)
            if isinstance(error, CredentialsInvalid):
                self._accounts.park(claimed.tenant, _parked_name(claimed), error.code)
        except Exception:
            log.exception("delivery_bug", row=claimed.id, to=claimed.to)
            outcome = _after_bug(claimed)
        else:
            outcome = Outcome(DeliveryState.SENT, vendor_ref=sent.vendor_ref)
            self._accounts.free(_parked_name(claimed))
        crash("send.after")
        return outcome

    async def _send(self, claimed: Claimed) -> Sent:
        if claimed.to is Destination.DESK:
            desk = self._desks()[claimed.tenant]
            item = DeskItem(
                id=claimed.id,
                head=claimed.head,
                message=claimed.message,
                signal=claimed.signal,
                reconcile=claimed.unsettled or claimed.attempt > 1,
            )
            return await desk.send(item)
        channel = self._channels().get(claimed.account)
        if channel is None or claimed.message is None:
            raise Unsupported(f"account {claimed.account!r} is no longer configured")
        return await channel.send(
            Outbound(
                id=claimed.id,
                head=claimed.head,
                message=carried(claimed.message, channel.capabilities, partial(self._link, claimed.tenant)),
                reconcile=claimed.unsettled,
                sent_refs=claimed.sent_refs,
                preview=await self._preview(channel, claimed),
            )
        )

    async def _preview(self, channel: Channel, claimed: Claimed) -> Shown | None:
        """The streamed message that this one replaces."""
        turn_id = claimed.message.turn_id if claimed.message is not None else None
        if turn_id is None or claimed.voice is not Voice.BOT or channel.capabilities.preview_every_s == 0:
            return None
        preview = await self._store.for_tenant(claimed.tenant).preview(turn_id)
        return None if preview is None else Shown(text=preview.shown, ref=preview.vendor_ref)

    async def _settle(self, store: TenantStore, claimed: Claimed, outcome: Outcome) -> None:
        crash("settle.before")
        if claimed.is_settled:
            crash("settle.after")
            return
        retry_at = None
        if outcome.retry_s is not None:
            retry_at = self._clock() + timedelta(seconds=outcome.retry_s)
            self._retry((claimed.tenant, claimed.conv, claimed.to), retry_at, outcome.retry_s)
        await store.settle(
            claimed, outcome.state, vendor_ref=outcome.vendor_ref, error=outcome.error, retry_at=retry_at
        )
        crash("settle.after")

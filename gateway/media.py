"""Contacts' files: fetched from the channel's vendor before the turn, else later by a job, else when somebody opens them.

A file is stored once, under the id that its channel gave it: first the bytes, then its record.  The bytes decide what it is.
A file that cannot be had any more is recorded too, as unavailable and why, so that nobody asks again.  What is still to be
fetched is noted on disk, so that a restart goes on; fetching twice changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

import msgspec
import structlog

from core.domain import Attachment, InboundEvent
from core.ending import ended
from core.errors import DeliveryError, ProviderUnavailable, StoreUnavailable
from core.ports.channel import Channel, SupportsDiscarding, SupportsMedia
from core.ports.store import Store
from gateway import filestore, metrics
from gateway.sniffing import SNIFFED_BYTES, sniff
from gateway.uploads import FileKey, Uploads
from gateway.workers import KeyedWorkers

log = structlog.get_logger(__name__)

GATHER_LIMIT_S: Final = 10.0
"""A turn waits this long for its files; an answer that is late for a slow picture would be worse."""

OPEN_LIMIT_S: Final = 20.0
FETCH_LIMIT_S: Final = 60.0
PARALLEL: Final = 4
"""Fetches at a time per account: a vendor that hangs holds up its own account only."""

FIRST_RETRY_S: Final = 5.0
LONGEST_RETRY_S: Final = 3_600.0
GIVE_UP_AFTER: Final = timedelta(days=1)

TOO_LARGE: Final = "too_large"
TYPE_REFUSED: Final = "type_refused"
GONE: Final = "gone"
UNREACHABLE: Final = "unreachable"

RETRIED: Final = ("throttled", "provider_unavailable", "outcome_unknown", "credentials_invalid")
"""Codes of failures that may mend within a day; reading a file twice does no harm, and credentials are mended by an admin."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The note of a file that is still to be fetched."""

    tenant: str
    account: str
    conv: str
    attachment: Attachment
    since: datetime
    attempts: int = 0

    @property
    def key(self) -> FileKey:
        """What it is known by."""
        return (self.tenant, self.attachment.id)


class Media:
    """The contacts' files of one process; ``uploads`` keeps all files.

    ``channels`` (by account), ``tenants`` and ``limit_bytes`` (the largest file that is kept) follow the settings; a process sets
    them when its channels are there.
    """

    def __init__(
        self,
        store: Store,
        *,
        uploads: Uploads,
        clock: Callable[[], datetime],
        channels: Callable[[], Mapping[str, Channel]] = dict,
        tenants: Callable[[], Iterable[str]] = tuple,
        limit_bytes: Callable[[], int] = lambda: 10_485_760,
        gather_s: float = GATHER_LIMIT_S,
        first_retry_s: float = FIRST_RETRY_S,
    ) -> None:
        self._store = store
        self.channels = channels
        self.tenants = tenants
        self.limit_bytes = limit_bytes
        self._uploads = uploads
        self._clock = clock
        self._gather_s = gather_s
        self._first_retry_s = first_retry_s
        self._alone: WeakValueDictionary[FileKey, asyncio.Lock] = WeakValueDictionary()
        self._slots: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._workers: KeyedWorkers[FileKey] = KeyedWorkers("media", self._retry, parallel=PARALLEL)

    async def start(self) -> None:
        """Go on with what an earlier process left."""
        await self._uploads.clear_parts()
        await self._workers.start()
        for key in await self._uploads.notes(self.tenants()):
            self._workers.wake(key)

    async def stop(self, *, drain_s: float) -> None:
        """Finish the fetches in hand; safe twice."""
        await self._workers.stop(drain_s=drain_s)

    async def gather(
        self, channel: Channel | None, tenant: str, events: Sequence[InboundEvent]
    ) -> tuple[InboundEvent, ...]:
        """The events with their files fetched, as far as that goes in ``GATHER_LIMIT_S``; the others are fetched later.

        ``channel`` is the events' own.  An attachment that was settled has no ``origin`` any more, and its true type and size,
        or says why it is unavailable.  Raises only ``StoreUnavailable``.
        """
        kept_there = [(event, item) for event in events for item in event.attachments if item.origin is not None]
        if not kept_there:
            return tuple(events)
        wanted = {item.id: self._wanted(tenant, event, item) for event, item in kept_there if filestore.is_id(item.id)}
        settled = await self._gathered(channel, tuple(wanted.values()))
        settled |= {item.id: _without(item, GONE) for _, item in kept_there if item.id not in wanted}
        return tuple(
            replace(event, attachments=tuple(settled.get(item.id, item) for item in event.attachments))
            for event in events
        )

    async def opened(self, tenant: str, file_id: str) -> Attachment | None:
        """A file's record, its bytes fetched now if need be; None when there is no such file.

        An attachment that is ``unavailable`` has no bytes.  Raises ``ProviderUnavailable`` when it may still come.
        """
        if not filestore.is_id(file_id):
            return None
        found = await self._store.for_tenant(tenant).upload(file_id)
        note = await self._note((tenant, file_id)) if found is None else None
        if note is not None:
            try:
                async with asyncio.timeout(OPEN_LIMIT_S):
                    found = (await self._settled(self.channels().get(note.account), note), note.conv)
            except (DeliveryError, TimeoutError) as error:
                raise ProviderUnavailable("The file has not arrived yet.") from error
        return None if found is None else found[0]

    def _wanted(self, tenant: str, event: InboundEvent, item: Attachment) -> Wanted:
        return Wanted(tenant=tenant, account=event.account, conv=event.conv, attachment=item, since=self._clock())

    async def _gathered(self, channel: Channel | None, wanted: Sequence[Wanted]) -> dict[str, Attachment]:
        """What could be settled in time; the rest is left to the job, whatever ends this."""
        for each in wanted:
            await self._noted(each)
        if not wanted:
            return {}
        tasks = {asyncio.ensure_future(self._settled(channel, each)): each for each in wanted}
        try:
            await asyncio.wait(tasks, timeout=self._gather_s)
        finally:
            await ended(*tasks)
            ends = {each.attachment.id: self._ended(task, each) for task, each in tasks.items()}
        return {file_id: end for file_id, end in ends.items() if end is not None}

    async def _noted(self, wanted: Wanted) -> None:
        """Note it before it is fetched: the message may be committed without its file, and must not lose it."""
        store = self._store.for_tenant(wanted.tenant)
        if await store.upload(wanted.attachment.id) is None and await self._note(wanted.key) is None:
            await self._put_note(wanted)

    def _ended(self, task: asyncio.Future[Attachment], wanted: Wanted) -> Attachment | None:
        """What one of them came to; None: the job tries again."""
        error = None if task.cancelled() else task.exception()
        if not task.cancelled() and error is None:
            return task.result()
        if isinstance(error, StoreUnavailable):
            raise error
        self._later(wanted, error)
        return None

    async def _settled(self, channel: Channel | None, wanted: Wanted) -> Attachment:
        """The file's record, made now unless it stands; raises ``DeliveryError`` when it should be tried again."""
        async with self._lock(wanted.key):
            store = self._store.for_tenant(wanted.tenant)
            known = await store.upload(wanted.attachment.id)
            if known is not None:
                kept = known[0]
            else:
                async with self._slot(wanted.account):
                    kept = await self._fetched(channel, wanted)
                await store.put_upload(kept, conv=wanted.conv, uploaded_at=self._clock())
                metrics.MEDIA.labels(outcome="unavailable" if kept.unavailable else "fetched").inc()
                if kept.unavailable is None and isinstance(channel, SupportsDiscarding):
                    await _discard(channel, wanted.attachment)
            await self._uploads.forget_note(*wanted.key)
        return replace(kept, transcript=wanted.attachment.transcript or kept.transcript)

    async def _fetched(self, channel: Channel | None, wanted: Wanted) -> Attachment:
        item, limit = wanted.attachment, self.limit_bytes()
        if item.size_bytes > limit:
            return _without(item, TOO_LARGE)
        if channel is None:
            raise ProviderUnavailable("The account is not configured now.")
        if not isinstance(channel, SupportsMedia):
            return _without(item, GONE)
        try:
            async with asyncio.timeout(FETCH_LIMIT_S):
                fetched = await channel.fetch(item, limit_bytes=limit)
        except TimeoutError as error:
            raise ProviderUnavailable("The file did not arrive in time.") from error
        except DeliveryError as error:
            if error.code in RETRIED:
                raise
            return _without(item, GONE)
        if len(fetched.body) > limit:
            return _without(item, TOO_LARGE)
        media_type = sniff(fetched.body[:SNIFFED_BYTES])
        if media_type is None:
            return _without(item, TYPE_REFUSED)
        await self._uploads.write(*wanted.key, fetched.body)
        name = filestore.own_name(item.name or fetched.name)
        return replace(item, name=name, media_type=media_type, size_bytes=len(fetched.body), origin=None)

    def _later(self, wanted: Wanted, error: BaseException | None) -> None:
        """Have the job try it; a bug in a channel's ``fetch`` is logged and tried again like an outage."""
        if error is not None and not isinstance(error, DeliveryError):
            log.error("media_bug", account=wanted.account, file=wanted.attachment.id, exc_info=error)
        metrics.MEDIA.labels(outcome="failed").inc()
        self._workers.wake(wanted.key, delay_s=self._pause_s(wanted, error))

    async def _retry(self, key: FileKey) -> None:
        """One attempt of the job."""
        try:
            await self._attempt(key)
        except StoreUnavailable:
            self._workers.wake(key, delay_s=self._first_retry_s)

    async def _attempt(self, key: FileKey) -> None:
        note = await self._note(key)
        if note is None:
            return
        try:
            await self._settled(self.channels().get(note.account), note)
        except StoreUnavailable:
            raise
        except Exception as error:
            if self._clock() - note.since >= GIVE_UP_AFTER:
                await self._give_up(note)
                return
            again = msgspec.structs.replace(note, attempts=note.attempts + 1)
            await self._put_note(again)
            self._later(again, error)

    async def _give_up(self, note: Wanted) -> None:
        log.warning("media_given_up", account=note.account, file=note.attachment.id, attempts=note.attempts)
        async with self._lock(note.key):
            gone = _without(note.attachment, UNREACHABLE)
            store = self._store.for_tenant(note.tenant)
            await store.put_upload(gone, conv=note.conv, uploaded_at=self._clock())
            metrics.MEDIA.labels(outcome="unavailable").inc()
            await self._uploads.forget_note(*note.key)

    def _pause_s(self, wanted: Wanted, error: BaseException | None) -> float:
        """Doubling from five seconds to an hour; a vendor's own wish counts when it is longer."""
        asked = (error.retry_after_s or 0.0) if isinstance(error, DeliveryError) else 0.0
        own = self._first_retry_s * float(2 ** min(wanted.attempts, 16))
        return max(asked, min(own, LONGEST_RETRY_S))

    async def _note(self, key: FileKey) -> Wanted | None:
        found = await self._uploads.note(*key)
        try:
            return None if found is None else msgspec.json.decode(found, type=Wanted)
        except msgspec.DecodeError:
            log.warning("media_note_unreadable", file=key[1])
            return None

    async def _put_note(self, wanted: Wanted) -> None:
        await self._uploads.put_note(*wanted.key, msgspec.json.encode(wanted))

    def _lock(self, key: FileKey) -> asyncio.Lock:
        return self._alone.setdefault(key, asyncio.Lock())

    def _slot(self, account: str) -> asyncio.Semaphore:
        return self._slots.setdefault(account, asyncio.Semaphore(PARALLEL))


def _without(item: Attachment, reason: str) -> Attachment:
    """A file that stays a name."""
    return replace(item, name=filestore.own_name(item.name), origin=None, unavailable=reason)


async def _discard(channel: SupportsDiscarding, item: Attachment) -> None:
    """The file is ours now; one that stays at the vendor does no harm."""
    try:
        await channel.discard(item)
    except DeliveryError as error:
        log.info("media_not_discarded", attachment=item.id, code=error.code)

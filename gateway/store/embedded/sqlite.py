"""The embedded store: SQLite in WAL mode, every commit durable, one writer thread with group commit.

Writes are jobs of gateway/store/writer.py; small reads run on the event loop against a connection of their own (they take
tens of microseconds), listings run in a thread.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from core import ids
from core.domain import Audience, DeliveryState, Destination, EventKind, Head, InboundEvent, Message, Owner
from core.errors import StoreLocked, StoreUnavailable
from core.filelock import FileLock
from core.ids import NewId
from core.inbound import Receipt
from core.ledger import Claimed, Commit, OpenTurn
from core.ports.store import Appended, Build, Preview, Step, StoreObserver, SystemScope
from gateway.store.embedded import delivery_sql, ledger_sql, links_sql, reads_sql, records_sql, unread
from gateway.store.embedded.checkpointing import Checkpoints
from gateway.store.embedded.schema import migrate
from gateway.store.embedded.system import SqliteSystem
from gateway.store.embedded.writer import UNAVAILABLE, Writer

T = TypeVar("T")
Read = Callable[[sqlite3.Connection], T]
SWEEP_S = 5.0
CHECKPOINT_PAGES = 16_000
"""64 MB of write-ahead log, which the writer then starts anew; most of it is in the database by then (``Checkpoints``)."""


def connect(path: Path) -> unread.WritingConnection:
    """A connection to the ledger's file, for use by one thread at a time."""
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=256, factory=unread.WritingConnection
    )
    connection.execute("pragma busy_timeout = 5000")
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute(f"pragma wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute("pragma cache_size = -65536")
    return connection


class SqliteStore:
    """core.ports.store.Store on one file.

    ``lock`` False is for commands beside a running serve: they may read, and append by short transactions.
    """

    sweep_s = SWEEP_S

    def __init__(
        self, path: Path, *, clock: Callable[[], datetime], new_id: NewId = ids.new_id, lock: bool = True
    ) -> None:
        self.path = path
        self.clock = clock
        self.new_id = new_id
        self.observer: StoreObserver | None = None
        self.readers: Callable[[], Collection[str]] = tuple
        self.ahead: dict[tuple[str, str], deque[Claimed]] = {}
        """Rows that were settled with their commit, and that delivery has not counted yet."""
        self.system: SystemScope = SqliteSystem(self)
        self._lock = FileLock(path.with_suffix(".lock")) if lock else None
        self._writer: Writer | None = None
        self._checkpoints: Checkpoints | None = None
        self._connections: list[sqlite3.Connection] = []
        self._reading = asyncio.Lock()

    @property
    def is_locked(self) -> bool:
        """Whether this is the serving process."""
        return self._lock is not None

    def for_tenant(self, tenant: str) -> SqliteTenant:
        """The tenant's data."""
        return SqliteTenant(self, tenant)

    async def start(self) -> None:
        """Open, migrate, be ready."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        holder = None if self._lock is None else self._lock.take()
        if holder is not None:
            raise StoreLocked(
                f"{self.path.parent} is in use by another `frontdesk serve` (process {holder});"
                " stop it, or use another data_dir"
            )
        try:
            writing = connect(self.path)
            self._connections = [writing]
            migrate(writing)
            if self.is_locked:
                writing.follow()
            self._connections += [connect(self.path), connect(self.path), connect(self.path)]
        except sqlite3.Error as error:
            self._close()
            raise StoreUnavailable(f"{self.path} cannot be opened: {error}") from error
        except BaseException:
            self._close()
            raise
        *readers, moving = self._connections[1:]
        for reader in readers:
            reader.execute("pragma query_only = on")
        self._checkpoints = Checkpoints(moving)
        self._checkpoints.start()
        self._writer = Writer(writing, ledger_sql.accept, ledger_sql.is_one_statement, self._checkpoints.wrote)
        self._writer.start()

    async def stop(self) -> None:
        """Write what waits and close; safe twice and before start."""
        if self._writer is not None:
            await self._writer.stop()
            self._writer = None
        if self._checkpoints is not None:
            await asyncio.to_thread(self._checkpoints.stop)
            self._checkpoints = None
        self._close()

    def _close(self) -> None:
        for connection in self._connections:
            connection.close()
        self._connections = []
        if self._lock is not None:
            self._lock.release()

    async def check(self) -> None:
        """Prove that a write would be durable now."""
        await self.write(_touch)

    async def write(self, work: Read[T], *, is_one: bool = False) -> T:
        """Run a job of the writer; returns once it is durable.  ``is_one``: it executes exactly one statement."""
        if self._writer is None:
            raise StoreUnavailable("The store is closed.")
        return await self._writer.run(work, is_one=is_one)

    async def insert(self, rows: list[ledger_sql.EventRow]) -> tuple[bool, ...]:
        """Insert events durably; False where the id is known."""
        if self._writer is None:
            raise StoreUnavailable("The store is closed.")
        return await self._writer.insert(rows)

    def read(self, work: Read[T]) -> T:
        """A small read, on the event loop."""
        if not self._connections:
            raise StoreUnavailable("The store is closed.")
        try:
            return work(self._connections[1])
        except sqlite3.Error as error:
            raise StoreUnavailable(UNAVAILABLE) from error

    async def scan(self, work: Read[T]) -> T:
        """A large read, in a thread; one at a time."""
        async with self._reading:
            if not self._connections:
                raise StoreUnavailable("The store is closed.")
            try:
                return await asyncio.to_thread(work, self._connections[2])
            except sqlite3.Error as error:
                raise StoreUnavailable(UNAVAILABLE) from error


def _touch(db: sqlite3.Connection) -> None:
    """A write that needs room, as an accept does, and leaves nothing behind."""
    db.execute("insert or replace into claims(tenant, key, value) values('', 'readiness', zeroblob(65536))")
    db.execute("delete from claims where tenant = '' and key = 'readiness'")


class SqliteTenant(links_sql.SqliteLinks, records_sql.SqliteRecords):
    """core.ports.store.TenantStore on one file."""

    def __init__(self, store: SqliteStore, tenant: str) -> None:
        super().__init__(store, tenant)
        self._store = store

    async def accept(self, events: Sequence[InboundEvent]) -> tuple[bool, ...]:
        """Store events durably."""
        if not self._store.is_locked:
            raise ValueError("a store opened without its lock accepts no messages")
        rows = []
        for event in events:
            if event.tenant != self.tenant:
                raise ValueError("an event of another tenant")
            rows.append(ledger_sql.event_row(event))
        return await self._store.insert(rows)

    async def open_turn(self, conv: str, holder: str) -> OpenTurn | None:
        """Take the lane and fix the next turn's batch; only the process that holds the lock may."""
        if not self._store.is_locked:
            raise ValueError("a store opened without its lock takes no lanes")
        turn_id, now = self._store.new_id("t"), self._store.clock()
        return await self._store.write(
            lambda db: ledger_sql.open_turn(db, self.tenant, conv, holder, turn_id=turn_id, now=now)
        )

    async def append(self, conv: str, *, nonce: str, build: Build, event: InboundEvent | None = None) -> Appended:
        """Commit what ``build`` makes of the newest head."""
        if event is not None and (event.kind is EventKind.MESSAGE or event.tenant != self.tenant):
            raise ValueError("only a control of this tenant is stored with its commit")
        now, readers = self._store.clock(), self._store.readers()

        def work(db: sqlite3.Connection) -> tuple[Appended, delivery_sql.Taken]:
            appended = ledger_sql.append(db, self.tenant, conv, nonce=nonce, build=build, event=event, now=now)
            return appended, delivery_sql.settle_readers(db, appended, readers=readers, now=now)

        appended, taken = await self._store.write(work)
        if taken.rows:
            self._store.ahead.setdefault((self.tenant, conv), deque()).extend(taken.rows)
        observer = self._store.observer
        if observer is not None and appended.commit is not None and not appended.is_duplicate:
            observer.committed(self.tenant, appended.commit)
            self._tell(observer, conv, taken)
        return appended

    async def record_step(self, turn_id: str, name: str, body: bytes) -> bool:
        """Insert a journal row."""
        now = self._store.clock()
        return await self._store.write(
            lambda db: ledger_sql.record_step(db, self.tenant, turn_id, name, body, now=now), is_one=True
        )

    async def steps(self, turn_id: str) -> tuple[Step, ...]:
        """The journal of a turn."""
        return self._store.read(lambda db: reads_sql.steps(db, self.tenant, turn_id))

    async def turn_events(self, turn_id: str) -> tuple[InboundEvent, ...]:
        """The fixed batch of a turn."""
        return self._store.read(lambda db: reads_sql.turn_events(db, self.tenant, turn_id))

    async def save_preview(self, preview: Preview) -> None:
        """Insert or lengthen a preview."""
        row = (preview.turn_id, self.tenant, preview.shown, preview.vendor_ref)
        await self._store.write(
            lambda db: db.execute(
                "insert into previews(turn_id, tenant, shown, vendor_ref) values(?,?,?,?) on conflict(turn_id, tenant)"
                " do update set shown = excluded.shown, vendor_ref = coalesce(excluded.vendor_ref, vendor_ref)"
                " where length(excluded.shown) >= length(shown)",
                row,
            ),
            is_one=True,
        )

    async def preview(self, turn_id: str) -> Preview | None:
        """The preview of a turn."""
        row = self._store.read(
            lambda db: db.execute(
                "select shown, vendor_ref from previews where turn_id = ? and tenant = ?", (turn_id, self.tenant)
            ).fetchone()
        )
        return None if row is None else Preview(turn_id=turn_id, shown=row[0], vendor_ref=row[1])

    async def head(self, conv: str) -> Head | None:
        """The newest head."""
        head = await self.committed_head(conv)
        return head or await self._store.write(lambda db: ledger_sql.head_of(db, self.tenant, conv))

    async def committed_head(self, conv: str) -> Head | None:
        """The head after the newest commit."""
        return self._store.read(lambda db: ledger_sql.stored_head(db, self.tenant, conv))

    async def transcript(
        self, conv: str, *, audience: Audience, after: tuple[int, int] = (0, -1), limit: int = 500
    ) -> tuple[Message, ...]:
        """Messages after a position."""
        return self._store.read(
            lambda db: reads_sql.transcript(db, self.tenant, conv, audience=audience, after=after, limit=limit)
        )

    async def tail(
        self, conv: str, *, audience: Audience, limit: int, before: tuple[int, int] | None = None
    ) -> tuple[Message, ...]:
        """The last messages before a position."""
        return self._store.read(
            lambda db: reads_sql.tail(db, self.tenant, conv, audience=audience, limit=limit, before=before)
        )

    async def unread(self, conv: str) -> tuple[InboundEvent, ...]:
        """Messages that no commit has consumed."""
        return await self._store.write(lambda db: ledger_sql.unread(db, self.tenant, conv))

    async def message(self, message_id: str) -> Message | None:
        """One message by id."""
        return self._store.read(lambda db: ledger_sql.message_by_id(db, self.tenant, message_id))

    async def outcome(self, event_id: str) -> Commit | None:
        """The commit that consumed an event."""
        return self._store.read(lambda db: reads_sql.outcome(db, self.tenant, event_id))

    async def conversations(
        self, *, owners: Sequence[Owner] = (), limit: int = 200, before: datetime | None = None
    ) -> tuple[Head, ...]:
        """Heads, most recently updated first."""
        return await self._store.scan(
            lambda db: reads_sql.conversations(db, self.tenant, owners=owners, limit=limit, before=before)
        )

    async def next_delivery(self, conv: str, to: Destination, holder: str) -> Claimed | None:
        """Claim the oldest pending row of a line; what was settled with its commit comes before."""
        if to is Destination.CHANNEL and (ahead := self._store.ahead.pop((self.tenant, conv), None)):
            claimed = ahead.popleft()
            if ahead:
                self._store.ahead[self.tenant, conv] = ahead
            return claimed
        now, readers = self._store.clock(), self._store.readers()
        found = await self._store.write(
            lambda db: delivery_sql.next_delivery(db, self.tenant, conv, to, holder, readers=readers, now=now)
        )
        if self._store.observer is not None:
            self._tell(self._store.observer, conv, found)
        return found.rows[0] if found.rows else None

    def _tell(self, observer: StoreObserver, conv: str, taken: delivery_sql.Taken) -> None:
        for message_id in taken.drafted:
            observer.settled(self.tenant, conv, message_id, DeliveryState.DRAFT)
        for row in taken.rows:
            if row.is_settled:
                observer.settled(self.tenant, conv, row.told_id, DeliveryState.SENT)

    async def settle(
        self,
        claimed: Claimed,
        state: DeliveryState,
        *,
        vendor_ref: str | None = None,
        error: str | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        """Record the outcome of an attempt."""
        await self._store.write(
            lambda db: delivery_sql.settle(db, claimed, state, vendor_ref=vendor_ref, error=error, retry_at=retry_at)
        )
        if self._store.observer is not None:
            self._store.observer.settled(self.tenant, claimed.conv, claimed.told_id, state)

    async def record_receipt(self, receipt: Receipt) -> tuple[str, DeliveryState] | None:
        """Record what a vendor reports."""
        now = self._store.clock()
        moved = await self._store.write(lambda db: delivery_sql.record_receipt(db, self.tenant, receipt, now=now))
        if moved is not None and self._store.observer is not None:
            self._store.observer.settled(self.tenant, receipt.conv, *moved)
        return moved

    async def sent_message(self, conv: str, vendor_ref: str) -> str | None:
        """The message of a vendor's id."""
        return self._store.read(lambda db: delivery_sql.sent_message(db, self.tenant, conv, vendor_ref))

    async def counts(self) -> Mapping[str, int]:
        """Gauges of the tenant."""
        return await self._store.scan(lambda db: reads_sql.counts(db, self.tenant))

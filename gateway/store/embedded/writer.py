"""The one writer thread: takes whatever waits, writes it in one transaction, and tells everybody once it is durable.

Events that wait are inserted together, in as few statements as possible: each statement costs a hand-over of the
interpreter lock, which is what an accept mostly costs.  A job of several statements runs in a savepoint, so that one that
fails takes nothing of its neighbours with it; a single statement undoes itself, and is a transaction where it is alone.
Futures are resolved after COMMIT, in one call to the event loop.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice
from queue import SimpleQueue
from time import sleep
from typing import Any, NamedTuple, TypeVar, cast

from core.errors import StoreUnavailable
from gateway.store.embedded.unread import WritingConnection

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]
Rows = Sequence[tuple[Any, ...]]
Result = tuple["asyncio.Future[Any]", Any, BaseException | None]


class Job(NamedTuple):
    """Something to write: a piece of work, or rows to insert where their key is new.

    ``is_one``: the work is one statement.
    """

    future: asyncio.Future[Any]
    work: Work | None
    rows: Rows = ()
    is_one: bool = False


BATCH = 512
MOST_WAITING = 20_000
GATHER_S = 0.0005
"""Pause after a batch of several: those who come together are written together.  A commit costs about as much processor
time as three accepts, so a busy core gains more than the pause costs; a single writer never waits."""
UNAVAILABLE = "The store cannot be written right now. Nothing was saved; please try again shortly."


class Writer:
    """Runs jobs on ``connection``, which belongs to its thread from ``start`` to ``stop``.

    ``insert_rows`` inserts events and tells which were new; where ``is_one_statement`` says that so many are one statement,
    they need no transaction around them.  ``wrote`` hears how many jobs became durable together.
    """

    def __init__(
        self,
        connection: WritingConnection,
        insert_rows: Callable[[sqlite3.Connection, Rows], tuple[bool, ...]],
        is_one_statement: Callable[[int], bool],
        wrote: Callable[[int], None],
    ) -> None:
        self._connection = connection
        self._insert_rows = insert_rows
        self._is_one_statement = is_one_statement
        self._wrote = wrote
        self._jobs: deque[Job] = deque()
        # Not an Event, whose lock and condition are Python: ringing this takes some 5 µs less of the loop's time.
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._is_stopping = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Start the thread; call on the event loop that will wait for results."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Write what waits, then end; safe twice."""
        if self._thread is None:
            return
        self._is_stopping = True
        self._bell.put(None)
        thread, self._thread = self._thread, None
        await asyncio.to_thread(thread.join)

    async def run(self, work: Callable[[sqlite3.Connection], T], *, is_one: bool = False) -> T:
        """Run a job and return its result once it is durable; ``is_one``: it executes exactly one statement.

        Raises what the job raised, or ``StoreUnavailable`` with nothing written.
        """
        return cast(T, await self._put(work, (), is_one=is_one))

    async def insert(self, rows: Rows) -> tuple[bool, ...]:
        """Insert rows durably; False where the key is known.  ``StoreUnavailable`` with nothing written."""
        return cast("tuple[bool, ...]", await self._put(None, rows))

    def _put(self, work: Work | None, rows: Rows, *, is_one: bool = False) -> asyncio.Future[Any]:
        if self._thread is None or self._loop is None:
            raise StoreUnavailable("The store is closed.")
        if len(self._jobs) >= MOST_WAITING:
            raise StoreUnavailable("The store is overloaded. Nothing was saved; please try again shortly.")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._jobs.append(Job(future, work, rows, is_one))
        if self._bell.empty():
            self._bell.put(None)
        return future

    def _run(self) -> None:
        while True:
            self._bell.get()
            while self._jobs:
                batch = [self._jobs.popleft() for _ in range(min(BATCH, len(self._jobs)))]
                self._write(batch)
                if len(batch) > 1 and not self._is_stopping:
                    sleep(GATHER_S)
            if self._is_stopping and not self._jobs:
                return

    def _write(self, jobs: list[Job]) -> None:
        try:
            results = self._transaction(jobs)
        except Exception as error:
            self._roll_back()
            refused: Exception = error
            if isinstance(error, sqlite3.Error):
                refused = StoreUnavailable(UNAVAILABLE)
                refused.__cause__ = error
            results = [(job.future, None, refused) for job in jobs]
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            cast(asyncio.AbstractEventLoop, self._loop).call_soon_threadsafe(_resolve, results)
        self._wrote(len(results))

    def _transaction(self, jobs: list[Job]) -> list[Result]:
        if all(job.work is None for job in jobs) and self._is_one_statement(sum(len(job.rows) for job in jobs)):
            return self._inserted(jobs)
        if len(jobs) == 1 and jobs[0].is_one:
            return [self._worked(jobs[0])]
        self._connection.execute("begin immediate")
        results = self._inserted([job for job in jobs if job.work is None])
        results += [self._worked(job) for job in jobs if job.work is not None]
        self._connection.execute("commit")
        self._connection.after_commit()
        return results

    def _inserted(self, jobs: list[Job]) -> list[Result]:
        """All waiting rows at once; each job gets its own share of the answer."""
        if not jobs:
            return []
        flags = iter(self._insert_rows(self._connection, [row for job in jobs for row in job.rows]))
        return [(job.future, tuple(islice(flags, len(job.rows))), None) for job in jobs]

    def _worked(self, job: Job) -> Result:
        if job.is_one:
            return self._done(job)
        self._connection.execute("savepoint job")
        result = self._done(job)
        if result[2] is not None:
            self._connection.execute("rollback to job")
        self._connection.execute("release job")
        return result

    def _done(self, job: Job) -> Result:
        """What a job makes, or why it fails; a store that fails as a whole raises."""
        work = cast(Work, job.work)
        try:
            return (job.future, work(self._connection), None)
        except sqlite3.OperationalError:
            raise
        except Exception as error:
            return (job.future, None, error)

    def _roll_back(self) -> None:
        """Undo a batch; a connection that cannot even do that refuses the next batch as well, and says so."""
        self._connection.after_rollback()
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("rollback")


def _resolve(results: list[Result]) -> None:
    for future, value, error in results:
        if future.done():
            continue
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)

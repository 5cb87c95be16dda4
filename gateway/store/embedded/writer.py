"""The one writer thread: takes whatever waits, writes it in one transaction, and tells everybody once it is durable.

Each job runs in a savepoint, so that one that fails takes nothing of its neighbours with it.  Futures are resolved after
COMMIT, in one call to the event loop.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

from core.errors import StoreUnavailable

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]
Job = tuple[Work, "asyncio.Future[Any]", bool]

BATCH = 512
MOST_WAITING = 20_000
UNAVAILABLE = "The store cannot be written right now. Nothing was saved; please try again shortly."


class Writer:
    """Runs jobs on ``connection``, which belongs to its thread from ``start`` to ``stop``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._jobs: deque[Job] = deque()
        self._ready = threading.Event()
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
        self._ready.set()
        thread, self._thread = self._thread, None
        await asyncio.to_thread(thread.join)

    async def run(self, work: Callable[[sqlite3.Connection], T], *, can_fail: bool = True) -> T:
        """Run a job and return its result once it is durable.

        ``can_fail`` False saves the savepoint of jobs that only insert-or-ignore.  Raises what the job raised, or
        ``StoreUnavailable`` with nothing written.
        """
        if self._thread is None or self._loop is None:
            raise StoreUnavailable("The store is closed.")
        if len(self._jobs) >= MOST_WAITING:
            raise StoreUnavailable("The store is overloaded. Nothing was saved; please try again shortly.")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._jobs.append((work, future, can_fail))
        self._ready.set()
        return cast(T, await future)

    def _run(self) -> None:
        while True:
            self._ready.wait()
            self._ready.clear()
            while self._jobs:
                self._write([self._jobs.popleft() for _ in range(min(BATCH, len(self._jobs)))])
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
            results = [(future, None, refused) for _, future, _ in jobs]
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            cast(asyncio.AbstractEventLoop, self._loop).call_soon_threadsafe(_resolve, results)

    def _transaction(self, jobs: list[Job]) -> list[tuple[asyncio.Future[Any], Any, BaseException | None]]:
        connection = self._connection
        results: list[tuple[asyncio.Future[Any], Any, BaseException | None]] = []
        connection.execute("begin immediate")
        for work, future, can_fail in jobs:
            if not can_fail:
                results.append((future, work(connection), None))
                continue
            connection.execute("savepoint job")
            try:
                results.append((future, work(connection), None))
            except sqlite3.OperationalError:
                raise
            except Exception as error:
                connection.execute("rollback to job")
                results.append((future, None, error))
            connection.execute("release job")
        connection.execute("commit")
        return results

    def _roll_back(self) -> None:
        """Undo a batch; a connection that cannot even do that refuses the next batch as well, and says so."""
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("rollback")


def _resolve(results: list[tuple[asyncio.Future[Any], Any, BaseException | None]]) -> None:
    for future, value, error in results:
        if future.done():
            continue
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)

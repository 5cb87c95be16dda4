"""Moving what the write-ahead log holds into the database beside the writer, which otherwise stands still for as long.

SQLite's own checkpoint runs in the thread whose commit filled the log: 64 MB took the writer 50 to 60 ms, and everybody who
waited for an acknowledgement with it.  A passive one on another connection stops nobody; what is left of the log is then little
when the writer's own comes, which starts the log anew.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import Final

EVERY: Final = 2_000
"""Jobs of the writer from one checkpoint to the next, some 5 MB: fewer would write the same index pages again and again."""

CHECKPOINT: Final = "pragma wal_checkpoint(passive)"


class Checkpoints:
    """A thread with a connection of its own, from ``start`` to ``stop``; ``wrote`` is the writer's."""

    def __init__(self, connection: sqlite3.Connection, every: int = EVERY) -> None:
        self._connection = connection
        self._every = every
        self._since = 0
        self._bell: SimpleQueue[bool] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="store-checkpoints", daemon=True)
        self._thread.start()

    def wrote(self, jobs: int) -> None:
        """So many more are durable."""
        self._since += jobs
        if self._since >= self._every:
            self._since = 0
            self._bell.put(True)

    def stop(self) -> None:
        """End once the checkpoint at work is done; safe twice and before ``start``."""
        if self._thread is not None:
            self._bell.put(False)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while self._bell.get():
            with suppress(sqlite3.Error):  # a full disk, or another process at it: the writer's own comes in any case
                self._connection.execute(CHECKPOINT).fetchone()

"""One ``serve`` per data directory: an advisory lock that the kernel gives back when the process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from core.errors import StoreLocked


class ServeLock:
    """The lock file beside a database."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def take(self) -> None:
        """Hold the lock; ``StoreLocked`` names the process that has it."""
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            owner = file.read().strip() or "unknown"
            file.close()
            raise StoreLocked(
                f"{self._path.parent} is in use by another `frontdesk serve` (process {owner}). Stop it, or use another data_dir."
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give it back; safe twice."""
        if self._file is not None:
            self._file.close()
            self._file = None

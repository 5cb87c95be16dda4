"""Two syncs of one tenant never run at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import SyncRunning
from core.filelock import FileLock


@contextmanager
def sync_lease(path: Path) -> Iterator[None]:
    """Hold a tenant's lease; ``SyncRunning`` when another sync has it."""
    lock = FileLock(path)
    holder = lock.take()
    if holder is not None:
        raise SyncRunning(f"another sync of this knowledge is running (process {holder})")
    try:
        yield
    finally:
        lock.release()

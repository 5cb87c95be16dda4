"""Two syncs of one tenant never run at once: the lease of one machine, which the kernel gives back however its holder ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import SyncRunning
from core.filelock import FileLock
from core.ports.knowledge_store import SyncLease
from kb_sync.job import SyncJob

LOCK = "sync.lock"


@dataclass(frozen=True, slots=True)
class FileLease:
    """core.ports.knowledge_store.SyncLease for processes that share a disk; it is not lost while its holder lives."""

    path: Path

    @property
    def fence(self) -> int | None:
        """None is needed."""
        return None

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold it; ``SyncRunning`` when another sync has it."""
        lock = FileLock(self.path)
        holder = lock.take()
        if holder is not None:
            raise SyncRunning(f"another sync of this knowledge is running (process {holder})")
        try:
            yield
        finally:
            lock.release()

    def check(self) -> None:
        """It is ours as long as this process lives."""

    def is_held(self) -> bool:
        """Whether any process holds it right now."""
        if not self.path.exists():
            return False
        lock = FileLock(self.path)
        holder = lock.take()
        lock.release()
        return holder is not None


def lease_of(job: SyncJob) -> SyncLease:
    """The lease of the job's tenant."""
    return job.lease or FileLease(job.root / LOCK)

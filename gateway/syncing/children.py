"""A sync as a child process.

Why a process and not a thread: parsing, chunking and embedding are minutes of pure Python that would share the interpreter lock
with every customer's answer, take memory that the serving process never gives back, and could bring it down with a broken PDF.
A child runs at a lower priority, gives everything back at its end, and is the very command a person would type, so there is one
way in which a sync goes.  It may be killed at any moment: what it committed stays, the live index answers, the next run goes on.
What came of it is read from the store; of the process only its end is known.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NICENESS: Final = 10
"""Half of what there is: a busy machine gives the child about a tenth of a processor, an idle one all it wants."""

LONGEST_S: Final = 12 * 3600.0
"""A first sync of a million documents takes hours; what takes longer hangs."""

END_S: Final = 5.0
SAID_LINES: Final = 5
SAID_CHARS: Final = 300
LINE_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOrder:
    """What shall be synced: ``sources`` empty means all of the tenant's.

    ``back_to`` names a former release: nothing is read then, it is only made live again.
    """

    tenant: str
    sources: tuple[str, ...] = ()
    is_full: bool = False
    is_agreed: bool = False
    """Whether somebody said yes to many documents being removed."""
    back_to: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: ``code`` is negative when a signal ended it; ``said`` are its last words."""

    code: int
    said: str


@dataclass(frozen=True, slots=True)
class SyncCommand:
    """How to start a sync: ``program`` before the arguments, ``config`` the file to read; asked to end it has ``end_s``."""

    config: Path
    program: tuple[str, ...] = (sys.executable, "-m", "gateway")
    end_s: float = END_S

    def line(self, order: SyncOrder) -> tuple[str, ...]:
        """The command line."""
        where = ("--tenant", order.tenant, "--config", str(self.config))
        if order.back_to is not None:
            return (*self.program, "kb", "rollback", order.back_to, *where)
        flags = [flag for flag, is_set in (("--full", order.is_full), ("--yes", order.is_agreed)) if is_set]
        return (*self.program, "sync", *order.sources, *where, *flags)

    async def run(self, order: SyncOrder) -> Ended:
        """Run it to its end; when the caller is cancelled the child is ended first."""
        child = await asyncio.create_subprocess_exec(
            *self.line(order),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            limit=LINE_BYTES,
        )
        with suppress(ProcessLookupError, PermissionError):
            os.setpriority(os.PRIO_PROCESS, child.pid, NICENESS)
        try:
            async with asyncio.timeout(LONGEST_S):
                said = await _last_words(child)
                return Ended(await child.wait(), said)
        except TimeoutError:
            await _end(child, self.end_s)
            return Ended(-signal.SIGKILL, f"it took longer than {LONGEST_S / 3600:.0f} hours")
        except asyncio.CancelledError:
            await _end(child, self.end_s)
            raise


async def _last_words(child: asyncio.subprocess.Process) -> str:
    assert child.stderr is not None
    kept: deque[str] = deque(maxlen=SAID_LINES)
    while chunk := await child.stderr.read(LINE_BYTES):
        kept.extend(line for line in chunk.decode(errors="replace").splitlines() if line.strip())
    return _shortened(kept)


def _shortened(lines: Sequence[str]) -> str:
    return " / ".join(line.strip() for line in lines)[-SAID_CHARS:]


async def _end(child: asyncio.subprocess.Process, limit_s: float) -> None:
    """Ask it to end, then make it."""
    with suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(limit_s):
            await child.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()

"""Reads an event stream under three deadlines; what the server sends to keep a connection warm extends none of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from core.providers.models.errors import AttemptFailed, Code, transport_errors

LONGEST_LINE: Final = 1_000_000
LAST_WORDS_S: Final = 0.5
"""How long to listen, after a model has finished, for its token counts and the end of the stream."""

DONE: Final = b"[DONE]"


@dataclass(slots=True)
class Deadlines:
    """Moments of the loop's clock: ``first_at`` until something came, then ``idle_s`` after that, never after ``total_at``."""

    first_at: float
    idle_s: float
    total_at: float
    alive_at: float | None = None

    def pause(self, seconds: float) -> None:
        """Nobody listened for a while: that is not the model's time."""
        self.total_at += seconds
        if self.alive_at is not None:
            self.alive_at += seconds

    def limit(self) -> tuple[float, Code]:
        """The next deadline, and what it is called when it passes."""
        at, code = self.first_at, Code.TIMEOUT_FIRST
        if self.alive_at is not None:
            at, code = self.alive_at + self.idle_s, Code.TIMEOUT_IDLE
        return (self.total_at, Code.TIMEOUT_TOTAL) if self.total_at < at else (at, code)


class Watch:
    """Ends reads that last too long, as ``asyncio.timeout_at`` does, with one timer for a whole stream.

    Deadlines move on with every token.  The timer does not: when it goes off too early, it is set anew.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[object] | None = None
        self._until = 0.0
        self._is_late = False

    async def read(self, pieces: AsyncIterator[bytes], until: float) -> bytes | None:
        """The next piece, None at the end; ``TimeoutError`` when it does not come until that time of the loop's clock."""
        task = asyncio.current_task()
        assert task is not None
        self._task, self._until, self._is_late, cancelled = task, until, False, task.cancelling()
        if self._timer is None or self._timer.when() > until:
            self._set()
        try:
            return await anext(pieces, None)
        except asyncio.CancelledError:
            if not self._is_late or task.uncancel() > cancelled:
                raise
        finally:
            self._task = None
        raise TimeoutError

    def _set(self) -> None:
        self.close()
        self._timer = self._loop.call_at(self._until, self._gone_off)

    def _gone_off(self) -> None:
        self._timer = None
        if self._task is None:
            return
        if self._loop.time() < self._until:
            self._set()
            return
        self._is_late = True
        self._task.cancel()

    def close(self) -> None:
        """Watch no more; safe twice."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Events:
    """The ``data:`` lines of a stream, as they arrive."""

    def __init__(self, pieces: AsyncIterator[bytes], deadlines: Deadlines, *, now: Callable[[], float]) -> None:
        self._pieces = pieces
        self._deadlines = deadlines
        self._now = now
        self._rest = b""
        self._watch = Watch()
        self._errors = transport_errors()

    async def next(self, *, is_over: bool) -> list[bytes] | None:
        """The data of the lines that came in one read, maybe none; None at the end.  Raises ``AttemptFailed``.

        ``is_over``: the model has finished, so a silence is an end and no failure.
        """
        at, code = self._deadlines.limit()
        if is_over:
            at = min(at, self._now() + LAST_WORDS_S)
        failed: AttemptFailed
        try:
            piece = await self._watch.read(self._pieces, at)
            # The end also ends a last line that has no end of its own.
            return self._lines(piece) if piece is not None else self._lines(b"\n") if self._rest else None
        except TimeoutError:
            failed = AttemptFailed(code)
        except self._errors:
            failed = AttemptFailed(Code.CUT)
        if is_over:
            return None
        raise failed

    def _lines(self, piece: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise AttemptFailed(Code.MALFORMED)
        return [line[5:].strip() for line in lines if line.startswith(b"data:")]

    async def close(self) -> None:
        """Leave no generator half read for the garbage collector to close later."""
        self._watch.close()
        if isinstance(self._pieces, AsyncGenerator):
            with suppress(*self._errors):
                await self._pieces.aclose()

    async def drain(self) -> None:
        """Read to the end of the body, so that the connection can be used again; not for long, and whatever happens."""
        try:
            async with asyncio.timeout(LAST_WORDS_S / 5):
                while await anext(self._pieces, None) is not None:
                    pass
        except TimeoutError:
            return
        except self._errors:
            return

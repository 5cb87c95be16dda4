"""The tape of a turn: what its journal holds, kept in the trace too, so that the turn can be run again from its trace alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from core.ending import ended
from core.ports.engine import Journal

EVIDENCE: Final = "evidence"
"""The passages a model may cite; the trace holds them as the step ``retrieve`` anyway."""

CACHED: Final = "cached"
"""An answer that was given again, as it was given."""


class Taped:
    """A journal whose records, made or found, are also kept on ``tape``.

    A durable write takes milliseconds.  ``record_soon`` lets the turn go on meanwhile: what is recorded so is durable before the
    next step is recorded and before the turn ends, so nothing that lasts ever rests on something that was lost.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._soon: list[asyncio.Task[None]] = []
        self.tape: dict[str, Mapping[str, Any]] = {}

    async def record(self, step: str, body: Mapping[str, Any]) -> None:
        """Durable first."""
        await self.settled()
        await self._journal.record(step, body)
        self._keep(step, body)

    def record_soon(self, step: str, body: Mapping[str, Any]) -> None:
        """Begin to record a step."""
        self._keep(step, body)
        self._soon.append(asyncio.create_task(self._journal.record(step, body), name=f"record {step}"))

    async def settled(self) -> None:
        """Wait until all of it is durable; raises what went wrong, each time it is asked."""
        if not self._soon:
            return
        # Not awaited one by one: who is cancelled here must not take a write with it.
        await asyncio.wait(self._soon)
        for task in self._soon:
            task.result()
        self._soon = [task for task in self._soon if not task.done()]

    async def close(self) -> None:
        """The turn is over, one way or another: leave nothing running."""
        await ended(*self._soon)

    async def recorded(self, step: str) -> Mapping[str, Any] | None:
        """What an earlier attempt recorded."""
        body = await self._journal.recorded(step)
        if body is not None:
            self._keep(step, body)
        return body

    def _keep(self, step: str, body: Mapping[str, Any]) -> None:
        """What is found stands, also over what this attempt meant to record."""
        if step != EVIDENCE:
            self.tape[step] = body


class Played:
    """A journal that holds a tape and takes no more: what runs under it finds everything as it was.

    ``without`` names beginnings of steps that shall be made anew ("model.").
    """

    def __init__(self, tape: Mapping[str, Mapping[str, Any]], *, without: tuple[str, ...] = ()) -> None:
        self._tape = {step: body for step, body in tape.items() if not step.startswith(without or ("\0",))}

    async def record(self, step: str, body: Mapping[str, Any]) -> None:
        """Kept for this run only."""
        self._tape.setdefault(step, body)

    async def recorded(self, step: str) -> Mapping[str, Any] | None:
        """As it was."""
        return self._tape.get(step)

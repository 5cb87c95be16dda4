"""The tape of a turn: what its journal holds, kept in the trace too, so that the turn can be run again from its trace alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.ports.engine import Journal

EVIDENCE: Final = "evidence"
"""The passages a model may cite; the trace holds them as the step ``retrieve`` anyway."""

CACHED: Final = "cached"
"""An answer that was given again, as it was given."""


class Taped:
    """A journal whose records, made or found, are also kept on ``tape``."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.tape: dict[str, Mapping[str, Any]] = {}

    async def record(self, step: str, body: Mapping[str, Any]) -> None:
        """Durable first."""
        await self._journal.record(step, body)
        self._keep(step, body)

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

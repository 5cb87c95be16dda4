"""A helpdesk whose answers can get lost on the way to the bridge, at a chosen step: the vendor did it, and we do not know."""

from __future__ import annotations

from collections import Counter
from typing import Any

from core.errors import OutcomeUnknown
from core.ports.helpdesk import CaseChange, CaseDraft, DeskFeatures, EntryDraft, Helpdesk

STEPS = ("find", "create", "add", "change")


class Tripping:
    """The helpdesk itself, until told to lose something.  What is not named here goes straight through."""

    def __init__(self, helpdesk: Helpdesk) -> None:
        self.kind = helpdesk.kind
        self.features: DeskFeatures = helpdesk.features
        self.helpdesk = helpdesk
        self.losing: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.helpdesk, name)

    def lose(self, step: str, *, after: int = 0) -> None:
        """Lose the answer of the next call of this step, or of the one ``after`` that many."""
        self.losing[step] = after + 1

    def _answered(self, step: str) -> None:
        if self.losing[step]:
            self.losing[step] -= 1
            if not self.losing[step]:
                raise OutcomeUnknown("The answer was lost.")

    async def find(self, key: str) -> str | None:
        found = await self.helpdesk.find(key)
        self._answered("find")
        return found

    async def create(self, draft: CaseDraft) -> str:
        ref = await self.helpdesk.create(draft)
        self._answered("create")
        return ref

    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        entry = await self.helpdesk.add(ref, draft, again=again)
        self._answered("add")
        return entry

    async def change(self, ref: str, change: CaseChange) -> None:
        await self.helpdesk.change(ref, change)
        self._answered("change")

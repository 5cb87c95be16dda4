"""The part of ``frontdesk doctor`` that looks at knowledge: how fresh each source is, and whether anything reads it again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

from core.ports.channel import Finding, Level
from core.ports.knowledge_store import KnowledgeStore
from gateway.syncing.plans import TenantPlan
from gateway.syncing.standing import Standing, standings

KNOWLEDGE: Final = "knowledge"
DUE: Final = "%Y-%m-%d %H:%M UTC"
BY_HAND: Final = "Give it a `schedule` (docs/knowledge-schedule.md), or run `frontdesk sync` from a timer of yours."


class KnowledgeExamination:
    """A tenant's sources, looked at in the store; no vendor is asked."""

    def __init__(self, store: KnowledgeStore, plan: TenantPlan, *, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._plan = plan
        self._clock = clock

    async def examine(self) -> tuple[Finding, ...]:
        """One finding for each source."""
        found = await asyncio.to_thread(standings, self._store, self._plan, self._clock())
        return tuple(finding(each) for each in found)


def finding(each: Standing) -> Finding:
    """What is to be said of one source: a failure when it is stale, a warning when its last sync did not go through."""
    run, next_run = each.run, "" if each.next_at is None else f" Next run: {each.next_at.strftime(DUE)}."
    if run is None or each.age_s is None:
        why = "" if run is None or run.error is None else f" ({run.error})"
        return Finding(
            check=each.source,
            level=Level.WARNING,
            what=f"It was never read to its end{why}.{next_run}",
            mend=f"Run `frontdesk sync {each.source}`.",
        )
    documents = "1 document" if each.documents == 1 else f"{each.documents} documents"
    what = f"Read {_ago(each.age_s)} ago, {documents}.{next_run}"
    mend = f"Run `frontdesk sync {each.source}` and see what it says."
    trouble = "" if run.error is None else f" The last sync: {run.error}."
    if each.is_stale:
        limit = _ago(each.objective_s or 0)
        what = f"It is stale: read {_ago(each.age_s)} ago, {limit} is allowed.{trouble}{next_run}"
        return Finding(check=each.source, level=Level.FAILURE, what=what, mend=mend)
    if trouble:
        return Finding(check=each.source, level=Level.WARNING, what=what + trouble, mend=mend)
    return Finding(check=each.source, level=Level.OK, what=what, mend=BY_HAND if each.next_at is None else "")


def _ago(seconds: float) -> str:
    """Rounded as people say it."""
    for size, word in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {word}"
    return f"{seconds:.0f} seconds"

"""Step 10, guard: no sentence reaches the contact unless what it states stands in what it cites.  Pure.

It does not trust where a sentence comes from: quotes pass by construction and are checked like any other.  What it proves per
sentence: its citations are passages of this turn, and every number, date, price, address and link in it occurs in them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from core.guard.facts import literal_facts
from core.guard.findings import Finding
from core.ports.knowledge import Chunk, Passage
from core.steps.answer import Run
from core.steps.units import Unit

__all__ = ["Finding", "Guarded", "check", "evidence_of", "guard"]

_MARK = re.compile(r"(?<!\\)\[(\d{1,2})\]")


def evidence_of(chunk: Chunk) -> str:
    """All that a citation of this chunk may be held against."""
    return "\n".join((chunk.title, chunk.heading, chunk.text))


def check(sentence: str, evidence: Mapping[int, str], *, cites: Sequence[int] = ()) -> tuple[Finding, ...]:
    """What is wrong with a sentence of Markdown; empty when it may be said.

    ``evidence`` maps citation numbers of this turn to their text; ``cites`` are the sentence's citations beside its marks.
    """
    marks = [int(number) for number in _MARK.findall(sentence)] + list(cites)
    findings = [Finding("unknown_citation", f"[{number}]") for number in marks if number not in evidence]
    known = [number for number in marks if number in evidence]
    if not known:
        return (*findings, Finding("no_citation", ""))
    said = literal_facts(_MARK.sub(" ", sentence))
    shown = frozenset().union(*(_shown_facts(evidence[number]) for number in known)) if said else frozenset()
    findings += [Finding(f"unsupported_{kind}", fact) for kind, fact in sorted(said - shown)]
    return tuple(findings)


@lru_cache(maxsize=64)
def _shown_facts(evidence: str) -> frozenset[tuple[str, str]]:
    """The facts of a passage; the sentences of a turn ask for them again and again."""
    return literal_facts(evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """Which quotes passed, and what was held back: (the sentence's beginning, why)."""

    runs: tuple[Run, ...]
    held_back: tuple[tuple[str, tuple[Finding, ...]], ...]


def guard(runs: Sequence[Run], passages: Sequence[Passage]) -> Guarded:
    """Check every unit of every quote against its own passage; a unit that fails is left out."""
    evidence = {n: evidence_of(passages[n].chunk) for n in {run.passage for run in runs} if n < len(passages)}
    kept: list[Run] = []
    held: list[tuple[str, tuple[Finding, ...]]] = []
    for run in runs:
        passed: list[Unit] = []
        for unit in run.units:
            found = check(unit.markdown, evidence, cites=(run.passage,))
            if found:
                held.append((unit.text[:80], found))
            else:
                passed.append(unit)
        if passed:
            kept.append(replace(run, units=tuple(passed)))
    return Guarded(runs=tuple(kept), held_back=tuple(held))

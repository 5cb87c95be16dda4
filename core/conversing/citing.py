"""The citations of a written reply: for every mark the words of its source that carry what was said.  Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from core.domain import Citation
from core.ports.knowledge import Passage
from core.steps.answer import MAX_QUOTE_CHARS, quoted
from core.steps.units import units
from core.words import sentences, stems

_MARK = re.compile(r"(?<!\\)\[(\d{1,2})\]")
_AFTER = re.compile(r"([.!?…])\s*((?:\[\d{1,2}\])+)")


def cited(words: str, marks: Mapping[int, int], passages: Sequence[Passage], *, language: str) -> tuple[Citation, ...]:
    """One citation per mark in ``words``; ``marks`` maps our number to the passage's (from 1)."""
    return tuple(
        _citation(number, marks[number], words, passages, language)
        for number in sorted({int(found) for found in _MARK.findall(words)})
        if 0 < marks.get(number, 0) <= len(passages)
    )


def _ahead(words: str) -> str:
    """Marks stand before the full stop here, so that a sentence and its marks are one."""
    return _AFTER.sub(r" \2\1", words)


def _citation(number: int, source: int, words: str, passages: Sequence[Passage], language: str) -> Citation:
    chunk = passages[source - 1].chunk
    claim = next((sentence for sentence in sentences(_ahead(words)) if f"[{number}]" in sentence), words)
    wanted = frozenset(stems(_MARK.sub(" ", claim), language))
    best = max(units(chunk.text), key=lambda unit: len(wanted & frozenset(stems(unit.text, language))), default=None)
    start, end = (best.start, best.end) if best is not None else (0, len(chunk.text))
    return quoted(number, chunk, start, min(end, start + MAX_QUOTE_CHARS))

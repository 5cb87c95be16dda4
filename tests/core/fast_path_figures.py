"""How often the fast path fires on the retrieval suites, and how often the document it quotes is a relevant one.

``python -m tests.core.fast_path_figures`` prints a line for each suite; tests/core/test_fast_path.py holds the floor.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from core import ids
from core.ports.knowledge import Chunk, Document, SearchQuery
from core.providers.embedded import EmbeddedEngine, EmbeddedIndex
from core.steps.fast_path import FastPath, FastPathSettings, fast_path
from core.steps.retrieve import Found, judged
from kb_sync.chunking import chunk
from tests.core.world import ranked

SUITES = ("golden_dev", "wixqa", "techqa", "tau_knowledge_banking")
DATA = Path(os.environ.get("FRONTDESK_SHARED", "../shared")) / "data"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question of a suite with what the search gave for it."""

    question: str
    is_alone: bool
    relevant: tuple[str, ...]
    found: Found

    @property
    def is_right(self) -> bool:
        """Whether the best document is one that answers."""
        return self.found.result.passages[0].chunk.external_id in self.relevant


def cases(folder: Path) -> list[Case]:
    """Every question of a suite, asked of a real index of its documents."""
    rows = [json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    with TemporaryDirectory() as place:
        index = _index(Path(place) / "g1", folder / "documents.jsonl")
        made = [_case(row, index) for row in rows]
        index.close()
    return made


def _case(row: dict[str, object], index: EmbeddedIndex) -> Case:
    text, relevant = str(row["question"]), row["relevant"]
    assert isinstance(relevant, list)
    found = judged(ranked(index, SearchQuery(text=text, language="en")))
    return Case(question=text, is_alone=not row.get("history"), relevant=tuple(map(str, relevant)), found=found)


def _index(folder: Path, documents: Path) -> EmbeddedIndex:
    engine = EmbeddedEngine()
    engine.build(folder, "g1", _chunks(documents))
    return engine.open(folder, "g1")


def _chunks(documents: Path) -> Iterator[Chunk]:
    with documents.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield from chunk(_document(row), tokens=500, overlap=60)


def _document(row: dict[str, str]) -> Document:
    return Document(
        id=ids.document_id("t", "s", row["id"]),
        tenant="t",
        source="s",
        external_id=row["id"],
        title=row["title"],
        url=row.get("url"),
        body=row["text"],
        hash="",
        language="en",
        audience="public",
        category="",
        updated_at=None,
        synced_at=NOW,
    )


def taken(asked: list[Case], settings: FastPathSettings | None = None) -> list[tuple[Case, FastPath]]:
    """The questions that would skip the model."""
    decided = (
        (
            case,
            fast_path(case.question, case.found, settings or FastPathSettings(), language="en", is_alone=case.is_alone),
        )
        for case in asked
    )
    return [(case, path) for case, path in decided if path.is_taken]


def main() -> None:
    """Print the figures."""
    for name in sys.argv[1:] or SUITES:
        asked = cases(DATA / name)
        fired = taken(asked)
        right = sum(case.is_right for case, _ in fired)
        print(f"{name}: {len(fired)} of {len(asked)} questions skip the model, {right} on a relevant document")


if __name__ == "__main__":
    main()

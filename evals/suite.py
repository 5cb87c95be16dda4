"""Retrieval suites on disk: documents, questions, and what a run writes for the scorer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DECISIONS = {"answer": "answer", "clarify": "clarify", "hand_over": "handoff"}
"""Our verdicts in the words of the suites; ``propose`` is an answer where it quotes something, else "I don't know"."""

SMALLTALK = "smalltalk"
"""The kind of a question that needs no search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One item of ``questions.jsonl``; ``history`` is (role, text) pairs before it.

    ``kind`` is answerable, partial, unanswerable, underspecified or smalltalk.
    """

    id: str
    text: str
    history: tuple[tuple[str, str], ...]
    relevant: tuple[str, ...]
    is_answerable: bool
    reference: str
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A folder with ``documents.jsonl`` and ``questions.jsonl``."""

    name: str
    folder: Path
    questions: tuple[Question, ...]

    @property
    def documents(self) -> Path:
        """The suite's documents, one JSON object a line."""
        return self.folder / "documents.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What the engine made of one question; the fields are the scorer's."""

    id: str
    ranked: tuple[str, ...]
    decision: str
    confidence: float
    answer: str
    citations: tuple[str, ...]
    latency_ms: float


def load(folder: Path) -> Suite:
    """Read a suite; ``FileNotFoundError`` names what is missing."""
    suite = Suite(name=folder.name, folder=folder, questions=read_questions(folder / "questions.jsonl"))
    if not suite.documents.exists():
        raise FileNotFoundError(f"{suite.documents} is missing")
    return suite


def read_questions(path: Path) -> tuple[Question, ...]:
    """The questions of a file, one JSON object a line."""
    return tuple(_question(json.loads(line)) for line in _lines(path))


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _question(row: dict[str, Any]) -> Question:
    return Question(
        id=row["id"],
        text=row["question"],
        history=tuple((turn["role"], turn["text"]) for turn in row.get("history", ())),
        relevant=tuple(row["relevant"]),
        is_answerable=bool(row["answerable"]),
        reference=row.get("reference") or "",
        kind=row.get("kind") or ("answerable" if row["answerable"] else "unanswerable"),
    )


def write(path: Path, predictions: Sequence[Prediction]) -> None:
    """Write predictions as JSON lines."""
    with path.open("w", encoding="utf-8") as file:
        for item in predictions:
            row = {name: getattr(item, name) for name in Prediction.__dataclass_fields__}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")

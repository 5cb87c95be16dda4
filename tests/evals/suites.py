"""Small suites on disk, made for the tests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

DOCUMENTS = [
    ("returns", "Returning goods", "You may return unused goods within 30 days of delivery. Opened packets cannot be returned."),
    ("delivery", "Delivery costs", "Standard delivery to Germany costs 6.90 euros and takes three to six working days."),
    ("warranty", "Warranty", "The irrigation controller has a warranty of three years from the day of purchase."),
    ("hours", "Opening hours", "The store in Bristol is open from Monday to Friday, from nine to half past six."),
    ("gift-cards", "Gift cards", "Gift cards are valid for three years and cannot be paid out or extended."),
]  # fmt: skip


def question(id: str, text: str, *relevant: str, kind: str = "", **more: Any) -> dict[str, Any]:
    given = kind or ("answerable" if relevant else "unanswerable")
    is_answerable = given in ("answerable", "partial")
    return {"id": id, "question": text, "relevant": list(relevant), "answerable": is_answerable, "kind": given, **more}


QUESTIONS = [
    question("q1", "What does delivery to Germany cost?", "delivery", reference="6.90 euros"),
    question("q2", "How long is the warranty of the controller?", "warranty", reference="Three years."),
    question("q3", "I want to talk to a person"),
    question(
        "q4",
        "and can they be extended?",
        "gift-cards",
        history=[
            {"role": "contact", "text": "How long are gift cards valid?"},
            {"role": "bot", "text": "Three years."},
        ],
    ),
]


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def read_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def retrieval_suite(folder: Path, questions: Iterable[Mapping[str, Any]] = QUESTIONS) -> Path:
    write_rows(folder / "questions.jsonl", questions)
    write_rows(folder / "documents.jsonl", ({"id": id, "title": title, "text": text} for id, title, text in DOCUMENTS))
    return about(folder, "retrieval")


def items_suite(folder: Path, kind: str, items: Iterable[Mapping[str, Any]]) -> Path:
    write_rows(folder / ("test.jsonl" if kind == "intents" else "items.jsonl"), items)
    if kind == "intents":
        write_rows(folder / "train.jsonl", ())
    return about(folder, kind)


def about(folder: Path, kind: str) -> Path:
    (folder / "suite.yaml").write_text(f"name: {folder.name}\nkind: {kind}\nsplit: dev\n")
    return folder

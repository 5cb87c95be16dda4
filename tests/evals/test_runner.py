"""The runner asks a real server and reads what it thought."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from evals.over_http import ask_all, report, settings
from evals.suite import load, write
from tests.nursery import QuickServed

DOCUMENTS = [
    (
        "returns",
        "Returning goods",
        "You may return unused goods within 30 days of delivery. Opened packets cannot be returned.",
    ),
    (
        "delivery",
        "Delivery costs",
        "Standard delivery to Germany costs 6.90 euros and takes three to six working days.",
    ),
    ("warranty", "Warranty", "The irrigation controller has a warranty of three years from the day of purchase."),
    ("hours", "Opening hours", "The store in Bristol is open from Monday to Friday, from nine to half past six."),
    ("gift-cards", "Gift cards", "Gift cards are valid for three years and cannot be paid out or extended."),
]


def _suite(folder: Path) -> Path:
    folder.mkdir()
    lines = [json.dumps({"id": id, "title": title, "text": text}) for id, title, text in DOCUMENTS]
    (folder / "documents.jsonl").write_text("\n".join(lines))
    asked = [
        {"id": "q1", "question": "What does delivery to Germany cost?", "relevant": ["delivery"], "answerable": True},
        {
            "id": "q2",
            "question": "How long is the warranty of the controller?",
            "relevant": ["warranty"],
            "answerable": True,
        },
        {"id": "q3", "question": "I want to talk to a person", "relevant": [], "answerable": False},
    ]
    (folder / "questions.jsonl").write_text("\n".join(json.dumps(row) for row in asked))
    return folder


def test_a_suite_is_asked_over_http_and_written_for_the_scorer(tmp_path: Path) -> None:
    suite = load(_suite(tmp_path / "tiny"))
    password = "of-no-worth-at-all"
    served = QuickServed(tmp_path / "serve", settings([suite], password))
    synced = served.command("sync")
    assert synced.returncode == 0, synced.stderr
    served.start()
    try:
        asked = ask_all(served, [suite], password)["tiny"]
    finally:
        assert served.stop() == 0
    predictions = {a.prediction.id: a.prediction for a in asked}
    assert predictions["q1"].ranked[0] == "delivery"
    assert predictions["q1"].citations[0] == "delivery"
    assert predictions["q2"].decision == "answer"
    assert "three years" in predictions["q2"].answer
    assert predictions["q3"].decision == "handoff"
    assert all(a.unresolved_citations == 0 for a in asked)
    assert all(a.first_token_s is not None for a in asked if a.is_answered)
    write(tmp_path / "out.jsonl", [a.prediction for a in asked])
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert set(rows[0]) >= {"id", "ranked", "decision", "confidence", "answer", "citations"}
    # How fast it was is the evaluation's to judge on a quiet machine, not a test's.
    bounds = {name: is_met for name, _, _, is_met in report(suite, asked) if "first token" not in name}
    assert len(bounds) == 2 and all(bounds.values())
    broken = [replace(a, unresolved_citations=1, prediction=replace(a.prediction, citations=())) for a in asked]
    assert not any(is_met for name, _, _, is_met in report(suite, broken) if "first token" not in name)

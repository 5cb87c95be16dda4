"""Suites and gates on disk: what is wrong is told with its place, what is odd is counted and named."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.gates import SHIPPED, check, read_gates
from evals.intervals import Metric
from evals.opened import OtherKind, SuiteProblem, opened
from evals.running import doubts, read_predictions
from tests.evals.suites import QUESTIONS, about, items_suite, question, retrieval_suite, write_rows

GOOD = {"id": "q", "question": "?", "relevant": [], "answerable": False}

BROKEN = [
    ('{"id": "a"', "questions.jsonl:1: not JSON"),
    ("[1]", "questions.jsonl:1: an object is expected"),
    ('{"id": "a", "question": "?"}', "questions.jsonl:1: `relevant`, `answerable` missing"),
    ('{"id": 7, "question": "?", "relevant": [], "answerable": true}', "questions.jsonl:1: `id` must be a text"),
    (
        '{"id": "a", "question": "?", "relevant": [], "answerable": true, "kind": "maybe"}',
        "questions.jsonl:1: `kind` is 'maybe'",
    ),
    (
        '{"id": "a", "question": "?", "relevant": [], "answerable": true, "history": [{"role": "user", "text": "x"}]}',
        "questions.jsonl:1: a turn of `history`",
    ),
    ("", "there are no items"),
]


@pytest.mark.parametrize(("line", "said"), BROKEN, ids=[said for _, said in BROKEN])
def test_a_broken_line_is_told_with_its_place(line: str, said: str, tmp_path: Path) -> None:
    folder = retrieval_suite(tmp_path / "suite")
    (folder / "questions.jsonl").write_text(line + "\n")
    with pytest.raises(SuiteProblem) as problem:
        opened(folder)
    assert said in str(problem.value)


def test_missing_folders_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(SuiteProblem, match="nowhere: there is no such folder or file"):
        opened(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SuiteProblem, match=r"suite\.yaml is missing"):
        opened(tmp_path / "empty")
    (tmp_path / "intents").mkdir()
    folder = about(tmp_path / "intents", "intents")
    with pytest.raises(SuiteProblem, match=r"test\.jsonl is missing"):
        opened(folder)
    write_rows(folder / "test.jsonl", [{"id": "i", "text": "t", "intent": None}])
    with pytest.raises(SuiteProblem, match=r"train\.jsonl is missing"):
        opened(folder)
    (folder / "suite.yaml").write_text("kind: [")
    with pytest.raises(SuiteProblem, match="not YAML"):
        opened(folder)
    (folder / "suite.yaml").write_text("name: without")
    with pytest.raises(SuiteProblem, match="`kind` is missing"):
        opened(folder)


def test_kinds_of_others_are_told_apart_from_mistakes(tmp_path: Path) -> None:
    (tmp_path / "webhooks").mkdir()
    with pytest.raises(OtherKind, match="webhooks"):
        opened(about(tmp_path / "webhooks", "webhooks"))


def test_unknown_and_repeated_ids_are_counted_and_named(tmp_path: Path) -> None:
    questions = [
        *QUESTIONS,
        question("q5", "?", "no-such-page", "returns"),
        QUESTIONS[0],
        question("q6", "?", kind="answerable"),
    ]
    suite = opened(retrieval_suite(tmp_path / "suite", questions))
    assert suite.doubts == (
        "1 id given twice, one prediction stands for both: q1",
        "1 relevant id of no document: no-such-page (q5)",
        "1 answerable question without a relevant document: q6",
    )


def test_predictions_of_unknown_items_are_counted_and_named(tmp_path: Path) -> None:
    suite = opened(
        items_suite(tmp_path / "s", "sentiment", [{"id": f"s{n}", "text": f"t{n}", "score": 1} for n in range(8)])
    )
    rows = [
        {"id": "s0", "label": "neutral"},
        {"id": "x1"},
        {"id": "x2"},
        {"text": "t1", "label": "positive"},
        {"text": "?"},
    ]
    ran = read_predictions(suite, write_rows(tmp_path / "p.jsonl", rows))
    assert set(ran.predictions) == {"s0", "s1"}
    assert doubts(suite, ran) == (
        "3 predictions of items that the suite does not have: x1, x2, line 5",
        "6 items without a prediction, counted as wrong: s2, s3, s4, s5, s6 and 1 more",
    )


def test_a_single_file_of_questions_is_a_suite_without_documents(tmp_path: Path) -> None:
    suite = opened(write_rows(tmp_path / "mine.jsonl", [GOOD]))
    assert (suite.name, suite.kind, suite.documents, suite.doubts) == ("mine", "retrieval", None, ())
    assert suite.items[0]["kind"] == "unanswerable"


def test_the_digest_changes_with_any_file(tmp_path: Path) -> None:
    folder = retrieval_suite(tmp_path / "suite")
    before = opened(folder).digest
    assert opened(folder).digest == before
    with (folder / "documents.jsonl").open("a") as file:
        file.write('{"id": "new", "title": "New", "text": "new"}\n')
    assert opened(folder).digest != before


def test_the_shipped_gates_can_be_read() -> None:
    gates = read_gates(SHIPPED)
    assert read_gates(SHIPPED.with_name("gates-onnx.yaml"))["techqa"]
    assert {"demo", "golden_dev", "techqa"} <= set(gates)
    assert all(gates.values())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- techqa", "suites with their figures are expected"),
        ("techqa: recall@5", "techqa: figures with their bounds are expected"),
        ("techqa: {recall@5: 0.9}", "recall@5: {at_least: …} or {at_most: …} is expected"),
        ("techqa: {recall@5: {at_lest: 0.9}}", "recall@5: {at_least: …} or {at_most: …} is expected"),
        ("techqa: {recall@5: {at_least: high}}", "recall@5: at_least must be a number"),
        ("techqa: {", "not YAML"),
    ],
)
def test_gates_that_cannot_be_read_are_told(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "gates.yaml").write_text(text)
    with pytest.raises(SuiteProblem) as problem:
        read_gates(tmp_path / "gates.yaml")
    assert said in str(problem.value)


def test_a_gate_is_kept_by_the_figure_itself_and_missed_without_one(tmp_path: Path) -> None:
    (tmp_path / "g.yaml").write_text(
        "s: {a: {at_least: 0.5}, b: {at_most: 0.5}, c: {at_least: 0}, d: {at_least: 0.2, at_most: 0.3}}"
    )
    found = {"a": Metric(value=0.5, n=3), "b": Metric(value=0.51, n=3), "d": Metric(value=0.25, n=3)}
    checked = {c.gate.metric: c for c in check(read_gates(tmp_path / "g.yaml"), "s", found)}
    assert {name: c.is_met for name, c in checked.items()} == {"a": True, "b": False, "c": False, "d": True}
    assert str(checked["d"].gate) == "≥ 0.2 and ≤ 0.3"
    assert check(read_gates(tmp_path / "g.yaml"), "another", found) == ()

"""Our figures against values known by hand, and against the scorer's on made suites of every kind."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evals.intervals import Metric, auroc, calibration_error, macro_f1, mean, rank_correlation, share
from evals.metrics import KINDS, rouge_l, score, token_f1, words
from evals.opened import opened
from evals.running import read_predictions
from tests.evals.suites import items_suite, question, retrieval_suite, write_rows

SCORER = Path(os.environ.get("FRONTDESK_SHARED", Path(__file__).parents[3] / "shared")) / "data" / "score.py"
Row = dict[str, Any]


def value(metric: Metric) -> float:
    assert metric.value is not None
    return metric.value


def test_a_share_has_wilsons_interval() -> None:
    found = share([True] * 8 + [False] * 2)
    assert value(found) == pytest.approx(0.8)
    assert found.low == pytest.approx(0.490, abs=1e-3)
    assert found.high == pytest.approx(0.943, abs=1e-3)
    assert share([]).value is None


def test_a_mean_is_drawn_the_same_way_each_time() -> None:
    found = mean([0.0, 1.0, 1.0, 1.0])
    assert value(found) == 0.75
    assert found == mean([0.0, 1.0, 1.0, 1.0])
    assert found.low is not None and found.high is not None and found.low < 0.75 < found.high


def test_auroc_counts_ties_half_and_missing_scores_as_wrong() -> None:
    assert value(auroc([(0.9, True), (0.8, True), (0.1, False)])) == 1.0
    assert value(auroc([(0.5, True), (0.5, False)])) == 0.5
    assert value(auroc([(None, True), (0.2, False), (0.9, True), (0.1, False)])) == 0.5
    assert auroc([(0.5, True)]).value is None


def test_calibration_is_the_distance_between_confidence_and_truth() -> None:
    assert value(calibration_error([0.9] * 10, [True] * 9 + [False])) == pytest.approx(0.0)
    assert value(calibration_error([0.9] * 10, [False] * 10)) == pytest.approx(0.9)


def test_rank_correlation_and_macro_f1() -> None:
    assert value(rank_correlation([1, 2, 3, 4], [10, 20, 30, 40])) == pytest.approx(1.0)
    assert value(rank_correlation([1, 2, 3, 4], [4, 3, 2, 1])) == pytest.approx(-1.0)
    assert value(macro_f1([("a", "a"), ("b", "a")], ("a", "b"))) == pytest.approx((2 / 3 + 0) / 2)


def test_texts_are_compared_by_words() -> None:
    assert token_f1(words("The red hose"), words("the hose")) == pytest.approx(0.8)
    assert rouge_l(words("a b c d"), words("a c d x")) == pytest.approx(0.75)
    assert rouge_l([], []) == 1.0


def test_what_is_not_predicted_counts_as_wrong() -> None:
    items = [{**question("a", "?", "d1"), "history": ()}, {**question("b", "?"), "history": ()}]
    found = score("retrieval", items, {"a": {"ranked": ["d1"], "decision": "answer", "citations": ["d1"]}}, {})
    assert value(found.metrics["recall@1"]) == 1.0
    assert value(found.metrics["decision_accuracy"]) == 0.5
    assert found.tables["decisions"]["unanswerable"]["none"] == 1


def test_small_talk_is_in_no_figure_but_its_own() -> None:
    asked = [{**question("a", "?", "d1"), "history": ()}, {**question("b", "?"), "history": ()}]
    predictions = {"a": {"ranked": ["d1"], "decision": "answer", "confidence": 0.9, "citations": ["d1"]}}
    talk = [{**question(name, "who are you?", kind="smalltalk"), "history": ()} for name in ("c", "d", "e")]
    said = {
        "c": {"ranked": [], "decision": "answer", "confidence": 0.0, "citations": []},
        "d": {"ranked": ["d1"], "decision": "answer", "confidence": 0.4, "citations": ["d1"]},
        "e": {"ranked": [], "decision": "handoff", "confidence": 0.0, "citations": []},
    }
    alone = score("retrieval", asked, predictions, {})
    both = score("retrieval", [*asked, *talk], {**predictions, **said}, {})
    assert value(both.metrics["smalltalk_answered"]) == pytest.approx(1 / 3)
    assert {name: metric for name, metric in both.metrics.items() if name != "smalltalk_answered"} == alone.metrics
    assert both.tables == alone.tables
    assert set(score("retrieval", talk, said, {}).metrics) == {"smalltalk_answered"}


KINDS_OF_QUESTIONS = ("answerable", "answerable", "unanswerable", "underspecified", "partial")


def _retrieval(rng: random.Random, folder: Path) -> tuple[Path, list[Row]]:
    names, items, rows = ["returns", "delivery", "warranty", "hours", "gift-cards"], [], []
    for n in range(60):
        kind = KINDS_OF_QUESTIONS[n % 5]
        relevant = rng.sample(names, rng.randint(1, 2)) if kind in ("answerable", "partial") else []
        items.append(question(f"q{n}", f"question {n}", *relevant, kind=kind, reference="three years of warranty"))
        row: Row = {
            "id": f"q{n}",
            "ranked": rng.sample(names, 5),
            "decision": rng.choice(["answer", "clarify", "handoff"]),
        }
        row |= {
            "confidence": round(rng.random(), 2),
            "answer": "three or more years",
            "citations": rng.sample(names, 2),
        }
        if n % 11 == 0:
            row.pop("confidence")
        if n % 13:
            rows.append(row)
    return retrieval_suite(folder, items), rows


def _intents(rng: random.Random, folder: Path) -> tuple[Path, list[Row]]:
    names = ["refund", "delivery", "login", None]
    items: list[Row] = [{"id": f"i{n}", "text": f"text {n}", "intent": names[n % 4]} for n in range(80)]
    for n, item in enumerate(items):
        if item["intent"] is None:
            item["oos_kind"] = "near" if n % 8 == 3 else "far"
    rows = [{"id": f"i{n}", "intent": rng.choice(names), "confidence": rng.random()} for n in range(78)]
    return items_suite(folder, "intents", items), rows


def _spans(kind: str) -> Callable[[random.Random, Path], tuple[Path, list[Row]]]:
    types = ["EMAIL", "PERSON", "OTHER", "IBAN"] if kind == "pii" else ["date", "time", "amount"]

    def some(rng: random.Random, types: list[str]) -> list[Row]:
        starts = rng.sample(range(0, 40, 4), rng.randint(0, 4))
        return [{"type": rng.choice(types), "start": at, "end": at + rng.randint(2, 6)} for at in starts]

    def made(rng: random.Random, folder: Path) -> tuple[Path, list[Row]]:
        items: list[Row] = [{"id": f"e{n}", "text": "x" * 50, "entities": some(rng, types)} for n in range(60)]
        rows = []
        for item in items[:-2]:
            kept = [entity for entity in item["entities"] if rng.random() < 0.7]
            rows.append({"id": item["id"], "entities": kept + some(rng, [*types, "unheard_of"])})
        return items_suite(folder, kind, items), rows

    return made


def _sentiment(rng: random.Random, folder: Path) -> tuple[Path, list[Row]]:
    items = [{"id": f"s{n}", "text": f"text {n}", "score": round(rng.uniform(-4, 4), 2)} for n in range(60)]
    labels = ["negative", "neutral", "positive"]
    rows = [{"id": f"s{n}", "label": rng.choice(labels), "score": rng.uniform(-4, 4)} for n in range(58)]
    return items_suite(folder, "sentiment", items), rows


def _grounding(rng: random.Random, folder: Path) -> tuple[Path, list[Row]]:
    items = [{"id": f"g{n}", "knowledge": ["k"], "response": "r", "supported": rng.random() < 0.4} for n in range(60)]
    rows = [{"id": f"g{n}", "supported": rng.random() < 0.5, "score": round(rng.random(), 1)} for n in range(57)]
    return items_suite(folder, "grounding", items), rows


def _injection(rng: random.Random, folder: Path) -> tuple[Path, list[Row]]:
    places = ["message", "document"]
    items = [{"id": f"j{n}", "where": places[n % 2], "text": "t", "attack": rng.random() < 0.5} for n in range(60)]
    rows = [{"id": f"j{n}", "flagged": rng.random() < 0.5, "score": round(rng.random(), 1)} for n in range(60)]
    return items_suite(folder, "injection", items), rows


MADE: dict[str, Callable[[random.Random, Path], tuple[Path, list[Row]]]] = {
    "retrieval": _retrieval,
    "intents": _intents,
    "entities": _spans("entities"),
    "pii": _spans("pii"),
    "sentiment": _sentiment,
    "grounding": _grounding,
    "injection": _injection,
}


@pytest.mark.skipif(not SCORER.exists(), reason=f"no scorer at {SCORER}; set FRONTDESK_SHARED")
@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_agrees_with_the_scorers(kind: str, tmp_path: Path) -> None:
    folder, rows = MADE[kind](random.Random(7), tmp_path / kind)
    predictions = write_rows(tmp_path / "predictions.jsonl", [*rows, {"id": "of nobody"}])
    command = [sys.executable, str(SCORER), str(folder), str(predictions), "--json", "-"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    suite = opened(folder)
    ran = read_predictions(suite, predictions)
    ours = score(suite.kind, suite.items, ran.predictions, suite.texts).metrics
    assert len(ran.unknown) == told["unknown_predictions"] == 1
    assert len(told["metrics"]) >= 5
    for name, theirs in told["metrics"].items():
        found = (ours[name].value, ours[name].low, ours[name].high)
        assert found == pytest.approx((theirs["value"], theirs["lo"], theirs["hi"]), abs=1e-9), name
        assert ours[name].n == theirs["n"], name

"""Calibrations are read strictly, chosen by target, and fitted so that they mean what they say."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from rich.console import Console

from core.errors import ConfigError
from core.ports.knowledge import Advice
from core.ranking.calibration import Calibration, Head, Linear, Point, decode, encode, load, shipped
from evals.calibrate import calibrate, show
from evals.confidence_data import Sample, samples
from evals.confidence_fit import curve, decided, figures, fit_head, fit_vague, natural, sensible
from evals.opened import SuiteProblem
from evals.small_bases import small_bases
from evals.suite import Question, Suite
from tests.core.ranking.indexed import GardenIndex

CURVE = (
    Point(confidence=0.0, wrong=0.4, declined=0.0),
    Point(confidence=0.3, wrong=0.2, declined=0.05),
    Point(confidence=0.6, wrong=0.1, declined=0.3),
)
HEAD = Head(model=Linear(weights={}, bias=0.0), curves={"": CURVE, "fees": CURVE[:2]}, deciles=(0.5,) * 9)


@pytest.mark.parametrize(
    ("target", "category", "threshold"),
    [(0.5, "", 0.0), (0.2, "", 0.3), (0.15, "", 0.6), (0.01, "", 0.6), (0.15, "fees", 0.3), (0.15, "unheard of", 0.6)],
)
def test_the_lowest_threshold_that_keeps_the_target_is_taken(target: float, category: str, threshold: float) -> None:
    assert HEAD.threshold(target, category) == threshold


def test_the_shipped_one_is_whole_and_stored_as_it_is_read() -> None:
    made = shipped()
    assert decode(encode(made)) == made
    for head in (made.meaning, made.words):
        assert all(a.wrong >= b.wrong and a.confidence < b.confidence for a, b in pairwise(head.curves[""]))
    assert 0 < made.clarify_from < 0.5
    assert made.questions > 400


def test_a_missing_signal_counts_as_typical() -> None:
    model = Linear(weights={"a": 2.0, "b": -1.0}, bias=0.5, typical={"a": 0.25})
    assert model.margin({"b": 1.0}) == pytest.approx(0.5 + 0.5 - 1.0)
    assert model.shares({"a": 0.75}) == {"a": pytest.approx(1.0)}


def _stored(change: dict[str, Any]) -> bytes:
    return msgspec.json.encode({**msgspec.to_builtins(shipped()), **change})


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (b"{", "truncated"),
        (b"[]", "Expected `object`"),
        (_stored({"format": 9}), "format 9"),
        (_stored({"extra": 1}), "extra"),
        (
            _stored({"words": {"model": {"weights": {}, "bias": 0}, "curves": {}, "deciles": [0.5] * 9}}),
            "`words` needs a curve",
        ),
        (
            _stored({"meaning": msgspec.to_builtins(msgspec.structs.replace(HEAD, deciles=(0.5, 0.4)))}),
            "`meaning` needs nine rising deciles",
        ),
    ],
)
def test_a_broken_file_is_named_with_its_mistake_and_the_mend(tmp_path: Path, stored: bytes, said: str) -> None:
    file = tmp_path / "own.json"
    file.write_bytes(stored)
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert str(file) in caught.value.safe_message
    assert said in caught.value.safe_message
    assert "frontdesk eval calibrate" in caught.value.safe_message


def test_a_missing_or_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "none.json")
    (tmp_path / "huge.json").write_bytes(b" " * 1_000_001)
    with pytest.raises(ConfigError, match="too large"):
        load(tmp_path / "huge.json")


def made_up(count: int, seed: int, *, category: str = "") -> list[Sample]:
    """Questions whose first signal tells, noisily, whether the answer is there."""
    random = np.random.default_rng(seed)
    told = []
    for number in range(count):
        kind = "answerable" if random.random() < 0.75 else "unanswerable"
        near = float(np.clip(random.normal(0.65 if kind == "answerable" else 0.4, 0.15), 0, 1))
        told.append(
            Sample(
                suite="made",
                group=f"q{number}",
                kind=kind,
                is_masked=False,
                is_right=kind == "answerable" and random.random() < 0.9,
                category=category,
                has_cosine=True,
                signals={"cosine": near, "whether": float(random.random() < 0.3)},
            )
        )
    return told


def test_a_fit_means_what_it_says_on_questions_it_has_not_seen() -> None:
    learnt, fresh = made_up(1_500, 1), made_up(1_500, 2)
    head = fit_head(learnt, natural(learnt)).head
    sure = np.array([head.model.probability(sample.signals) for sample in fresh])
    told = figures(fresh, sure, natural(fresh))
    assert told.auroc.value is not None
    assert told.auroc.value > 0.85
    assert told.ece.value is not None
    assert told.ece.value < 0.05
    answer_from = head.threshold(0.15)
    given = sure >= answer_from
    right = np.array([sample.is_right for sample in fresh])
    assert 1 - right[given].mean() == pytest.approx(0.15, abs=0.03), "the target holds on new questions"


def test_a_category_with_enough_questions_has_a_curve_of_its_own() -> None:
    both = made_up(300, 1, category="fees") + made_up(30, 2, category="rare")
    curves = fit_head(both, natural(both)).head.curves
    assert set(curves) == {"", "fees"}


def test_a_signal_of_evidence_is_left_out_rather_than_turned_round() -> None:
    random = np.random.default_rng(3)
    rows = random.random((400, 2))
    truth = rows[:, 0] - rows[:, 1] + random.normal(0, 0.3, 400) > 0
    model = sensible(rows, truth, np.ones(400), ridge=1.0, names=("cosine", "phrases"))
    assert model.weights["cosine"] > 0
    assert model.weights["phrases"] == 0.0


def test_wrong_answers_never_rise_with_the_threshold() -> None:
    told = made_up(200, 5)
    points = curve(np.random.default_rng(0).random(200), told, np.ones(200))
    assert all(a.wrong >= b.wrong for a, b in pairwise(points))
    assert all(a.declined <= b.declined for a, b in pairwise(points))


def test_rates_are_counted_as_the_scorer_counts_them() -> None:
    kinds = ("answerable", "answerable", "unanswerable", "unanswerable", "underspecified")
    told = [msgspec.convert({**_plain(kind)}, Sample) for kind in kinds]
    advice = (Advice.ANSWER, Advice.CLARIFY, Advice.ANSWER, Advice.DECLINE, Advice.CLARIFY)
    rates = decided(told, advice, [1.0] * 5)
    assert {name: rate.value for name, rate in rates.items()} == {
        "false answers": 0.5,
        "false abstentions": 0.5,
        "underspecified asked back": 1.0,
    }


def _plain(kind: str) -> dict[str, object]:
    return {
        "suite": "s",
        "group": kind,
        "kind": kind,
        "is_masked": False,
        "is_right": False,
        "category": "",
        "has_cosine": False,
        "signals": {},
    }


def asked(number: int, *, kind: str = "answerable") -> Question:
    plant, trouble = GardenIndex.topic(number)
    return Question(
        id=f"q{number}",
        text=f"How do I treat {trouble} on a {plant}?"
        if kind == "answerable"
        else f"What does a ticket to row {number} cost?",
        history=(),
        relevant=(f"doc{number}",) if kind == "answerable" else (),
        is_answerable=kind == "answerable",
        reference="",
        kind=kind,
    )


def test_masking_takes_the_answer_out_of_what_was_found() -> None:
    told = samples("garden", GardenIndex(), [asked(3), asked(4, kind="unanswerable")])
    assert [(sample.kind, sample.is_masked, sample.is_answerable, sample.is_right) for sample in told] == [
        ("answerable", False, True, True),
        ("answerable", True, False, False),
        ("unanswerable", False, False, False),
    ]
    assert told[0].signals["bm25_gap"] > told[1].signals["bm25_gap"]


def test_an_operators_questions_make_a_calibration_that_the_engine_reads(tmp_path: Path) -> None:
    questions = [asked(number) for number in range(60)]
    made = calibrate("garden", questions, GardenIndex(), shipped())
    assert made.stand_ins == 11, "masked ones stand for the unanswerable"
    assert any("stand in" in doubt for doubt in made.doubts)
    assert any("60 questions are few" in doubt for doubt in made.doubts)
    assert made.after.ece.value is not None
    assert made.before.ece.value is not None
    assert made.after.ece.value < made.before.ece.value
    file = tmp_path / "own.json"
    file.write_bytes(encode(made.calibration))
    own = load(file)
    assert own == made.calibration
    assert (own.about, own.questions) == ("garden", 60)
    assert own.meaning == shipped().meaning, "an index without vectors says nothing about one with"
    assert own.words != shipped().words


def test_a_question_that_finds_nothing_does_not_cost_the_others_their_vectors() -> None:
    lost = Question(
        id="x", text="Zyzzyva?", history=(), relevant=(), is_answerable=False, reference="", kind="unanswerable"
    )
    index = GardenIndex(has_cosine=True)
    assert samples("garden", index, [lost]) == []
    made = calibrate("garden", [*(asked(number) for number in range(60)), lost], index, shipped())
    assert made.has_cosine
    assert made.calibration.meaning != shipped().meaning
    assert made.calibration.words == shipped().words


def test_small_bases_are_the_same_each_time_and_what_lost_its_documents_has_no_answer() -> None:
    names = [f"doc{number}" for number in range(100)]
    suite = Suite(name="garden", folder=Path("garden"), questions=tuple(asked(number) for number in range(100)))
    bases = list(small_bases(suite, names, count=3, seed=1))
    assert bases == list(small_bases(suite, names, count=3, seed=1))
    assert len({base.documents for base in bases}) == 3
    for base in bases:
        assert 30 <= len(base.documents) <= 80
        told = {question.kind for question in base.questions}
        assert told == {"answerable", "unanswerable"}
        assert all(question.is_answerable == bool(question.relevant) for question in base.questions)
        assert all(base.documents.issuperset(question.relevant) for question in base.questions)


def test_vague_questions_are_asked_first_and_hardly_any_other_is() -> None:
    random = np.random.default_rng(7)
    told = made_up(300, 6)
    vague = [
        replace(one, group=f"v{at}", kind="underspecified", signals={"bare": float(random.uniform(0.3, 0.5))})
        for at, one in enumerate(told[:40])
    ]
    both = [replace(one, signals={**one.signals, "bare": float(random.uniform(0, 0.35))}) for one in told] + vague
    fitted = fit_vague(both, natural(both))
    assert fitted.clarify_from < fitted.ask_first_from
    sure = np.array([fitted.model.probability(one.signals) for one in both]) >= fitted.ask_first_from
    is_vague = np.array([one.kind == "underspecified" for one in both])
    assert sure[is_vague].mean() > 0.4
    assert sure[~is_vague].mean() < 0.05


def test_what_a_calibration_costs_is_printed() -> None:
    console = Console(record=True, width=120)
    show(calibrate("garden", [asked(number) for number in range(60)], GardenIndex(), shipped()), console)
    told = console.export_text()
    for word in ("AUROC", "before", "after", "wrong_answers_at_most", "answerable turned away", "all documents"):
        assert word in told


def test_too_few_questions_are_refused_with_the_mend() -> None:
    with pytest.raises(SuiteProblem, match=r"at least 40 answerable .* here are 12, of which 12 are found"):
        calibrate("garden", [asked(number) for number in range(12)], GardenIndex(), shipped())


def test_the_same_questions_give_the_same_bytes() -> None:
    def once() -> Calibration:
        return calibrate("garden", [asked(number) for number in range(50)], GardenIndex(), shipped()).calibration

    assert encode(once()) == encode(once())

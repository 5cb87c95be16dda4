"""``python -m evals.train_answer``: fit the weights by which sentences are chosen for an extractive answer.

A sentence is worth the share of its telling words, and of its pairs of words, that the reference answer has too.  The demo
company's references are notes of a few words: there a sentence is worth the share of the note that it says.  The figures are of
questions that the weights have not seen: five folds, and each suite held out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from rich.console import Console

from core.settings import AnswerSettings
from core.steps import telling
from core.steps.answer import Run, chosen, read
from core.steps.telling import Question, Told, size, told
from core.words import stem, stop_words, words
from evals.candidates import Candidates
from evals.extractive import Measured, demo_questions, gain, measure, questions
from evals.intervals import share
from evals.learning import Floats, folds

SUITES = ("techqa", "wixqa", "mtrag_un")
"""The mixed suite is made of these."""

DEMO = "demo"
FOLDS = 5
RIDGE = 0.01
"""Penalty per unit of weight on standardised features; flat around it."""

TELLING_SHARE = 0.6
"""What telling words weigh beside pairs: words alone favour sentences on the subject, pairs alone only copied ones."""

LEAST_SPREAD = 0.05
"""Of a feature: what hardly ever shows gets no great weight."""

NOTE, ELSEWHERE = 0.5, 0.3
"""What a sentence that says all of a note is worth, and which share of it when it stands in a document that does not answer."""

console = Console(width=130, highlight=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A question with the units of its passages; ``worth`` (one per unit) is empty where there is no reference."""

    suite: str
    found: Candidates
    units: tuple[tuple[Told, ...], ...]
    worth: Floats

    @property
    def flat(self) -> list[Told]:
        """All units in order."""
        return [unit for listed in self.units for unit in listed]


def worth(text: str, reference: str) -> float:
    """How much of a sentence the reference says too, 0 to 1."""
    stop = stop_words("en")
    there = {stem(word) for word in words(reference) if word not in stop}
    telling_words = [stem(word) for word in words(text) if word not in stop]
    shared = sum(word in there for word in telling_words) / (len(telling_words) + 1)
    pairs = list(pairwise(words(text)))
    known = set(pairwise(words(reference)))
    copied = sum(pair in known for pair in pairs) / max(1, len(pairs))
    return TELLING_SHARE * shared + (1 - TELLING_SHARE) * copied


def noted(unit: Told, found: Candidates) -> float:
    """How much of the reference a sentence says, for references that are notes: telling words that no relevant document has are
    the author's own.
    """
    said, relevant = _stems(found.question.reference), set(found.question.relevant)
    passages = found.result.passages
    known = (_stems(one.chunk.text) for one in passages if one.chunk.external_id in relevant)
    said &= frozenset[str]().union(*known)
    is_elsewhere = passages[unit.passage].chunk.external_id not in relevant
    return NOTE * len(said & unit.stems) / max(1, len(said)) * (ELSEWHERE if is_elsewhere else 1.0)


def _stems(text: str) -> frozenset[str]:
    stop = stop_words("en")
    return frozenset(stem(word) for word in words(text) if word not in stop)


def lessons(suite: str, found: Sequence[Candidates]) -> list[Lesson]:
    """The units of every question's passages with their worth."""
    out = []
    for one in found:
        question = Question.of(one.question.text, one.result.terms, "en", one.query.synonyms)
        listed = told(question, read(one.result.passages, AnswerSettings()), "en")
        reference = one.question.reference
        flat = [unit for rows in listed for unit in rows] if reference else []
        worths = [noted(unit, one) if suite == DEMO else worth(unit.unit.text, reference) for unit in flat]
        out.append(Lesson(suite=suite, found=one, units=listed, worth=np.array(worths)))
    return out


def train(learnt: Sequence[Lesson]) -> dict[str, float]:
    """Ridge regression of worth within each question: what tells its good sentences from its others.

    Every question weighs the same, long units more than short ones.
    """
    rated = [lesson for lesson in learnt if len(lesson.worth)]
    names = list(rated[0].flat[0].features)
    centred = [_centred(lesson, names) for lesson in rated]
    rows, truth, weights = (np.concatenate(column) for column in zip(*centred, strict=True))
    spread = np.maximum(rows.std(0), LEAST_SPREAD)
    scaled = rows / spread
    penalty = RIDGE * weights.sum() * np.eye(len(names))
    found = np.linalg.solve(scaled.T @ (scaled * weights[:, None]) + penalty, scaled.T @ (weights * truth)) / spread
    return {name: round(float(value), 5) for name, value in zip(names, found, strict=True)}


def _centred(lesson: Lesson, names: Sequence[str]) -> tuple[Floats, Floats, Floats]:
    rows = np.array([[unit.features[name] for name in names] for unit in lesson.flat])
    sizes = np.array([size(unit.unit) for unit in lesson.flat])
    weights = sizes / sizes.sum()
    return rows - weights @ rows, lesson.worth - weights @ lesson.worth, weights


def judged(lesson: Lesson, weights: Mapping[str, float]) -> Measured:
    """The answer under these weights."""
    answer = partial(_answer, lesson, weights)
    return measure(lesson.found, answer)


def _answer(lesson: Lesson, weights: Mapping[str, float], _: Candidates) -> tuple[Run, ...]:
    return chosen(lesson.units, weights, AnswerSettings())


def cross_validated(learnt: Sequence[Lesson]) -> list[tuple[Lesson, Measured]]:
    """Answers to every question from weights that have not seen it."""
    out: list[tuple[Lesson, Measured]] = []
    for known, left in folds([lesson.found.question.text for lesson in learnt], FOLDS, seed=0):
        weights = train([learnt[place] for place in known])
        out += [(learnt[place], judged(learnt[place], weights)) for place in left]
    return out


def report(name: str, measured: Sequence[Measured]) -> None:
    """One line of figures."""
    cited = share(one.right > 0 for one in measured)
    words_each = sum(one.words for one in measured) / len(measured)
    console.print(
        f"{name}: ROUGE-L over the baseline's {gain(measured)}, relevant cited {cited}, {words_each:.0f} words"
    )


def held_out(learnt: Sequence[Lesson], suite: str) -> list[Measured]:
    """Answers to the questions of a suite from weights of the others."""
    weights = train([lesson for lesson in learnt if lesson.suite != suite])
    return [judged(one, weights) for one in learnt if one.suite == suite]


def main() -> None:
    """Fit, report, write."""
    parser = argparse.ArgumentParser(prog="evals.train_answer", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(telling.__file__).with_name(telling.WEIGHTS))
    out: Path = parser.parse_args().out
    learnt = [lesson for suite in SUITES for lesson in lessons(suite, questions(suite))]
    learnt += lessons(DEMO, demo_questions())
    measured = cross_validated(learnt)
    report("5 folds, all but the demo", [one for lesson, one in measured if lesson.suite != DEMO])
    for suite in SUITES:
        report(f"5 folds, {suite}", [one for lesson, one in measured if lesson.suite == suite])
    for suite in SUITES:
        report(f"{suite} held out", held_out(learnt, suite))
    for name, demo in (
        ("5 folds", [one for lesson, one in measured if lesson.suite == DEMO]),
        ("held out", held_out(learnt, DEMO)),
    ):
        console.print(f"demo, {name}: relevant cited {share(one.right > 0 for one in demo)}")
    out.write_text(json.dumps(train(learnt), indent=1) + "\n", encoding="utf-8")
    console.print(f"wrote {out.name}, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()

"""``python -m evals.train_answer``: fit the weights by which sentences are chosen for an extractive answer.

A sentence is worth the share of its telling words, and of its pairs of words, that the reference answer has too.  The figures
are of questions that the weights have not seen: five folds, and each suite held out.
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

from core.ports.embedding import Embedder
from core.providers.embedders import StaticEmbedder
from core.settings import AnswerSettings
from core.steps import telling
from core.steps.answer import Run, chosen
from core.steps.telling import MEANING, WORDS, Question, Told, size, told
from core.words import stem, stop_words, words
from evals.candidates import Candidates
from evals.extractive import Measured, gain, measure, questions
from evals.intervals import share
from evals.learning import Floats, folds

SUITES = ("techqa", "wixqa", "mtrag_un")
"""The mixed suite is made of these."""

RIDGE = 0.02
"""Penalty per unit of weight on standardised features; flat around it."""

TELLING_SHARE = 0.6
"""What telling words weigh beside pairs: words alone favour sentences on the subject, pairs alone only copied ones."""

UNSEEN = {"steps": 0.07, "table": 0.0, "figure_table": 0.15}
"""The suites have no tables and hardly a list that kept its form: what these are worth to somebody who asks for a figure, or for
steps, is set by hand."""

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


def lessons(suite: str, found: Sequence[Candidates], embedder: Embedder | None) -> list[Lesson]:
    """The units of every question's passages with their worth."""
    passages = AnswerSettings().passages
    out = []
    for one in found:
        question = Question.of(one.question.text, one.result.terms, "en")
        listed = told(question, [p.chunk for p in one.result.passages[:passages]], "en", embedder)
        reference = one.question.reference
        worths = [worth(unit.unit.text, reference) for rows in listed for unit in rows] if reference else []
        out.append(Lesson(suite=suite, found=one, units=listed, worth=np.array(worths)))
    return out


def train(learnt: Sequence[Lesson]) -> dict[str, float]:
    """Ridge regression of worth within each question: what tells its good sentences from its others.

    Every question weighs the same, long units more than short ones.
    """
    rated = [lesson for lesson in learnt if len(lesson.worth)]
    names = [name for name in rated[0].flat[0].features if name not in UNSEEN]
    centred = [_centred(lesson, names) for lesson in rated]
    rows, truth, weights = (np.concatenate(column) for column in zip(*centred, strict=True))
    spread = np.maximum(rows.std(0), 1e-2)
    scaled = rows / spread
    penalty = RIDGE * weights.sum() * np.eye(len(names))
    found = np.linalg.solve(scaled.T @ (scaled * weights[:, None]) + penalty, scaled.T @ (weights * truth)) / spread
    return {name: round(float(value), 5) for name, value in zip(names, found, strict=True)} | UNSEEN


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
    for known, left in folds([lesson.found.question.text for lesson in learnt], 5, seed=0):
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


def main() -> None:
    """Fit, report, write."""
    parser = argparse.ArgumentParser(prog="evals.train_answer", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(telling.__file__).with_name(telling.WEIGHTS))
    out: Path = parser.parse_args().out
    found = {suite: questions(suite) for suite in SUITES}
    stored: dict[str, dict[str, float]] = {}
    for name, embedder in ((WORDS, None), (MEANING, StaticEmbedder())):
        learnt = [lesson for suite in SUITES for lesson in lessons(suite, found[suite], embedder)]
        measured = cross_validated(learnt)
        report(f"{name}, 5 folds", [one for _, one in measured])
        for suite in SUITES:
            report(f"{name}, 5 folds, {suite}", [one for lesson, one in measured if lesson.suite == suite])
        for suite in SUITES:
            weights = train([lesson for lesson in learnt if lesson.suite != suite])
            report(f"{name}, {suite} held out", [judged(one, weights) for one in learnt if one.suite == suite])
        stored[name] = train(learnt)
    out.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    console.print(f"wrote {out.name}, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()

"""An operator's own calibration: the shipped weights moved by their questions, probabilities and thresholds taken from them.

A hundred to two hundred questions do.  Those whose documents are masked stand for what the knowledge does not hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from core.ports.knowledge import KnowledgeIndex
from core.ranking.calibration import Calibration, Point
from evals.confidence_data import Ranker, Sample, as_found, samples
from evals.confidence_fit import Figures, figures, fit_head, natural
from evals.opened import SuiteProblem
from evals.suite import Question

LEAST = 40
"""With fewer answerable questions the shipped calibration is the better guess."""

ADVISED = 100
SHOWN: Final = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """A calibration and what it is worth on the questions it was made of, each left out of what judged it."""

    calibration: Calibration
    before: Figures
    after: Figures
    questions: int
    stand_ins: int
    has_cosine: bool
    doubts: tuple[str, ...]

    @property
    def curves(self) -> dict[str, tuple[Point, ...]]:
        """What answers cost, by category."""
        return self.calibration.head(has_cosine=self.has_cosine).curves


def calibrate(
    name: str,
    questions: Sequence[Question],
    index: KnowledgeIndex,
    base: Calibration,
    *,
    ranker: Ranker = as_found,
) -> Calibrated:
    """Fit to these questions; ``ranker`` is what the engine does between search and assessment.

    ``SuiteProblem`` when there are too few questions whose documents are known and found in the index.
    """
    found = samples(name, index, questions, ranker=ranker)
    able = sum(sample.is_answerable for sample in found)
    reached = sum(sample.is_right for sample in found)
    if min(able, reached) < LEAST:
        raise SuiteProblem(
            f"{name}: a calibration needs at least {LEAST} answerable questions whose document is found; here are {able},"
            f" of which {reached} are found; add questions with their `relevant` documents, or keep the shipped calibration"
        )
    return _calibrated(name, found, base, len(questions))


def _calibrated(name: str, found: Sequence[Sample], base: Calibration, questions: int) -> Calibrated:
    has_cosine = all(sample.has_cosine for sample in found)
    shipped = base.head(has_cosine=has_cosine)
    counted = natural(found)
    fitted = fit_head(found, counted, start=shipped.model)
    before = np.array([shipped.model.probability(sample.signals) for sample in found])
    made = msgspec.structs.replace(
        base,
        about=name,
        questions=questions,
        meaning=fitted.head if has_cosine else base.meaning,
        words=base.words if has_cosine else fitted.head,
    )
    stand_ins = int(sum(counts for sample, counts in zip(found, counted, strict=True) if sample.is_masked))
    return Calibrated(
        calibration=made,
        before=figures(found, before, counted),
        after=figures(found, fitted.unseen, counted),
        questions=questions,
        stand_ins=stand_ins,
        has_cosine=has_cosine,
        doubts=tuple(_doubts(questions, stand_ins)),
    )


def _doubts(questions: int, stand_ins: int) -> list[str]:
    told = []
    if questions < ADVISED:
        told.append(f"{questions} questions are few; from {ADVISED} on the figures are steady")
    if stand_ins:
        told.append(
            f"hardly any question is unanswerable: {stand_ins} with their documents masked stand in;"
            " real ones from your transcripts are better"
        )
    return told


def show(made: Calibrated, console: Console) -> None:
    """Figures before and after, and what each target costs."""
    kind = "words and meaning" if made.has_cosine else "words alone"
    console.print(f"{made.questions} questions, index of {kind}; judged by folds that did not hold the question")
    for doubt in made.doubts:
        console.print(f"note: {doubt}")
    told = Table("", "before", "after")
    told.add_row("AUROC answerable / unanswerable", str(made.before.auroc), str(made.after.auroc))
    told.add_row("unanswerable caught at 5 % lost", str(made.before.caught), str(made.after.caught))
    told.add_row("calibration error (ECE)", str(made.before.ece), str(made.after.ece))
    console.print(told)
    for category, curve in made.curves.items():
        console.print(_costs(category or "all documents", curve))


def _costs(title: str, curve: Sequence[Point]) -> Table:
    table = Table("wrong_answers_at_most", "answers from confidence", "answerable turned away", title=title)
    for target in SHOWN:
        reached = [point for point in curve if point.wrong <= target]
        if reached:
            point = min(reached, key=lambda point: point.confidence)
            table.add_row(f"{target:.2f}", f"{point.confidence:.2f}", f"{point.declined:.0%}")
        else:
            table.add_row(f"{target:.2f}", "not reached", "")
    return table

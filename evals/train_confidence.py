"""``python -m evals.train_confidence``: fit the shipped confidence and print what to expect of it.

The weights come from all suites and from small knowledge bases cut out of them, probabilities and thresholds from the mixed
one and the demo company's.  Every figure is of questions that neither the
weights nor the scaling have seen: the same question of another suite is left out with it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from core.ports.embedding import Embedder
from core.ports.knowledge import Advice
from core.providers.embedded import EmbeddedEngine
from core.providers.embedders.static import StaticEmbedder
from core.ranking import calibration
from core.ranking.assessing import advised
from core.ranking.calibration import FORMAT, Calibration, encode
from core.ranking.reranking import rerank
from core.ranking.settings import WRONG_ANSWERS_AT_MOST
from evals import suite as suites
from evals.candidates import built, chunks
from evals.confidence_data import Ranker, Sample, samples
from evals.confidence_fit import Figures, Fitted, FittedVague, decided, figures, fit_head, fit_vague
from evals.data import GOLDEN, data_folder
from evals.engine import Setting, staged
from evals.learning import Floats
from evals.opened import opened
from evals.small_bases import small_bases

MIXED, DEMO = "golden_dev", "demo"
LARGE = (MIXED, "techqa", "wixqa", "mtrag_un")
JUDGED = (*LARGE, DEMO)
CUT_OUT = {"techqa": 3, "wixqa": 3, "mtrag_un": 4}
"""How many small knowledge bases are cut out of a suite."""

MIXED_WEIGHT, CUT_OUT_WEIGHT = 3.0, 0.25
"""What a question weighs beside one of the other suites: the mix tells most, the same questions of small bases least."""

NOT_SEARCHED = ("asked for a person", "high stakes")
"""The engine hands these over before it searches."""

TARGETS = (0.14, WRONG_ANSWERS_AT_MOST, 0.2, 0.25)
RANKER: Ranker = rerank
console = Console(width=150, highlight=False)


def collected(data: Path, embedder: Embedder | None, ranker: Ranker) -> list[Sample]:
    """The samples of every suite, of small bases cut out of them, and of the demo company."""
    engine, found = EmbeddedEngine(embedder), list[Sample]()
    for name in LARGE:
        suite = suites.load(data / name)
        pieces = chunks(suite)
        with built(engine, pieces) as index:
            weight = MIXED_WEIGHT if name == MIXED else 1.0
            found += samples(name, index, suite.questions, ranker=ranker, weight=weight)
        named = tuple(dict.fromkeys(piece.external_id for piece in pieces))
        for base in small_bases(suite, named, count=CUT_OUT.get(name, 0), seed=LARGE.index(name)):
            with built(engine, [piece for piece in pieces if piece.external_id in base.documents]) as index:
                found += samples(f"{name}, cut out", index, base.questions, ranker=ranker, weight=CUT_OUT_WEIGHT)
        console.print(f"searched {name}, {'words and meaning' if embedder else 'words alone'}")
    return found + demo(engine, ranker)


def demo(engine: EmbeddedEngine, ranker: Ranker) -> list[Sample]:
    """The questions of the demo company that reach the search."""
    suite = opened(GOLDEN)
    asked = [one for one in suites.read_questions(GOLDEN / "demo.jsonl") if one.reference not in NOT_SEARCHED]
    with staged(suite, Setting(index=engine)) as stage, stage.index() as index:
        return samples(DEMO, index, asked, ranker=ranker)


def real_of(found: Sequence[Sample], suite: str) -> list[float]:
    """1 for the real questions of a suite, 0 for all others."""
    return [float(sample.suite == suite and not sample.is_masked) for sample in found]


def counted(found: Sequence[Sample]) -> list[float]:
    """1 for the real questions that probabilities and thresholds are told by."""
    return [float(sample.suite in (MIXED, DEMO) and not sample.is_masked) for sample in found]


def masked_of(found: Sequence[Sample], suite: str) -> list[float]:
    """1 for the answerable questions of a suite and the same with their documents masked."""
    return [float(sample.suite == suite and sample.kind == "answerable") for sample in found]


def line(title: str, of: Figures) -> str:
    """One line of figures."""
    return f"{title:32} AUROC {of.auroc}  caught at 5 % {of.caught}  ECE {of.ece}"


def report(found: Sequence[Sample], fitted: Fitted, vague: FittedVague) -> None:
    """Figures by suite, and the decisions where all kinds of questions are asked."""
    for name in JUDGED:
        if any(sample.suite == name and sample.kind == "unanswerable" for sample in found):
            console.print(line(f"  {name}", figures(found, fitted.unseen, real_of(found, name))))
        hidden = figures(found, fitted.unseen, masked_of(found, name))
        console.print(f"  {name}, documents masked: AUROC {hidden.auroc}")
    for target in TARGETS:
        answer_from = fitted.head.threshold(target)
        console.print(f"  wrong answers at most {target:.0%}: answer from {answer_from:.2f}")
        for name in (MIXED, DEMO):
            rates = decided(found, advice(fitted.unseen, vague, answer_from), real_of(found, name))
            console.print(f"    {name}: {', '.join(f'{what} {rate}' for what, rate in rates.items())}")


def advice(sure: Floats, vague: FittedVague, answer_from: float) -> list[Advice]:
    """What would be done with every question."""
    return [
        advised(confidence, asked, answer_from, vague.clarify_from, vague.ask_first_from)
        for confidence, asked in zip(sure.tolist(), vague.unseen.tolist(), strict=True)
    ]


def held_out(found: Sequence[Sample]) -> None:
    """What the demo company gets from weights and scaling that know none of its questions."""
    known = [sample for sample in found if sample.suite != DEMO]
    new = [sample for sample in found if sample.suite == DEMO]
    fitted, vague = fit_head(known, real_of(known, MIXED)), fit_vague(known, real_of(known, MIXED))
    sure = np.array([fitted.head.model.probability(sample.signals) for sample in new])
    asked = np.array([vague.model.probability(sample.signals) for sample in new])
    told = replace(vague, unseen=asked)
    console.print(line("demo, left out of the fit:", figures(new, sure, real_of(new, DEMO))))
    rates = decided(new, advice(sure, told, fitted.head.threshold(WRONG_ANSWERS_AT_MOST)), real_of(new, DEMO))
    console.print(f"  {', '.join(f'{what} {rate}' for what, rate in rates.items())}")


def main() -> None:
    """Fit, report, write."""
    parser = argparse.ArgumentParser(prog="evals.train_confidence", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(calibration.__file__).with_name(calibration.SHIPPED))
    out: Path = parser.parse_args().out
    data = data_folder()
    both = collected(data, StaticEmbedder(), RANKER)
    worded = collected(data, None, RANKER)
    vague = fit_vague(both, counted(both))
    meaning, words = fit_head(both, counted(both)), fit_head(worded, counted(worded))
    console.print("words and meaning, every question unseen:")
    report(both, meaning, vague)
    held_out(both)
    console.print("words alone:")
    report(worded, words, fit_vague(worded, counted(worded)))
    questions = len({sample.group for sample in both})
    made = Calibration(
        format=FORMAT,
        about=f"shipped; {', '.join(JUDGED)}",
        questions=questions,
        meaning=meaning.head,
        words=words.head,
        vague=vague.model,
        clarify_from=vague.clarify_from,
        ask_first_from=vague.ask_first_from,
    )
    out.write_bytes(encode(made))
    console.print(f"wrote {out.name}, {out.stat().st_size} bytes, from {questions} questions")


if __name__ == "__main__":
    main()

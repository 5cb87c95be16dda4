"""``python -m evals.extractive [--suite NAME …]``: what the extractive answers are worth beside a plain baseline.

The baseline is the first 90 words of the best chunk.  Every question that has relevant documents is answered from what the
index finds for it, as a turn does it without a model, however unsure it is.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from rich.console import Console
from rich.table import Table

from core.ports.knowledge import KnowledgeIndex, Passage
from core.providers.embedded import EmbeddedEngine
from core.providers.embedders import StaticEmbedder
from core.ranking.reranking import rerank
from core.settings import AnswerSettings
from core.steps import telling
from core.steps.answer import Run, extract
from evals.candidates import Candidates, indexed, searched
from evals.data import GOLDEN, data_folder
from evals.engine import Setting, staged
from evals.intervals import Metric, share, summed
from evals.opened import opened
from evals.suite import Question, load, read_questions

SUITES = ("golden_dev", "techqa", "wixqa", "mtrag_un")
BASELINE_WORDS = 90
MAX_WORDS = 600
"""ROUGE reads so many words of either text, as the scorer does."""

Answer = Callable[[Candidates], Sequence[Run]]
console = Console(width=130, highlight=False)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One question: ROUGE-L F1 of both answers against the reference (None without one), and what ours cites.

    ``right`` of the ``cited`` documents are relevant; ``is_found``: the best passage is of a relevant document.
    """

    baseline: float | None
    ours: float | None
    cited: int
    right: int
    is_found: bool
    words: int
    ms: float


def rouge_l(answer: str, reference: str) -> float:
    """F1 of the longest common subsequence of words, 0 to 1."""
    said, wanted = _words(answer), _words(reference)
    if not said or not wanted:
        return float(said == wanted)
    row = [0] * (len(wanted) + 1)
    for word in said:
        diagonal = 0
        for at, other in enumerate(wanted, 1):
            diagonal, row[at] = row[at], diagonal + 1 if word == other else max(row[at], row[at - 1])
    return 2 * row[-1] / (len(said) + len(wanted))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())[:MAX_WORDS]


def first_words(passages: Sequence[Passage], count: int = BASELINE_WORDS) -> str:
    """The baseline: the beginning of the best chunk."""
    return " ".join(passages[0].chunk.text.split()[:count]) if passages else ""


def quoted(runs: Sequence[Run]) -> str:
    """The words of an extractive answer as written."""
    return "\n".join(unit.text for run in runs for unit in run.units)


def answered(found: Candidates) -> tuple[Run, ...]:
    """What a turn would quote."""
    question = telling.Question.of(found.question.text, found.result.terms, "en", found.query.synonyms)
    return extract(question, found.result.passages, AnswerSettings(), language="en")


def measure(found: Candidates, answer: Answer) -> Measured:
    """Both answers to one question, judged."""
    started = perf_counter()
    runs = answer(found)
    ms = 1_000 * (perf_counter() - started)
    passages, reference = found.result.passages, found.question.reference
    relevant = set(found.question.relevant)
    cited = {passages[run.passage].chunk.external_id for run in runs}
    text = quoted(runs)
    return Measured(
        baseline=rouge_l(first_words(passages), reference) if reference else None,
        ours=rouge_l(text, reference) if reference else None,
        cited=len(cited),
        right=len(cited & relevant),
        is_found=bool(passages) and passages[0].chunk.external_id in relevant,
        words=len(text.split()),
        ms=ms,
    )


def questions(name: str) -> list[Candidates]:
    """The questions of a dev suite that have relevant documents, with what the shipped index and ranker find for them."""
    suite = load(data_folder() / name)
    with indexed(suite, EmbeddedEngine(StaticEmbedder())) as index:
        return ranked(index, suite.questions)


def demo_questions() -> list[Candidates]:
    """The same of the demo company's golden questions."""
    with staged(opened(GOLDEN), Setting(index=EmbeddedEngine(StaticEmbedder()))) as stage, stage.index() as index:
        return ranked(index, read_questions(GOLDEN / "demo.jsonl"))


def ranked(index: KnowledgeIndex, asked: Sequence[Question]) -> list[Candidates]:
    """What the index and the ranker find for those of the questions that have relevant documents."""
    found = searched(index, [question for question in asked if question.relevant])
    return [replace(one, result=rerank(one.query, one.result)) for one in found]


def gain(measured: Sequence[Measured]) -> Metric:
    """ROUGE-L of ours over that of the baseline, both meaned over the questions with a reference."""
    pairs = [(one.ours, one.baseline) for one in measured if one.ours is not None and one.baseline is not None]
    return summed(pairs, lambda sums: sums[0] / sums[1] if sums[1] else None)


def table(measured: Mapping[str, Sequence[Measured]]) -> Table:
    """The figures of each suite."""
    out = Table(
        "suite", "n", "baseline", "ours", "gain", "best passage relevant", "relevant cited", "cites", "words", "ms"
    )
    for name, rows in measured.items():
        judged = [one for one in rows if one.ours is not None]
        out.add_row(
            name,
            str(len(rows)),
            f"{_mean([one.baseline or 0.0 for one in judged]):.3f}",
            f"{_mean([one.ours or 0.0 for one in judged]):.3f}",
            str(gain(rows)),
            f"{_mean([one.is_found for one in rows]):.3f}",
            str(share(one.right > 0 for one in rows)),
            f"{_mean([one.cited for one in rows]):.2f}",
            f"{_mean([one.words for one in rows]):.0f}",
            f"{_mean([one.ms for one in rows]):.1f}",
        )
    return out


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="evals.extractive", description=__doc__)
    parser.add_argument("--suite", action="append", help="a dev suite; all retrieval suites with references by default")
    told = parser.parse_args()
    measured = {name: [measure(found, answered) for found in questions(name)] for name in told.suite or SUITES}
    parts = [rows for name, rows in measured.items() if name != "golden_dev"]
    if len(parts) > 1:
        measured["all but golden_dev"] = [one for rows in parts for one in rows]
    console.print(table(measured))


if __name__ == "__main__":
    main()

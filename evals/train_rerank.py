"""``python -m evals.train_rerank``: fit the weights of the reranker and print what to expect of them.

It learns from what the index finds for the questions of four retrieval suites: the documents that answer should come first.  The
figures are of questions that the weights have not seen: a whole suite held out, and five folds by question.  golden_dev asks
questions of the other suites in one big index; it is only measured on, with weights that saw none of the same text.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from core.ports.knowledge import SearchQuery, SearchResult
from core.providers.embedded import EmbeddedEngine
from core.providers.embedders.static import StaticEmbedder
from core.ranking import reranking
from core.ranking.features import NAMES, measured
from evals.candidates import Candidates, indexed, searched
from evals.data import data_folder
from evals.learning import Bools, Floats, Places, folds
from evals.suite import load

LEARNT = ("techqa", "wixqa", "mtrag_un", "tau_knowledge_banking")
SUITES = (*LEARNT, "golden_dev")
RIDGE = 20.0
"""Strong: a weight must earn its place against the index's order, which carries no penalty."""

FOLDS, STEPS = 5, 60
SHARE, SET = NAMES.index("share"), NAMES.index("title_is")
TITLE_IS = 0.35
"""Worth of a title that is the question.  Set, not learnt: two questions of the suites have such a page, and it answers both."""

console = Console(width=130, highlight=False)

Figures = NDArray[np.float64]
"""Recall@1, Recall@5, nDCG@10."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One question with what was found: ``rows`` as ``measured`` gives them, ``ids`` the documents they come from."""

    suite: str
    text: str
    relevant: tuple[str, ...]
    ids: tuple[str, ...]
    rows: Floats
    query: SearchQuery
    result: SearchResult

    @property
    def group(self) -> str:
        """Questions of one group are the same question; golden_dev's stand in other suites, too."""
        return self.text.strip().lower()


def listed(suite: str, candidates: Candidates) -> Listed:
    """A question as the learner sees it."""
    passages = candidates.result.passages[: reranking.TOP]
    return Listed(
        suite=suite,
        text=candidates.question.text,
        relevant=candidates.question.relevant,
        ids=tuple(passage.chunk.external_id for passage in passages),
        rows=measured(candidates.query, passages, candidates.result.terms),
        query=candidates.query,
        result=candidates.result,
    )


def gathered(data: Path, *, with_vectors: bool) -> list[Listed]:
    """The questions of all suites that a document answers and that found any."""
    engine = EmbeddedEngine(StaticEmbedder() if with_vectors else None)
    found: list[Listed] = []
    for name in SUITES:
        suite = load(data / name)
        with indexed(suite, engine) as index:
            asked = searched(index, [q for q in suite.questions if q.relevant], limit=reranking.TOP)
        found += [listed(name, one) for one in asked if one.result.passages]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Questions as one table: (question, passage, feature), which places are filled, and which passages answer.

    ``answers`` has a row per document that answers, ``of`` says to which question it belongs.
    """

    rows: Floats
    filled: Bools
    answers: Bools
    of: Places

    @classmethod
    def made(cls, questions: Sequence[Listed]) -> Batch:
        """Only of questions whose list holds an answer and something else."""
        kept = [q for q in questions if set(q.ids) & set(q.relevant) and set(q.ids) - set(q.relevant)]
        rows = np.zeros((len(kept), reranking.TOP, len(NAMES)))
        filled = np.zeros(rows.shape[:2], np.bool_)
        answers, of = [], []
        for at, question in enumerate(kept):
            count = len(question.ids)
            rows[at, :count] = question.rows - question.rows.mean(axis=0)
            rows[at, :, SET] = 0.0
            filled[at, :count] = True
            for document in sorted(set(question.relevant) & set(question.ids)):
                answers.append([*(name == document for name in question.ids), *[False] * (reranking.TOP - count)])
                of.append(at)
        return cls(rows=rows, filled=filled, answers=np.array(answers), of=np.array(of))


def fit(questions: Sequence[Listed], *, ridge: float = RIDGE) -> reranking.Weights:
    """Weights under which an answering document's best chunk stands first as likely as may be.

    A softmax over each list; where a document has several chunks the likeliest counts most (expectation, then one Newton step).
    """
    batch = Batch.made(questions)
    spread = np.maximum(batch.rows[batch.filled].std(axis=0), 1e-3)
    rows = batch.rows / spread
    penalty = np.full(len(NAMES), ridge)
    penalty[SHARE] = 1e-3
    worth = np.zeros(len(NAMES))
    worth[SHARE] = 1.0
    for _ in range(STEPS):
        likely = _softmax(np.where(batch.filled, rows @ worth, -np.inf))
        slope = np.einsum("ql,qlk->k", likely - _wanted(batch, likely), rows) + penalty * worth
        mean = np.einsum("ql,qlk->qk", likely, rows)
        curve = np.einsum("ql,qlk,qlj->kj", likely, rows, rows) - mean.T @ mean + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        worth -= step
        if float(np.abs(step).max()) < 1e-7:
            break
    plain = worth / spread
    return reranking.Weights(
        by_name={**dict(zip(NAMES, (plain / plain[SHARE]).tolist(), strict=True)), NAMES[SET]: TITLE_IS}
    )


def _softmax(values: Floats) -> Floats:
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)


def _wanted(batch: Batch, likely: Floats) -> Floats:
    """Where the probability should go: each document that answers gets the same, its chunks by how likely they are."""
    parts = likely[batch.of] * batch.answers
    parts /= np.maximum(parts.sum(axis=1, keepdims=True), 1e-12)
    wanted = np.zeros_like(likely)
    np.add.at(wanted, batch.of, parts / np.bincount(batch.of)[batch.of][:, None])
    return wanted


def figures(question: Listed, weights: reranking.Weights | None) -> Figures:
    """Recall@1, Recall@5 and nDCG@10 of one question, ranked by the index (None) or by weights."""
    order: Sequence[int] = range(len(question.ids))
    if weights is not None:
        shares = weights.shares(question.rows)
        order = sorted(order, key=lambda at: (-shares[at], at))
    ranked, relevant = list(dict.fromkeys(question.ids[at] for at in order)), set(question.relevant)
    gain = sum(1 / math.log2(place + 2) for place, name in enumerate(ranked[:10]) if name in relevant)
    ideal = sum(1 / math.log2(place + 2) for place in range(min(10, len(relevant))))
    return np.array([*(len(relevant & set(ranked[:most])) / len(relevant) for most in (1, 5)), gain / ideal])


def held_out(questions: Sequence[Listed]) -> Figures:
    """Each question ranked by weights that saw no question of its suite (of golden_dev: of the suite that it is from)."""
    found = np.zeros((len(questions), 3))
    sources = {q.group: q.suite for q in questions if q.suite in LEARNT}
    for suite in LEARNT:
        weights = fit([q for q in questions if q.suite in LEARNT and q.suite != suite])
        for at, question in enumerate(questions):
            if sources.get(question.group) == suite:
                found[at] = figures(question, weights)
    return found


def by_folds(questions: Sequence[Listed], *, seed: int) -> Figures:
    """Each question ranked by weights that saw it in no suite."""
    found = np.zeros((len(questions), 3))
    for learnt, left in folds([q.group for q in questions], FOLDS, seed=seed):
        weights = fit([questions[at] for at in learnt if questions[at].suite in LEARNT])
        for at in left:
            found[at] = figures(questions[at], weights)
    return found


def interval(change: Floats, *, seed: int = 0) -> tuple[float, float]:
    """95 % interval of a mean change by drawing questions anew."""
    draws = np.random.default_rng(seed).integers(0, len(change), (2_000, len(change)))
    low, high = np.quantile(change[draws].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


def report(title: str, questions: Sequence[Listed]) -> None:
    """Print the figures before and after, by suite."""
    before = np.array([figures(question, None) for question in questions])
    apart = held_out(questions)
    folded = np.mean([by_folds(questions, seed=seed) for seed in range(3)], axis=0)
    console.print(f"\n{title}: Recall@1 / Recall@5 / nDCG@10, in points")
    console.print(f"{'':24}{'index':>20}{'suite held out':>20}{'five folds':>20}   change of nDCG@10, folds")
    suites = np.array([question.suite for question in questions])
    for name in (*SUITES, "all questions"):
        of = np.ones(len(suites), np.bool_) if name == "all questions" else suites == name
        shown = [
            " / ".join(f"{100 * value:.1f}" for value in part[of].mean(axis=0)) for part in (before, apart, folded)
        ]
        change = 100 * (folded - before)[of, 2]
        low, high = interval(change)
        told = f"{change.mean():+.2f} [{low:+.2f}, {high:+.2f}]"
        console.print(f"{name:24}{shown[0]:>20}{shown[1]:>20}{shown[2]:>20}   {told}")


def timed(questions: Sequence[Listed]) -> tuple[float, float]:
    """Median and 95th percentile of what one ``rerank`` of the full list costs, in ms of CPU."""
    taken = []
    for question in questions:
        began = time.thread_time()
        reranking.rerank(question.query, question.result)
        taken.append(1e3 * (time.thread_time() - began))
    median, most = np.quantile(taken, (0.5, 0.95))
    return float(median), float(most)


def rounded(weights: reranking.Weights) -> Mapping[str, float]:
    """As they are stored."""
    return {name: round(value, 4) for name, value in weights.by_name.items()}


def main() -> None:
    """Fit, report, write."""
    parser = argparse.ArgumentParser(prog="evals.train_rerank", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(reranking.__file__).with_name(reranking.WEIGHTS))
    parser.add_argument(
        "--time", action="store_true", help="only measure what reranking costs, with the shipped weights"
    )
    given = parser.parse_args()
    data = data_folder()
    stored = {}
    for kind, with_vectors in (("meaning", True), ("words", False)):
        questions = gathered(data, with_vectors=with_vectors)
        if not given.time:
            report("text and vectors" if with_vectors else "text only", questions)
            stored[kind] = rounded(fit([q for q in questions if q.suite in LEARNT]))
            continue
        median, most = timed(questions)
        console.print(f"{kind}: {median:.2f} ms, 95 % below {most:.2f} ms for {reranking.TOP} passages")
    if given.time:
        return
    given.out.write_text(json.dumps({"weights": stored}, indent=1) + "\n", encoding="utf-8")
    console.print(f"\nwrote {given.out.name}: {stored}")


if __name__ == "__main__":
    main()

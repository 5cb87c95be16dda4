"""``python -m evals.train_sentiment``: fit the weights of the polarity score and print what to expect of them.

The figures are of items that the weights have not seen: ten folds, all sentences of one review in the same.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console

from core.sentiment import scoring
from core.sentiment.features import FIGURES, Shown, shown
from core.sentiment.scoring import Model, label, scored
from evals.data import data_folder
from evals.learning import Floats, Places, folds

LEAST: Final = 2
"""An n-gram of fewer items is left out."""

GRAM: Final = 0.6
"""What an n-gram's presence counts beside a figure of unit spread: less, because there are so many."""

COST, RIDGE = 0.05, 10.0
DOUBT: Final = 0.35
"""How far the mean of twenty raters may be off: an item near the edge of a label counts in part as its neighbour."""

LIKENESS: Final = {"tweets": 4.0}
"""What an item of a source counts, 1 where nothing is said: messages are more like tweets than like reviews."""

LABELS: Final = ("negative", "neutral", "positive")
SEEDS: Final = 3

console = Console(width=120, highlight=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Items as they are shown, their raters' mean, and where they come from; ``groups``: the review of a sentence."""

    shown: tuple[Shown, ...]
    truth: Floats
    sources: tuple[str, ...]
    groups: tuple[str, ...]


def tabled(items: Sequence[dict[str, Any]]) -> Table:
    """The suite's items."""
    return Table(
        shown=tuple(shown(item["text"][: scoring.MAX_CHARS]) for item in items),
        truth=np.array([float(item["score"]) for item in items]),
        sources=tuple(item["source"] for item in items),
        groups=tuple(item["id"].rpartition("_")[0] if item["source"] != "tweets" else item["id"] for item in items),
    )


def train(table: Table, places: Places) -> Model:
    """A logistic regression for the label and a ridge regression for the score, on the same columns."""
    from scipy.sparse import csr_matrix, hstack, vstack  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression, Ridge  # noqa: PLC0415

    chosen = [table.shown[at] for at in places]
    counted = Counter(gram for item in chosen for gram in item.grams)
    grams = sorted(gram for gram, count in counted.items() if count >= LEAST)
    column = {gram: at for at, gram in enumerate(grams)}
    cells = [(row, column[gram]) for row, item in enumerate(chosen) for gram in item.grams if gram in column]
    rows, columns = zip(*cells, strict=True)
    present = csr_matrix((np.full(len(cells), GRAM), (rows, columns)), shape=(len(chosen), len(grams)))
    figures = np.array([item.figures for item in chosen])
    mean, spread = figures.mean(0), np.maximum(figures.std(0), 1e-3)
    matrix = hstack([present, csr_matrix((figures - mean) / spread)]).tocsr()
    truth = table.truth[places]
    counts = np.array([LIKENESS.get(table.sources[at], 1.0) for at in places])
    sides = np.repeat(np.arange(len(LABELS)), len(truth))
    labels = LogisticRegression(C=COST, max_iter=500).fit(
        vstack([matrix] * len(LABELS)), sides, sample_weight=(shares(truth) * counts).ravel()
    )
    amount = Ridge(alpha=RIDGE, solver="sparse_cg", tol=1e-8).fit(matrix, truth, sample_weight=counts)
    weights = np.vstack([labels.coef_, amount.coef_]).T
    bias = np.append(labels.intercept_, amount.intercept_)
    plain = weights[len(grams) :] / spread[:, None]
    return Model(
        bias=_row(bias - mean @ plain),
        figures=tuple(map(_row, plain)),
        grams={gram: _row(found) for gram, found in zip(grams, weights[: len(grams)] * GRAM, strict=True)},
    )


def shares(truth: Floats) -> Floats:
    """How likely each label would be, a row for each, if other people rated the items."""
    from scipy.special import ndtr  # noqa: PLC0415

    below, above = ndtr((-scoring.NEUTRAL - truth) / DOUBT), ndtr((truth - scoring.NEUTRAL) / DOUBT)
    return np.vstack([below, 1 - below - above, above])


def _row(values: Floats) -> scoring.Row:
    negative, neutral, positive, score = (round(float(value), 3) for value in values)
    return negative, neutral, positive, score


def cross_validated(table: Table, *, seed: int) -> Floats:
    """A score for each item from weights that saw neither it nor another sentence of its review."""
    scores = np.zeros(len(table.shown))
    for learnt, left in folds(table.groups, 10, seed=seed):
        found = train(table, learnt)
        scores[left] = [scored(table.shown[at], found) for at in left]
    return scores


def accuracies(table: Table, scores: Floats) -> dict[str, float]:
    """Share of right labels by source."""
    right = np.array([label(said) == label(truth) for said, truth in zip(scores, table.truth, strict=True)])
    sources = np.array(table.sources)
    return {source: float(right[sources == source].mean()) for source in dict.fromkeys(table.sources)}


def main() -> None:
    """Fit, report, write."""
    parser = argparse.ArgumentParser(prog="evals.train_sentiment", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(scoring.__file__).with_name(scoring.WEIGHTS_FILE))
    out: Path = parser.parse_args().out
    lines = (data_folder() / "sentiment" / "items.jsonl").read_text(encoding="utf-8").splitlines()
    table = tabled([json.loads(line) for line in lines])
    for seed in range(SEEDS):
        scores = cross_validated(table, seed=seed)
        said = ", ".join(f"{source} {share:.3f}" for source, share in accuracies(table, scores).items())
        console.print(
            f"10 folds, seed {seed}: accuracy {said}; correlation {np.corrcoef(scores, table.truth)[0, 1]:.3f}"
        )
    found = train(table, np.arange(len(table.shown)))
    stored = {"bias": found.bias, "figures": dict(zip(FIGURES, found.figures, strict=True)), "grams": found.grams}
    out.write_text(json.dumps(stored, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    console.print(f"wrote {out.name}, {len(found.grams)} n-grams, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()

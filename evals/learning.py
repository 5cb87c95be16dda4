"""Small learners in numpy, seeded: the same data give the same numbers each time."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Places = NDArray[np.int64]


def sigmoid(values: Floats) -> Floats:
    """0 to 1."""
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -40, 40))), dtype=np.float64)


def balanced(truth: Bools, weights: Floats | None = None) -> Floats:
    """Weights under which both classes count the same, one on average."""
    base = np.ones(len(truth)) if weights is None else weights
    out = np.empty(len(truth))
    for side in (truth, ~truth):
        out[side] = base[side] * len(truth) / 2 / max(float(base[side].sum()), 1e-9)
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """A logistic regression on plain features."""

    weights: Floats
    bias: float

    def score(self, rows: Floats) -> Floats:
        """0 to 1 for each row."""
        return sigmoid(rows @ self.weights + self.bias)


def fit(rows: Floats, truth: Bools, weights: Floats, *, ridge: float, steps: int = 40) -> Linear:
    """Newton's method on standardised features; ``ridge`` is the penalty on every weight but the bias."""
    mean, spread = rows.mean(0), np.maximum(rows.std(0), 1e-3)
    scaled = np.hstack([(rows - mean) / spread, np.ones((len(rows), 1))])
    penalty = np.full(scaled.shape[1], ridge)
    penalty[-1] = 1e-6
    found = np.zeros(scaled.shape[1])
    for _ in range(steps):
        expected = sigmoid(scaled @ found)
        slope = scaled.T @ (weights * (expected - truth)) + penalty * found
        curve = (scaled * (weights * expected * (1 - expected) + 1e-9)[:, None]).T @ scaled + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        found -= step
        if float(np.abs(step).max()) < 1e-7:
            break
    plain = found[:-1] / spread
    return Linear(weights=plain, bias=float(found[-1] - plain @ mean))


def folds(groups: Sequence[Hashable], count: int, *, seed: int) -> Iterator[tuple[Places, Places]]:
    """(train, test) places; rows of one group are never on both sides."""
    known = list(dict.fromkeys(groups))
    order = np.random.default_rng(seed).permutation(len(known))
    fold_of = {known[at]: place % count for place, at in enumerate(order)}
    placed = np.array([fold_of[group] for group in groups])
    for number in range(count):
        yield np.flatnonzero(placed != number), np.flatnonzero(placed == number)


def auroc(scores: Floats, truth: Bools) -> float:
    """Chance that a true one scores above a false one; ties count half."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positives = int(truth.sum())
    above = float(ranks[truth].sum()) - positives * (positives + 1) / 2
    return above / (positives * (len(truth) - positives))


def balanced_accuracy(said: Bools, truth: Bools) -> float:
    """Mean of both classes' recall."""
    return float((said[truth].mean() + (~said[~truth]).mean()) / 2)

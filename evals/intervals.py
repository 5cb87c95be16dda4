"""Figures with their 95 % intervals: Wilson's for plain shares, 1,000 bootstrap draws over the items for the rest.

The draws are seeded: the same predictions give the same numbers each time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS, SEED = 1_000, 20261121
Z = 1.959964

Counts = NDArray[np.int64]
Fn = Callable[[Sequence[float]], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One figure over ``n`` cases; None where there is nothing to count or no interval can be given."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0

    def __str__(self) -> str:
        if self.value is None:
            return "-"
        bounds = "" if self.low is None or self.high is None else f" [{self.low:.3f}, {self.high:.3f}]"
        return f"{self.value:.3f}{bounds}"


def share(flags: Iterable[object]) -> Metric:
    """The share of true flags, with Wilson's interval."""
    told = [bool(flag) for flag in flags]
    n = len(told)
    if not n:
        return Metric(value=None)
    part, widened = sum(told) / n, 1 + Z * Z / n
    middle = (part + Z * Z / (2 * n)) / widened
    half = Z / widened * math.sqrt(part * (1 - part) / n + Z * Z / (4 * n * n))
    return Metric(value=part, low=max(0.0, middle - half), high=min(1.0, middle + half), n=n)


def draws(n: int) -> Iterator[Counts]:
    """How often each of ``n`` items was drawn, for every draw."""
    random = np.random.default_rng(SEED)
    for _ in range(DRAWS):
        yield np.bincount(random.integers(0, n, n), minlength=n)


def summed(rows: Iterable[Sequence[float]], fn: Fn, *, n: int | None = None) -> Metric:
    """``fn`` of the column sums of ``rows``, one row an item, with the interval that drawing items gives."""
    table = np.asarray(list(rows), dtype=np.float64)
    if not len(table):
        return Metric(value=None)
    low, high = _limits(fn((drawn @ table).tolist()) for drawn in draws(len(table)))
    return Metric(value=fn(table.sum(0).tolist()), low=low, high=high, n=len(table) if n is None else n)


def mean(values: Iterable[float]) -> Metric:
    """The mean of the items' values."""
    return summed(((float(value), 1.0) for value in values), lambda sums: sums[0] / sums[1] if sums[1] else None)


def auroc(pairs: Iterable[tuple[float | None, bool]]) -> Metric:
    """Chance that a positive scores above a negative, ties half; a missing score counts as a wrong one."""
    told = [(score, bool(positive)) for score, positive in pairs]
    if len({positive for _, positive in told}) < 2 or all(score is None for score, _ in told):
        return Metric(value=None, n=len(told))
    worst = {True: -math.inf, False: math.inf}
    ordered = sorted((worst[positive] if score is None else float(score), positive) for score, positive in told)
    scores = np.array([score for score, _ in ordered])
    positive = np.array([positive for _, positive in ordered])
    starts = np.flatnonzero(np.append(True, scores[1:] != scores[:-1]))

    def area(drawn: Counts) -> float | None:
        above, below = np.add.reduceat(drawn * positive, starts), np.add.reduceat(drawn * ~positive, starts)
        total = float(above.sum() * below.sum())
        return float((above * (below.cumsum() - below / 2)).sum()) / total if total else None

    low, high = _limits(area(drawn) for drawn in draws(len(told)))
    return Metric(value=area(np.ones(len(told), dtype=np.int64)), low=low, high=high, n=len(told))


def calibration_error(confidences: Sequence[float], right: Sequence[bool], *, bins: int = 10) -> Metric:
    """Expected calibration error: how far confidence and share of right ones lie apart, by bins of equal width."""
    rows = np.zeros((len(confidences), 3 * bins + 1))
    for row, confidence, is_right in zip(rows, confidences, right, strict=True):
        at = 3 * min(bins - 1, max(0, int(confidence * bins)))
        row[at : at + 3] = 1, confidence, float(is_right)
        row[-1] = 1
    return summed(rows, lambda s: sum(abs(s[i + 1] - s[i + 2]) for i in range(0, 3 * bins, 3)) / s[-1])


def rank_correlation(left: Sequence[float], right: Sequence[float]) -> Metric:
    """Spearman's, with Fisher's interval."""
    n = len(left)
    if n < 4:
        return Metric(value=None, n=n)
    a, b = _ranks(left), _ranks(right)
    a, b = a - a.mean(), b - b.mean()
    spread = math.sqrt(float((a * a).sum() * (b * b).sum()))
    if not spread:
        return Metric(value=None, n=n)
    found = float((a * b).sum()) / spread
    if abs(found) >= 1 - 1e-12:
        return Metric(value=found, low=found, high=found, n=n)
    half = 1.96 * math.sqrt((1 + found * found / 2) / (n - 3))
    return Metric(value=found, low=math.tanh(math.atanh(found) - half), high=math.tanh(math.atanh(found) + half), n=n)


def f1(hits: float, extra: float, missed: float) -> float | None:
    """Of hits, false alarms and misses; None without any."""
    return 2 * hits / (2 * hits + extra + missed) if hits + extra + missed else None


def macro_f1(pairs: Iterable[tuple[object, object]], classes: Iterable[str]) -> Metric:
    """Mean F1 over the classes that occur, of (true, predicted) pairs."""
    at = {name: 3 * place for place, name in enumerate(sorted(classes))}
    rows = []
    for truth, said in pairs:
        row = [0.0] * (3 * len(at))
        if truth == said and truth in at:
            row[at[str(truth)]] = 1
        else:
            if said in at:
                row[at[str(said)] + 1] = 1
            if truth in at:
                row[at[str(truth)] + 2] = 1
        rows.append(row)

    def of(sums: Sequence[float]) -> float | None:
        each = [f1(*sums[i : i + 3]) for i in range(0, len(sums), 3)]
        known = [value for value in each if value is not None]
        return sum(known) / len(known) if known else None

    return summed(rows, of)


def _limits(values: Iterable[float | None]) -> tuple[float | None, float | None]:
    known = sorted(value for value in values if value is not None)
    if not known:
        return None, None
    return known[int(0.025 * (len(known) - 1))], known[math.ceil(0.975 * (len(known) - 1))]


def _ranks(values: Sequence[float]) -> NDArray[np.float64]:
    _, inverse, counts = np.unique(np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True)
    middle: NDArray[np.float64] = (np.cumsum(counts) - (counts + 1) / 2)[inverse]
    return middle

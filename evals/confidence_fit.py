"""Fitting a confidence: a logistic model that tells questions with an answer from others, scaled to how often answers are right.

Everything that is reported, and everything that thresholds are chosen by, comes from models that have not seen the question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from core.ports.knowledge import Advice
from core.ranking.calibration import OVERALL, Head, Linear, Point
from evals.confidence_data import Sample
from evals.intervals import Metric, auroc, calibration_error, share
from evals.learning import Bools, Floats, Places, balanced, folds, sigmoid

BY_WORDS = (
    "bm25",
    "gap_held",
    "gap_worded",
    "margin_held",
    "margin_worded",
    "phrases",
)
BY_MEANING = ("cosine", "cosine_first")
EVIDENCE = frozenset((*BY_WORDS, *BY_MEANING))
"""Signals that may only speak for an answer."""

OF_THE_QUESTION = ("whether", "amount", "place", "topic", "names", "codes", "follow_up", "bare")
OF_VAGUENESS = (
    "points_general",
    "points_open",
    "points_this",
    "points_known",
    "pronoun",
    "dangling",
    "history",
    "bare",
    "length",
    "topic",
    "whether",
    "bm25",
    "bm25_gap",
    "sentence",
)
RIDGE = 30.0
OWN_RIDGE = 100.0
"""An operator's few questions move the shipped weights only where they speak clearly."""

MASKED_WEIGHT = 0.1
"""What a masked question weighs beside a real one: it is easier to see through, but there are many."""

FOLDS, REPEATS = 5, 4
MAY_ASK = 0.02
"""So many of the answerable may be asked back although the answer was found."""

MAY_LOSE = 0.05
"""So many of the answerable may be turned away where the share of caught ones is told."""

POINTS = 40
LEAST_ANSWERS = 20
LEAST_OF_CATEGORY = 40
"""With fewer questions of a category its thresholds would be chance."""

UNANSWERABLE_SHARE = 0.15
"""How many questions have no answer where a golden set holds (almost) none of them: the masked ones then stand for these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A head, and for every sample the confidence from folds that did not hold its question."""

    head: Head
    unseen: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What confidences are worth: ``caught`` unanswerable ones where 5 % of the answerable are turned away."""

    auroc: Metric
    caught: Metric
    ece: Metric


def names_of(samples: Sequence[Sample]) -> tuple[str, ...]:
    """The signals of a model for these samples: without those of meaning where an index has no vectors."""
    has_cosine = all(sample.has_cosine for sample in samples)
    return (*BY_WORDS, *(BY_MEANING if has_cosine else ()), *OF_THE_QUESTION)


def table(samples: Sequence[Sample], names: Sequence[str]) -> Floats:
    """One row a sample."""
    return np.array([[sample.signals.get(name, 0.0) for name in names] for sample in samples], dtype=np.float64)


def logistic(
    rows: Floats, truth: Bools, weights: Floats, *, ridge: float, names: Sequence[str], start: Linear | None = None
) -> Linear:
    """Newton's method on standardised signals; ``ridge`` pulls every weight to that of ``start``, or to nothing."""
    mean, spread = rows.mean(0), np.maximum(rows.std(0), 1e-3)
    scaled = np.hstack([(rows - mean) / spread, np.ones((len(rows), 1))])
    pull = np.full(scaled.shape[1], ridge)
    pull[-1] = 1e-6
    goal = np.zeros(scaled.shape[1])
    if start is not None:
        goal[:-1] = np.array([start.weights.get(name, 0.0) for name in names]) * spread
    found = goal.copy()
    for _ in range(60):
        expected = sigmoid(scaled @ found)
        slope = scaled.T @ (weights * (expected - truth)) + pull * (found - goal)
        curve = (scaled * (weights * expected * (1 - expected) + 1e-9)[:, None]).T @ scaled + np.diag(pull)
        step = np.linalg.solve(curve, slope)
        found = found - step
        if float(np.abs(step).max()) < 1e-7:
            break
    plain = found[:-1] / spread
    return Linear(
        weights=dict(zip(names, plain.tolist(), strict=True)),
        bias=float(found[-1] - plain @ mean),
        typical=dict(zip(names, mean.tolist(), strict=True)),
    )


def sensible(
    rows: Floats, truth: Bools, weights: Floats, *, ridge: float, names: Sequence[str], start: Linear | None = None
) -> Linear:
    """As ``logistic``, but no signal of evidence counts against its sense: one that would is left out, the worst first.

    A passage close in meaning must never make an answer less likely, whatever a few hundred questions seem to say.
    """
    mute: set[str] = set()
    spread = dict(zip(names, rows.std(0).tolist(), strict=True))
    while True:
        kept = rows * np.array([name not in mute for name in names])
        model = logistic(kept, truth, weights, ridge=ridge, names=names, start=start)
        against = {
            name: weight * spread[name]
            for name, weight in model.weights.items()
            if name in EVIDENCE and name not in mute and weight < 0
        }
        if not against:
            told = {name: 0.0 if name in mute else weight for name, weight in model.weights.items()}
            return msgspec.structs.replace(model, weights=told)
        mute.add(min(against, key=lambda name: (against[name], name)))


def margins(model: Linear, rows: Floats, names: Sequence[str]) -> Floats:
    """The log-odds of each row."""
    return np.asarray(rows @ np.array([model.weights[name] for name in names]) + model.bias, dtype=np.float64)


def scaled(model: Linear, slope: float, offset: float) -> Linear:
    """The same order, other probabilities."""
    return Linear(
        weights={name: round(weight * slope, 5) for name, weight in model.weights.items()},
        bias=round(model.bias * slope + offset, 5),
        typical={name: round(mean, 4) for name, mean in model.typical.items()},
    )


def platt(found: Floats, truth: Bools, weights: Floats) -> tuple[float, float]:
    """Slope and offset that make log-odds of scores: Platt's scaling with a light pull to one, so the order never turns."""
    line = logistic(found[:, None], truth, weights, ridge=1.0, start=Linear(weights={"m": 1.0}, bias=0.0), names=["m"])
    return max(0.05, line.weights["m"]), line.bias


def fit_head(samples: Sequence[Sample], population: Sequence[float], *, start: Linear | None = None) -> Fitted:
    """Fit on all samples; probabilities, thresholds and deciles are those of the ``population`` (a weight for each sample)."""
    names, ridge = names_of(samples), RIDGE if start is None else OWN_RIDGE
    rows, truth = table(samples, names), np.array([sample.is_answerable for sample in samples])
    right = np.array([sample.is_right for sample in samples])
    weights = _weights(samples)
    counted = np.asarray(population, dtype=np.float64)

    def trained(places: Places) -> Linear:
        leaning = balanced(truth[places], weights[places])
        return sensible(rows[places], truth[places], leaning, ridge=ridge, names=names, start=start)

    left_out = np.zeros(len(samples))
    unseen = np.zeros(len(samples))
    groups = [sample.group for sample in samples]
    for seed in range(REPEATS):
        for learnt, left in folds(groups, FOLDS, seed=seed):
            left_out[left] += margins(trained(learnt), rows[left], names) / REPEATS
    for learnt, left in folds(groups, FOLDS, seed=0):
        slope, offset = platt(*_counted(left_out, right, counted, learnt))
        unseen[left] = sigmoid(left_out[left] * slope + offset)
    everything = np.arange(len(samples))
    slope, offset = platt(*_counted(left_out, right, counted, everything))
    final = sigmoid(left_out * slope + offset)
    model = scaled(trained(everything), slope, offset)
    real = (counted > 0) & ~np.array([sample.is_masked for sample in samples])
    curves = {name: curve(final, samples, counted * at) for name, at in _categories(samples, counted)}
    deciles = tuple(round(float(value), 4) for value in np.quantile(final[real], np.arange(0.1, 0.95, 0.1)))
    return Fitted(head=Head(model=model, curves=curves, deciles=deciles), unseen=unseen)


def _weights(samples: Sequence[Sample]) -> Floats:
    return np.array([sample.weight * (MASKED_WEIGHT if sample.is_masked else 1.0) for sample in samples])


def _counted(found: Floats, truth: Bools, counted: Floats, places: Places) -> tuple[Floats, Bools, Floats]:
    kept = places[counted[places] > 0]
    return found[kept], truth[kept], counted[kept]


def _categories(samples: Sequence[Sample], counted: Floats) -> Iterator[tuple[str, Bools]]:
    yield OVERALL, np.ones(len(samples), dtype=np.bool_)
    of = np.array([sample.category for sample in samples])
    for name in sorted({sample.category for sample in samples} - {OVERALL}):
        places = of == name
        if int(((counted > 0) & places).sum()) >= LEAST_OF_CATEGORY:
            yield name, places


def curve(confidences: Floats, samples: Sequence[Sample], counted: Floats) -> tuple[Point, ...]:
    """What answering from each threshold on costs; the share of wrong answers never rises with the threshold."""
    right = np.array([sample.is_right for sample in samples])
    able = np.array([sample.kind == "answerable" and not sample.is_masked for sample in samples]) & (counted > 0)
    known = counted > 0
    levels = np.unique(np.round(np.quantile(confidences[known], np.linspace(0, 1, POINTS + 1)), 4))
    told: list[tuple[float, float, float, float]] = []
    for level in (0.0, *levels.tolist()):
        given = known & (confidences >= level)
        if told and int(given.sum()) < min(LEAST_ANSWERS, int(known.sum()) // 2):
            break
        answered = float(counted[given].sum())
        wrong = float(counted[given & ~right].sum()) / answered
        turned_away = float((able & (confidences < level)).sum()) / max(1, int(able.sum()))
        told.append((level, wrong, turned_away, answered))
    smooth = _falling([wrong for _, wrong, _, _ in told], [answered for *_, answered in told])
    return tuple(
        Point(confidence=round(level, 4), wrong=round(wrong, 4), declined=round(away, 4))
        for (level, _, away, _), wrong in zip(told, smooth, strict=True)
    )


def _falling(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The closest sequence that never rises (pool adjacent violators)."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] < blocks[-1][0]:
            (a, wa, na), (b, wb, nb) = blocks[-2:]
            blocks[-2:] = [((a * wa + b * wb) / (wa + wb), wa + wb, na + nb)]
    return [value for value, _, count in blocks for _ in range(count)]


def natural(samples: Sequence[Sample]) -> list[float]:
    """1 for questions that count as they come, else 0; some masked ones count where hardly any real one lacks an answer."""
    real = [sample for sample in samples if not sample.is_masked]
    masked = [at for at, sample in enumerate(samples) if sample.is_masked]
    without = sum(not sample.is_answerable for sample in real)
    lacking = round((UNANSWERABLE_SHARE * len(real) - without) / (1 - UNANSWERABLE_SHARE))
    stand_ins = min(max(0, lacking), len(masked))
    chosen = {masked[number * len(masked) // stand_ins] for number in range(stand_ins)}
    return [float(not sample.is_masked or at in chosen) for at, sample in enumerate(samples)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedVague:
    """The model of questions that want asking back, from where on to do it, and for every sample the unseen probability."""

    model: Linear
    clarify_from: float
    ask_first_from: float
    unseen: Floats


def fit_vague(samples: Sequence[Sample], population: Sequence[float]) -> FittedVague:
    """Fit on all samples; probabilities and thresholds are those of the ``population``."""
    rows, truth = table(samples, OF_VAGUENESS), np.array([sample.kind == "underspecified" for sample in samples])
    truth &= ~np.array([sample.is_masked for sample in samples])
    weights, counted = _weights(samples), np.asarray(population, dtype=np.float64)

    def trained(places: Places) -> Linear:
        leaning = balanced(truth[places], weights[places])
        return logistic(rows[places], truth[places], leaning, ridge=RIDGE, names=OF_VAGUENESS)

    left_out = np.zeros(len(samples))
    for seed in range(REPEATS):
        for learnt, left in folds([sample.group for sample in samples], FOLDS, seed=seed):
            left_out[left] += margins(trained(learnt), rows[left], OF_VAGUENESS) / REPEATS
    slope, offset = platt(*_counted(left_out, truth, counted, np.arange(len(samples))))
    unseen = sigmoid(left_out * slope + offset)
    able = np.array([sample.is_answerable for sample in samples]) & (counted > 0)
    return FittedVague(
        model=scaled(trained(np.arange(len(samples))), slope, offset),
        clarify_from=round(float(sigmoid(np.array([offset]))[0]), 4),
        ask_first_from=round(float(np.quantile(unseen[able], 1 - MAY_ASK)), 4),
        unseen=unseen,
    )


def figures(samples: Sequence[Sample], confidences: Floats, counted: Sequence[float]) -> Figures:
    """What the confidences of those that count are worth; a masked one is a question without an answer."""
    pairs = [
        (sample, float(sure)) for sample, sure, counts in zip(samples, confidences, counted, strict=True) if counts
    ]
    able = [sure for sample, sure in pairs if sample.kind == "answerable" and not sample.is_masked]
    unable = [sure for sample, sure in pairs if sample.is_masked or sample.kind == "unanswerable"]
    cut = sorted(able)[int(MAY_LOSE * len(able))] if able else 0.0
    return Figures(
        auroc=auroc([*((sure, True) for sure in able), *((sure, False) for sure in unable)]),
        caught=share(sure < cut for sure in unable),
        ece=calibration_error([sure for _, sure in pairs], [sample.is_right for sample, _ in pairs]),
    )


def decided(samples: Sequence[Sample], advised: Sequence[Advice], counted: Sequence[float]) -> Mapping[str, Metric]:
    """The scorer's rates over those that count."""
    said: dict[str, list[Advice]] = {"answerable": [], "unanswerable": [], "underspecified": []}
    for sample, advice, counts in zip(samples, advised, counted, strict=True):
        kind = "unanswerable" if sample.is_masked else sample.kind
        if counts and kind in said:
            said[kind].append(advice)
    return {
        "false answers": share(one is Advice.ANSWER for one in said["unanswerable"]),
        "false abstentions": share(one is not Advice.ANSWER for one in said["answerable"]),
        "underspecified asked back": share(one is Advice.CLARIFY for one in said["underspecified"]),
    }

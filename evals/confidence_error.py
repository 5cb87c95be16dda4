"""How far confidences lie from what they state: that one of the first documents answers.  Three figures, as shipped and fitted.

The scorer's ``ece`` holds confidences against what was cited, and a question that was turned away counts as wrong however
unsure the confidence was; it is above these also for a perfect confidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from core.settings import AnswerSettings
from evals.confidence_fit import platt
from evals.intervals import Metric, calibration_error
from evals.learning import Bools, Floats, folds, sigmoid

FIRST: Final = AnswerSettings().passages
"""An answer is quoted from so many passages at most."""

LEAST: Final = 40
"""With fewer questions two numbers cannot be fitted and judged."""

FOLDS, REPEATS, DRAWS = 5, 4, 200
NEVER = 1e-4
"""How near a confidence comes to 0 or 1."""


def confidence_errors(confidences: Sequence[float], right: Sequence[bool]) -> dict[str, Metric]:
    """``ece_found`` as it is, ``ece_calibrated`` after scaling to these questions by folds that did not hold the question,
    ``ece_chance`` what a perfect confidence shows on so many, ``ece_above_chance`` the rest.
    """
    found = {"ece_found": calibration_error(confidences, right)}
    truth = np.array(right, dtype=np.bool_)
    if len(truth) < LEAST or truth.all() or not truth.any():
        return found
    fitted = _fitted(np.clip(np.array(confidences, dtype=np.float64), NEVER, 1 - NEVER), truth)
    after, chance = calibration_error(fitted.tolist(), right), _by_chance(fitted)
    rest = None if after.value is None else max(0.0, after.value - chance)
    return found | {
        "ece_calibrated": after,
        "ece_chance": Metric(value=chance, n=len(truth)),
        "ece_above_chance": Metric(value=rest, n=len(truth)),
    }


def _fitted(confidences: Floats, truth: Bools) -> Floats:
    """Platt's two numbers, fitted without the question that they are used on; the mean of several ways to make folds."""
    margins, ones = np.log(confidences / (1 - confidences)), np.ones(len(truth))
    unseen = np.zeros(len(truth))
    for seed in range(REPEATS):
        for learnt, left in folds(range(len(truth)), FOLDS, seed=seed):
            slope, offset = platt(margins[learnt], truth[learnt], ones[learnt])
            unseen[left] += sigmoid(margins[left] * slope + offset) / REPEATS
    return unseen


def _by_chance(confidences: Floats, bins: int = 10) -> float:
    """The mean error where each confidence is exactly the chance of being right."""
    places = np.minimum(bins - 1, (confidences * bins).astype(np.int64))
    drawn = np.random.default_rng(0).random((DRAWS, len(confidences))) < confidences
    gaps = (drawn - confidences) @ np.eye(bins)[places]
    return float(np.abs(gaps).sum(axis=1).mean() / len(confidences))

"""Calibration errors: as shipped, fitted to the questions, and by chance."""

from __future__ import annotations

import numpy as np
import pytest

from evals.confidence_error import LEAST, confidence_errors
from evals.intervals import Metric
from evals.metrics import is_found, score
from tests.evals.suites import question


def value(metric: Metric) -> float:
    assert metric.value is not None
    return metric.value


def drawn(count: int, *, leaning: float) -> tuple[list[float], list[bool]]:
    """Confidences whose log-odds are too high by ``leaning``, and what came of them."""
    random = np.random.default_rng(7)
    margins = random.normal(0.5, 1.5, count)
    right = random.random(count) < 1 / (1 + np.exp(-margins))
    return (1 / (1 + np.exp(-margins - leaning))).tolist(), [bool(one) for one in right]


def test_a_confidence_that_is_too_sure_is_mended_by_the_questions() -> None:
    found = confidence_errors(*drawn(2_000, leaning=1.5))
    assert value(found["ece_found"]) > 0.15
    assert value(found["ece_calibrated"]) < 0.04
    assert value(found["ece_above_chance"]) < 0.02
    assert value(found["ece_above_chance"]) == pytest.approx(
        max(0.0, value(found["ece_calibrated"]) - value(found["ece_chance"]))
    )


def test_few_questions_show_an_error_also_where_there_is_none() -> None:
    few, many = (confidence_errors(*drawn(count, leaning=0.0)) for count in (100, 4_000))
    assert value(few["ece_chance"]) > 0.06
    assert value(many["ece_chance"]) < 0.02
    assert value(many["ece_found"]) < 0.03


def test_order_alone_cannot_be_scaled() -> None:
    sure, right = drawn(400, leaning=0.0)
    shuffled = np.random.default_rng(1).permutation(sure).tolist()
    found = confidence_errors(shuffled, right)
    assert value(found["ece_calibrated"]) < value(found["ece_found"])


@pytest.mark.parametrize("right", [[True] * LEAST, [False] * LEAST, [True, False] * (LEAST // 2 - 1)])
def test_what_cannot_be_fitted_is_not_told(right: list[bool]) -> None:
    assert set(confidence_errors([0.5] * len(right), right)) == {"ece_found"}


def test_a_question_that_was_turned_away_is_judged_by_what_was_found() -> None:
    item = {**question("a", "?", "d1"), "history": ()}
    prediction = {"ranked": ["d0", "d1"], "decision": "handoff", "citations": [], "confidence": 0.4}
    assert is_found(item, prediction)
    assert not is_found(item, {**prediction, "ranked": ["d0", "d2", "d3", "d1"]})
    assert not is_found({**item, "answerable": False}, prediction)
    metrics = score("retrieval", [item], {"a": prediction}, {}).metrics
    assert value(metrics["ece"]) == pytest.approx(0.4)
    assert value(metrics["ece_found"]) == pytest.approx(0.6)

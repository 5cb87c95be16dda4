"""Confidences that are not what they were are noticed, and chance is not."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

from core.ranking.calibration import shipped
from core.ranking.drift import CHANGED, Drift

DECILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def after(values: list[float], *, deciles: tuple[float, ...] = DECILES) -> Drift:
    drift = Drift(deciles)
    for value in values:
        drift.add(value)
    return drift


def test_the_same_distribution_is_no_drift() -> None:
    told = after([random.Random(n).random() for n in range(1_000)]).drifted()
    assert told.index is not None
    assert told.index < CHANGED
    assert not told.is_serious
    assert "as they did" in told.verdict


def test_a_worse_knowledge_is_serious_drift() -> None:
    told = after([random.Random(n).random() * 0.5 for n in range(500)]).drifted()
    assert told.is_serious
    assert "calibrate anew" in told.verdict


def test_a_slight_shift_lies_between() -> None:
    told = after([random.Random(n).random() ** 1.5 for n in range(1_000)]).drifted()
    assert told.index is not None
    assert CHANGED <= told.index < 0.25
    assert "a little" in told.verdict


def test_too_few_questions_tell_nothing() -> None:
    told = after([0.01] * 199).drifted()
    assert (told.questions, told.index, told.is_serious) == (199, None, False)
    assert "199 of 200" in told.verdict


def test_only_the_latest_count() -> None:
    drift = after([0.01] * 1_000)
    assert drift.drifted().is_serious
    for number in range(1_000):
        drift.add((number % 100 + 0.5) / 100)
    assert not drift.drifted().is_serious
    assert drift.drifted().questions == 1_000


def test_equal_deciles_expect_what_falls_between_them() -> None:
    told = after(([0.5] * 5 + [0.9] * 4 + [0.95]) * 40, deciles=(0.5,) * 5 + (0.9,) * 4).drifted()
    assert told.index is not None
    assert told.index < CHANGED
    assert after([0.6] * 400, deciles=(0.5,) * 5 + (0.9,) * 4).drifted().is_serious


def test_threads_lose_nothing() -> None:
    drift = Drift(shipped().meaning.deciles)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(drift.add, [0.5] * 800))
    assert drift.drifted().questions == 800

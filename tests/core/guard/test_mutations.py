"""A small seeded run of the measurement, with the floors that must hold."""

from __future__ import annotations

import pytest

from tests.core.guard.mutations import DATA, measure, sentences
from tests.core.guard.swaps import answers, held_answers


@pytest.mark.skipif(not DATA.exists(), reason="FRONTDESK_SHARED names no shared data")
def test_changed_facts_are_caught_and_supported_sentences_pass() -> None:
    report = measure(sentences(), per_kind=80, supported=60)
    for kind, count in report.changed.items():
        assert len(report.missed[kind]) <= max(1, 0.01 * count), (kind, report.missed[kind])
    assert sum(report.changed.values()) >= 250
    assert report.false_alarms <= 0.005, report.alarms
    assert report.catch_rate >= 0.99
    assert sum(report.swapped.values()) >= 150
    assert report.swap_catch_rate >= 0.85, report.missed_swaps


@pytest.mark.skipif(not DATA.exists(), reason="FRONTDESK_SHARED names no shared data")
def test_the_rule_about_places_holds_back_few_sentences_of_reference_answers() -> None:
    rows = list(answers())[::3]
    without, with_it = held_answers(rows)
    assert without <= with_it <= without + 0.01 * len(rows)

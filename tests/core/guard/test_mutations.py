"""A small seeded run of the measurement, with the floors that must hold."""

from __future__ import annotations

import pytest

from tests.core.guard.mutations import DATA, measure, sentences


@pytest.mark.skipif(not DATA.exists(), reason="FRONTDESK_SHARED names no shared data")
def test_changed_facts_are_caught_and_supported_sentences_pass() -> None:
    report = measure(sentences(), per_kind=80, supported=60)
    for kind, count in report.changed.items():
        assert len(report.missed[kind]) <= max(1, 0.01 * count), (kind, report.missed[kind])
    assert sum(report.changed.values()) >= 250
    assert report.false_alarms <= 0.03, report.alarms

"""Every channel renders the golden messages as it did when somebody last looked at them."""

from __future__ import annotations

import pytest

from tests.channels.golden import SNAPSHOTS, cases, path_of, snapshot
from tests.contracts.channel_descriptors import MODULES, descriptor_of, short


@pytest.mark.parametrize("module", MODULES, ids=short)
def test_the_snapshot_is_current(module: str) -> None:
    descriptor = descriptor_of(module)
    before = path_of(descriptor).read_text()
    assert snapshot(descriptor) == before, "look at it, then: .venv/bin/python -m tests.channels.golden"


def test_there_is_a_snapshot_for_each_channel_and_no_other() -> None:
    assert {path.stem for path in SNAPSHOTS.iterdir()} == {descriptor_of(module).kind for module in MODULES}


def test_the_cases_are_not_shrinking() -> None:
    assert len(cases()) >= 18

"""Random sequences: a few hundred here, ten thousand by ``python -m tests.core.tools.sequences``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.tools.mutants import MUTANTS, broken
from tests.core.tools.sequences import SEEN, Shopping, run

NOTICED = (
    "no reservation",
    "limit of a day looks back only",
    "confirmation skipped",
    "untrusted text is trusted",
    "result not recorded",
)
"""Breaks that a short run finds; the stories find them all."""


def test_a_few_hundred_sequences() -> None:
    run(200)
    for what in ("initiate_refund", "give_credit", "update_address", "close_account", "denied", "failed", "waiting"):
        assert SEEN[what] >= 5, SEEN


@pytest.mark.parametrize("name", NOTICED)
def test_sequences_notice_a_broken_firewall(name: str, tmp_path: Path) -> None:
    with broken(500 + NOTICED.index(name), MUTANTS[name], tmp_path) as house:
        machine = type("Broken", (Shopping,), {"house": house})
        with pytest.raises(AssertionError):
            run(150, machine, shrinks=False)

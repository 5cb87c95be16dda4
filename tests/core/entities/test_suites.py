"""Figures on the shared suites, well below what was measured."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from core.entities import entities
from evals.entities import AT, predicted

SUITE = Path(os.environ.get("FRONTDESK_SHARED", "/nowhere")) / "data" / "nlupp" / "items.jsonl"
FLOORS = {"date": 0.9, "time": 0.9, "amount": 0.9, "number": 0.75}


@pytest.mark.skipif(not SUITE.exists(), reason="FRONTDESK_SHARED names no shared data")
def test_exact_f1() -> None:
    right, told, there = (dict.fromkeys(FLOORS, 0) for _ in range(3))
    for line in SUITE.read_text("utf-8").splitlines():
        item = json.loads(line)
        gold = {(one["type"], one["start"], one["end"]) for one in item["entities"]}
        found = {(one["type"], one["start"], one["end"]) for one in predicted(entities(item["text"], at=AT))}
        for kind in FLOORS:
            here = [{one for one in spans if one[0] == kind} for spans in (found, gold)]
            told[kind] += len(here[0])
            there[kind] += len(here[1])
            right[kind] += len(here[0] & here[1])
    assert {kind: floor for kind, floor in FLOORS.items() if 2 * right[kind] < floor * (told[kind] + there[kind])} == {}

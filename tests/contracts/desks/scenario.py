"""The list of scenarios, and what they all say about a case."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from core.ports.helpdesk import By
from tests.contracts.desks.backstage import SeenCase, SeenEntry
from tests.contracts.desks.world import DeskWorld

Scenario = Callable[[DeskWorld], Awaitable[None]]
SCENARIOS: dict[str, Scenario] = {}
"""By name; the modules of scenarios fill it when ``contract`` imports them."""


def scenario(play: Scenario) -> Scenario:
    """One more promise that every desk keeps."""
    name = play.__name__
    assert name not in SCENARIOS
    SCENARIOS[name] = play
    return play


def spoken(case: SeenCase) -> list[SeenEntry]:
    """What was said between the customer and us; neither notes nor briefs."""
    return [entry for entry in case.entries if entry.is_public or entry.by is By.CONTACT]


def private(case: SeenCase) -> list[SeenEntry]:
    """What only the desk's people may see."""
    return [entry for entry in case.entries if not entry.is_public and entry.by is not By.CONTACT]


def mark(number: int) -> str:
    """A sentence that can be counted, however a desk wraps it."""
    return f"This is sentence mark{number:04d}x of mine."


def marks(*cases: SeenCase) -> list[int]:
    """The marks that stand in the cases, in order."""
    said = [entry.text for case in cases for entry in spoken(case)]
    return [int(found) for text in said for found in re.findall(r"mark(\d{4})x", text)]


def says(entries: list[SeenEntry], text: str) -> list[SeenEntry]:
    """The entries that say it."""
    return [entry for entry in entries if text in entry.text]

"""The DeskContract: what every desk behind the bridge must do.  A scenario is a function of a ``DeskWorld``."""

from __future__ import annotations

from tests.contracts.desks import inward, lifecycle, opening, outages, outward
from tests.contracts.desks.scenario import SCENARIOS

PARTS = (opening, outward, inward, lifecycle, outages)

__all__ = ["PARTS", "SCENARIOS"]

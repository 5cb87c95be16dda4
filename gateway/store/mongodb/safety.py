"""What every connection to MongoDB asks for, whatever its address says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

SAFE: Final[Mapping[str, Any]] = {
    "w": "majority",
    "journal": True,
    "readConcernLevel": "majority",
    "readPreference": "primary",
    "retryWrites": False,
    "retryReads": False,
}
"""Writes wait for a majority of the replica set and its journals, reads see only what a majority has: else a failover could take
back what was acknowledged, or show what is about to vanish.  A standalone server is its own majority; a compatible server takes
the words and does what it does.  The driver repeats nothing by itself: not all servers know how, and whoever calls settles lost
answers in its own way."""

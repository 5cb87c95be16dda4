"""The small company's index, for attacks on single turns."""

from __future__ import annotations

from tests.core.conversing.conftest import knowledge

__all__ = ["knowledge"]

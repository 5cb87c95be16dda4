"""Fixtures of the flows, for whole processes here too."""

from __future__ import annotations

from tests.flows.conftest import engines, make_company

__all__ = ["engines", "make_company"]

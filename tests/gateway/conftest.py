"""Fixtures of the flows, for whole processes here too."""

from __future__ import annotations

from tests.flows.conftest import make_company

__all__ = ["make_company"]

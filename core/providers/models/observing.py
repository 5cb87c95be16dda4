"""Who wants to know how calls went: metrics, in the process; nobody, in tests and evals."""

from __future__ import annotations

from typing import Protocol

from core.errors import TurnError
from core.ports.model import ModelAnswer, ModelRole, Tried


class ModelObserver(Protocol):
    """Hears of every call and every breaker; called synchronously, so it must be quick and must not raise."""

    def called(self, role: ModelRole, purpose: str, outcome: ModelAnswer | TurnError, tried: tuple[Tried, ...]) -> None:
        """A call ended: ``outcome`` is its answer or why there is none.  A cancelled call is not told."""

    def breaker(self, endpoint: str, model: str, state: str) -> None:
        """A breaker moved to closed, open or half_open."""


class Unobserved:
    """Tells nobody."""

    def called(self, role: ModelRole, purpose: str, outcome: ModelAnswer | TurnError, tried: tuple[Tried, ...]) -> None:
        """Nothing."""

    def breaker(self, endpoint: str, model: str, state: str) -> None:
        """Nothing."""

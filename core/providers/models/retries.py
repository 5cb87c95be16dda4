"""The retry budget: a token bucket that calls fill and retries drain, so that a struggling endpoint is never stormed."""

from __future__ import annotations

from core.models_settings import RetrySettings


class RetryBudget:
    """Starts full with ``burst``; each call adds ``share``, each retry takes one."""

    def __init__(self, settings: RetrySettings) -> None:
        self._settings = settings
        self._left = float(settings.burst)

    def called(self) -> None:
        """Count a call."""
        self._left = min(float(self._settings.burst), self._left + self._settings.share)

    def take(self) -> bool:
        """Whether one retry may be made; takes it."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

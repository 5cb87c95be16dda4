"""A breaker for one model at one endpoint: closed, open, half-open with a single probe; and a rest when it asks for one."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from core.models_settings import BreakerSettings
from core.providers.models.errors import Code

RESTS_UNASKED_S = 1.0
"""A 429 that names no time."""


class State(StrEnum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Counts failures in a row; ``clock`` is monotonic seconds, ``on_change`` hears each new state."""

    def __init__(
        self, settings: BreakerSettings, *, clock: Callable[[], float], on_change: Callable[[State], None]
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._on_change = on_change
        self._state = State.CLOSED
        self._failures = 0
        self._open_until = 0.0
        self._rests_until = 0.0
        self._probe: Permit | None = None

    @property
    def state(self) -> State:
        """Where it stands now; an open one whose time is over waits for its probe."""
        if self._state is State.OPEN and self._clock() >= self._open_until:
            return State.HALF_OPEN
        return self._state

    def enter(self) -> Permit | Code:
        """Leave to call, to be ended by exactly one of the permit's methods; or why not."""
        if self.rests_s > 0:
            return Code.RATE_LIMITED
        if self._state is State.CLOSED:
            return Permit(self)
        if self.state is State.OPEN or self._probe is not None:
            return Code.OPEN_BREAKER
        self._move(State.HALF_OPEN)
        self._probe = Permit(self)
        return self._probe

    def rest(self, seconds: float | None) -> None:
        """Make no call for that long."""
        wait_s = RESTS_UNASKED_S if seconds is None else seconds
        self._rests_until = max(self._rests_until, self._clock() + wait_s)

    @property
    def rests_s(self) -> float:
        """How much longer it asked to be left alone."""
        return max(0.0, self._rests_until - self._clock())

    def end(self, permit: Permit, *, outcome: bool | None, at_once: bool) -> None:
        """The permit's call went well, badly, or says nothing (None)."""
        if permit is self._probe:
            self._probe = None
        elif self._state is not State.CLOSED:
            return  # a call from before it opened; only the probe speaks now
        if outcome is None:
            return
        if outcome:
            self._failures = 0
            self._move(State.CLOSED)
            return
        self._failures += 1
        if at_once or self._state is State.HALF_OPEN or self._failures >= self._settings.failures:
            self._open_until = self._clock() + self._settings.open_s
            self._move(State.OPEN)

    def _move(self, state: State) -> None:
        if state is not self._state:
            self._state = state
            self._on_change(state)


class Permit:
    """Leave for one call."""

    __slots__ = ("_breaker", "_is_ended")

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self._is_ended = False

    def succeeded(self) -> None:
        """The model answered."""
        self._end(outcome=True)

    def failed(self, *, at_once: bool = False) -> None:
        """It did not; ``at_once`` opens the breaker whatever the count."""
        self._end(outcome=False, at_once=at_once)

    def released(self) -> None:
        """The call says nothing about the endpoint: cancelled, or refused for what it asked.  No effect after the others."""
        self._end(outcome=None)

    def _end(self, *, outcome: bool | None, at_once: bool = False) -> None:
        if not self._is_ended:
            self._is_ended = True
            self._breaker.end(self, outcome=outcome, at_once=at_once)

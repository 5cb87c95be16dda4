"""Which choice answers: in order, past open breakers and full lines, and once more where the retry budget allows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final, TypeVar

from core.providers.models.breaker import Permit
from core.providers.models.calls import Call
from core.providers.models.errors import RETRYABLE, AttemptFailed, Code
from core.providers.models.lines import Line
from core.providers.models.retries import RetryBudget

LEAST_S: Final = 0.05
"""With less patience left there is no point in another attempt."""

PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0
"""A longer Retry-After is for the next turn to wait for."""

Outcome = TypeVar("Outcome")


class Router:
    """Gives out the lines of a call one after another; ``jitter`` is a random number from 0 to 1."""

    def __init__(self, retries: RetryBudget, *, queue_s: float, jitter: Callable[[], float]) -> None:
        self._retries = retries
        self._queue_s = queue_s
        self._jitter = jitter

    def plan(self, call: Call, lines: Sequence[Line]) -> Iterator[tuple[Line, float]]:
        """The lines to try, with a pause before each, while there is patience: all of them, then the one most worth a retry."""
        self._retries.called()
        for line in lines:
            if call.left_s < LEAST_S:
                return
            yield line, 0.0
        again = self._worth_again(call, lines)
        if again is not None and again[1] + LEAST_S <= call.left_s and self._retries.take():
            yield again

    def _worth_again(self, call: Call, lines: Sequence[Line]) -> tuple[Line, float] | None:
        """The first line whose failure may be over in a moment, and that moment."""
        errors = {(t.endpoint, t.model): t.error for t in call.tried}
        for line in lines:
            error = errors.get((line.choice.endpoint, line.choice.model))
            pause_s = max(PAUSE_S * (1 + self._jitter()), line.breaker.rests_s)
            if error in RETRYABLE and pause_s <= LONGEST_PAUSE_S:
                return line, pause_s
        return None

    async def enter(self, call: Call, line: Line, pause_s: float) -> Permit | None:
        """Leave to call on a line; None, and written down, when there is none."""
        if pause_s:
            await asyncio.sleep(pause_s)
        before = call.clock()
        try:
            return await line.enter(max(LEAST_S, min(self._queue_s, call.left_s)))
        except AttemptFailed as error:
            call.note(line.choice, before, error.code)
        return None

    async def one(
        self, call: Call, lines: Sequence[Line], ask: Callable[[Line], Awaitable[Outcome]]
    ) -> tuple[Line, Outcome]:
        """The first outcome of ``ask``, which raises ``AttemptFailed``; for calls that answer all at once."""
        for line, pause_s in self.plan(call, lines):
            permit = await self.enter(call, line, pause_s)
            if permit is None:
                continue
            before, failure, is_known = call.clock(), None, False
            try:
                outcome = await ask(line)
                is_known = True
            except AttemptFailed as error:
                failure = error
            finally:
                line.leave(permit, failure, is_known=is_known)
            call.note(line.choice, before, None if failure is None else failure.code)
            if failure is None:
                return line, outcome
        raise call.unavailable()


async def within(limit_s: float, code: Code, asked: Awaitable[Outcome]) -> Outcome:
    """Await under a deadline; raises ``AttemptFailed`` with ``code``."""
    try:
        async with asyncio.timeout(limit_s):
            return await asked
    except TimeoutError:
        pass
    raise AttemptFailed(code)

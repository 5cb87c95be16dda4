"""The lines of a role: its choices with their running state (breaker, places), in the order they are tried."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from core.models_settings import Choice, ModelsSettings
from core.ports.model import ModelRequest, ModelRole, Speaker
from core.providers.models.breaker import Breaker, Permit, State
from core.providers.models.errors import BREAKING, MISCONFIGURED, AttemptFailed, Code

log = structlog.get_logger(__name__)

STANDS_IN: Final[Mapping[ModelRole, ModelRole]] = {
    ModelRole.FAST: ModelRole.STRONG,
    ModelRole.STRONG: ModelRole.FAST,
}
"""Who answers for a role that is not configured."""


@dataclass(slots=True)
class Line:
    """One choice: ``places`` bounds its calls, the breaker is shared by all lines of that model at that endpoint."""

    choice: Choice
    breaker: Breaker
    places: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self.places = asyncio.Semaphore(self.choice.max_parallel)

    async def enter(self, wait_s: float) -> Permit:
        """Take a place and the breaker's leave, in that order: both are to be given back.  Raises ``AttemptFailed``."""
        is_placed = True
        try:
            async with asyncio.timeout(wait_s):
                await self.places.acquire()
        except TimeoutError:
            is_placed = False
        if not is_placed:
            raise AttemptFailed(Code.BUSY)
        permit = self.breaker.enter()
        if isinstance(permit, Code):
            self.places.release()
            raise AttemptFailed(permit)
        return permit

    def leave(self, permit: Permit, failure: AttemptFailed | None, *, is_known: bool = True) -> None:
        """Give back both, with what came of the call; not ``is_known``: it was cancelled."""
        self.places.release()
        if failure is None and is_known:
            permit.succeeded()
        elif failure is not None:
            self._failed(permit, failure)
        permit.released()

    def _failed(self, permit: Permit, failure: AttemptFailed) -> None:
        code = failure.code
        if code in MISCONFIGURED:
            log.warning(
                "model endpoint misconfigured",
                endpoint=self.choice.endpoint,
                model=self.choice.model,
                error=code.value,
                mend="frontdesk doctor says what to do",
            )
        if code is Code.RATE_LIMITED or failure.rest_s is not None:
            self.breaker.rest(failure.rest_s)
        if code in BREAKING or code in MISCONFIGURED:
            permit.failed(at_once=code in MISCONFIGURED)


class Lines:
    """All lines by role."""

    def __init__(
        self,
        settings: ModelsSettings,
        *,
        clock: Callable[[], float],
        on_breaker: Callable[[str, str, str], None],
    ) -> None:
        breakers: dict[tuple[str, str], Breaker] = {}

        def breaker(choice: Choice) -> Breaker:
            # Not one for the whole endpoint: an unknown model or one model's rate limit says nothing about its neighbours.
            key = (choice.endpoint, choice.model)
            if key not in breakers:
                breakers[key] = Breaker(settings.breaker, clock=clock, on_change=_announce(*key, on_breaker))
            return breakers[key]

        self._by_role = {
            role: tuple(Line(choice, breaker(choice)) for choice in choices) for role, choices in settings.roles.items()
        }

    def of(self, role: ModelRole) -> tuple[Line, ...]:
        """The lines of a role, or of the one that stands in for it; none when nobody does."""
        found = self._by_role.get(role, ())
        return found or (self._by_role.get(STANDS_IN[role], ()) if role in STANDS_IN else ())

    def all(self) -> Iterable[tuple[ModelRole, int, Line]]:
        """Every configured line with its role and number, from 1."""
        for role, lines in self._by_role.items():
            for number, line in enumerate(lines, 1):
                yield role, number, line


def suited(lines: tuple[Line, ...], request: ModelRequest) -> tuple[list[Line], list[Line]]:
    """The lines that can take a request, best first, and those that cannot.

    One without tools comes last where tools are offered: an answer without them beats none.  It cannot go on with a call
    that another model began.
    """
    has_images = any(message.images for message in request.messages)
    has_calls = any(message.tool_calls or message.speaker is Speaker.TOOL for message in request.messages)

    def fits(choice: Choice) -> bool:
        return (choice.sees or not has_images) and (choice.tools or not has_calls)

    fitting = [line for line in lines if fits(line.choice)]
    if request.tools:
        fitting.sort(key=lambda line: not line.choice.tools)
    return fitting, [line for line in lines if not fits(line.choice)]


def _announce(endpoint: str, model: str, on_breaker: Callable[[str, str, str], None]) -> Callable[[State], None]:
    def announce(state: State) -> None:
        level = log.info if state is not State.OPEN else log.warning
        level("model breaker moved", endpoint=endpoint, model=model, state=state.value)
        on_breaker(endpoint, model, state.value)

    return announce

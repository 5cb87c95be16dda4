"""Chats: a call walks its lines until one answers; pieces go out as they come, and after the first there is no way back."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from core.ports.model import Finish, ModelAnswer, ModelRequest
from core.providers.models.attempt import Attempt
from core.providers.models.calls import Call
from core.providers.models.client import Clients
from core.providers.models.errors import AttemptFailed
from core.providers.models.lines import Line
from core.providers.models.routing import Router


@dataclass(frozen=True, slots=True)
class Chat:
    """Runs chat calls."""

    clients: Clients
    router: Router

    async def pieces(
        self, call: Call, lines: list[Line], request: ModelRequest, *, aloud: bool
    ) -> AsyncGenerator[str | ModelAnswer]:
        """Text as it comes, then the answer; not ``aloud``: the answer alone, so that a failure midway can fall back too.

        Raises ``ModelUnavailable``.  ``call.spent`` grows with what each attempt cost, also when the caller goes away.
        """
        failure: AttemptFailed | None = None
        for line, pause_s in self.router.plan(call, lines):
            permit = await self.router.enter(call, line, pause_s)
            if permit is None:
                continue
            before, failure, is_known = call.clock(), None, False
            attempt = Attempt(line.choice, request, self.clients, min(line.choice.first_s, max(call.left_s, 0.0)))
            try:
                async with aclosing(attempt.pieces()) as pieces:
                    async for piece in pieces:
                        if aloud:
                            call.has_spoken = True
                            yield piece
                is_known = True
            except AttemptFailed as error:
                failure = error
            finally:
                line.leave(permit, failure, is_known=is_known)
                call.spent = call.spent.plus(attempt.spent)
            call.note(line.choice, before, None if failure is None else failure.code)
            if failure is None:
                yield _answer(call, attempt, before)
                return
            if call.has_spoken:
                break
        raise call.unavailable(failure)


def _answer(call: Call, attempt: Attempt, before: float) -> ModelAnswer:
    assembly = attempt.assembly
    calls = assembly.tool_calls
    finish = assembly.finish or Finish.STOP
    ms = call.since_ms(call.started)
    return ModelAnswer(
        text=assembly.text,
        tool_calls=calls,
        # Some servers end a tool call with "stop".
        finish=Finish.TOOL_CALLS if calls and finish is Finish.STOP else finish,
        usage=attempt.spent,
        endpoint=attempt.choice.endpoint,
        model=attempt.choice.model,
        tried=tuple(call.tried),
        ms=round(ms, 2),
        first_ms=round((before - call.started) * 1000 + (attempt.first_ms or 0.0), 2),
    )

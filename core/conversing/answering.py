"""Step 9 with a model: stream, check, release; call tools; mend what did not pass; step down when a model fails.

The loop is bounded on every side: tool steps, one regeneration, the rungs of the ladder, and the time until the contact reads
a first sentence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Final

from core.conversing.acting import Act, Acting
from core.conversing.calls import TurnModels
from core.conversing.controls import NO_ANSWER, Control, control_of
from core.conversing.prompts import continued, with_results
from core.conversing.releasing import Held, Release
from core.conversing.routing import rungs
from core.errors import BudgetExceeded, ModelMalformed, ModelUnavailable, TurnError
from core.ports.model import ModelAnswer, ModelRequest, ModelRole, PromptMessage, Speaker
from core.tools.outcomes import PendingCall

MAX_ROUNDS: Final = 8
"""Model calls of one answer, whatever happens: tool steps, one regeneration, rungs."""

FIRST_SHARE: Final = 0.7
"""What of the contact's patience the first rung may use up."""


class EmptyAnswer(ModelMalformed):
    """A model answered with nothing at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """How an answer ended.

    ``is_whole``: the model finished and all of it was released.  ``control`` is what it did instead of answering, ``held`` what
    did not pass twice, ``failed`` the error of the last rung, ``pending`` a call that waits for a yes.
    """

    is_whole: bool = False
    control: Control | None = None
    held: Held | None = None
    failed: TurnError | None = None
    pending: PendingCall | None = None
    role: ModelRole | None = None


@dataclass(slots=True)
class Conversation:
    """One answer in the making."""

    models: TurnModels
    release: Release
    acting: Acting
    patience_s: float
    log: list[str] = field(default_factory=list)
    _is_mended: bool = False
    _clock: asyncio.Timeout | None = None

    async def answer(self, first: ModelRole, request: ModelRequest) -> Spoken:
        """Answer by the first role that can; what was released when one fails is continued by the next."""
        roles = [role for role in dict.fromkeys(rungs(first)) if self.models.has(role)]
        failed: TurnError = ModelUnavailable("No model is configured for answers.")
        for number, role in enumerate(roles):
            share = FIRST_SHARE if number == 0 and len(roles) > 1 else 1 - FIRST_SHARE
            try:
                return replace(await self._by(role, request, self.patience_s * share), role=role)
            except BudgetExceeded as error:
                self.log.append(f"{role}: {error.code}")
                return Spoken(failed=error, role=role)
            except (ModelUnavailable, ModelMalformed) as error:
                self.log.append(f"{role}: {error.code}")
                failed = error
                if self.acting.has_acted:
                    request = with_results(request, self.acting.results())
        return Spoken(failed=failed)

    async def _by(self, role: ModelRole, request: ModelRequest, patience_s: float) -> Spoken:
        self.release.on_first = self._calm
        try:
            async with asyncio.timeout(patience_s if not self.release.has_text else None) as self._clock:
                return await self._rounds(role, request, patience_s)
        except TimeoutError:
            raise ModelUnavailable("No sentence came within the contact's patience.") from None
        finally:
            self._clock = None

    def _calm(self) -> None:
        """The contact reads: from here on only the model's own time limits count."""
        if self._clock is not None:
            self._clock.reschedule(None)

    async def _rounds(self, role: ModelRole, request: ModelRequest, patience_s: float) -> Spoken:
        if self.release.has_text:
            request = continued(request, released=self.release.raw, reasons=())
        for _ in range(MAX_ROUNDS):
            if self.release.is_behind and not await self.models.is_recorded(request.purpose):
                if not await self.release.catch_up():
                    return Spoken(failed=ModelUnavailable("An earlier attempt showed more than can be continued."))
                self._calm()
                request = continued(request, released=self.release.raw, reasons=())
            answer, held = await self._stream(role, request)
            if held is not None:
                if held.findings[0].rule == NO_ANSWER:
                    return Spoken(control=Control(name=NO_ANSWER))
                if self._is_mended:
                    return Spoken(held=held)
                self._is_mended = True
                request = continued(request, released=self.release.raw, reasons=_reasons(held))
                continue
            if answer is None or not answer.tool_calls:
                if not self.release.has_text:
                    raise EmptyAnswer("The model answered nothing.")
                return Spoken(is_whole=True)
            control = control_of(answer.tool_calls)
            if control is not None:
                return Spoken(control=control)
            act = await self._act(answer, patience_s)
            if act.pending is not None:
                return Spoken(pending=act.pending)
            request = replace(
                request,
                messages=(*request.messages, _called(answer), *act.messages),
                tools=request.tools if self.acting.may_go_on else (),
            )
        raise ModelMalformed("The model went on calling tools and gave no answer.")

    async def _act(self, answer: ModelAnswer, patience_s: float) -> Act:
        """Tools take their own time, so the contact's patience starts again after them."""
        if self._clock is not None:
            self._clock.reschedule(None)
        act = await self.acting.run(answer.tool_calls)
        if self._clock is not None and not self.release.has_text:
            self._clock.reschedule(asyncio.get_running_loop().time() + patience_s)
        return act

    async def _stream(self, role: ModelRole, request: ModelRequest) -> tuple[ModelAnswer | None, Held | None]:
        """One model call, released as it comes; a held sentence ends it at once."""
        self.release.begin()
        async with aclosing(self.models.stream(role, request)) as pieces:
            async for piece in pieces:
                if isinstance(piece, ModelAnswer):
                    return piece, await self.release.finish()
                held = await self.release.feed(piece)
                if held is not None:
                    return None, held
        return None, await self.release.finish()


def _called(answer: ModelAnswer) -> PromptMessage:
    return PromptMessage(speaker=Speaker.MODEL, text=answer.text, tool_calls=answer.tool_calls)


def _reasons(held: Held) -> Sequence[str]:
    return tuple(f"{finding.rule} {finding.detail}".strip() for finding in held.findings[:3])

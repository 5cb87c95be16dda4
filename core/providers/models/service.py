"""The ``Models`` port over any OpenAI-compatible servers: budgets first, then a walk over the role's lines."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TypeVar

from core.errors import BudgetExceeded, ModelMalformed, ModelUnavailable, TurnError
from core.models_settings import ModelsSettings
from core.ports.channel import Finding
from core.ports.model import Finish, ModelAnswer, ModelRequest, ModelRole, Spender, Usage
from core.providers.models import pricing, structured
from core.providers.models.calls import Call
from core.providers.models.chat import Chat
from core.providers.models.client import Clients
from core.providers.models.doctor import Doctor
from core.providers.models.errors import Code
from core.providers.models.lines import Line, Lines, suited
from core.providers.models.media import Media, Vectors, embedding_estimate
from core.providers.models.observing import ModelObserver, Unobserved
from core.providers.models.retries import RetryBudget
from core.providers.models.routing import Router
from core.spending import Ledger

Outcome = TypeVar("Outcome")


class RoleModels:
    """All models of one ``models`` block; serves every tenant it is given to, the spender says on whose account.

    ``clock`` is monotonic seconds; ``jitter`` a random number from 0 to 1.
    """

    def __init__(
        self,
        settings: ModelsSettings,
        ledger: Ledger,
        *,
        observer: ModelObserver | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._observer = observer or Unobserved()
        self._clock = clock
        self._clients = Clients(settings.endpoints)
        self._lines = Lines(settings, clock=clock, on_breaker=self._observer.breaker)
        self._router = Router(RetryBudget(settings.retries), queue_s=settings.queue_s, jitter=jitter)
        self._chat = Chat(self._clients, self._router)
        self._media = Media(self._clients)

    async def start(self) -> None:
        """Load what the first call would wait for: a second of imports, in a thread."""
        await self._clients.load()

    async def stop(self) -> None:
        """Give up all connections; safe twice, and before start."""
        await self._clients.close()

    def has(self, role: ModelRole) -> bool:
        """Whether anybody answers for the role."""
        return bool(self._lines.of(role))

    async def prepare(self, spender: Spender) -> None:
        """Have something to spend from."""
        await self._ledger.prepare(spender)

    def stream(self, role: ModelRole, request: ModelRequest, spender: Spender) -> AsyncGenerator[str | ModelAnswer]:
        """Pieces as they come, then the whole; use ``contextlib.aclosing`` when you may leave early."""
        return self._spoken(role, request, spender, aloud=True)

    async def complete(self, role: ModelRole, request: ModelRequest, spender: Spender) -> ModelAnswer:
        """The whole answer; with a schema its text is one JSON object that fits."""
        first = await self._whole(role, request, spender)
        if request.schema is None or first.tool_calls:
            return first
        text, complaint = structured.read(first.text, request.schema)
        if text is not None:
            return replace(first, text=text)
        second = first
        if first.finish is not Finish.FILTERED:
            second = _joined(first, await self._whole(role, structured.repair(request, first.text, complaint), spender))
            text, complaint = structured.read(second.text, request.schema)
        if text is None:
            error = ModelMalformed(f"the model's answer for {request.purpose} is not the JSON that was asked for")
            # Both calls were told as they ended; this is what came of them.
            self._observer.called(role, request.purpose, error, ())
            raise error
        return replace(second, text=text)

    async def embed(self, texts: Sequence[str], spender: Spender) -> Vectors:
        """A vector for each text, in order."""
        await self._clients.load()
        lines = self._lines.of(ModelRole.EMBED)
        size = min((line.choice.batch for line in lines), default=1)
        found: list[tuple[float, ...]] = []
        for start in range(0, len(texts), size):
            batch = texts[start : start + size]
            call = Call(ModelRole.EMBED, self._clock, self._settings.patience_s)
            estimate = embedding_estimate(lines[0].choice, batch) if lines else Usage()
            found += await self._at_once(call, lines, self._media.embedding(batch), spender, estimate)
        if len({len(vector) for vector in found}) > 1:
            raise ModelMalformed("the endpoints of the role embed give vectors of different lengths")
        return tuple(found)

    async def transcribe(self, name: str, media_type: str, content: bytes, spender: Spender) -> str:
        """What is said in a recording."""
        await self._clients.load()
        lines = self._lines.of(ModelRole.TRANSCRIBE)
        call = Call(ModelRole.TRANSCRIBE, self._clock, sum(line.choice.total_s for line in lines))
        estimate = pricing.of_sound(lines[0].choice, pricing.sound_seconds(content)) if lines else Usage()
        return await self._at_once(call, lines, self._media.transcription(name, media_type, content), spender, estimate)

    async def examine(self) -> tuple[Finding, ...]:
        """For ``frontdesk doctor``: every choice of every role against its endpoint; costs a few hundred tokens."""
        await self._clients.load()
        return await Doctor(self._clients, self._media).examine(self._lines.all())

    async def _whole(self, role: ModelRole, request: ModelRequest, spender: Spender) -> ModelAnswer:
        answer: ModelAnswer | None = None
        async with aclosing(self._spoken(role, request, spender, aloud=False)) as pieces:
            async for piece in pieces:
                if isinstance(piece, ModelAnswer):
                    answer = piece
        if answer is None:
            raise ModelUnavailable("the model said nothing")
        return answer

    async def _spoken(
        self, role: ModelRole, request: ModelRequest, spender: Spender, *, aloud: bool
    ) -> AsyncGenerator[str | ModelAnswer]:
        await self._clients.load()
        call = Call(role, self._clock, self._settings.patience_s)
        lines, others = suited(self._lines.of(role), request)
        for line in others:
            call.note(line.choice, call.started, Code.UNSUITED)
        try:
            if not lines:
                raise call.unavailable()
            hold = await self._ledger.reserve(spender, pricing.estimate(lines[0].choice, request))
            try:
                async with aclosing(self._chat.pieces(call, lines, request, aloud=aloud)) as pieces:
                    async for piece in pieces:
                        if isinstance(piece, ModelAnswer):
                            self._observer.called(role, request.purpose, piece, piece.tried)
                        yield piece
            finally:
                hold.settle(call.spent)
        except (ModelUnavailable, BudgetExceeded) as error:
            self._observer.called(role, request.purpose, error, tuple(call.tried))
            raise

    async def _at_once(
        self,
        call: Call,
        lines: tuple[Line, ...],
        ask: Callable[[Line], Awaitable[tuple[Outcome, Usage]]],
        spender: Spender,
        estimate: Usage,
    ) -> Outcome:
        purpose = call.role.value
        try:
            hold = await self._ledger.reserve(spender, estimate)
            try:
                line, (outcome, usage) = await self._router.one(call, lines, ask)
                call.spent = usage
            finally:
                hold.settle(call.spent)
        except TurnError as error:
            self._observer.called(call.role, purpose, error, tuple(call.tried))
            raise
        ms = round(call.since_ms(call.started), 2)
        answer = ModelAnswer(
            text="",
            usage=usage,
            endpoint=line.choice.endpoint,
            model=line.choice.model,
            tried=tuple(call.tried),
            ms=ms,
            first_ms=ms,
        )
        self._observer.called(call.role, purpose, answer, answer.tried)
        return outcome


def _joined(first: ModelAnswer, second: ModelAnswer) -> ModelAnswer:
    """The repaired answer, with what both calls took."""
    return replace(
        second,
        usage=first.usage.plus(second.usage),
        tried=(*first.tried, *second.tried),
        ms=round(first.ms + second.ms, 2),
        first_ms=first.first_ms,
    )

"""The models as one turn uses them: every answer is journaled before anything lasting rests on it, and put on the receipt.

An attempt that follows a crash finds the answers of the one before and does not ask again; a replay finds them all.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import msgspec

from core.conversing.tape import Taped
from core.errors import TurnError
from core.ports.model import ModelAnswer, ModelRequest, ModelRole, Models, Spender, Usage


def prompt_hash(request: ModelRequest) -> str:
    """Names a prompt in receipts: the same prompt gives the same."""
    return hashlib.blake2b(msgspec.json.encode(_plain(request), order="sorted"), digest_size=8).hexdigest()


def _plain(request: ModelRequest) -> dict[str, Any]:
    """A request as JSON; pictures by their hash."""
    return {
        "messages": [
            {
                "speaker": message.speaker,
                "text": message.text,
                "images": [hashlib.blake2b(image.content, digest_size=8).hexdigest() for image in message.images],
                "tool_calls": [(call.name, call.arguments) for call in message.tool_calls],
            }
            for message in request.messages
        ],
        "tools": [(tool.name, tool.description, dict(tool.parameters)) for tool in request.tools],
        "schema": request.schema,
    }


@dataclass(slots=True)
class TurnModels:
    """One turn's way to its models.

    ``calls`` are the receipts, oldest first; ``at`` says when one began, in milliseconds since ``began`` by ``timer``, and is
    missing where an earlier attempt had asked.
    """

    models: Models
    journal: Taped
    spender: Spender
    timer: Callable[[], float]
    began: float
    calls: list[dict[str, Any]] = field(default_factory=list)
    _numbers: Counter[str] = field(default_factory=Counter)
    _preparing: asyncio.Task[None] | None = None

    def has(self, role: ModelRole) -> bool:
        """Whether the role is configured."""
        return self.models.has(role)

    async def prepare(self) -> None:
        """A call may follow: begin what it needs beforehand, which goes on meanwhile."""
        if self._preparing is None:
            self._preparing = asyncio.create_task(self.models.prepare(self.spender), name="prepare a model call")
            await asyncio.sleep(0)  # its first step, before a search takes the interpreter

    @property
    def usage(self) -> Usage:
        """All that the turn has used."""
        used = Usage()
        for call in self.calls:
            used = used.plus(msgspec.convert(call["usage"], Usage)) if "usage" in call else used
        return used

    async def complete(self, role: ModelRole, request: ModelRequest) -> ModelAnswer:
        """A whole answer; raises as the port does."""
        name = self._name(request)
        known = await self.journal.recorded(name)
        if known is not None:
            return self._again(role, request, known)
        started = self.timer()
        try:
            answer = await self.models.complete(role, request, self.spender)
        except TurnError as error:
            self._failed(role, request, error, started)
            raise
        self._keep(name, role, request, answer, started)
        return answer

    async def stream(self, role: ModelRole, request: ModelRequest) -> AsyncGenerator[str | ModelAnswer]:
        """Pieces, then the answer, which is durable before anything else is recorded."""
        name = self._name(request)
        known = await self.journal.recorded(name)
        if known is not None:
            answer = self._again(role, request, known)
            yield answer.text
            yield answer
            return
        started = self.timer()
        try:
            async with aclosing(_closable(self.models.stream(role, request, self.spender))) as pieces:
                async for piece in pieces:
                    if isinstance(piece, ModelAnswer):
                        self._keep(name, role, request, piece, started)
                        await asyncio.sleep(0)  # on its way to the disk while its last sentences are checked
                    yield piece
        except TurnError as error:
            self._failed(role, request, error, started)
            raise

    async def is_recorded(self, purpose: str) -> bool:
        """Whether the next call for a purpose was answered by an earlier attempt."""
        return await self.journal.recorded(f"model.{purpose}.{self._numbers[purpose] + 1}") is not None

    async def embed(self, texts: tuple[str, ...]) -> tuple[tuple[float, ...], ...]:
        """Vectors; they are no part of what a replay plays back."""
        return await self.models.embed(texts, self.spender)

    def _name(self, request: ModelRequest) -> str:
        self._numbers[request.purpose] += 1
        return f"model.{request.purpose}.{self._numbers[request.purpose]}"

    def _again(self, role: ModelRole, request: ModelRequest, known: Mapping[str, Any]) -> ModelAnswer:
        answer = msgspec.convert(known, ModelAnswer)
        self._note(role, request, answer)
        return answer

    def _keep(self, name: str, role: ModelRole, request: ModelRequest, answer: ModelAnswer, started: float) -> None:
        self.journal.record_soon(name, msgspec.to_builtins(answer))
        self._note(role, request, answer, at=self._into_ms(started))

    def _into_ms(self, moment: float) -> float:
        return round((moment - self.began) * 1000, 3)

    def _note(self, role: ModelRole, request: ModelRequest, answer: ModelAnswer, *, at: float | None = None) -> None:
        """The receipt of a call; what was said stands on the turn's tape."""
        shown: dict[str, Any] = msgspec.to_builtins(answer)
        del shown["text"], shown["tool_calls"]
        said = {"purpose": request.purpose, "role": role.value, "prompt": prompt_hash(request)}
        self.calls.append({**said, **shown, **({} if at is None else {"at": at})})

    def _failed(self, role: ModelRole, request: ModelRequest, error: TurnError, started: float) -> None:
        tried = [msgspec.to_builtins(one) for one in getattr(error, "tried", ())]
        self.calls.append(
            {
                "purpose": request.purpose,
                "role": role.value,
                "prompt": prompt_hash(request),
                "error": error.code,
                "tried": tried,
                "ms": round((self.timer() - started) * 1000, 3),
                "at": self._into_ms(started),
            }
        )


def _closable(pieces: AsyncIterator[str | ModelAnswer]) -> AsyncGenerator[str | ModelAnswer]:
    """The pieces as a generator, which can be closed; no layer around one that is a generator: each costs for every token."""
    return pieces if isinstance(pieces, AsyncGenerator) else _wrapped(pieces)


async def _wrapped(pieces: AsyncIterator[str | ModelAnswer]) -> AsyncGenerator[str | ModelAnswer]:
    try:
        async for piece in pieces:
            yield piece
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()

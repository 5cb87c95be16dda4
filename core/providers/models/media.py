"""Embeddings and transcriptions: calls that answer all at once."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from core.models_settings import Choice
from core.ports.model import Usage
from core.providers.models import pricing
from core.providers.models.client import Clients, decoded
from core.providers.models.errors import AttemptFailed, Code
from core.providers.models.lines import Line
from core.providers.models.routing import within

LONGEST_TEXT: Final = 24_000
"""Characters of one text; embedding models read about 8000 tokens."""

LONGEST_TRANSCRIPT: Final = 20_000

Vectors = tuple[tuple[float, ...], ...]


class Vector(msgspec.Struct):
    """One text's vector."""

    embedding: tuple[float, ...]
    index: int = 0


class Counts(msgspec.Struct):
    """Tokens of an embedding, or seconds of a recording."""

    prompt_tokens: int | None = None
    seconds: float | None = None


class Embedded(msgspec.Struct):
    """The answer of ``/embeddings``."""

    data: list[Vector]
    usage: Counts | None = None


class Transcribed(msgspec.Struct):
    """The answer of ``/audio/transcriptions``."""

    text: str
    usage: Counts | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """Makes the calls; each method gives what ``Router.one`` wants."""

    clients: Clients

    def embedding(self, texts: Sequence[str]) -> Callable[[Line], Awaitable[tuple[Vectors, Usage]]]:
        """One batch."""
        # An empty text is an error at most servers.
        inputs = [text[:LONGEST_TEXT] or " " for text in texts]

        async def ask(line: Line) -> tuple[Vectors, Usage]:
            choice = line.choice
            body = {**choice.extra, "model": choice.model, "input": inputs, "encoding_format": "float"}
            answer = await within(
                choice.total_s, Code.TIMEOUT_TOTAL, self.clients.post(choice.endpoint, "/embeddings", body)
            )
            return _vectors(decoded(answer, Embedded), inputs, choice)

        return ask

    def transcription(
        self, name: str, media_type: str, content: bytes
    ) -> Callable[[Line], Awaitable[tuple[str, Usage]]]:
        """One recording."""

        async def ask(line: Line) -> tuple[str, Usage]:
            choice = line.choice
            answer = await within(
                choice.total_s,
                Code.TIMEOUT_TOTAL,
                self.clients.transcribe(choice.endpoint, choice.model, name, media_type, content),
            )
            found: Transcribed = decoded(answer, Transcribed)
            seconds = found.usage.seconds if found.usage and found.usage.seconds else pricing.sound_seconds(content)
            return found.text[:LONGEST_TRANSCRIPT].strip(), pricing.of_sound(choice, max(seconds, 0.0))

        return ask


def embedding_estimate(choice: Choice, texts: Sequence[str]) -> Usage:
    """What embedding them will cost."""
    return pricing.priced(choice, sum(pricing.tokens_of(text[:LONGEST_TEXT]) for text in texts), 0)


def _vectors(found: Embedded, inputs: Sequence[str], choice: Choice) -> tuple[Vectors, Usage]:
    rows = sorted(found.data, key=lambda row: row.index)
    vectors = tuple(row.embedding for row in rows)
    sizes = {len(vector) for vector in vectors}
    wanted = {choice.dimension} if choice.dimension is not None else sizes
    if len(vectors) != len(inputs) or len(sizes) != 1 or 0 in sizes or sizes != wanted:
        raise AttemptFailed(Code.MALFORMED)
    if not all(math.isfinite(sum(vector)) for vector in vectors):
        raise AttemptFailed(Code.MALFORMED)
    counted = found.usage.prompt_tokens if found.usage else None
    usage = pricing.priced(choice, counted, 0) if counted is not None else embedding_estimate(choice, inputs)
    return vectors, usage

"""What a call will cost, before it; and what it did, from the server's counts or from the text."""

from __future__ import annotations

from typing import Final

import msgspec

from core.models_settings import Choice
from core.ports.model import ModelRequest, Usage
from core.providers.models.wire import Assembly, most_tokens

BYTES_PER_TOKEN: Final = 3.5
"""On the safe side for English (4.2), German (3.7) and, counted in bytes, for scripts of two and three bytes a character."""

TOKENS_PER_MESSAGE: Final = 4
TOKENS_PER_IMAGE: Final = 1_000
BYTES_PER_SECOND: Final = 2_000
"""Sound of the poorest voice notes (16 kbit/s); richer ones are overestimated, which a budget can bear."""


def tokens_of(text: str) -> int:
    """About how many tokens a text has."""
    return round(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN + 0.5)


def priced(choice: Choice, input_tokens: int, output_tokens: int) -> Usage:
    """Tokens with their price."""
    cost = (input_tokens * choice.input_price + output_tokens * choice.output_price) / 1_000_000
    return Usage(input_tokens=input_tokens, output_tokens=output_tokens, cost=cost)


def prompt_tokens(request: ModelRequest) -> int:
    """About how long a prompt is, tools and pictures included."""
    tokens = sum(tokens_of(m.text) + TOKENS_PER_MESSAGE + len(m.images) * TOKENS_PER_IMAGE for m in request.messages)
    tokens += sum(tokens_of(call.arguments) for m in request.messages for call in m.tool_calls)
    shapes = [*(tool.parameters for tool in request.tools), *([request.schema] if request.schema else [])]
    tokens += sum(round(len(msgspec.json.encode(shape)) / BYTES_PER_TOKEN) for shape in shapes)
    return tokens + sum(tokens_of(tool.description) for tool in request.tools)


def estimate(choice: Choice, request: ModelRequest) -> Usage:
    """The most a call is likely to use."""
    return priced(choice, prompt_tokens(request), most_tokens(choice, request))


def used(choice: Choice, request: ModelRequest, assembly: Assembly) -> Usage:
    """What a stream used: as the server counts, or about, where it does not (or was cut before it could)."""
    counts = assembly.counts
    given = None if counts is None else counts.prompt_tokens
    made = None if counts is None else counts.completion_tokens
    return priced(
        choice,
        prompt_tokens(request) if given is None or given < 0 else given,
        round(assembly.heard / BYTES_PER_TOKEN + 0.5) if made is None or made < 0 else made,
    )


def of_sound(choice: Choice, seconds: float) -> Usage:
    """A transcription's price."""
    return Usage(cost=seconds / 60 * choice.minute_price)


def sound_seconds(content: bytes) -> float:
    """About how long a recording is."""
    return len(content) / BYTES_PER_SECOND

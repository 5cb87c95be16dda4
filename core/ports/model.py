"""Models: what a turn may ask of a language model, whoever serves it.

A *role* is what the model is for; the YAML maps each role to an ordered list of endpoints.  Whoever implements ``Models``
picks among them, keeps deadlines, breakers and budgets, and reports what it did; a caller never names an endpoint.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class ModelRole(StrEnum):
    """What a model is used for."""

    FAST = "fast"
    STRONG = "strong"
    EMBED = "embed"
    TRANSCRIBE = "transcribe"
    VISION = "vision"


class Speaker(StrEnum):
    """Who said a message of a prompt."""

    SYSTEM = "system"
    CONTACT = "user"
    MODEL = "assistant"
    TOOL = "tool"


class Finish(StrEnum):
    """Why a model stopped."""

    STOP = "stop"
    TOOL_CALLS = "tool_calls"
    LENGTH = "length"
    FILTERED = "content_filter"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A model's wish to call a tool: ``arguments`` is its raw JSON, trusted by nobody."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture for a model that can see."""

    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptMessage:
    """One message of a prompt; ``tool_call_id`` names the call that a tool's message answers."""

    speaker: Speaker
    text: str
    images: tuple[Image, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOffer:
    """A tool as a model sees it; ``parameters`` is a JSON schema of an object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One call.  ``schema`` asks for one JSON object of that shape instead of prose; ``purpose`` names the step for traces."""

    purpose: str
    messages: tuple[PromptMessage, ...]
    tools: tuple[ToolOffer, ...] = ()
    schema: Mapping[str, Any] | None = None
    max_tokens: int = 800
    temperature: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a call used, estimated from the text when the server counts nothing; ``cost`` is in the currency of the prices."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0

    def plus(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost=self.cost + other.cost,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One attempt at one endpoint; ``error`` is a short constant ("rate_limited", "open_breaker" …), None when it answered."""

    endpoint: str
    model: str
    ms: float
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAnswer:
    """A complete answer; ``tried`` ends with the endpoint that gave it.  ``first_ms`` is the time to its first piece."""

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    finish: Finish = Finish.STOP
    usage: Usage = field(default_factory=Usage)
    endpoint: str = ""
    model: str = ""
    tried: tuple[Tried, ...] = ()
    ms: float = 0.0
    first_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spender:
    """On whose account a call goes: budgets are kept per turn, contact, tenant and day."""

    tenant: str
    contact: str
    turn_id: str


class Models(Protocol):
    """The models of one tenant.

    Every method raises ``ModelUnavailable`` when no endpoint of the role answered in time, ``BudgetExceeded`` before a call
    that a budget does not cover, and ``ModelMalformed`` for an answer that cannot be used even after one repair.
    """

    def has(self, role: ModelRole) -> bool:
        """Whether the role is configured at all; roles that can chat stand in for one another (vision never)."""

    async def prepare(self, spender: Spender) -> None:
        """A call may follow: do what need not wait for its request.  Never raises; not doing it costs only time."""

    def stream(self, role: ModelRole, request: ModelRequest, spender: Spender) -> AsyncIterator[str | ModelAnswer]:
        """Pieces of text as they come, then the whole as a ``ModelAnswer``, last.

        Falls back to the next endpoint only before the first piece was given out; after that a failure is
        ``ModelUnavailable`` and what was given out stands.
        """

    async def complete(self, role: ModelRole, request: ModelRequest, spender: Spender) -> ModelAnswer:
        """The whole answer; with ``request.schema`` its text is one JSON object that fits the schema."""

    async def embed(self, texts: Sequence[str], spender: Spender) -> tuple[tuple[float, ...], ...]:
        """A vector for each text, in order."""

    async def transcribe(self, name: str, media_type: str, content: bytes, spender: Spender) -> str:
        """What is said in a recording."""

"""What an installation may set about its models: plain frozen values, mirrored field by field by ``config.model_roles``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.ports.model import ModelRole


class Dialect(StrEnum):
    """How an endpoint is addressed: OpenAI's paths and bearer key, or Azure's deployments, api-version and api-key."""

    OPENAI = "openai"
    AZURE = "azure"


class SchemaSupport(StrEnum):
    """How a model is brought to answer with JSON of a shape: by the endpoint itself, or by asking it in the prompt."""

    NATIVE = "native"
    PROMPT = "prompt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A server that speaks OpenAI's wire format.

    ``base_url`` ends before ``/chat/completions`` (openai) or is the resource's address (azure).  ``headers`` go with every
    request.  ``proxy`` may hold a login, so it is kept out of sight like the key.
    """

    id: str
    base_url: str
    key: str | None = field(default=None, repr=False)
    dialect: Dialect = Dialect.OPENAI
    api_version: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxy: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One model at one endpoint, for one role.

    Prices are per million tokens, ``minute_price`` per minute of sound.  ``first_s`` is the deadline to the first token,
    ``idle_s`` the longest gap between tokens, ``total_s`` the end of it all.  ``structured``, ``tools`` and ``sees`` say what the
    model can do.  ``temperature`` replaces what steps ask for.  ``reasons``: a model that thinks before it answers; it gets
    ``thinking_tokens`` on top of a step's limit, no temperature, and ``effort`` where that is given.  ``counts``: asks for the
    token counts of a stream.  ``dimension`` and ``batch`` are for embeddings.  ``extra`` goes into the request as it is.
    """

    endpoint: str
    model: str
    input_price: float = 0.0
    output_price: float = 0.0
    minute_price: float = 0.0
    first_s: float = 3.5
    idle_s: float = 10.0
    total_s: float = 60.0
    max_parallel: int = 32
    structured: SchemaSupport = SchemaSupport.NATIVE
    tools: bool = True
    sees: bool = False
    temperature: float | None = None
    reasons: bool = False
    effort: str | None = None
    thinking_tokens: int = 2_000
    counts: bool = True
    dimension: int | None = None
    batch: int = 64
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSettings:
    """After ``failures`` in a row a model is left alone for ``open_s`` seconds, then tried by one call."""

    failures: int = 5
    open_s: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySettings:
    """Which ``share`` of calls may be tried a second time at the same model, and how many at once after a quiet time."""

    share: float = 0.1
    burst: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Most tokens and most money; None: no bound."""

    tokens: int | None = None
    money: float | None = None

    @property
    def is_bound(self) -> bool:
        """Whether it bounds anything."""
        return self.tokens is not None or self.money is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """What may be spent in one turn, for one contact a day (UTC), for one tenant a day."""

    turn: Budget = Budget()
    contact_day: Budget = Budget()
    tenant_day: Budget = Budget()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsSettings:
    """Endpoints by id, the ordered choices of each role, and the bounds of it all.

    ``patience_s`` bounds the time to the first piece over all choices together; ``queue_s`` the wait for a free place of a
    choice whose ``max_parallel`` calls are all running.
    """

    endpoints: Mapping[str, Endpoint]
    roles: Mapping[ModelRole, tuple[Choice, ...]]
    breaker: BreakerSettings = BreakerSettings()
    retries: RetrySettings = RetrySettings()
    budgets: Budgets = Budgets()
    currency: str = "USD"
    patience_s: float = 8.0
    queue_s: float = 1.0

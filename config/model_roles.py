"""The ``models`` block: endpoints, which model does what, and what it may cost.  Mirrors core.models_settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self, TypeVar
from urllib.parse import urlsplit

import msgspec
from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from config.parts import EnginePart
from config.problems import Loc, did_you_mean, hints, listed

Target = TypeVar("Target")

HEADER: Final = re.compile(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")
OURS: Final = frozenset(
    (
        "model",
        "messages",
        "stream",
        "stream_options",
        "tools",
        "tool_choice",
        "functions",
        "n",
        "input",
        "response_format",
    )
)
"""What ``extra`` may not replace: it would change what a request means."""

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("is not an address like https://api.openai.com/v1")
    if parts.path.rstrip("/").endswith(("/chat/completions", "/embeddings")):
        raise ValueError("must end before /chat/completions: that part is added")
    return url.rstrip("/")


def _proxy(secret: SecretStr) -> SecretStr:
    parts = urlsplit(secret.get_secret_value())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is not an address like http://proxy.example.com:3128")
    return secret


Price = Annotated[float, Field(ge=0, le=1_000_000)]
Seconds = Annotated[float, Field(gt=0, le=600)]
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^\S+$")]
EndpointId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class Endpoint(EnginePart):
    """A server that speaks OpenAI's format."""

    base_url: Annotated[str, AfterValidator(_address)]
    """Address up to /v1, for example https://api.openai.com/v1; with `dialect: azure` the resource's, https://NAME.openai.azure.com."""
    key: SecretStr | None = None
    """API key, best from the environment: ${OPENAI_API_KEY}; left out where the server wants none."""
    dialect: Literal["openai", "azure"] = "openai"
    """azure: deployments in the path, api-version and api-key, as Azure OpenAI has them."""
    api_version: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}(-preview)?$")] | None = None
    """Version of Azure's API, for example 2024-10-21; only with `dialect: azure`."""
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    """Sent with every request; kept secret like the key."""
    proxy: Annotated[SecretStr, AfterValidator(_proxy)] | None = None
    """HTTP proxy on the way there; the environment's proxy variables are not read."""

    @field_validator("headers", mode="after")
    @classmethod
    def _sendable(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, value in headers.items():
            if not HEADER.match(name) or not value.get_secret_value().isprintable():
                raise ValueError("has a name or value that cannot be a header")
            if name.lower() in ("authorization", "api-key"):
                raise ValueError("must not hold the key: write it as `key`")
        return headers

    @model_validator(mode="after")
    def _fits_dialect(self) -> Self:
        parts = urlsplit(self.base_url)
        if self.dialect == "azure":
            if not self.api_version or self.key is None:
                raise ValueError("needs `api_version` and `key`, because of `dialect: azure`")
            if parts.path:
                raise ValueError(
                    "must have a `base_url` without a path, like https://NAME.openai.azure.com, with `dialect: azure`"
                )
        elif self.api_version:
            raise ValueError("has `api_version`, which goes with `dialect: azure` only")
        elif str(parts.hostname).endswith(".openai.azure.com") and not parts.path.endswith("/openai/v1"):
            raise ValueError("needs `dialect: azure` (or a `base_url` that ends with /openai/v1)")
        return self


class Candidate(EnginePart):
    """Base of what stands in a role's list."""

    endpoint: str
    """One of `endpoints`."""
    model: ModelName
    """Name of the model there; with Azure the deployment's."""
    input_price: Price = 0.0
    """Price of a million tokens that go in."""
    total_s: Seconds = 60.0
    """Longest time for all of an answer."""
    max_parallel: Annotated[int, Field(ge=1, le=10_000)] = 32
    """Most calls at once; further ones wait `queue_s`, then go to the next in the list."""
    extra: dict[str, Any] = Field(default_factory=dict)
    """Further fields of the request, as they are; for what one server alone knows."""

    @field_validator("extra", mode="after")
    @classmethod
    def _not_ours(cls, extra: dict[str, Any]) -> dict[str, Any]:
        if taken := sorted(OURS & set(extra)):
            raise ValueError(f"must not hold {listed(taken)}: Frontdesk sets that itself")
        return extra


class ChatModel(Candidate):
    """A model that writes."""

    output_price: Price = 0.0
    """Price of a million tokens that come out."""
    first_s: Seconds = 3.5
    """Longest wait for the first token; then the next in the list is asked."""
    idle_s: Seconds = 10.0
    """Longest pause between tokens."""
    structured: Literal["native", "prompt"] = "native"
    """How it is made to answer in JSON: by the server (response_format), or by asking in the prompt and checking."""
    tools: bool = True
    """It can call tools."""
    sees: bool = False
    """It takes pictures."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    """Used in place of what a step asks for."""
    reasons: bool = False
    """It thinks before it answers: it gets max_completion_tokens, and no temperature."""
    effort: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,20}$")] | None = None
    """How hard it thinks (reasoning_effort: minimal, low, medium, high); with `reasons` only."""
    thinking_tokens: Annotated[int, Field(ge=0, le=100_000)] = 2_000
    """What it may think on top of an answer's own limit; with `reasons` only."""
    counts: bool = True
    """The server counts tokens at the end of a stream (stream_options); false: they are estimated."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.first_s > self.total_s:
            raise ValueError(f"has a `first_s` ({self.first_s:g}) that is longer than its `total_s` ({self.total_s:g})")
        if self.effort is not None and not self.reasons:
            raise ValueError("needs `reasons: true` for its `effort`")
        return self


class EmbeddingModel(Candidate):
    """A model that turns text into vectors."""

    total_s: Seconds = 5.0
    """Longest time for all of an answer."""
    dimension: Annotated[int, Field(ge=1, le=16_384)] | None = None
    """Numbers of a vector; an answer of another length is refused."""
    batch: Annotated[int, Field(ge=1, le=64)] = 64
    """Most texts in one request."""


class SpeechModel(Candidate):
    """A model that writes down what is said."""

    minute_price: Price = 0.0
    """Price of a minute of sound."""


Chats = Annotated[tuple[ChatModel, ...], Field(max_length=8)]


class Roles(EnginePart):
    """Which model does what: each role is a list, tried from the first to the last."""

    fast: Chats = ()
    """Rewrites, sorts, easy turns; left out: strong does that too."""
    strong: Chats = ()
    """Answers; left out: fast does that too."""
    vision: Chats = ()
    """Describes pictures; every one of them must have `sees: true`."""
    embed: Annotated[tuple[EmbeddingModel, ...], Field(max_length=8)] = ()
    """Vectors; further ones must be the same model at other endpoints."""
    transcribe: Annotated[tuple[SpeechModel, ...], Field(max_length=8)] = ()
    """Voice notes to text."""

    @field_validator("vision", mode="after")
    @classmethod
    def _all_see(cls, choices: Chats) -> Chats:
        if not all(choice.sees for choice in choices):
            raise ValueError("needs `sees: true` in every entry")
        return choices

    @field_validator("embed", mode="after")
    @classmethod
    def _one_space(cls, choices: tuple[EmbeddingModel, ...]) -> tuple[EmbeddingModel, ...]:
        if len(choices) > 1 and len({choice.dimension for choice in choices} - {None}) != 1:
            raise ValueError(
                "needs the same `dimension` in every entry: vectors of different models cannot be compared"
            )
        return choices


class Breaker(EnginePart):
    """When a model that fails is left alone."""

    failures: Annotated[int, Field(ge=1, le=1_000)] = 5
    """Failures in a row that open it; a refused key or an unknown model opens it at once."""
    open_s: Annotated[float, Field(gt=0, le=3_600)] = 20.0
    """How long it stays open; then one call tries."""


class Retries(EnginePart):
    """Second tries at the same model, after every other choice failed."""

    share: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of calls that may be tried again."""
    burst: Annotated[int, Field(ge=0, le=1_000)] = 5
    """Most second tries in a row after a quiet time."""


class Budget(EnginePart):
    """Left out: no bound."""

    tokens: Annotated[int, Field(ge=1)] | None = None
    """Most tokens, in and out together."""
    money: Annotated[float, Field(gt=0)] | None = None
    """Most money, by the prices above."""


class Budgets(EnginePart):
    """What may be spent; when it is used up, answers are quoted from your documents or people take over."""

    turn: Budget = Budget()
    """For one turn, tools and repairs included."""
    contact_day: Budget = Budget()
    """For one contact, each day (UTC)."""
    tenant_day: Budget = Budget()
    """For one tenant, each day (UTC)."""


class Models(EnginePart):
    """Which models answer; left out: none, and the assistant quotes your documents."""

    endpoints: Annotated[dict[EndpointId, Endpoint], Field(min_length=1, max_length=50)]
    """Servers, by a name of your choice."""
    roles: Roles
    """Which model does what."""
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"
    """Currency of all prices and budgets."""
    patience_s: Seconds = 8.0
    """Longest wait for the first token over all choices of a role together."""
    queue_s: Annotated[float, Field(ge=0, le=60)] = 1.0
    """Longest wait for a free place of a choice whose `max_parallel` calls are running."""
    breaker: Breaker = Breaker()
    """When a model that fails is left alone."""
    retries: Retries = Retries()
    """Second tries at the same model."""
    budgets: Budgets = Budgets()
    """What may be spent."""

    @model_validator(mode="after")
    def _endpoints_exist(self) -> Self:
        wrong = [
            InitErrorDetails(
                type=_unknown(choice.endpoint, self.endpoints), loc=("roles", role, n, "endpoint"), input=None
            )
            for role, choices in self._lists()
            for n, choice in enumerate(choices)
            if choice.endpoint not in self.endpoints
        ]
        if wrong:
            # Told at the entry's own line, which an error of the whole block could not be.
            raise ValidationError.from_exception_data("models", wrong)
        if not any(choices for _, choices in self._lists()):
            raise ValueError("must name a model for at least one of its `roles`")
        return self

    def _lists(self) -> Iterator[tuple[str, tuple[Candidate, ...]]]:
        yield from (
            ("fast", self.roles.fast),
            ("strong", self.roles.strong),
            ("vision", self.roles.vision),
            ("embed", self.roles.embed),
            ("transcribe", self.roles.transcribe),
        )


def _unknown(name: str, endpoints: Mapping[str, Endpoint]) -> PydanticCustomError:
    mend = hints(did_you_mean(name, endpoints), f"endpoints are: {listed(endpoints)}")
    return PydanticCustomError("value_error", "{error}", {"error": f"is not one of `endpoints`; {mend}"})


def convert_models(block: Models, into: type[Target]) -> Target:
    """The block as core's own frozen value (``core.models_settings.ModelsSettings``), its secrets in plain."""
    plain = block.model_dump()
    for id, endpoint in plain["endpoints"].items():
        endpoint |= {"id": id, "key": _shown(endpoint["key"]), "proxy": _shown(endpoint["proxy"])}
        endpoint["headers"] = {name: _shown(value) for name, value in endpoint["headers"].items()}
    return msgspec.convert(plain, into)


def _shown(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def misdirected(block: Any) -> Iterator[tuple[Loc, str, str]]:
    """The entries of a ``models`` block that name no endpoint, on its plain values: place in it, what, mend.

    The model refuses them too; this tells them beside all other mistakes, however broken the rest is.
    """
    endpoints = block.get("endpoints") if isinstance(block, dict) else None
    if not isinstance(endpoints, dict):
        return
    for role in Roles.model_fields:
        for number, entry in enumerate(_list(block.get("roles"), role)):
            name = entry.get("endpoint") if isinstance(entry, dict) else None
            if isinstance(name, str) and name not in endpoints:
                mend = hints(did_you_mean(name, endpoints), f"endpoints are: {listed(endpoints)}")
                yield ("roles", role, number, "endpoint"), f"the endpoint `{name}` does not exist", mend


def lookouts(block: Any) -> Iterator[tuple[Loc, str, str]]:
    """What of a ``models`` block is allowed but probably not meant, on its plain values: place in it, what, mend."""
    if not isinstance(block, dict):
        return
    roles = block.get("roles")
    chats = [entry for role in ("strong", "fast") for entry in _entries(roles, role)]
    answering = _entries(roles, "strong") or _entries(roles, "fast")
    role = "strong" if _entries(roles, "strong") else "fast"
    if answering and not any(entry.get("tools", True) for entry in answering):
        yield (
            ("roles", role),
            f"no model of the role `{role}` calls tools: it will never look anything up",
            "add one that does",
        )
    yield from _unpriced(block, chats)
    yield from _in_the_open(block)


def _unpriced(block: dict[str, Any], chats: list[dict[str, Any]]) -> Iterator[tuple[Loc, str, str]]:
    budgets = block.get("budgets")
    is_priced = any(entry.get("input_price") or entry.get("output_price") for entry in chats)
    for name, budget in budgets.items() if isinstance(budgets, dict) else ():
        if isinstance(budget, dict) and budget.get("money") is not None and not is_priced:
            yield (
                ("budgets", name),
                f"the money of `{name}` never runs out: no model has a price",
                "add `input_price` and `output_price`",
            )


def _in_the_open(block: dict[str, Any]) -> Iterator[tuple[Loc, str, str]]:
    endpoints = block.get("endpoints")
    for name, endpoint in endpoints.items() if isinstance(endpoints, dict) else ():
        if not isinstance(endpoint, dict) or not endpoint.get("key"):
            continue
        parts = urlsplit(str(endpoint.get("base_url", "")))
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            yield (
                ("endpoints", name, "base_url"),
                "the key and all questions go over plain http",
                "use https outside your own machine",
            )


def _list(roles: Any, role: str) -> list[Any]:
    found = roles.get(role) if isinstance(roles, dict) else None
    return found if isinstance(found, list) else []


def _entries(roles: Any, role: str) -> list[dict[str, Any]]:
    return [entry for entry in _list(roles, role) if isinstance(entry, dict)]

"""Settings, requests and observers for the tests of models."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from core.errors import TurnError
from core.models_settings import BreakerSettings, Choice, Endpoint, ModelsSettings, RetrySettings
from core.ports.model import ModelAnswer, ModelRequest, ModelRole, PromptMessage, Speaker, Spender, Tried
from core.providers.models import RoleModels
from core.spending import Ledger
from tests.core.providers.models.wire_server import KEY, WireServer

SPENDER = Spender(tenant="acme", contact="c1", turn_id="t1")


@dataclass
class PaperClaims:
    """A tenant's claims, in memory."""

    rows: dict[str, str] = field(default_factory=dict)

    async def claim(self, key: str, value: str) -> str:
        return self.rows.setdefault(key, value)

    async def claimed(self, key: str) -> str | None:
        return self.rows.get(key)


@dataclass
class Clock:
    """Monotonic seconds that stand still until told otherwise."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Heard:
    """An observer that writes down."""

    calls: list[tuple[ModelRole, str, ModelAnswer | TurnError, tuple[Tried, ...]]] = field(default_factory=list)
    breakers: list[tuple[str, str, str]] = field(default_factory=list)

    def called(self, role: ModelRole, purpose: str, outcome: ModelAnswer | TurnError, tried: tuple[Tried, ...]) -> None:
        self.calls.append((role, purpose, outcome, tried))

    def breaker(self, endpoint: str, model: str, state: str) -> None:
        self.breakers.append((endpoint, model, state))


def asked(text: str = "Where is my parcel?", **more: Any) -> ModelRequest:
    messages = (
        PromptMessage(speaker=Speaker.SYSTEM, text="Be brief."),
        PromptMessage(speaker=Speaker.CONTACT, text=text),
    )
    return ModelRequest(**{"purpose": "answer", "messages": messages, "max_tokens": 50, **more})


def choice(model: str, **more: Any) -> Choice:
    return Choice(**{"endpoint": "main", "model": model, "first_s": 20.0, "idle_s": 20.0, "total_s": 40.0, **more})


def settings(server: WireServer, *choices: Choice, **more: Any) -> ModelsSettings:
    roles: Mapping[ModelRole, tuple[Choice, ...]] = {ModelRole.STRONG: choices}
    base: dict[str, Any] = {
        "endpoints": {"main": Endpoint(id="main", base_url=server.url, key=KEY)},
        "roles": roles,
        "breaker": BreakerSettings(failures=3, open_s=10.0),
        "retries": RetrySettings(share=0.0, burst=0),
        "queue_s": 0.2,
        "patience_s": 30.0,
    }
    return ModelsSettings(**{**base, **more})


@dataclass
class World:
    models: RoleModels
    heard: Heard
    clock: Clock
    claims: dict[str, PaperClaims]


@asynccontextmanager
async def world(given: ModelsSettings, *, real_clock: bool = False) -> AsyncIterator[World]:
    heard, clock, claims = Heard(), Clock(), dict[str, PaperClaims]()
    tokens = itertools.count()
    ledger = Ledger(
        given.budgets,
        lambda tenant: claims.setdefault(tenant, PaperClaims()),
        clock=lambda: datetime(2027, 3, 1, 12, tzinfo=UTC),
        token=lambda: f"p{next(tokens)}",
    )
    more: dict[str, Any] = {} if real_clock else {"clock": clock}
    models = RoleModels(given, ledger, observer=heard, jitter=lambda: 0.0, **more)
    try:
        yield World(models, heard, clock, claims)
    finally:
        await models.stop()


async def streamed(
    models: RoleModels, request: ModelRequest | None = None, spender: Spender = SPENDER
) -> tuple[list[str], ModelAnswer]:
    pieces: list[str] = []
    answer: ModelAnswer | None = None
    async with aclosing(models.stream(ModelRole.STRONG, request or asked(), spender)) as stream:
        async for piece in stream:
            assert answer is None, "nothing comes after the answer"
            if isinstance(piece, ModelAnswer):
                answer = piece
            else:
                pieces.append(piece)
    assert answer is not None
    assert "".join(pieces) == answer.text
    return pieces, answer


def errors_of(answer: ModelAnswer | TurnError) -> list[str | None]:
    return [tried.error for tried in getattr(answer, "tried", ())]


__all__ = [
    "SPENDER",
    "Clock",
    "Heard",
    "World",
    "asked",
    "choice",
    "errors_of",
    "replace",
    "settings",
    "streamed",
    "world",
]

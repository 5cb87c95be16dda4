"""Turns with models that say what a test wants, over the small company's real index."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from core.conversing.abilities import Abilities
from core.conversing.sealing import OwnClaims
from core.domain import Head, Message
from core.errors import ModelUnavailable
from core.ports.engine import TurnInput, TurnResult
from core.ports.knowledge import Knowledge
from core.ports.model import ModelAnswer, ModelRequest, ModelRole, Spender, ToolCall, Usage
from core.ports.tools import (
    Confirmation,
    IdentityFact,
    SideEffect,
    Tool,
    ToolLimits,
    ToolOutput,
    ToolSpec,
    Verification,
)
from core.settings import EngineSettings
from core.tools.firewall import Firewall
from core.trace import Trace, decode
from core.turn import TurnEngine
from tests.core.world import T0, Screen, event, head

Answer = str | ModelAnswer | Exception | Callable[[ModelRequest], "Answer"]
SECRET = b"a secret of the tests"


@dataclass
class ToldModels:
    """Answers by purpose, in order; an exception is raised, text is given out in small pieces.

    A purpose without an answer is out of reach.  ``breaks_after``: so many pieces, then the stream is lost.
    """

    answers: Mapping[str, Sequence[Answer]]
    roles: frozenset[ModelRole] = frozenset((ModelRole.FAST, ModelRole.STRONG))
    breaks_after: int | None = None
    hangs: frozenset[ModelRole] = frozenset()
    asked: list[tuple[ModelRole, ModelRequest]] = field(default_factory=list)
    vectors: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    prepared: list[Spender] = field(default_factory=list)

    def has(self, role: ModelRole) -> bool:
        return role in self.roles

    async def prepare(self, spender: Spender) -> None:
        self.prepared.append(spender)

    def _next(self, role: ModelRole, request: ModelRequest) -> ModelAnswer:
        number = sum(1 for _, earlier in self.asked if earlier.purpose == request.purpose)
        self.asked.append((role, request))
        told = self.answers.get(request.purpose, ())
        if number >= len(told):
            raise ModelUnavailable("nobody told what to answer")
        answer = told[number]
        while callable(answer) and not isinstance(answer, Exception):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, str):
            return ModelAnswer(text=answer, usage=Usage(input_tokens=10, output_tokens=5, cost=0.001), model="told")
        return answer

    async def stream(
        self, role: ModelRole, request: ModelRequest, spender: Spender
    ) -> AsyncIterator[str | ModelAnswer]:
        if role in self.hangs:
            self.asked.append((role, request))
            await asyncio.Event().wait()
        answer = self._next(role, request)
        pieces = [answer.text[i : i + 7] for i in range(0, len(answer.text), 7)]
        for number, piece in enumerate(pieces):
            if self.breaks_after is not None and number >= self.breaks_after:
                self.breaks_after = None
                raise ModelUnavailable("the stream was lost")
            yield piece
        yield answer

    async def complete(self, role: ModelRole, request: ModelRequest, spender: Spender) -> ModelAnswer:
        return self._next(role, request)

    async def embed(self, texts: Sequence[str], spender: Spender) -> tuple[tuple[float, ...], ...]:
        return tuple(self.vectors[text] for text in texts)

    async def transcribe(self, name: str, media_type: str, content: bytes, spender: Spender) -> str:
        raise ModelUnavailable("nobody told what was said")


def calls(*wishes: tuple[str, Mapping[str, Any]], text: str = "") -> ModelAnswer:
    """An answer that calls tools."""
    return ModelAnswer(
        text=text,
        tool_calls=tuple(
            ToolCall(id=f"c{n}", name=name, arguments=msgspec.json.encode(arguments).decode())
            for n, (name, arguments) in enumerate(wishes)
        ),
    )


@dataclass
class Shop:
    """A tool runner with a memory of what it did."""

    gives: Mapping[str, str]
    done: list[tuple[str, Mapping[str, Any], str]] = field(default_factory=list)
    fails: Exception | None = None

    def runner(self, name: str) -> ShopRunner:
        return ShopRunner(self, name)


@dataclass
class ShopRunner:
    shop: Shop
    name: str

    async def call(self, arguments: Mapping[str, Any], *, key: str, timeout_s: float) -> ToolOutput:
        if self.shop.fails is not None:
            raise self.shop.fails
        self.shop.done.append((self.name, arguments, key))
        return ToolOutput(text=self.shop.gives[self.name])

    async def close(self) -> None:
        return None


ORDER = {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]}
REFUND = {
    "type": "object",
    "properties": {"order_id": {"type": "string"}, "amount": {"type": "number"}},
    "required": ["order_id", "amount"],
}


def shop_tools(shop: Shop) -> dict[str, Tool]:
    """Looking up an order, and a refund with a limit that the contact must confirm."""
    bound = {"customer_account": IdentityFact.CUSTOMER_ACCOUNT}
    lookup = ToolSpec(
        name="lookup_order", description="One order.", parameters=ORDER, bound=bound, scopes=("orders.read",)
    )
    refund = ToolSpec(
        name="initiate_refund",
        description="Refund an order.",
        parameters=REFUND,
        bound=bound,
        scopes=("refunds",),
        side_effect=SideEffect.MONEY,
        confirmation=Confirmation.CUSTOMER,
        confirm="Refund {amount} for order {order_id}?",
        limits=ToolLimits(amount="amount", per_call=100, per_day=150),
    )
    return {spec.name: Tool(spec=spec, runner=shop.runner(spec.name)) for spec in (lookup, refund)}


SCOPES = {Verification.VERIFIED: ("orders.read", "refunds")}


def abilities(models: ToldModels | None, *, shop: Shop | None = None, **more: Any) -> Abilities:
    """What an engine has."""
    tools = shop_tools(shop) if shop is not None else {}
    return Abilities(
        company="Acme Garden",
        secret=SECRET,
        models=models,
        tools=tools,
        firewall=Firewall(tools, claims=OwnClaims(), clock=lambda: T0) if tools else None,
        scopes=SCOPES,
        **more,
    )


class Book:
    """A journal in memory that survives the attempts of a turn."""

    def __init__(self) -> None:
        self.rows: dict[str, Mapping[str, Any]] = {}

    async def record(self, step: str, body: Mapping[str, Any]) -> None:
        self.rows.setdefault(step, msgspec.json.decode(msgspec.json.encode(body)))

    async def recorded(self, step: str) -> Mapping[str, Any] | None:
        return self.rows.get(step)


def customer(*, verified: bool = True, **more: Any) -> Head:
    """A contact who is signed in, or not."""
    known = head(verified=verified, **more)
    return replace(known, contact=replace(known.contact, customer_account="c_1" if verified else None))


@dataclass
class Asked:
    """One turn and what came of it."""

    result: TurnResult
    screen: Screen
    trace: Trace
    book: Book


async def ask(
    knowledge: Knowledge,
    has: Abilities,
    text: str,
    *,
    settings: EngineSettings | None = None,
    at: Head | None = None,
    history: Sequence[Message] = (),
    state: Mapping[str, Any] | None = None,
    shown: str = "",
    book: Book | None = None,
    turn_id: str = "t_1",
    attempt: int = 1,
) -> Asked:
    """Run one turn."""
    engine = TurnEngine(settings or EngineSettings(), knowledge, clock=lambda: T0, abilities=has)
    turn = TurnInput(
        turn_id=turn_id,
        head=at or customer(),
        events=(replace(event(text), contact=(at or customer()).contact),),
        history=tuple(history),
        state=state or {},
        shown=shown,
        attempt=attempt,
    )
    book, screen = book or Book(), Screen()
    result = await engine.run(turn, book, screen)
    return Asked(result=result, screen=screen, trace=decode(result.trace), book=book)

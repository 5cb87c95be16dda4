"""A shop with two customers, its tools, and a firewall whose every await can be paced or made to crash."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import msgspec

import core.tools.confirming
import core.tools.firewall
import core.tools.session
from core.domain import Contact
from core.errors import ToolFailed
from core.ports.model import ToolCall
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

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

ANNA = Contact(id="contact:anna", name="Anna", email="anna@example.com", customer_account="c_1", verified=True)
BERT = Contact(id="contact:bert", name="Bert", email="bert@example.com", customer_account="c_2", verified=True)
STRANGER = Contact(id="v_77", name="Anna", email="anna@example.com", customer_account="c_1")
WHATSAPP = Contact(id="whatsapp:+447700900123", name="Anna")
SMS = Contact(id="sms:+447700900123")

ORDERS = {"1001": "c_1", "1002": "c_1", "2001": "c_2", "2002": "c_2"}

SCOPES = {
    Verification.ANONYMOUS: ("catalogue",),
    Verification.IDENTIFIED: ("callback",),
    Verification.VERIFIED: ("orders", "refunds"),
}


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
    }


_ORDER = {"type": "string", "pattern": "^[0-9]{4}$"}
_ACCOUNT = {"customer_account": IdentityFact.CUSTOMER_ACCOUNT}

SPECS = (
    ToolSpec(
        name="lookup_order",
        description="One order.",
        parameters=_object("order_id", order_id=_ORDER),
        bound=_ACCOUNT,
        scopes=("orders",),
    ),
    ToolSpec(
        name="initiate_refund",
        description="Pays money back.",
        parameters=_object("order_id amount", order_id=_ORDER, amount={"type": "number"}, reason={"type": "string"}),
        bound=_ACCOUNT,
        scopes=("refunds",),
        side_effect=SideEffect.MONEY,
        confirmation=Confirmation.CUSTOMER,
        confirm="Refund {amount} for order {order_id}?",
        limits=ToolLimits(amount="amount", per_call=100, per_day=150, calls_per_day=4),
    ),
    ToolSpec(
        name="give_credit",
        description="A voucher, without asking.",
        parameters=_object("amount", amount={"type": "number"}),
        bound=_ACCOUNT,
        scopes=("refunds",),
        side_effect=SideEffect.MONEY,
        limits=ToolLimits(amount="amount", per_call=20, per_day=30, calls_per_day=3),
    ),
    ToolSpec(
        name="update_address",
        description="Changes the address of an order.",
        parameters=_object(
            "order_id address",
            order_id=_ORDER,
            address={"type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}}},
        ),
        bound=_ACCOUNT,
        scopes=("orders",),
        side_effect=SideEffect.WRITE,
    ),
    ToolSpec(
        name="close_account",
        description="Ends everything.",
        parameters=_object(""),
        bound=_ACCOUNT,
        scopes=("orders",),
        side_effect=SideEffect.WRITE,
        confirmation=Confirmation.AGENT,
    ),
    ToolSpec(
        name="request_callback",
        description="We call back.",
        parameters=_object("", topic={"type": "string", "maxLength": 50}),
        bound={"phone": IdentityFact.PHONE},
        scopes=("callback",),
        verification=Verification.IDENTIFIED,
        side_effect=SideEffect.WRITE,
        limits=ToolLimits(calls_per_day=2),
    ),
    ToolSpec(
        name="search_catalogue",
        description="Finds goods.",
        parameters=_object("", words={"type": "string"}),
        scopes=("catalogue",),
        verification=Verification.ANONYMOUS,
    ),
    ToolSpec(name="audit", description="For nobody.", parameters=_object(""), scopes=("staff",)),
)


class Crash(BaseException):
    """The process ends here."""


Point = Callable[[str], Coroutine[Any, Any, None]]


async def undisturbed(_: str) -> None:
    """A process that nothing interrupts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Something that happened at the shop."""

    tool: str
    arguments: Mapping[str, Any]
    key: str
    at: datetime


@dataclass(slots=True)
class World:
    """What survives a crash: claims, journals and the shop; and the clock."""

    now: datetime = T0
    claims: dict[str, str] = field(default_factory=dict)
    journals: dict[str, dict[str, bytes]] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def effects_of(self, tool: str) -> list[Effect]:
        return [effect for effect in self.effects if effect.tool == tool]

    def recorded(self, turn: str, step: str) -> Any:
        return msgspec.json.decode(self.journals[turn][step])

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass(slots=True)
class Claims:
    """One process's way to the unique inserts."""

    world: World
    point: Point = undisturbed

    async def claim(self, key: str, value: str) -> str:
        await self.point("claim")
        standing = self.world.claims.setdefault(key, value)
        if standing == value:
            self.world.log.append(f"claim {key}")
        await self.point("claimed")
        return standing

    async def claimed(self, key: str) -> str | None:
        await self.point("read")
        return self.world.claims.get(key)


@dataclass(slots=True)
class Journal:
    """One process's way to the journal of one turn."""

    world: World
    turn: str
    point: Point = undisturbed

    async def record(self, step: str, body: Mapping[str, Any]) -> None:
        await self.point("record")
        rows = self.world.journals.setdefault(self.turn, {})
        if step not in rows:
            rows[step] = msgspec.json.encode(body)
            self.world.log.append(f"record {step}")
        await self.point("recorded")

    async def recorded(self, step: str) -> Mapping[str, Any] | None:
        await self.point("read")
        raw = self.world.journals.get(self.turn, {}).get(step)
        return None if raw is None else msgspec.json.decode(raw)


@dataclass(slots=True)
class Runner:
    """The shop's own API: it honours the idempotency key, and knows whose order is whose."""

    world: World
    spec: ToolSpec
    point: Point = undisturbed

    async def call(self, arguments: Mapping[str, Any], *, key: str, timeout_s: float) -> ToolOutput:
        await self.point("call")
        self.world.log.append(f"call {self.spec.name}")
        self.world.calls.append((self.spec.name, key))
        fault = self.world.faults.pop(0) if self.world.faults else ""
        if fault == "refused":
            raise ToolFailed("the shop said 400", is_certain=True)
        if fault == "lost":
            raise ToolFailed("no answer", is_certain=False)
        if fault == "broken":
            raise KeyError("an operator's bug")
        if fault == "slow":
            await asyncio.Event().wait()
        order = arguments.get("order_id")
        if order is not None and ORDERS.get(order) != arguments.get("customer_account"):
            raise ToolFailed("not an order of this customer", is_certain=True)
        self._effect(arguments, key)
        await self.point("effect")
        if fault == "lost_after":
            raise ToolFailed("the answer was lost", is_certain=False)
        return ToolOutput(text=f"{self.spec.name} {key}")

    def _effect(self, arguments: Mapping[str, Any], key: str) -> None:
        if self.spec.side_effect is SideEffect.READ or any(known.key == key for known in self.world.effects):
            return
        self.world.effects.append(Effect(tool=self.spec.name, arguments=arguments, key=key, at=self.world.now))

    async def close(self) -> None:
        return


@dataclass(frozen=True, slots=True)
class House:
    """The modules under test: the real ones, or a mutant's."""

    firewall: ModuleType = core.tools.firewall
    confirming: ModuleType = core.tools.confirming
    session: ModuleType = core.tools.session


@dataclass(slots=True)
class Desk:
    """A world, and processes made for it."""

    house: House = field(default_factory=House)
    world: World = field(default_factory=World)
    specs: tuple[ToolSpec, ...] = SPECS
    names: Any = field(default_factory=itertools.count)

    def firewall(self, point: Point = undisturbed) -> Any:
        """A process."""
        tools = {spec.name: Tool(spec=spec, runner=Runner(self.world, spec, point)) for spec in self.specs}
        return self.house.firewall.Firewall(
            tools,
            claims=Claims(self.world, point),
            clock=lambda: self.world.now,
            new_id=lambda prefix: f"{prefix}{next(self.names)}",
        )

    def session(self, contact: Contact = ANNA, **changes: Any) -> Any:
        facts = {
            "tenant": "shop",
            "conv": "conv",
            "turn_id": "turn",
            "account": "web",
            "contact": contact,
            "scopes": SCOPES,
            "untrusted": False,
            "has_buttons": True,
            "language": "en",
        }
        return self.house.session.Session(**(facts | changes))

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any] | str,
        *,
        session: Any = None,
        step: int = 1,
        point: Point = undisturbed,
    ) -> Any:
        """A wish made in a fresh process."""
        session = session or self.session()
        journal = Journal(self.world, session.turn_id, point)
        return await self.firewall(point).call(wish(name, arguments), session, journal, step=step)

    async def confirm(
        self, pending: Any, *, session: Any = None, point: Point = undisturbed, approved_by: str | None = None
    ) -> Any:
        """A yes in a fresh process, by default in the next turn."""
        session = session or self.session(turn_id="turn2")
        journal = Journal(self.world, session.turn_id, point)
        return await self.firewall(point).confirm(pending, session, journal, approved_by=approved_by)

    def with_spec(self, name: str, **changes: Any) -> Desk:
        """The same world with one tool declared differently."""
        specs = tuple(replace(spec, **changes) if spec.name == name else spec for spec in self.specs)
        return replace(self, specs=specs)


def wish(name: str, arguments: Mapping[str, Any] | str) -> ToolCall:
    raw = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
    return ToolCall(id="w", name=name, arguments=raw)


class Stage:
    """Runs processes side by side, one await at a time, in an order drawn from a seed; each may die at any await.

    ``deaths`` maps a process's number to the await at which it crashes.
    """

    def __init__(self, seed: int, deaths: Mapping[int, int] | None = None) -> None:
        self._random = random.Random(seed)
        self._deaths = dict(deaths or {})
        self._parked: dict[int, asyncio.Future[None]] = {}
        self._steps: dict[int, int] = {}

    def point(self, number: int) -> Point:
        async def wait(_: str) -> None:
            at = self._steps[number] = self._steps.get(number, 0) + 1
            if self._deaths.get(number) == at:
                raise Crash
            future = asyncio.get_running_loop().create_future()
            self._parked[number] = future
            await future

        return wait

    async def run(self, *processes: Coroutine[Any, Any, Any]) -> list[Any]:
        """The outcomes in order; a process that died gives its ``Crash``."""
        tasks = [asyncio.ensure_future(_dying(process)) for process in processes]
        while not all(task.done() for task in tasks):
            while sum(not task.done() for task in tasks) > len(self._parked):  # noqa: ASYNC110  no one event tells that all are parked
                await asyncio.sleep(0)
            if self._parked:
                number = self._random.choice(sorted(self._parked))
                self._parked.pop(number).set_result(None)
                await asyncio.sleep(0)
        return [task.result() for task in tasks]


async def _dying(process: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await process
    except Crash as crash:
        return crash


def dies_at(number: int) -> Point:
    """A process that crashes at its n-th await."""
    left = itertools.count(1)

    async def point(_: str) -> None:
        if next(left) == number:
            raise Crash

    return point


async def until_dead(desk: Desk, number: int, work: Callable[[Point], Coroutine[Any, Any, Any]]) -> bool:
    """Run ``work`` in a process that dies at its n-th await; False when it ended before that."""
    try:
        await work(dies_at(number))
    except Crash:
        return True
    return False

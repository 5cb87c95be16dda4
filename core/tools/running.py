"""From a judged call to its result: what has to be true after a crash between any two lines.

The journal's first record of ``<name>.intent`` is the decision about a step: the call as it will run, or the outcome that makes
a call needless.  Whoever comes second, a replay or another process, follows the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from core.errors import ToolFailed
from core.ids import NewId
from core.ports.engine import Journal
from core.ports.tools import SideEffect, Tool, ToolSpec
from core.tools.claims import Claims, Tries
from core.tools.outcomes import Done, Failed, ToolOutcome, from_body, to_body
from core.tools.reservations import Reservation, Reservations

GRACE: Final = 1.1
"""A runner has its own time limit and knows best what its end means; ours ends the ones that do not keep it."""

MAX_DETAIL: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A call as it will run.  ``is_confirmed``: it was asked for, and its result is kept for every later yes."""

    tool: str
    arguments: Mapping[str, Any]
    key: str
    reservation: Reservation | None
    dropped: tuple[str, ...] = ()
    is_confirmed: bool = False
    approved_by: str | None = None

    def to_body(self) -> dict[str, Any]:
        """Its JSON form."""
        return {
            "tool": self.tool,
            "arguments": dict(self.arguments),
            "key": self.key,
            "reservation": self.reservation.to_body() if self.reservation else None,
            "dropped": list(self.dropped),
            "is_confirmed": self.is_confirmed,
            "approved_by": self.approved_by,
        }

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Intent:
        """From its JSON form."""
        return cls(
            tool=body["tool"],
            arguments=body["arguments"],
            key=body["key"],
            reservation=Reservation.from_body(body["reservation"]),
            dropped=tuple(body["dropped"]),
            is_confirmed=body["is_confirmed"],
            approved_by=body["approved_by"],
        )


class Running:
    """Runs intents."""

    def __init__(self, tools: Mapping[str, Tool], claims: Claims, reservations: Reservations, new_id: NewId) -> None:
        self._tools = tools
        self._claims = claims
        self._reservations = reservations
        self._tries = Tries(claims, new_id)

    async def settled(self, journal: Journal, name: str) -> ToolOutcome | None:
        """What was decided about a step before; an intent without a result is issued again, as it was recorded."""
        decision = await journal.recorded(f"{name}.intent")
        if decision is None:
            return None
        if "outcome" in decision:
            return from_body(decision)
        intent = Intent.from_body(decision)
        result = await journal.recorded(f"{name}.result")
        if result is None:
            return await self._issue(intent, journal, name)
        outcome = from_body(result)
        await self._tidy(intent, outcome)
        return outcome

    async def decide(self, outcome: ToolOutcome, journal: Journal, name: str) -> ToolOutcome:
        """Settle a step without a call."""
        await journal.record(f"{name}.intent", to_body(outcome))
        return await self.settled(journal, name) or outcome

    async def start(self, intent: Intent, journal: Journal, name: str) -> ToolOutcome:
        """Make an intent durable and run what stands."""
        await journal.record(f"{name}.intent", intent.to_body())
        standing = await journal.recorded(f"{name}.intent") or {}
        if standing.get("key") != intent.key or "outcome" in standing:
            await self._withdraw(intent)
        outcome = await self.settled(journal, name)
        if outcome is None:
            raise RuntimeError("the journal lost an intent it had recorded")
        return outcome

    async def told(self, key: str) -> ToolOutcome | None:
        """The result of a confirmed call that ran before, in whatever turn."""
        value = await self._claims.claimed(f"toolresult|{key}")
        return None if value is None else from_body(_decoded(value))

    async def _issue(self, intent: Intent, journal: Journal, name: str) -> ToolOutcome:
        outcome = await self.told(intent.key) if intent.is_confirmed else None
        if outcome is None:
            outcome = await self._try(intent)
            if intent.is_confirmed:
                value = await self._claims.claim(f"toolresult|{intent.key}", _encoded(to_body(outcome)))
                outcome = from_body(_decoded(value))
        await journal.record(f"{name}.result", to_body(outcome))
        standing = await journal.recorded(f"{name}.result")
        outcome = outcome if standing is None else from_body(standing)
        await self._tidy(intent, outcome)
        return outcome

    async def _try(self, intent: Intent) -> Done | Failed:
        tool = self._tools.get(intent.tool)
        if tool is None:
            return _failed(intent, "the tool is no longer configured", is_certain=False)
        if not is_tracked(tool.spec, intent.reservation):
            outcome, _ = await _reach(tool, intent)
            return outcome
        number = await self._tries.begin(intent.key)
        if number is None:
            return _failed(intent, "the tool could not do it", is_certain=await self._is_void(intent.key))
        outcome, did_nothing = await _reach(tool, intent)
        if isinstance(outcome, Done):
            return outcome
        # Only the one and only try can say that nothing happened.
        is_void = did_nothing and number == 1 and await self._tries.close(intent.key, after=1)
        is_certain = is_void or tool.spec.side_effect is SideEffect.READ
        return _failed(intent, outcome.detail, is_certain=is_certain)

    async def _tidy(self, intent: Intent, outcome: ToolOutcome) -> None:
        """Give back what a call that certainly never happened had reserved; a crash before this is mended by the replay."""
        if isinstance(outcome, Failed) and intent.reservation and await self._is_void(intent.key):
            await self._reservations.give_back(intent.reservation)

    async def _withdraw(self, intent: Intent) -> None:
        """Another intent stands for the step: ours never runs."""
        if intent.reservation and not intent.is_confirmed and await self._tries.close(intent.key, after=0):
            await self._reservations.give_back(intent.reservation)

    async def _is_void(self, key: str) -> bool:
        return await self._tries.is_closed(key, after=0) or await self._tries.is_closed(key, after=1)


def is_tracked(spec: ToolSpec, reservation: Reservation | None) -> bool:
    """Whether the tries of a call are counted: where a second one, or a limit given back, would do harm."""
    return spec.side_effect is not SideEffect.READ or reservation is not None


async def _reach(tool: Tool, intent: Intent) -> tuple[Done | Failed, bool]:
    """One try, and whether this try certainly did nothing."""
    spec = tool.spec
    try:
        async with asyncio.timeout(spec.timeout_s * GRACE):
            output = await tool.runner.call(intent.arguments, key=intent.key, timeout_s=spec.timeout_s)
        text = output.text.encode("utf-8", "replace").decode()
        is_cut = output.is_cut or len(text) > spec.result_chars
        done = Done(
            tool=spec.name, key=intent.key, text=text[: spec.result_chars], is_cut=is_cut, dropped=intent.dropped
        )
    except ToolFailed as failure:
        detail, did_nothing = failure.safe_message, failure.is_certain
    except TimeoutError:
        detail, did_nothing = "no answer in time", False
    except Exception as error:  # an operator's own code may raise anything; what it did is unknown
        detail, did_nothing = f"the tool broke ({type(error).__name__})", False
    else:
        return done, False
    is_certain = did_nothing or spec.side_effect is SideEffect.READ
    return _failed(intent, detail, is_certain=is_certain), did_nothing


def _failed(intent: Intent, detail: str, *, is_certain: bool) -> Failed:
    return Failed(
        tool=intent.tool,
        key=intent.key,
        is_certain=is_certain,
        detail=detail[:MAX_DETAIL],
        dropped=intent.dropped,
    )


def _encoded(body: Mapping[str, Any]) -> str:
    return msgspec.json.encode(body).decode()


def _decoded(value: str) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(value)
    return body

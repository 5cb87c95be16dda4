"""The firewall: one way from a model's wish to a tool, and no other.

A model may wish for anything.  What runs is decided here, from the operator's specs and the contact's session; the model's
words are data that are read, checked and bounded.  This module is the order of things, its siblings do the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from core import ids
from core.ports.engine import Journal
from core.ports.model import ToolCall
from core.ports.tools import Confirmation, SideEffect, Tool, ToolSpec
from core.tools import checks, confirming
from core.tools.arguments import Unreadable, canonical, parse
from core.tools.binding import Missing, bind, drop
from core.tools.claims import Claims
from core.tools.outcomes import Denied, Done, Failed, PendingCall, Reason, ToolOutcome, Waiting, from_body
from core.tools.reservations import Reservation, Reservations, chain_of, is_counted
from core.tools.running import Intent, Running
from core.tools.schema import Shape
from core.tools.session import Session

MAX_STEPS: Final = 5
"""Calls in one turn, numbered from 1; a model that needs more is lost."""

CONFIRMED: Final = "tool.confirmed"
"""The journal's note of which confirmed call ran in this turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A wish that passed every check which needs no store: whole arguments, the amount that counts, what was dropped."""

    spec: ToolSpec
    arguments: Mapping[str, Any]
    amount: Decimal
    dropped: tuple[str, ...] = ()


class Firewall:
    """One tenant's tools, and the only caller of their runners."""

    def __init__(
        self,
        tools: Mapping[str, Tool],
        *,
        claims: Claims,
        clock: Callable[[], datetime],
        new_id: ids.NewId = ids.new_id,
    ) -> None:
        self._tools = dict(tools)
        self._shapes = {name: Shape(tool.spec) for name, tool in self._tools.items()}
        self._claims = claims
        self._clock = clock
        self._reservations = Reservations(claims)
        self._running = Running(self._tools, claims, self._reservations, new_id)

    def offers(self, session: Session) -> tuple[ToolSpec, ...]:
        """The tools a model may hear of in this session, with parameters that lack what the firewall binds."""
        return tuple(
            replace(tool.spec, parameters=self._shapes[name].offered)
            for name, tool in self._tools.items()
            if checks.is_offered(tool.spec, session)
        )

    async def call(self, wish: ToolCall, session: Session, journal: Journal, *, step: int) -> ToolOutcome:
        """Judge a wish and, if it may, run it.  ``step`` is its number in the turn, from 1; the same step is settled once."""
        if not 1 <= step <= MAX_STEPS:
            return _denied(wish.name, Reason.TOO_MANY_STEPS, f"a turn has {MAX_STEPS} calls")
        name = f"tool.{step}"
        settled = await self._running.settled(journal, name)
        if settled is not None:
            return settled
        judged = self._judge(wish, session)
        if isinstance(judged, Denied):
            return await self._running.decide(judged, journal, name)
        by = checks.who_agrees(judged.spec, session)
        earlier = await self._earlier(judged, journal, step=step, asks=by is not Confirmation.NONE)
        if earlier is not None:
            return await self._running.decide(earlier, journal, name)
        key = ids.digest(session.conv, session.turn_id, str(step), judged.spec.name, canonical(judged.arguments))
        if by is not Confirmation.NONE:
            return await self._running.decide(await self._ask(judged, session, key, by), journal, name)
        held = await self._reserve(judged, session, key)
        if isinstance(held, Denied):
            return await self._running.decide(held, journal, name)
        return await self._running.start(_intent(judged, key, held), journal, name)

    async def confirm(
        self, pending: PendingCall, session: Session, journal: Journal, *, approved_by: str | None = None
    ) -> ToolOutcome:
        """Run what was asked for, after a yes, if it may still run now; the same yes twice runs once.

        ``approved_by`` names the agent who approved; it is what a call that waits for an agent needs.
        """
        name = f"confirmed.{pending.nonce}"
        settled = await self._running.settled(journal, name)
        if settled is not None:
            return settled
        judged = self._judge_again(pending, session, approved_by)
        if isinstance(judged, Denied):
            return await self._running.decide(judged, journal, name)
        told = await self._running.told(pending.key)
        if told is not None:
            return await self._running.decide(_repeated(told), journal, name)
        if self._clock() >= pending.expires_at:
            expired = _denied(pending.tool, Reason.EXPIRED, "the confirmation came too late")
            return await self._running.decide(expired, journal, name)
        held = await self._reserve(judged, session, pending.key)
        if isinstance(held, Denied):
            return await self._running.decide(held, journal, name)
        holder = await self._claims.claim(f"toolrun|{pending.key}", session.turn_id)
        if holder != session.turn_id:
            return await self._running.decide(await self._elsewhere(pending), journal, name)
        await journal.record(CONFIRMED, {"name": name})
        intent = replace(_intent(judged, pending.key, held), is_confirmed=True, approved_by=approved_by)
        return await self._running.start(intent, journal, name)

    def _judge(self, wish: ToolCall, session: Session) -> Judged | Denied:
        """Every check that needs no store, in the order of the room's README."""
        tool = self._tools.get(wish.name)
        if tool is None:
            known = ", ".join(spec.name for spec in self.offers(session)) or "none"
            return _denied(wish.name[:64], Reason.UNKNOWN_TOOL, f"there is no such tool; there are: {known[:400]}")
        spec, shape = tool.spec, self._shapes[wish.name]
        try:
            given = parse(wish.arguments)
        except Unreadable as error:
            return _denied(spec.name, Reason.BAD_ARGUMENTS, str(error))
        kept, dropped = drop(given, spec, shape.declared)
        judged = self._judge_call(spec, kept, session)
        return replace(judged, dropped=dropped)

    def _judge_call(self, spec: ToolSpec, given: Mapping[str, Any], session: Session) -> Judged | Denied:
        try:
            bound = bind(spec, session)
        except Missing as missing:
            detail = f"the contact's {missing.fact.value} is not known for certain; they have to sign in first"
            return _denied(spec.name, Reason.NEEDS_VERIFICATION, detail)
        flaws = self._shapes[spec.name].flaws(given)
        if flaws:
            return _denied(spec.name, Reason.BAD_ARGUMENTS, "; ".join(flaws))
        refusal = checks.authority(spec, session)
        if refusal is not None:
            return refusal
        amount = checks.amount(spec, given)
        if isinstance(amount, Denied):
            return amount
        return Judged(spec=spec, arguments={**given, **bound}, amount=amount)

    def _judge_again(self, pending: PendingCall, session: Session, approved_by: str | None) -> Judged | Denied:
        """All checks against the session as it is now: who agreed, who is signed in, what they may."""
        tool = self._tools.get(pending.tool)
        if tool is None:
            return _denied(pending.tool, Reason.UNKNOWN_TOOL, "the tool is no longer configured")
        spec = tool.spec
        if Confirmation.AGENT in (pending.by, spec.confirmation) and not approved_by:
            return _denied(spec.name, Reason.NEEDS_AGENT, "an agent has to approve this")
        if pending.by is Confirmation.CUSTOMER and approved_by:
            return _denied(spec.name, Reason.NEEDS_CONTACT, "the contact has to agree to this themselves")
        given = {name: value for name, value in pending.arguments.items() if name not in spec.bound}
        judged = self._judge_call(spec, given, session)
        if isinstance(judged, Judged) and canonical(judged.arguments) != canonical(pending.arguments):
            return _denied(
                spec.name, Reason.IDENTITY_CHANGED, "the contact is signed in as somebody else than when asked"
            )
        return judged

    async def _earlier(self, judged: Judged, journal: Journal, *, step: int, asks: bool) -> ToolOutcome | None:
        """What earlier calls of this turn make of this one: the same call has run, waits, or a like one is unsettled."""
        spec, wanted = judged.spec, canonical(judged.arguments)
        confirmed = await journal.recorded(CONFIRMED)
        names = [confirmed["name"]] if confirmed else []
        for name in [*names, *(f"tool.{number}" for number in range(1, step))]:
            decision = await journal.recorded(f"{name}.intent")
            if decision is None:
                continue
            if "outcome" in decision:
                outcome = from_body(decision)
                if isinstance(outcome, Waiting) and asks:
                    return _asked(outcome, spec, wanted)
                continue
            intent = Intent.from_body(decision)
            if intent.tool != spec.name:
                continue
            result = await journal.recorded(f"{name}.result")
            ended = None if result is None else from_body(result)
            is_same = canonical(intent.arguments) == wanted
            if is_same and isinstance(ended, Done):
                return _repeated(ended)
            is_open = ended is None or (isinstance(ended, Failed) and not ended.is_certain)
            if is_open and spec.side_effect is not SideEffect.READ:
                return _repeated(ended) if is_same and ended else _unsettled(spec)
        return None

    async def _ask(self, judged: Judged, session: Session, key: str, by: Confirmation) -> Waiting | Denied:
        """The question; not asked for what a day's limit would refuse anyway."""
        spec, now = judged.spec, self._clock()
        if is_counted(spec.limits):
            chain = chain_of(spec.name, session.identity, _day(now))
            if not await self._reservations.fits(chain, spec.limits, judged.amount, key):
                return _over_day(spec, judged.dropped)
        pending = PendingCall(
            tool=spec.name,
            arguments=judged.arguments,
            key=key,
            nonce=confirming.nonce_of(key),
            question=confirming.question(spec, judged.arguments, session.language),
            by=by,
            asked_at=now,
            expires_at=now + confirming.lifetime(by),
        )
        return Waiting(pending=pending, dropped=judged.dropped)

    async def _reserve(self, judged: Judged, session: Session, key: str) -> Reservation | Denied | None:
        spec = judged.spec
        if not is_counted(spec.limits):
            return None
        chain = chain_of(spec.name, session.identity, _day(self._clock()))
        held = await self._reservations.take(chain, spec.limits, judged.amount, key)
        return _over_day(spec, judged.dropped) if held is None else held

    async def _elsewhere(self, pending: PendingCall) -> ToolOutcome:
        """Another turn runs this call, or died while it did."""
        told = await self._running.told(pending.key)
        if told is not None:
            return _repeated(told)
        detail = "it was confirmed before and its outcome is not known"
        return Failed(tool=pending.tool, key=pending.key, is_certain=False, detail=detail)


def _day(now: datetime) -> str:
    return now.astimezone(UTC).date().isoformat()


def _intent(judged: Judged, key: str, held: Reservation | None) -> Intent:
    return Intent(tool=judged.spec.name, arguments=judged.arguments, key=key, reservation=held, dropped=judged.dropped)


def _denied(tool: str, reason: Reason, detail: str) -> Denied:
    return Denied(tool=tool[:64], reason=reason, detail=detail)


def _over_day(spec: ToolSpec, dropped: tuple[str, ...]) -> Denied:
    detail = "today's limit for this contact does not cover it"
    return Denied(tool=spec.name, reason=Reason.DAY_LIMIT, detail=detail, dropped=dropped)


def _unsettled(spec: ToolSpec) -> Denied:
    detail = "an earlier call of this tool has an unknown outcome; it must not be called again in this turn"
    return _denied(spec.name, Reason.UNSETTLED, detail)


def _asked(outcome: Waiting, spec: ToolSpec, wanted: str) -> Waiting | Denied:
    pending = outcome.pending
    if pending.tool == spec.name and canonical(pending.arguments) == wanted:
        return outcome
    return _denied(spec.name, Reason.ALREADY_ASKING, "another call already waits for an answer in this turn")


def _repeated(outcome: ToolOutcome) -> ToolOutcome:
    return replace(outcome, is_repeat=True) if isinstance(outcome, Done | Failed) else outcome

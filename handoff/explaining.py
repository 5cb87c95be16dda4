"""Every decision about handing a conversation over, from the ledger: what turns decided, where cases went, who is there.

Reads only; a record that is gone or of another version is left out, and said so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from core.domain import Audience, Handoff, HandoffReason, Head, Message, MessageKind, Role
from core.hours import OpeningHours, staffing_at
from core.staffing import Staffing
from handoff.router import Recorded, Router
from handoff.routing import Route

MESSAGES: Final = 200
MOST_ROUNDS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What one turn decided: the rule (0: none) with its conditions, the handoff it asked for, and tools that were refused."""

    turn_id: str
    at: datetime | None
    decision: str
    rule: int
    because: tuple[str, ...]
    handoff: str | None = None
    detail: str | None = None
    proposal: str | None = None
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A sentence of the house in the transcript: when a conversation was handed over, claimed, given back …"""

    at: datetime
    text: str
    handoff_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """What was decided for one round of a handoff."""

    handoff_id: str
    round: int
    recorded: Recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One conversation; ``staffing`` is by team, "" is the desk itself.

    ``foreseen`` is what would be decided now, where nothing is on record yet.
    """

    head: Head
    decided: tuple[Decided, ...]
    happened: tuple[Happened, ...]
    routed: tuple[Routing, ...]
    staffing: Mapping[str, Staffing]
    foreseen: Route | None = None


async def explain(router: Router, head: Head) -> Explanation:
    """All of a conversation's last two hundred messages."""
    messages = await router.store.tail(head.conv, audience=Audience.DESK, limit=MESSAGES) if head.seq else ()
    routed = await _routed(router, head, messages)
    handoff = head.handoff
    is_decided = handoff is None or any((r.handoff_id, r.round) == (handoff.id, handoff.round) for r in routed)
    now = router.clock()
    hours: dict[str, OpeningHours | None] = {"": router.hours}
    hours |= {name: router.hours_of(name) for name in router.settings.teams}
    return Explanation(
        head=head,
        decided=await _decided(router, messages),
        happened=tuple(
            Happened(at=message.created_at, text=message.text, handoff_id=message.handoff_id)
            for message in messages
            if message.role is Role.SYSTEM and message.kind in (MessageKind.NOTICE, MessageKind.CSAT_REQUEST)
        ),
        routed=routed,
        staffing={name: staffing_at(their, now) for name, their in hours.items()},
        foreseen=None if is_decided else await router.foresee(head),
    )


async def _decided(router: Router, messages: Sequence[Message]) -> tuple[Decided, ...]:
    found: list[Decided] = []
    for turn_id in dict.fromkeys(message.turn_id for message in messages if message.turn_id):
        traces = [step.body for step in (await router.store.steps(turn_id))[-1:] if step.name == "trace"]
        found += [decided for trace in traces if (decided := decided_in(turn_id, trace)) is not None]
    return tuple(found)


def decided_in(turn_id: str, trace: bytes) -> Decided | None:
    """What a turn's record says was decided; None when it says nothing that can be read."""
    record = _mapping(_decoded(trace))
    if record.get("dead_letter"):
        because = (f"the assistant failed {record.get('attempts', 'several')} times on this message",)
        reason = HandoffReason.DEAD_LETTER
        return Decided(turn_id=turn_id, at=None, decision="hand_over", rule=0, because=because, handoff=reason)
    steps, outcome = _mapping(record.get("steps")), _mapping(record.get("outcome"))
    if not outcome:
        return None
    verdict = _mapping(steps.get("verdict")) or _mapping(steps.get("triage"))
    ladder = _mapping(steps.get("ladder"))
    because_of = tuple(str(one) for one in verdict.get("because") or ())
    if ladder:
        because_of = (*because_of, f"then {ladder.get('rung')}, because of {ladder.get('because')}")
    calls = [_mapping(call) for call in _mapping(steps.get("tools")).get("calls") or ()]
    return Decided(
        turn_id=turn_id,
        at=_when(record.get("at")),
        decision=str(record.get("decision", "")),
        rule=int(verdict.get("rule") or 0),
        because=because_of,
        handoff=outcome.get("handoff"),
        detail=outcome.get("detail"),
        proposal=outcome.get("proposal"),
        refused=tuple(
            " ".join(str(call[key]) for key in ("tool", "outcome", "reason") if call.get(key))
            for call in calls
            if call.get("outcome") in ("denied", "failed")
        ),
    )


async def _routed(router: Router, head: Head, messages: Sequence[Message]) -> tuple[Routing, ...]:
    """Every round of every handoff that the transcript names, and of the open one."""
    named = dict.fromkeys(message.handoff_id for message in messages if message.handoff_id)
    if head.handoff is not None:
        named.setdefault(head.handoff.id)
    found: list[Routing] = []
    for handoff_id in named:
        handoff = Handoff(id=handoff_id, reason=HandoffReason.ASKED, detail="", requested_at=head.created_at)
        last = head.handoff.round if head.handoff is not None and head.handoff.id == handoff_id else None
        for round_ in range(MOST_ROUNDS if last is None else last + 1):
            recorded = await router.recorded(handoff, round_)
            if recorded is not None:
                found.append(Routing(handoff_id=handoff_id, round=round_, recorded=recorded))
            elif last is None:
                break
    return tuple(found)


def _decoded(trace: bytes) -> Any:
    try:
        return msgspec.json.decode(trace)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _when(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None

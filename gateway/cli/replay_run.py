"""Running recorded turns again, one after the other, and what differs then."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress

from core.domain import Audience
from core.ports.model import Models
from core.ports.store import Store, TenantStore
from core.replay import Replay, replay
from core.trace import Trace, decode
from gateway.cli.redacting import Bound, called
from gateway.compose.offline import Offline

PAGE: Final = 500
OUTCOME: Final = ("text", "handoff", "detail", "proposal", "choices", "language", "sentiment", "is_resolved_step")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """The turns of a conversation in order; None for one whose record is gone or that ended without an answer."""

    tenant: str
    turns: tuple[tuple[str, Trace | None], ...]

    @property
    def recorded(self) -> int:
        """How many can be run again."""
        return sum(trace is not None for _, trace in self.turns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """One turn then and now; ``again`` is None where there is no record."""

    turn_id: str
    then: Trace | None
    again: Replay | None

    @property
    def is_same(self) -> bool:
        """Whether the contact would get the same, decided the same way, with the same tool calls."""
        return not self.differences({})

    def differences(self, bound: Bound) -> dict[str, tuple[Any, Any]]:
        """What differs → (then, now), as plain values."""
        if self.then is None or self.again is None:
            return {}
        then, now = dict(_facts(self.then, bound)), dict(_facts(self.again.trace, bound))
        return {name: (then[name], now[name]) for name in then if then[name] != now[name]}

    @property
    def unanswered(self) -> tuple[str, ...]:
        """Why models that were asked anew did not answer."""
        calls = _calls(self.again.trace) if self.again is not None else ()
        failed = [one for call in calls if "error" in call for one in call["tried"] if one.get("error")]
        return tuple(dict.fromkeys(f"{one['endpoint']}/{one['model']}: {one['error']}" for one in failed))


def _facts(trace: Trace, bound: Bound) -> Iterator[tuple[str, Any]]:
    yield "decision", trace.decision
    for name in OUTCOME:
        value = getattr(trace.outcome, name)
        yield name, list(value) if isinstance(value, tuple) else value
    known = {p["chunk"]["id"]: p["chunk"] for p in trace.steps.get("retrieve", {}).get("passages", ())}
    yield "citations", [_place(known.get(id), id) for id in trace.outcome.citations]
    yield "tools", [_called(call, given) for call, given in called(trace.steps, bound)]


def _place(chunk: Mapping[str, Any] | None, id: str) -> str:
    return id if chunk is None else f"{chunk['source']}/{chunk['external_id']} ({id})"


def _called(call: Mapping[str, Any], given: Mapping[str, Any] | None) -> str:
    shown = "" if given is None else json.dumps(given, ensure_ascii=False, sort_keys=True)
    why = f" ({call['reason']})" if "reason" in call else ""
    return f"{call['tool']} {shown}: {call['outcome']}{why}".replace(" :", ":")


def _calls(trace: Trace) -> tuple[Mapping[str, Any], ...]:
    return tuple(trace.steps.get("models", {}).get("calls", ()))


async def turns_of(store: Store, tenants: list[str], conv: str) -> Turns | None:
    """The turns of a conversation, whichever tenant it belongs to."""
    for tenant in tenants:
        rooms = store.for_tenant(tenant)
        ids, is_known = await _turn_ids(rooms, conv)
        if is_known:
            return Turns(tenant=tenant, turns=tuple([(id, await _trace(rooms, id)) for id in ids]))
    return None


async def _turn_ids(rooms: TenantStore, conv: str) -> tuple[tuple[str, ...], bool]:
    after, ids, is_known = (0, -1), dict[str, None](), False
    while page := await rooms.transcript(conv, audience=Audience.DESK, after=after, limit=PAGE):
        is_known, after = True, page[-1].position
        ids |= {message.turn_id: None for message in page if message.turn_id is not None}
    return tuple(ids), is_known


async def _trace(rooms: TenantStore, turn_id: str) -> Trace | None:
    bodies = [step.body for step in await rooms.steps(turn_id) if step.name == "trace"]
    try:
        return decode(bodies[-1]) if bodies else None
    except ValueError:
        return None


async def run(turns: Turns, of: Offline, models: Models | None, console: Console) -> tuple[Rerun, ...]:
    """Run them; ``models`` are asked anew, else everything is played back."""
    done: list[Rerun] = []
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        for turn_id, trace in bar.track(turns.turns, description="turns"):
            again = None
            if trace is not None:
                again = await replay(trace, of.engine, abilities=of.at(trace.at), models=models)
            done.append(Rerun(turn_id=turn_id, then=trace, again=again))
    return tuple(done)

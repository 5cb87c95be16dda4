"""Traces: one per inbound event, from its receipt over its turn to what was delivered.

The ids are digests of ids that the ledger has anyway (event, turn, row), so nothing is stored for tracing, a turn that runs
after a crash or on another replica lands in the trace of its event, and what is told twice has the same span id.  Spans hold
ids, kinds, outcomes, times and counts, never what anybody wrote.  With tracing off every call here returns at once.

A caller's ``traceparent`` is linked, never taken as the parent: the trace id must follow from the event alone, or a retry with
another header would tear the walk in two, and a stranger could write into our traces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core import ids
from core.domain import Destination, InboundEvent
from core.ledger import Claimed, Commit, CommitKind, OpenTurn
from gateway.origins import Origin, source_of
from gateway.turn_times import ModelTime, StepTime, TurnTimes

Value = str | int | float | bool
SERVER, INTERNAL, CLIENT, CONSUMER = "server", "internal", "client", "consumer"
HEADER: Final = "traceparent"
FORM: Final = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")
"""W3C Trace Context, version 00 and what later versions must begin like (w3.org/TR/trace-context, read 2026-11-22)."""

_HEADERS: ContextVar[Mapping[str, str] | None] = ContextVar("headers", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One piece of work, ended; ids are hexadecimal, times nanoseconds since 1970, ``links`` (trace, span)."""

    trace: str
    id: str
    name: str
    began_ns: int
    ended_ns: int
    parent: str | None = None
    kind: str = INTERNAL
    attributes: Mapping[str, Value] = field(default_factory=dict)
    links: tuple[tuple[str, str], ...] = ()
    error: str = ""


Put = Callable[[Span], None]


def called_with(headers: Mapping[str, str] | None) -> None:
    """The headers of a verified request, which may name the trace that led to it; None: of an unproven one, or of none."""
    _HEADERS.set(headers)


class Tracing:
    """Makes the spans of one process and gives them to ``put``, which must not block; None turns tracing off.

    ``sample`` is the share of traces that are kept; it is decided by the trace's id, alike in every process.
    """

    def __init__(self, put: Put | None = None, *, sample: float = 1.0) -> None:
        self.is_on = put is not None and sample > 0
        self._put = put if put is not None else _ignored
        self._below = int(sample * 2**64)

    def _keeps(self, trace: str) -> bool:
        return int(trace[16:], 16) < self._below

    def accepted(
        self, events: Sequence[InboundEvent], fresh: Sequence[bool], *, channel: str, began_ns: int, ended_ns: int
    ) -> None:
        """Messages are durable; a redelivery adds to the trace that there is, under an id of its own."""
        if not self.is_on:
            return
        for event, is_new in zip(events, fresh, strict=True):
            trace = ids.trace_id(event.id)
            if not self._keeps(trace):
                continue
            root = ids.span_id("receive", event.id)
            facts: dict[str, Value] = {
                **_place(event.tenant, event.conv),
                "frontdesk.account": event.account,
                "frontdesk.channel": channel,
                "frontdesk.message": ids.contact_message_id(event.id),
                "frontdesk.outcome": "accepted" if is_new else "duplicate",
            }
            if is_new:
                received = min(_ns(event.received_at), began_ns)
                self._put(
                    Span(
                        trace=trace,
                        id=root,
                        name="receive",
                        kind=SERVER,
                        began_ns=received,
                        ended_ns=ended_ns,
                        attributes=facts,
                        links=_caller(),
                    )
                )
            self._put(
                Span(
                    trace=trace,
                    id=ids.span_id("accept", event.id, "" if is_new else str(ended_ns)),
                    parent=root,
                    name="accept",
                    began_ns=began_ns,
                    ended_ns=ended_ns,
                    attributes={**facts, "frontdesk.events": len(events)},
                )
            )

    def committed(self, tenant: str, commit: Commit) -> None:
        """What a person or the house did is durable; the commits of turns are told by ``turned``."""
        if not self.is_on or commit.kind is not CommitKind.CONTROL:
            return
        source = source_of(commit)
        trace, at = ids.trace_id(source), _ns(commit.committed_at)
        if self._keeps(trace):
            facts: dict[str, Value] = {
                **_place(tenant, commit.conv),
                "frontdesk.owner": commit.head.owner.value,
                "frontdesk.status": commit.head.status.value,
            }
            span_id = ids.span_id("control", source)
            self._put(Span(trace=trace, id=span_id, name="control", began_ns=at, ended_ns=at, attributes=facts))

    def turned(
        self,
        tenant: str,
        turn: OpenTurn,
        *,
        outcome: str,
        began_ns: int,
        ended_ns: int,
        times: TurnTimes | None = None,
        answered_ns: int | None = None,
        error: str = "",
    ) -> None:
        """An attempt of a turn is over.  ``answered_ns`` is when it began to commit, ``error`` the type of what it failed with.

        Only the attempt that was committed has the id on which deliveries hang; any other has one of its own.
        """
        if not self.is_on:
            return
        first, *others = turn.events
        trace = ids.trace_id(first.id)
        if not self._keeps(trace):
            return
        is_last = outcome in ("committed", "dead_letter")
        span_id = ids.span_id("turn", turn.turn_id, *(() if is_last else (str(turn.attempt), turn.head.holder)))
        facts: dict[str, Value] = {
            **_place(tenant, turn.head.conv),
            "frontdesk.account": turn.head.account,
            "frontdesk.turn": turn.turn_id,
            "frontdesk.attempt": turn.attempt,
            "frontdesk.events": len(turn.events),
            "frontdesk.outcome": outcome,
        }
        if times is not None:
            facts["frontdesk.decision"] = times.decision
        self._put(
            Span(
                trace=trace,
                id=span_id,
                parent=ids.span_id("accept", first.id, ""),
                name="turn",
                kind=CONSUMER,
                began_ns=began_ns,
                ended_ns=ended_ns,
                attributes=facts,
                links=tuple((ids.trace_id(e.id), ids.span_id("receive", e.id)) for e in others),
                error=error,
            )
        )
        for span in _within(trace, span_id, times):
            self._put(span)
        if answered_ns is not None:
            commit = ids.span_id("commit", span_id)
            self._put(
                Span(trace=trace, id=commit, parent=span_id, name="commit", began_ns=answered_ns, ended_ns=ended_ns)
            )

    def delivered(
        self,
        claimed: Claimed,
        origin: Origin,
        *,
        kind: str,
        outcome: str,
        error: str,
        began_ns: int,
        ended_ns: int,
    ) -> None:
        """An attempt to deliver a row has its outcome; ``kind`` is the channel's or the desk's."""
        if not self.is_on:
            return
        trace = ids.trace_id(origin.source)
        if not self._keeps(trace):
            return
        is_desk = claimed.to is Destination.DESK
        facts: dict[str, Value] = {
            **_place(claimed.tenant, claimed.conv),
            "frontdesk.desk" if is_desk else "frontdesk.channel": kind,
            "frontdesk.account": claimed.account,
            "frontdesk.row": claimed.id,
            "frontdesk.attempt": claimed.attempt,
            "frontdesk.outcome": outcome,
        }
        if claimed.signal is not None:
            facts["frontdesk.signal"] = claimed.signal
        self._put(
            Span(
                trace=trace,
                id=ids.span_id("deliver", claimed.tenant, claimed.id, str(claimed.attempt)),
                parent=origin.parent,
                name="desk" if is_desk else "deliver",
                kind=CLIENT,
                began_ns=began_ns,
                ended_ns=ended_ns,
                attributes=facts,
                error=error,
            )
        )


def _ignored(_: Span) -> None:
    """Nobody asked for spans."""


def _place(tenant: str, conv: str) -> dict[str, Value]:
    return {"frontdesk.tenant": tenant, "frontdesk.conversation": conv}


def _ns(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1_000


def _caller() -> tuple[tuple[str, str], ...]:
    headers = _HEADERS.get()
    found = FORM.match(headers.get(HEADER, "")) if headers is not None else None
    return ((found[1], found[2]),) if found is not None else ()


def _within(trace: str, turn: str, times: TurnTimes | None) -> Iterator[Span]:
    """The steps of a turn, and under each the calls that were made in it."""
    if times is None:
        return
    zero = _ns(times.ended_at) - int(times.ms * 1e6)

    def span(name: str, at: float, ms: float, parent: str, **more: object) -> Span:
        began = zero + int(at * 1e6)
        return Span(
            trace=trace,
            id=ids.span_id(name, turn, str(at)),
            parent=parent,
            name=name,
            began_ns=began,
            ended_ns=began + int(ms * 1e6),
            **more,  # type: ignore[arg-type]  # the fields of Span that differ
        )

    steps = [(step, span(f"step.{step.name}", step.at, step.ms, turn, attributes=_found(step))) for step in times.steps]
    yield from (made for _, made in steps)

    def parent_of(at: float, ms: float) -> str:
        middle = at + ms / 2
        around = [(step.ms, made.id) for step, made in steps if step.at <= middle <= step.at + step.ms]
        return min(around, default=(0.0, turn))[1]

    for model in times.models:
        if model.at is not None:
            parent = parent_of(model.at, model.ms)
            facts = _asked(model)
            name = f"model.{model.purpose}"
            yield span(name, model.at, model.ms, parent, kind=CLIENT, attributes=facts, error=model.error)
    for tool in times.tools:
        facts = {"frontdesk.tool": tool.tool, "frontdesk.outcome": tool.outcome}
        yield span("tool", tool.at, tool.ms, parent_of(tool.at, tool.ms), kind=CLIENT, attributes=facts)


def _found(step: StepTime) -> dict[str, Value]:
    """Of the search only: which release was asked, and how many passages it gave."""
    if step.name != "retrieve":
        return {}
    return {"frontdesk.generation": step.generation, "frontdesk.passages": len(step.passages)}


def _asked(call: ModelTime) -> dict[str, Value]:
    """As OpenTelemetry's conventions for generative AI name them, where they have a name."""
    facts: dict[str, Value] = {
        "frontdesk.role": call.role,
        "frontdesk.tries": len(call.tried),
        "gen_ai.usage.input_tokens": call.usage.input_tokens,
        "gen_ai.usage.output_tokens": call.usage.output_tokens,
        "frontdesk.cost": call.usage.cost,
        "frontdesk.first_ms": call.first_ms,
    }
    named = {"frontdesk.endpoint": call.endpoint, "gen_ai.request.model": call.model, "frontdesk.finish": call.finish}
    return {**facts, **{name: value for name, value in named.items() if value}}

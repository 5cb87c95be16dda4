"""Run a recorded turn again from its trace: same input, same passages, no index, no store, no network.

The steps are the real ones; only what came from outside is played back.  A difference means that the code or the settings
changed, or that a step is not as pure as it claims.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from core import trace as tracing
from core.conversing.abilities import Abilities
from core.conversing.sealing import known_as, sealed
from core.conversing.tape import Played
from core.domain import (
    Attachment,
    Citation,
    Contact,
    EventKind,
    Head,
    InboundEvent,
    Message,
    Role,
    Visibility,
)
from core.errors import KnowledgeUnavailable
from core.ports.engine import TurnInput
from core.ports.knowledge import SearchQuery, SearchResult
from core.ports.model import Models
from core.settings import EngineSettings, KnowledgeState
from core.tools.firewall import MAX_STEPS
from core.trace import Outcome, Trace
from core.turn import TurnEngine

_NOT_KEPT = datetime(1970, 1, 1, tzinfo=UTC)
"""Times are not in the record, for no step reads them."""

CHOSEN = ("model.", "cited.", *(f"tool.{number}." for number in range(1, MAX_STEPS + 1)))
"""What of a tape models chose: another model's wish must not be given the result of what the first one wished for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What running it again came to; ``differences`` maps a field of the outcome to (then, now).

    ``trace`` is the record of the new run; of a turn that was not run again it is the old one.
    """

    outcome: Outcome
    differences: Mapping[str, tuple[Any, Any]]
    settings_changed: bool
    trace: Trace

    @property
    def is_same(self) -> bool:
        """Whether the contact would get the same words, citations and handoff."""
        return not self.differences


class RecordedKnowledge:
    """The Knowledge port, answering as it did then."""

    def __init__(self, step: Mapping[str, Any] | None) -> None:
        self._step = step

    async def search(self, query: SearchQuery) -> SearchResult:
        """The recorded result; a turn that asked nothing then finds nothing now."""
        if self._step is None:
            return SearchResult(generation="", passages=())
        if self._step["state"] == KnowledgeState.UNAVAILABLE:
            raise KnowledgeUnavailable("The index could not be searched when this was recorded.")
        return tracing.recorded_result(self._step)

    async def chunks(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Fingerprints of the recorded chunks whose words were kept."""
        passages = (await self.search(SearchQuery(text=""))).passages
        kept = {p.chunk.id: p.chunk.fingerprint for p in passages if p.chunk.text}
        return {id: kept[id] for id in ids if id in kept}


class _Nowhere:
    """A sink for a turn that nobody sees."""

    is_overtaken = False

    async def show(self, text: str) -> None:
        """Show nobody."""

    async def tool(self, name: str, state: str) -> None:
        """Show nobody."""


async def replay(
    trace: Trace, settings: EngineSettings, *, abilities: Abilities | None = None, models: Models | None = None
) -> Replay:
    """Run the turn of a trace again under ``settings`` and ``abilities`` (its tenant's, as they are now).

    What models and tools said is played back from the tape, and nothing can happen.  With ``models`` these are asked anew,
    while tools still answer from the tape: to a call they answered then, and to no other.
    """

    def clock() -> datetime:
        return trace.at

    has, tape, turn = abilities or Abilities(), trace.steps.get("tape", {}), turn_input(trace)
    if models is not None:
        contact = known_as(turn.head.contact, tape, turn.state, has.tools)
        events = tuple(replace(event, contact=contact) for event in turn.events)
        turn = replace(turn, head=replace(turn.head, contact=contact), events=events)
    engine = TurnEngine(
        settings,
        RecordedKnowledge(trace.steps.get("retrieve")),
        clock=clock,
        abilities=sealed(has, clock=clock, models=models, tape=tape),
    )
    journal = Played(tape, without=() if models is None else CHOSEN)
    result = await engine.run(turn, journal, _Nowhere())
    now = tracing.outcome(result)
    return Replay(
        outcome=now,
        differences=_differences(trace.outcome, now),
        settings_changed=_is_changed(trace, settings),
        trace=tracing.decode(result.trace),
    )


def _is_changed(trace: Trace, settings: EngineSettings) -> bool:
    return trace.settings != tracing.settings_digest(settings)


def _differences(then: Outcome, now: Outcome) -> dict[str, tuple[Any, Any]]:
    pairs = {name: (getattr(then, name), getattr(now, name)) for name in msgspec.structs.asdict(then)}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def turn_input(trace: Trace) -> TurnInput:
    """The input of a recorded turn, as far as the engine reads it."""
    given = trace.given
    contact = Contact(id=given.contact, verified=given.is_verified)
    head = Head(
        tenant=given.tenant,
        conv=given.conv,
        account=given.account,
        contact=contact,
        thread={},
        created_at=_NOT_KEPT,
        updated_at=_NOT_KEPT,
        owner=given.owner,
        language=given.language,
        unresolved_turns=given.unresolved_turns,
        episode=given.episode,
    )
    return TurnInput(
        turn_id=trace.turn_id,
        attempt=trace.attempt,
        head=head,
        events=tuple(_event(asked, head) for asked in given.events),
        history=tuple(_message(said, number, given.conv) for number, said in enumerate(given.history)),
        state=given.state,
    )


def _event(asked: tracing.Asked, head: Head) -> InboundEvent:
    conv, _, key = asked.id.rpartition("|")
    return InboundEvent(
        tenant=head.tenant,
        account="",
        conv=conv,
        dedupe_key=key,
        kind=EventKind.MESSAGE,
        contact=head.contact,
        provider_at=_NOT_KEPT,
        received_at=_NOT_KEPT,
        text=asked.text,
        attachments=_files(asked),
    )


def _files(asked: tracing.Asked) -> tuple[Attachment, ...]:
    known = asked.files or (tracing.AskedFile(name="", media_type=""),) * asked.attachments
    return tuple(
        Attachment(id="", name=file.name, media_type=file.media_type, size_bytes=0, transcript=file.transcript)
        for file in known
    )


_SOME_CITATION = Citation(
    number=1, document_id="", external_id="", source="", chunk_id="", title="", url=None, heading="", quote=""
)


def _message(said: tracing.Said, number: int, conv: str) -> Message:
    return Message(
        id=str(number),
        conv=conv,
        seq=number,
        index=0,
        episode=1,
        role=Role(said.role),
        kind=said.kind,
        visibility=Visibility.CONTACT,
        text=said.text,
        created_at=_NOT_KEPT,
        proposal=said.proposal,
        citations=(_SOME_CITATION,) if said.is_cited else (),
    )

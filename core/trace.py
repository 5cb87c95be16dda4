"""The record of a turn: what went in, what every step made of it and how long it took, what came out.

It is JSON, stored as the turn's last step; ``frontdesk why`` prints it and core/replay.py runs the turn again from it.  Ids and
small values; the texts of the passages an answer may quote are kept whole, of the others a hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from core.asking import asker
from core.attached import spoken
from core.domain import HandoffReason, InboundEvent, Message, MessageKind, Owner, Role
from core.ports.engine import TurnInput, TurnResult
from core.ports.knowledge import Assessment, Chunk, Passage, SearchResult
from core.settings import EngineSettings

FORMAT = 1
T = TypeVar("T")
Timer = Callable[[], float]


class Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message of the history, as far as the engine reads it."""

    role: Role
    text: str
    kind: MessageKind = MessageKind.TEXT
    proposal: str | None = None
    is_cited: bool = False


class AskedFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file of an unread message, as far as the engine reads it; ``state``: pending, or why it is unavailable."""

    name: str
    media_type: str
    transcript: str | None = None
    state: str = ""


class Asked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One unread message that the turn answers; records of earlier versions only count its files."""

    id: str
    text: str
    attachments: int = 0
    files: tuple[AskedFile, ...] = ()


class Given(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that the engine reads of a ``TurnInput``."""

    tenant: str
    conv: str
    owner: Owner
    language: str | None
    unresolved_turns: int
    is_verified: bool
    events: tuple[Asked, ...]
    history: tuple[Said, ...]
    account: str = ""
    contact: str = ""
    episode: int = 1
    state: dict[str, Any] = msgspec.field(default_factory=dict)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the turn came to; a replay is the same when this is."""

    text: str | None
    citations: tuple[str, ...]
    choices: tuple[str, ...]
    proposal: HandoffReason | None
    handoff: HandoffReason | None
    detail: str | None
    is_resolved_step: bool
    language: str | None
    sentiment: str | None


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """One turn's record; ``settings`` is a digest of the engine settings, ``steps`` go in the order in which they ran.

    ``decision``, ``confidence`` and ``ranked`` (external ids of documents, best first) repeat what evaluations read.
    """

    format: int
    turn_id: str
    attempt: int
    at: datetime
    settings: str
    ms: float
    decision: str
    confidence: float
    ranked: tuple[str, ...]
    given: Given
    steps: dict[str, dict[str, Any]]
    outcome: Outcome


def decode(raw: bytes) -> Trace:
    """Read a stored trace; ``ValueError`` (msgspec's) when it is none, or of another format."""
    trace = msgspec.json.decode(raw, type=Trace)
    if trace.format != FORMAT:
        raise ValueError(f"a trace of format {trace.format}")
    return trace


@dataclass(slots=True)
class Recorder:
    """Times steps and keeps what they gave, as plain values."""

    timer: Timer
    started: float = field(init=False)
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.started = self.timer()

    def step(self, name: str, run: Callable[[], T], shown: Callable[[T], Any] = msgspec.to_builtins) -> T:
        """Run one synchronous step and record its result."""
        before = self.timer()
        result = run()
        self.put(name, shown(result), since=before)
        return result

    def put(self, name: str, value: Any, *, since: float) -> None:
        """Record a step that ran outside, when it began (``at``, milliseconds into the turn) and how long it took (``ms``).

        What is no mapping stands under ``value``.
        """
        body = dict(value) if isinstance(value, Mapping) else {"value": value}
        ms = round((self.timer() - since) * 1000, 3)
        self.steps[name] = {"ms": ms, "at": self.into_ms(since), **body}

    def into_ms(self, moment: float) -> float:
        """How far into the turn a reading of the timer lies."""
        return round((moment - self.started) * 1000, 3)

    @property
    def ms(self) -> float:
        """Milliseconds since the turn began."""
        return round((self.timer() - self.started) * 1000, 3)


def given(turn: TurnInput) -> Given:
    """What a replay needs of the input."""
    who = asker(turn)
    return Given(
        tenant=turn.head.tenant,
        conv=turn.head.conv,
        owner=turn.head.owner,
        language=turn.head.language,
        unresolved_turns=turn.head.unresolved_turns,
        is_verified=who.verified,
        events=tuple(_asked(event) for event in turn.events),
        history=tuple(_said(message) for message in turn.history),
        account=turn.head.account,
        contact=who.id,
        episode=turn.head.episode,
        state=dict(turn.state),
    )


def _asked(event: InboundEvent) -> Asked:
    files = tuple(
        AskedFile(
            name=item.name,
            media_type=item.media_type,
            transcript=item.transcript,
            state=item.unavailable or ("pending" if item.origin is not None else ""),
        )
        for item in event.attachments
    )
    return Asked(id=event.id, text=event.text, attachments=len(files), files=files)


def _said(message: Message) -> Said:
    return Said(
        role=message.role,
        text=spoken(message.text, message.attachments),
        kind=message.kind,
        proposal=message.proposal,
        is_cited=bool(message.citations),
    )


def outcome(result: TurnResult) -> Outcome:
    """The comparable part of a result."""
    reply, handoff = result.reply, result.handoff
    return Outcome(
        text=reply.text if reply else None,
        citations=tuple(c.chunk_id for c in reply.citations) if reply else (),
        choices=reply.choices if reply else (),
        proposal=reply.proposal if reply else None,
        handoff=handoff.reason if handoff else None,
        detail=handoff.detail if handoff else None,
        is_resolved_step=result.is_resolved_step,
        language=result.language,
        sentiment=result.sentiment,
    )


def settings_digest(settings: EngineSettings) -> str:
    """Tells whether a trace was made under these settings."""
    return hashlib.blake2b(msgspec.json.encode(settings, order="sorted"), digest_size=8).hexdigest()


def text_hash(text: str) -> str:
    """Hash of a chunk's text."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


def shown_result(result: SearchResult, *, whole: int) -> dict[str, Any]:
    """A search result as recorded: the first ``whole`` passages with their chunks, the others without their text."""
    return {
        "generation": result.generation,
        "terms": dict(result.terms),
        "assessment": msgspec.to_builtins(result.assessment),
        "passages": [_shown_passage(passage, n < whole) for n, passage in enumerate(result.passages)],
    }


def _shown_passage(passage: Passage, is_whole: bool) -> dict[str, Any]:
    chunk: dict[str, Any] = msgspec.to_builtins(passage.chunk)
    chunk["hash"] = text_hash(passage.chunk.text)
    if not is_whole:
        chunk["text"] = None
    return {"score": passage.score, "features": dict(passage.features), "chunk": chunk}


def recorded_result(step: Mapping[str, Any]) -> SearchResult:
    """The search result of a trace; texts that were not kept are empty."""
    assessment = step.get("assessment")
    return SearchResult(
        generation=step["generation"],
        terms=step["terms"],
        assessment=None if assessment is None else msgspec.convert(assessment, Assessment),
        passages=tuple(
            Passage(chunk=_recorded_chunk(p["chunk"]), score=p["score"], features=p["features"])
            for p in step["passages"]
        ),
    )


def _recorded_chunk(chunk: Mapping[str, Any]) -> Chunk:
    kept = {name: value for name, value in chunk.items() if name != "hash"}
    return Chunk(**{**kept, "text": kept["text"] or ""})

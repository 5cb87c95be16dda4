"""The brief: what an agent must know about a case, read in five seconds.

Pure, and composed without a model: the contact is quoted in their own words, everything else is a fact of the ledger or of a
turn's record.  ``traces`` are read with tolerance, since an older engine may have written them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from core.attached import shown
from core.domain import Citation, HandoffReason, Head, Message, MessageKind, Owner, Role, Visibility
from core.steps.smalltalk import smalltalk

QUOTE_WORDS = 28
LONG_QUESTION_WORDS = 8
TRIED_TITLES = 3
MAX_CITED = 4
MAX_ENTITIES = 8
MAX_CALLS = 3
RESULT_WORDS = 14

REASONS: Mapping[HandoffReason, str] = {
    HandoffReason.ASKED: "asked for a person",
    HandoffReason.NO_ANSWER: "the assistant found no answer",
    HandoffReason.HIGH_STAKES: "the topic is sensitive",
    HandoffReason.SENTIMENT: "the customer is unhappy",
    HandoffReason.UNRESOLVED: "several answers did not help",
    HandoffReason.POLICY: "a rule sends this to people",
    HandoffReason.OUTAGE: "the assistant could not search the knowledge base",
    HandoffReason.DEAD_LETTER: "the assistant failed on a message",
}


BARE_REPLIES: Mapping[str, str] = {"clarify": "Asked back", "unknown": "Replied without a source"}
"""Lines for replies without sources, by decision."""


UNTOLD = frozenset(("number", "time", "duration", "period"))
"""Kinds of entities that tell an agent nothing without the sentence around them."""


class Priority(StrEnum):
    """How soon somebody should look."""

    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"


PRIORITIES: Mapping[HandoffReason, Priority] = {
    HandoffReason.HIGH_STAKES: Priority.URGENT,
    HandoffReason.SENTIMENT: Priority.HIGH,
    HandoffReason.UNRESOLVED: Priority.HIGH,
    HandoffReason.DEAD_LETTER: Priority.HIGH,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Something named in the conversation: an order number, an amount, a date."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """The card on top of a case.

    ``wants`` quotes the contact, the opening question first; ``tried`` says what the assistant did, one line each; ``cited`` are
    the passages it stood on.  ``waiting_since`` is None while nobody waits for us.  ``summary`` says all of it in at most
    three sentences, for desks that show plain text.
    """

    who: str
    is_verified: bool
    wants: tuple[str, ...]
    tried: tuple[str, ...]
    cited: tuple[Citation, ...]
    entities: tuple[Entity, ...]
    sentiment: str | None
    reason: HandoffReason | None
    reason_text: str | None
    detail: str | None
    priority: Priority
    waiting_since: datetime | None
    language: str | None
    summary: str = ""


def compose(
    head: Head, messages: Sequence[Message], traces: Sequence[bytes] = (), *, hide: Callable[[str], str] = str
) -> Brief:
    """The brief of the current episode; ``traces`` are its turns' records, oldest first.

    ``hide`` strikes out what the desk may not see, before anything is shortened: half a card number looks like none.
    """
    episode = [replace(m, text=hide(m.text)) for m in messages if m.episode == head.episode]
    reason = head.handoff.reason if head.handoff else None
    brief = Brief(
        who=hide(who(head)),
        is_verified=head.contact.verified,
        wants=wants(episode, reason),
        tried=(*tried(episode, decisions(traces)), *called(traces, hide)),
        cited=cited(episode),
        entities=entities(traces, hide),
        sentiment=head.sentiment,
        reason=reason,
        reason_text=REASONS[reason] if reason else None,
        detail=hide(head.handoff.detail) if head.handoff else None,
        priority=priority(head),
        waiting_since=waiting_since(head, episode),
        language=head.language,
    )
    return replace(brief, summary=_summary(brief))


def who(head: Head) -> str:
    """The contact in one line; what the page merely said about them is not mixed with what a token proved."""
    contact = head.contact
    known = [contact.name or contact.email or "A visitor"]
    if contact.name and contact.email:
        known.append(contact.email)
    if contact.customer_account:
        known.append(f"account {contact.customer_account}")
    return " · ".join(known)


def wants(episode: Sequence[Message], reason: HandoffReason | None) -> tuple[str, ...]:
    """The opening question and, when it differs, the latest one, in the contact's own words."""
    said = [
        replace(m, text=shown(m.text, m.attachments))
        for m in episode
        if m.role is Role.CONTACT and (m.text.strip() or m.attachments)
    ]
    telling = _telling(said, episode, reason) or said
    if not telling:
        return ()
    quotes = dict.fromkeys(shortened(m.text) for m in (telling[0], telling[-1]))
    return tuple(quotes)


def _telling(said: list[Message], episode: Sequence[Message], reason: HandoffReason | None) -> list[Message]:
    """Messages that say what is wanted: no small talk, and not the mere wish for a person."""
    asks = {m.seq for m in episode if m.handoff_id} if reason is HandoffReason.ASKED else set()

    def tells(message: Message) -> bool:
        if smalltalk(message.text) is not None:
            return False
        words = len(message.text.split())
        return words >= LONG_QUESTION_WORDS or (words > 2 and message.seq not in asks)

    return [m for m in said if tells(m)]


def tried(episode: Sequence[Message], decided: Mapping[str, str]) -> tuple[str, ...]:
    """What the assistant did, one line for each kind of thing; ``decided`` is the engine's decision by turn.

    A reply without sources was small talk when the engine says that it answered, and not worth a line.
    """
    spoken = [m for m in episode if m.role is Role.BOT and m.visibility is Visibility.CONTACT]
    answered = [m for m in spoken if m.citations]
    lines: list[str] = []
    if answered:
        lines.append(f"Answered from {_titles(answered)}")
    if any(m.proposal for m in spoken):
        lines.append("Offered a person")
    bare = [decided.get(m.turn_id or "", "unknown") for m in spoken if not m.citations and not m.proposal]
    lines += [_counted(line, bare.count(decision)) for decision, line in BARE_REPLIES.items() if decision in bare]
    return tuple(lines)


def _counted(line: str, times: int) -> str:
    return f"{line} ({times} times)" if times > 1 else line


def decisions(traces: Iterable[bytes]) -> dict[str, str]:
    """What the engine decided, by turn."""
    found: dict[str, str] = {}
    for trace in traces:
        record = _record(trace)
        turn_id, decision = record.get("turn_id"), record.get("decision")
        if isinstance(turn_id, str) and isinstance(decision, str):
            found[turn_id] = decision
    return found


def called(traces: Iterable[bytes], hide: Callable[[str], str] = str) -> tuple[str, ...]:
    """What the assistant's tools came to, the newest last, one line for each: name, outcome, and the first words of a result."""
    calls = [call for trace in traces for call in step(trace, "tools").get("calls", ()) if isinstance(call, dict)]
    lines = [_call_line(call, hide) for call in calls if isinstance(call.get("tool"), str)]
    return tuple(dict.fromkeys(lines))[-MAX_CALLS:]


def _call_line(call: Mapping[str, Any], hide: Callable[[str], str]) -> str:
    outcome, told = str(call.get("outcome", "unknown")), call.get("text") or call.get("detail")
    words = shortened(hide(_flat(told)), words=RESULT_WORDS) if isinstance(told, str) else ""
    line = f"Used {call['tool']} ({outcome})"
    return f"{line}: {words}" if words else line


def _flat(text: str) -> str:
    """A tool's JSON object as "name value" pairs; any other text as it is."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return text
    if not isinstance(value, dict):
        return text
    return ", ".join(f"{name} {item}" for name, item in value.items() if isinstance(item, str | int | float))


def _titles(answers: Sequence[Message]) -> str:
    titles = list(dict.fromkeys(c.title for m in answers for c in m.citations))
    shown = ", ".join(f"“{shortened(title, words=8)}”" for title in titles[:TRIED_TITLES])
    more = len(titles) - TRIED_TITLES
    return f"{shown} and {more} more" if more > 0 else shown


def cited(episode: Sequence[Message]) -> tuple[Citation, ...]:
    """The newest passages the contact was shown, each once."""
    found: dict[str, Citation] = {}
    for message in reversed(episode):
        if message.visibility is Visibility.CONTACT:
            for citation in message.citations:
                found.setdefault(citation.chunk_id, citation)
    return tuple(found.values())[:MAX_CITED]


def priority(head: Head) -> Priority:
    """How soon; an unhappy contact comes before the rest."""
    by_reason = PRIORITIES.get(head.handoff.reason, Priority.NORMAL) if head.handoff else Priority.NORMAL
    if by_reason is Priority.NORMAL and head.sentiment == "negative":
        return Priority.HIGH
    return by_reason


def waiting_since(head: Head, episode: Sequence[Message]) -> datetime | None:
    """Since when the contact waits for a person: the handoff, or their first message after the last answer."""
    if head.owner is Owner.QUEUE and head.handoff is not None:
        return head.handoff.requested_at
    if head.owner is not Owner.HUMAN:
        return None
    since = None
    for message in reversed(episode):
        if message.role is Role.AGENT and message.kind is MessageKind.TEXT:
            return since
        if message.role is Role.CONTACT:
            since = message.created_at
    return head.handoff.requested_at if head.handoff is not None else since


def entities(traces: Iterable[bytes], hide: Callable[[str], str] = str) -> tuple[Entity, ...]:
    """What the engine recognised in the turns of the episode, each once, newest turn first."""
    found: dict[Entity, None] = {}
    for trace in reversed(list(traces)):
        for entity in _entities_of(step(trace, "understand"), hide):
            found.setdefault(entity)
    return tuple(found)[:MAX_ENTITIES]


def step(trace: bytes, name: str) -> Mapping[str, Any]:
    """One step's record from a turn's trace; empty when it is not there or not readable."""
    record = _record(trace)
    steps = record.get("steps", record)
    if isinstance(steps, list):
        steps = {s["name"]: s for s in steps if isinstance(s, dict) and isinstance(s.get("name"), str)}
    found = steps.get(name) if isinstance(steps, dict) else None
    return found if isinstance(found, dict) else {}


def _record(trace: bytes) -> Mapping[str, Any]:
    try:
        record = msgspec.json.decode(trace)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return record if isinstance(record, dict) else {}


def _entities_of(understood: Mapping[str, Any], hide: Callable[[str], str]) -> list[Entity]:
    """Entities as a list of {kind, text} or as kind → texts, at the top of the step or in one of its parts."""
    parts = [understood, *(part for part in understood.values() if isinstance(part, dict))]
    raw = next((part["entities"] for part in parts if part.get("entities")), ())
    if isinstance(raw, dict):
        pairs = [
            (kind, text) for kind, texts in raw.items() for text in (texts if isinstance(texts, list) else [texts])
        ]
    else:
        listed = [item for item in raw if isinstance(item, dict)] if isinstance(raw, list) else []
        pairs = [(i.get("kind") or i.get("type"), i.get("text") or i.get("value")) for i in listed]
    return [
        Entity(kind=kind, text=shortened(hide(str(text)), words=6))
        for kind, text in pairs
        if isinstance(kind, str) and text and kind not in UNTOLD
    ]


def shortened(text: str, *, words: int = QUOTE_WORDS) -> str:
    """The first words of a text on one line; a very long "word" is cut, too."""
    flat = text.split()
    short = " ".join(word if len(word) <= 60 else word[:59] + "…" for word in flat[:words])
    return short + " …" if len(flat) > words else short


def _summary(brief: Brief) -> str:
    quoted = " … ".join(f"“{shortened(text, words=20)}”" for text in brief.wants)
    first = f"{brief.who}: {quoted}" if quoted else f"{brief.who} has not said what this is about"
    second = "; ".join(brief.tried)
    third = f"Handed over: {brief.reason_text}" if brief.reason_text else ""
    return " ".join(f"{part.rstrip('.')}." for part in (first, second, third) if part)

"""Receipts: what the ledger knows about a message that a stand-in was sent, as the lab page shows it under that message.

Read-only.  A vendor's id leads to the message, the message to its turn, the turn to its trace.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec

from core import markup, trace
from core.domain import Audience, Citation, Head, Message
from core.ports.store import TenantStore
from gateway.lab.ways import Way, way

SHOWN_PASSAGES: Final = 6
QUOTE_CHARS: Final = 240
RECENT_HEADS: Final = 50
RECENT_MESSAGES: Final = 40


class PassageLine(msgspec.Struct, frozen=True, kw_only=True):
    """A passage that was found; ``share`` is its score beside the best one's, ``is_quoted`` says that the reply stands on it."""

    title: str
    heading: str
    place: str
    score: float
    share: float
    is_quoted: bool


class SourceLine(msgspec.Struct, frozen=True, kw_only=True):
    """A citation of the reply with the words that carry it."""

    number: int
    title: str
    quote: str
    url: str | None


class StepLine(msgspec.Struct, frozen=True, kw_only=True):
    """How long one step of the turn took."""

    name: str
    ms: float


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Why a reply says what it says: the turn behind it, shortened for reading."""

    turn_id: str
    question: str
    language: str
    noticed: list[str]
    borrowed: str
    passages: list[PassageLine]
    found: int
    sources: list[SourceLine]
    confidence: float | None
    decision: str
    rule: int | None
    because: list[str]
    outcome: str
    ms: float
    steps: list[StepLine]
    way: Way | None = None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger knows of a message: who said it, whether it is a notice, and its receipt when a turn made it."""

    message_id: str
    role: str
    kind: str
    author: str | None
    receipt: Receipt | None
    delivery: str | None = None
    text: str = ""


class Ownership(msgspec.Struct, frozen=True, kw_only=True):
    """Who speaks to the contact now: while it is not the bot, the assistant is silent."""

    owner: str
    agent: str | None


class Receipts(Protocol):
    """What the page asks about the messages of one account."""

    async def of(self, refs: Sequence[str]) -> Known | None:
        """What is known of the message that has one of these vendor ids; None while nothing is."""

    async def latest(self, limit: int) -> tuple[Known, ...]:
        """The newest replies of the account's most recent conversation, oldest first."""

    async def ownership(self, since: datetime) -> Ownership | None:
        """Who owns the account's most recent conversation, if anything happened in it since."""


@dataclass(slots=True)
class LedgerReceipts:
    """Receipts of one account, read from the tenant's ledger; an answer that cannot change any more is kept."""

    store: TenantStore
    account: str
    currency: str = ""

    async def of(self, refs: Sequence[str]) -> Known | None:
        """What is known of a message."""
        for head in await self._heads():
            for ref in refs:
                message_id = await self.store.sent_message(head.conv, ref)
                message = await self.store.message(message_id) if message_id is not None else None
                if message is not None:
                    return await self._known(message)
        return None

    async def latest(self, limit: int) -> tuple[Known, ...]:
        """The newest replies."""
        heads = await self._heads()
        if not heads:
            return ()
        messages = await self.store.tail(heads[0].conv, audience=Audience.CONTACT, limit=RECENT_MESSAGES)
        said = [message for message in messages if message.role != "contact"][-limit:]
        return tuple([await self._known(message) for message in said])

    async def ownership(self, since: datetime) -> Ownership | None:
        """Who owns the conversation now."""
        heads = await self._heads()
        if not heads or heads[0].updated_at < since:
            return None
        return Ownership(owner=heads[0].owner, agent=heads[0].agent)

    async def _heads(self) -> tuple[Head, ...]:
        heads = await self.store.conversations(limit=RECENT_HEADS)
        return tuple(head for head in heads if head.account == self.account)

    async def _known(self, message: Message) -> Known:
        return Known(
            message_id=message.id,
            role=message.role,
            kind=message.kind,
            author=message.author,
            receipt=await self._receipt(message) if message.role == "bot" else None,
            delivery=message.delivery,
            text=message.text[:QUOTE_CHARS],
        )

    async def _receipt(self, message: Message) -> Receipt | None:
        if message.turn_id is None:
            return None
        for step in reversed(await self.store.steps(message.turn_id)):
            if step.name == "trace":
                try:
                    return receipt(trace.decode(step.body), message.citations, currency=self.currency)
                except ValueError:
                    return None
        return None


def receipt(record: trace.Trace, citations: Sequence[Citation], *, currency: str = "") -> Receipt:
    """The receipt of a turn's record."""
    steps = record.steps
    verdict = steps.get("verdict") or steps.get("triage", {})
    searched = "retrieve" in steps and steps["retrieve"].get("state") == "ok"
    return Receipt(
        turn_id=record.turn_id,
        question="\n".join(asked.text for asked in record.given.events if asked.text),
        language=str(steps.get("understand", {}).get("language") or ""),
        noticed=list(_noticed(steps.get("understand", {}))),
        borrowed=" / ".join(map(str, steps.get("rewrite", {}).get("earlier") or ())),
        passages=_passages(record) if searched else [],
        found=len(steps["retrieve"]["passages"]) if searched else 0,
        sources=[_source(citation) for citation in citations],
        confidence=record.confidence if searched else None,
        decision=record.decision,
        rule=verdict.get("rule"),
        because=[str(reason) for reason in verdict.get("because") or ()],
        outcome=_outcome(record),
        ms=record.ms,
        steps=[StepLine(name=name, ms=float(step["ms"])) for name, step in steps.items() if "ms" in step],
        way=way(steps, currency),
    )


def _noticed(known: Mapping[str, Any]) -> Iterator[str]:
    if known.get("asked_for_person"):
        yield "asks for a person"
    if known.get("smalltalk"):
        yield f"small talk: {known['smalltalk']}"
    if known.get("intent"):
        yield f"wants {str(known['intent']).replace('_', ' ')}"
    if known.get("sentiment") not in (None, "neutral"):
        yield f"sounds {known['sentiment']}"
    yield from (str(category) for category in known.get("categories") or ())
    for entity in known.get("entities") or ():
        yield f"{entity['kind']} {entity['text']}"


def _passages(record: trace.Trace) -> list[PassageLine]:
    passages = trace.recorded_result(record.steps["retrieve"]).passages
    quoted = set(record.outcome.citations)
    best = max((passage.score for passage in passages), default=1.0) or 1.0
    shown = [(n, passage) for n, passage in enumerate(passages) if n < SHOWN_PASSAGES or passage.chunk.id in quoted]
    return [
        PassageLine(
            title=passage.chunk.title,
            heading=passage.chunk.heading,
            place=f"{passage.chunk.source}/{passage.chunk.external_id}",
            score=round(passage.score, 2),
            share=round(max(0.0, passage.score) / best, 3),
            is_quoted=passage.chunk.id in quoted,
        )
        for _, passage in shown
    ]


def _source(citation: Citation) -> SourceLine:
    is_followable = (citation.url or "").lower().startswith(("https://", "http://"))
    return SourceLine(
        number=citation.number,
        title=" › ".join(part for part in (citation.title, citation.heading) if part),
        quote=markup.to_text(markup.parse(citation.quote))[:QUOTE_CHARS],
        url=citation.url if is_followable else None,
    )


def _outcome(record: trace.Trace) -> str:
    """What came of it, in words."""
    if record.outcome.handoff is not None:
        return f"handed to people ({record.outcome.handoff}): {record.outcome.detail or ''}".rstrip(": ")
    if record.outcome.proposal is not None:
        return f"offered a person ({record.outcome.proposal})"
    return ""

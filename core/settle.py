"""From a finished turn to its commit: pure, asked on the newest head, also after a control came first.

A reply is spoken only while the bot still owns the conversation under the epoch in which the turn began; otherwise it becomes
a private draft for the agent, and the contact's messages are relayed to the desk.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core.attached import shown as shown_with_files
from core.domain import (
    Destination,
    HandoffReason,
    Head,
    InboundEvent,
    MessageKind,
    Owner,
    Role,
    Status,
    Visibility,
    Voice,
)
from core.ledger import CommitDraft, CommitKind, MessageDraft, OpenTurn, OutboxDraft
from core.notices import Notices
from core.ownership import Transition, hand_over, reopened, to_desk
from core.ports.engine import TurnResult
from core.staffing import Staffing

PREVIEW_CHARS = 120
PEOPLE = (Owner.QUEUE, Owner.HUMAN)


def turn_head(head: Head) -> Head:
    """The head a turn works under: a contact who writes after "resolved" opens the next episode."""
    return reopened(head)


def _heard(head: Head, turn: OpenTurn) -> Head:
    """When the contact wrote last, and how to answer them there now: a channel's addresses may change."""
    if not turn.events:
        return head
    newest = turn.events[-1]
    wrote_at = newest.provider_at if head.contact_at is None else max(head.contact_at, newest.provider_at)
    return replace(head, contact_at=wrote_at, thread={**head.thread, **newest.thread})


def _author(event: InboundEvent, head: Head) -> str | None:
    """Who wrote, when it is not the contact the conversation began with: in a room several people write."""
    writer = event.contact
    return writer.name if writer is not None and writer.id != head.contact.id else None


def _said(event: InboundEvent, turn_id: str, head: Head) -> MessageDraft:
    return MessageDraft(
        role=Role.CONTACT,
        author=_author(event, head),
        text=event.text,
        attachments=event.attachments,
        event_id=event.id,
        turn_id=turn_id,
        said_at=event.provider_at,
    )


def is_current(head: Head, turn: OpenTurn) -> bool:
    """Whether a turn may still be committed: its term lasts, and nobody else took the lane in it.

    A term ends with the one turn that is committed in it, or with a takeover; what was opened in it is void from then on.
    """
    return head.holder in ("", turn.head.holder) and head.term == turn.head.term


def _freed(head: Head, turn: OpenTurn) -> Head:
    """The lane is nobody's after its turn, so that whoever accepts the next message may go on at once."""
    return replace(head, holder="", term=turn.head.term + 1)


def settle_turn(
    head: Head,
    turn: OpenTurn,
    result: TurnResult,
    *,
    notices: Notices,
    now: datetime,
    staffing: Staffing,
    shown: str = "",
    state_ref: str | None = None,
) -> CommitDraft | None:
    """The commit of a finished (or cancelled) turn; None when it must not stand.

    That is when another holder has taken the lane, or when the conversation changed hands under the turn and people are
    out of it again (given back, resolved): nobody would answer the contact then, so the lane opens the turn anew and it
    runs under the newer head.  ``shown`` is what the contact already saw of the reply when the turn was interrupted;
    ``state_ref`` is where the journal holds what the engine wants kept, None when it keeps what it had.
    """
    if not is_current(head, turn):
        return None
    began = turn_head(turn.head)
    resumed = reopened(head) if turn.head.status is Status.RESOLVED else head
    speaks = resumed.owner is Owner.BOT and resumed.owner_epoch == began.owner_epoch
    if not speaks and resumed.owner not in PEOPLE:
        return None
    base = replace(
        _freed(_heard(resumed, turn), turn),
        language=result.language or resumed.language,
        sentiment=result.sentiment or resumed.sentiment,
        preview=_preview(turn),
    )
    messages = [_said(event, turn.turn_id, base) for event in turn.events]
    outbox = [*to_desk(base, len(messages))]
    if speaks and result.reply is None and shown:
        spoken = Transition(head=base, messages=(_interrupted(turn, shown),))
    elif speaks:
        kept = base if state_ref is None else replace(base, state_ref=state_ref)
        spoken = _speak(kept, turn, result, notices=notices, now=now, staffing=staffing)
    else:
        spoken = _draft(base, turn, result, shown)
    offset = len(messages)
    outbox += [row.moved(offset) for row in spoken.outbox]
    return CommitDraft(
        kind=CommitKind.TURN,
        head=spoken.head,
        consumed=tuple(e.id for e in turn.events),
        messages=(*messages, *spoken.messages),
        outbox=tuple(outbox),
        turn_id=turn.turn_id,
        trace=result.trace,
    )


def settle_dead(
    head: Head, turn: OpenTurn, *, notices: Notices, now: datetime, staffing: Staffing, trace: bytes
) -> CommitDraft | None:
    """The commit of a turn that failed for good: its events are dead-lettered and a person is told."""
    if not is_current(head, turn):
        return None
    resumed = reopened(head) if turn.head.status is Status.RESOLVED else head
    base = replace(_freed(_heard(resumed, turn), turn), preview=_preview(turn))
    messages = [_said(event, turn.turn_id, base) for event in turn.events]
    change = hand_over(
        base,
        HandoffReason.DEAD_LETTER,
        "The assistant failed on this message and stopped trying.",
        notices=notices,
        now=now,
        staffing=staffing,
    )
    events = tuple(e.id for e in turn.events)
    offset = len(messages)
    moved = [row.moved(offset) for row in change.outbox]
    return CommitDraft(
        kind=CommitKind.TURN,
        head=change.head,
        consumed=events,
        dead_letters=events,
        turn_id=turn.turn_id,
        messages=(*messages, *change.messages),
        outbox=(*to_desk(base, offset), *moved),
        trace=trace,
    )


def _preview(turn: OpenTurn) -> str:
    newest = turn.events[-1] if turn.events else None
    return (
        shown_with_files(newest.text, newest.attachments)[:PREVIEW_CHARS] if newest is not None else turn.head.preview
    )


def _reply(turn: OpenTurn, result: TurnResult) -> MessageDraft | None:
    if result.reply is None:
        return None
    return MessageDraft(
        role=Role.BOT,
        text=result.reply.text,
        citations=result.reply.citations,
        choices=result.reply.choices,
        proposal=result.reply.proposal,
        turn_id=turn.turn_id,
    )


def _speak(
    base: Head, turn: OpenTurn, result: TurnResult, *, notices: Notices, now: datetime, staffing: Staffing
) -> Transition:
    unresolved = 0 if result.is_resolved_step else base.unresolved_turns + 1
    head = replace(base, unresolved_turns=unresolved)
    reply = _reply(turn, result)
    messages = (*(() if reply is None else (reply,)), *_notes(turn, result))
    outbox: tuple[OutboxDraft, ...] = ()
    if reply is not None:
        outbox = (OutboxDraft(to=Destination.CHANNEL, voice=Voice.BOT, message=0),)
    outbox = (*outbox, *to_desk(base, len(messages)))
    if result.handoff is None:
        return Transition(head=head, messages=messages, outbox=outbox)
    change = hand_over(head, result.handoff.reason, result.handoff.detail, notices=notices, now=now, staffing=staffing)
    offset = len(messages)
    moved = [row.moved(offset) for row in change.outbox]
    return Transition(head=change.head, messages=(*messages, *change.messages), outbox=(*outbox, *moved))


def _notes(turn: OpenTurn, result: TurnResult) -> tuple[MessageDraft, ...]:
    """The engine's private words for whoever opens the case."""
    return tuple(
        MessageDraft(
            role=Role.SYSTEM, kind=MessageKind.NOTE, visibility=Visibility.INTERNAL, text=note, turn_id=turn.turn_id
        )
        for note in result.notes
    )


def _interrupted(turn: OpenTurn, shown: str) -> MessageDraft:
    return MessageDraft(role=Role.BOT, text=shown, turn_id=turn.turn_id, interrupted=True)


def _draft(base: Head, turn: OpenTurn, result: TurnResult, shown: str) -> Transition:
    """The bot may not speak: what was shown stays as an interrupted message, the reply becomes a private draft."""
    messages: list[MessageDraft] = []
    if shown:
        messages.append(_interrupted(turn, shown))
    reply = _reply(turn, result)
    if reply is not None:
        messages.append(replace(reply, kind=MessageKind.DRAFT, visibility=Visibility.INTERNAL, choices=()))
    messages += _notes(turn, result)
    return Transition(head=base, messages=tuple(messages), outbox=to_desk(base, len(messages)))

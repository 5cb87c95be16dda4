"""Who speaks: the ownership table of LEDGER.md as pure functions from a head to a commit.

Every change of owner in the house is made here, by ``decide`` for controls and ``hand_over`` for turns.  Nothing waits, reads
or writes; the store calls these on the newest head and asks again when another writer came first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from core import ids
from core.domain import (
    Destination,
    EventKind,
    Handoff,
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
from core.ledger import CommitDraft, CommitKind, MessageDraft, OutboxDraft
from core.notices import Notices
from core.staffing import OPEN, Staffing


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A new head with what must be said and delivered because of it."""

    head: Head
    messages: tuple[MessageDraft, ...] = ()
    outbox: tuple[OutboxDraft, ...] = ()

    def commit(self, kind: CommitKind, *, consumed: tuple[str, ...] = ()) -> CommitDraft:
        """The transition as a commit of its own."""
        return CommitDraft(kind=kind, head=self.head, consumed=consumed, messages=self.messages, outbox=self.outbox)


def to_desk(head: Head, count: int) -> tuple[OutboxDraft, ...]:
    """Rows that bring a commit's first ``count`` messages to the desk, while the conversation has a case there.

    That is from the handoff until it is given back or resolved, also when the contact goes on with the bot meanwhile.
    """
    if head.handoff is None:
        return ()
    return tuple(OutboxDraft(to=Destination.DESK, voice=Voice.SYSTEM, message=i) for i in range(count))


def _signalled(signal: str, event: InboundEvent | None = None) -> tuple[OutboxDraft, ...]:
    """A signal to the desk with the commit's first message; none when the desk itself made it so."""
    if event is not None and event.from_desk:
        return ()
    return (OutboxDraft(to=Destination.DESK, voice=Voice.SYSTEM, message=0, signal=signal),)


def notice(
    text: str,
    *,
    handoff_id: str | None = None,
    kind: MessageKind = MessageKind.NOTICE,
    choices: tuple[str, ...] = (),
) -> MessageDraft:
    """A visible system message."""
    return MessageDraft(role=Role.SYSTEM, kind=kind, text=text, handoff_id=handoff_id, choices=choices)


def reopened(head: Head) -> Head:
    """A contact who writes again starts the next episode, with the bot."""
    if head.status is not Status.RESOLVED:
        return head
    return replace(
        head.owned_by(Owner.BOT),
        status=Status.ACTIVE,
        episode=head.episode + 1,
        agent=None,
        handoff=None,
        unresolved_turns=0,
        csat=None,
    )


def hand_over(
    head: Head, reason: HandoffReason, detail: str, *, notices: Notices, now: datetime, staffing: Staffing
) -> Transition:
    """From the bot to the queue, with one templated notice; no change when people own it already.

    Where nobody is there the notice offers to go on with the assistant meanwhile.
    """
    if head.owner in (Owner.QUEUE, Owner.HUMAN):
        return Transition(head=head)
    handoff = Handoff(
        id=head.handoff.id if head.handoff else "h_" + ids.digest(head.conv, str(head.episode), str(head.seq + 1)),
        reason=reason,
        detail=detail,
        requested_at=now,
        round=head.handoff.round + 1 if head.handoff else 0,
    )
    queued = replace(head.owned_by(Owner.QUEUE), status=Status.ESCALATED, handoff=handoff)
    said = notice(
        notices.handed_over(head, staffing),
        handoff_id=handoff.id,
        choices=() if staffing.is_open else (notices.text("go_on", head),),
    )
    return Transition(
        head=queued,
        messages=(said,),
        outbox=(
            OutboxDraft(to=Destination.CHANNEL, voice=Voice.SYSTEM, message=0),
            *_signalled("opened"),
        ),
    )


def _went_on(head: Head, event: InboundEvent, notices: Notices) -> Transition:
    """The contact goes on with the bot while they wait: the case stays open, and people see all and may step in."""
    chose = MessageDraft(role=Role.CONTACT, text=event.text, event_id=event.id, said_at=event.provider_at)
    wrote_at = max(event.provider_at, head.contact_at or event.provider_at)
    fresh = replace(head, contact_at=wrote_at, thread={**head.thread, **event.thread})
    if head.owner not in (Owner.QUEUE, Owner.BOT):
        return Transition(head=fresh, messages=(chose,), outbox=to_desk(head, 1))
    with_bot = replace(fresh.owned_by(Owner.BOT), unresolved_turns=0)
    return Transition(
        head=with_bot,
        messages=(chose, notice(notices.text("went_on", head))),
        outbox=(OutboxDraft(to=Destination.CHANNEL, voice=Voice.SYSTEM, message=1), *to_desk(with_bot, 2)),
    )


def waiting_round(handoff: Handoff) -> str:
    """Names one wait in the queue: what a time-out is about (``InboundEvent.target``)."""
    return f"{handoff.id}:{handoff.round}"


def _timed_out(head: Head, event: InboundEvent, notices: Notices) -> Transition:
    """Nobody came in time: the case is routed anew (``reason``: to which other team), and the contact is told the truth."""
    if head.owner is not Owner.QUEUE or head.handoff is None or waiting_round(head.handoff) != event.target:
        return Transition(head=head)
    handoff = replace(
        head.handoff,
        round=head.handoff.round + 1,
        timeouts=head.handoff.timeouts + 1,
        queued_at=event.received_at,
    )
    return Transition(
        head=replace(head, handoff=handoff),
        messages=(notice(notices.text("rerouted" if event.reason else "still_waiting", head)),),
        outbox=(
            OutboxDraft(to=Destination.CHANNEL, voice=Voice.SYSTEM, message=0),
            *_signalled("rerouted"),
        ),
    )


def _with_person(head: Head, agent: str, *, now: datetime) -> Head:
    """The head while a person owns; the stretch starts once and keeps its first agent."""
    if head.owner is Owner.HUMAN:
        return replace(head, agent=agent)
    handoff = head.handoff or Handoff(
        id="h_" + ids.digest(head.conv, str(head.episode), str(head.seq + 1)),
        reason=HandoffReason.POLICY,
        detail=f"{agent} took over.",
        requested_at=now,
    )
    stretch = (head.seq + 1, None, agent)
    episode = head.episode + 1 if head.status is Status.RESOLVED else head.episode
    return replace(
        head.owned_by(Owner.HUMAN),
        status=Status.ESCALATED,
        agent=agent,
        handoff=handoff,
        episode=episode,
        human_stretches=(*head.human_stretches, stretch),
    )


def _without_person(head: Head) -> Head:
    """Close the open human stretch, if there is one."""
    *earlier, last = head.human_stretches or ((0, 0, None),)
    if not head.human_stretches or last[1] is not None:
        return head
    return replace(head, human_stretches=(*earlier, (last[0], head.seq + 1, last[2])))


def _resolve(head: Head, event: InboundEvent, notices: Notices) -> Transition:
    if head.status is Status.RESOLVED:
        return Transition(head=head)
    closed = replace(
        _without_person(head).owned_by(Owner.NONE), status=Status.RESOLVED, handoff=None, unresolved_turns=0
    )
    kind = MessageKind.CSAT_REQUEST if notices.asks else MessageKind.NOTICE
    ask = notice(notices.text("resolved", head), kind=kind)
    return Transition(
        head=closed,
        messages=(ask,),
        outbox=(
            OutboxDraft(to=Destination.CHANNEL, voice=Voice.SYSTEM, message=0),
            *_signalled("resolved", event),
        ),
    )


def _claim(head: Head, event: InboundEvent, notices: Notices) -> Transition:
    agent = event.agent or ""
    if head.owner is Owner.HUMAN and head.agent == agent:
        return Transition(head=head)
    taken = _with_person(head, agent, now=event.received_at)
    return Transition(
        head=taken,
        messages=(notice(notices.text("claimed", head, agent=agent)),),
        outbox=(
            OutboxDraft(to=Destination.CHANNEL, voice=Voice.SYSTEM, message=0),
            *_signalled("claimed", event),
        ),
    )


def _agent_reply(head: Head, event: InboundEvent) -> Transition:
    said = MessageDraft(
        role=Role.AGENT, text=event.text, author=event.agent, attachments=event.attachments, event_id=event.id
    )
    taken = _with_person(head, event.agent or "", now=event.received_at)
    spoken = OutboxDraft(to=Destination.CHANNEL, voice=Voice.AGENT, message=0)
    return Transition(head=taken, messages=(said,), outbox=(spoken, *_mirrored(taken, event)))


def _note(head: Head, event: InboundEvent) -> Transition:
    note = MessageDraft(
        role=Role.AGENT,
        kind=MessageKind.NOTE,
        visibility=Visibility.INTERNAL,
        text=event.text,
        author=event.agent,
        event_id=event.id,
    )
    return Transition(head=head, messages=(note,), outbox=_mirrored(head, event))


def _mirrored(head: Head, event: InboundEvent) -> tuple[OutboxDraft, ...]:
    """What a person said goes to the desk, unless they said it there."""
    return () if event.from_desk else to_desk(head, 1)


def _give_back(head: Head, event: InboundEvent, notices: Notices) -> Transition:
    """People are out of it; also where the contact went on with the bot while they waited."""
    if head.handoff is None:
        return Transition(head=head)
    freed = replace(
        _without_person(head).owned_by(Owner.BOT), status=Status.ACTIVE, agent=None, handoff=None, unresolved_turns=0
    )
    return Transition(
        head=freed,
        messages=(notice(notices.text("given_back", head, agent=event.agent)),),
        outbox=(
            OutboxDraft(to=Destination.CHANNEL, voice=Voice.SYSTEM, message=0),
            *_signalled("given_back", event),
        ),
    )


def _rated(head: Head, event: InboundEvent, notices: Notices) -> Transition:
    comment = f": {event.text}" if event.text else ""
    record = MessageDraft(
        role=Role.SYSTEM,
        kind=MessageKind.NOTE,
        visibility=Visibility.INTERNAL,
        event_id=event.id,
        text=f"Rated {event.rating} of 5{comment}",
    )
    thanks = notice(notices.text("rated", head))
    return Transition(
        head=replace(head, csat=event.rating),
        messages=(record, thanks),
        outbox=(
            OutboxDraft(to=Destination.CHANNEL, voice=Voice.SYSTEM, message=1),
            *_signalled("rated"),
        ),
    )


def _note_of_house(text: str, event_id: str) -> MessageDraft:
    """What the house itself tells the agent."""
    return MessageDraft(
        role=Role.SYSTEM, kind=MessageKind.NOTE, visibility=Visibility.INTERNAL, text=text, event_id=event_id
    )


def _told(head: Head, event: InboundEvent) -> Transition:
    """A note about what the contact did; an external desk hears of it while people own the conversation."""
    return Transition(head=head, messages=(_note_of_house(_what_happened(event), event.id),), outbox=to_desk(head, 1))


LEFT: Mapping[str, str] = {
    "blocked": "The customer blocked this chat: nothing we send arrives any more.",
    "opted_out": "The customer opted out of messages (STOP): nothing may be sent until they opt in again.",
    "opted_in": "The customer opted in to messages again (START).",
    "unblocked": "The customer unblocked this chat.",
    "removed": "The customer removed the app: nothing we send arrives any more.",
}


def _what_happened(event: InboundEvent) -> str:
    match event.kind:
        case EventKind.CONTACT_EDITED:
            return f"The customer changed an earlier message. It now reads:\n\n{event.text}"
        case EventKind.CONTACT_DELETED:
            return "The customer deleted an earlier message."
        case EventKind.CONTACT_STOPPED:
            return "The customer stopped the answer."
        case EventKind.HOUSE_NOTED:
            return event.text
        case _:
            return LEFT.get(event.reason or "", f"The customer left ({event.reason}).")


def _identified(head: Head, event: InboundEvent) -> Transition:
    if event.contact is None:
        return Transition(head=head)
    return Transition(head=replace(head, contact=replace(event.contact, id=head.contact.id)))


def decide(head: Head, event: InboundEvent, *, notices: Notices, staffing: Staffing = OPEN) -> CommitDraft:
    """What a control event does to the newest head: a commit that consumes it, also when nothing changes."""
    match event.kind:
        case EventKind.HANDOFF_REQUESTED:
            change = hand_over(
                reopened(head),
                HandoffReason.ASKED,
                event.reason or "The customer asked for a person.",
                notices=notices,
                now=event.received_at,
                staffing=staffing,
            )
        case EventKind.AGENT_CLAIMED:
            change = _claim(head, event, notices)
        case EventKind.AGENT_REPLIED:
            change = _agent_reply(head, event)
        case EventKind.AGENT_NOTED:
            change = _note(head, event)
        case EventKind.AGENT_GAVE_BACK:
            change = _give_back(head, event, notices)
        case EventKind.AGENT_RESOLVED | EventKind.CONTACT_RESOLVED:
            change = _resolve(head, event, notices)
        case EventKind.CONTACT_RATED:
            change = _rated(head, event, notices)
        case EventKind.CONTACT_IDENTIFIED:
            change = _identified(head, event)
        case (
            EventKind.CONTACT_EDITED
            | EventKind.CONTACT_DELETED
            | EventKind.CONTACT_LEFT
            | EventKind.CONTACT_STOPPED
            | EventKind.HOUSE_NOTED
        ):
            change = _told(head, event)
        case EventKind.CONTACT_WENT_ON:
            change = _went_on(head, event, notices)
        case EventKind.QUEUE_TIMED_OUT:
            change = _timed_out(head, event, notices)
        case EventKind.MESSAGE:
            raise ValueError("a contact's message is answered by a turn, not by a control")
    return change.commit(CommitKind.CONTROL, consumed=(event.id,))

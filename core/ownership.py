"""Who speaks: the ownership table of LEDGER.md as pure functions from a head to a commit.

Every change of owner in the house is made here, by ``decide`` for controls and ``hand_over`` for turns.  Nothing waits, reads
or writes; the store calls these on the newest head and asks again when another writer came first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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

DEFAULT_NOTICES: Mapping[str, str] = {
    "handoff": "I'm bringing in a person. They can see our whole conversation, so you don't have to repeat anything.",
    "handoff_offline": (
        "I've passed this to our team. Nobody is at the desk right now; they will answer here as soon as they are back."
    ),
    "claimed": "{agent} has joined the conversation.",
    "given_back": "{agent} has handed the conversation back to the assistant.",
    "resolved": "This conversation is marked as resolved. How did we do?",
    "rated": "Thank you for your feedback!",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """The templated sentences of the house, by language with a default; ``{agent}`` is the only field."""

    default: Mapping[str, str] = field(default_factory=lambda: DEFAULT_NOTICES)
    by_language: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def text(self, key: str, head: Head, *, agent: str | None = None) -> str:
        """The sentence ``key`` in the conversation's language."""
        language = head.language or ""
        template = self.by_language.get(language, {}).get(key) or self.default.get(key) or DEFAULT_NOTICES[key]
        return template.replace("{agent}", agent or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A new head with what must be said and delivered because of it."""

    head: Head
    messages: tuple[MessageDraft, ...] = ()
    outbox: tuple[OutboxDraft, ...] = ()

    def commit(self, kind: CommitKind, *, consumed: tuple[str, ...] = ()) -> CommitDraft:
        """The transition as a commit of its own."""
        return CommitDraft(kind=kind, head=self.head, consumed=consumed, messages=self.messages, outbox=self.outbox)


def notice(text: str, *, handoff_id: str | None = None, kind: MessageKind = MessageKind.NOTICE) -> MessageDraft:
    """A visible system message."""
    return MessageDraft(role=Role.SYSTEM, kind=kind, text=text, handoff_id=handoff_id)


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
    head: Head, reason: HandoffReason, detail: str, *, notices: Notices, now: datetime, is_staffed: bool
) -> Transition:
    """From the bot to the queue, with one templated notice per episode; no change when people own it already."""
    if head.owner in (Owner.QUEUE, Owner.HUMAN):
        return Transition(head=head)
    handoff = Handoff(
        id="h_" + ids.digest(head.conv, str(head.episode), str(head.seq + 1)),
        reason=reason,
        detail=detail,
        requested_at=now,
    )
    queued = replace(head.owned_by(Owner.QUEUE), status=Status.ESCALATED, handoff=handoff)
    said = notice(notices.text("handoff" if is_staffed else "handoff_offline", head), handoff_id=handoff.id)
    return Transition(
        head=queued,
        messages=(said,),
        outbox=(
            OutboxDraft(to=Destination.CHANNEL, voice=Voice.SYSTEM, message=0),
            OutboxDraft(to=Destination.DESK, voice=Voice.SYSTEM, signal="opened"),
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
    ask = notice(notices.text("resolved", head), kind=MessageKind.CSAT_REQUEST)
    return Transition(
        head=closed,
        messages=(ask,),
        outbox=(
            OutboxDraft(to=Destination.CHANNEL, voice=Voice.SYSTEM, message=0),
            OutboxDraft(to=Destination.DESK, voice=Voice.SYSTEM, signal="resolved"),
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
            OutboxDraft(to=Destination.DESK, voice=Voice.SYSTEM, signal="claimed"),
        ),
    )


def _agent_reply(head: Head, event: InboundEvent) -> Transition:
    said = MessageDraft(
        role=Role.AGENT, text=event.text, author=event.agent, attachments=event.attachments, event_id=event.id
    )
    return Transition(
        head=_with_person(head, event.agent or "", now=event.received_at),
        messages=(said,),
        outbox=(OutboxDraft(to=Destination.CHANNEL, voice=Voice.AGENT, message=0),),
    )


def _note(head: Head, event: InboundEvent) -> Transition:
    note = MessageDraft(
        role=Role.AGENT,
        kind=MessageKind.NOTE,
        visibility=Visibility.INTERNAL,
        text=event.text,
        author=event.agent,
        event_id=event.id,
    )
    return Transition(head=head, messages=(note,))


def _give_back(head: Head, event: InboundEvent, notices: Notices) -> Transition:
    if head.owner not in (Owner.QUEUE, Owner.HUMAN):
        return Transition(head=head)
    freed = replace(
        _without_person(head).owned_by(Owner.BOT), status=Status.ACTIVE, agent=None, handoff=None, unresolved_turns=0
    )
    return Transition(
        head=freed,
        messages=(notice(notices.text("given_back", head, agent=event.agent)),),
        outbox=(
            OutboxDraft(to=Destination.CHANNEL, voice=Voice.SYSTEM, message=0),
            OutboxDraft(to=Destination.DESK, voice=Voice.SYSTEM, signal="given_back"),
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
        outbox=(OutboxDraft(to=Destination.CHANNEL, voice=Voice.SYSTEM, message=1),),
    )


def _note_of_house(text: str, event_id: str) -> MessageDraft:
    """What the house itself tells the agent."""
    return MessageDraft(
        role=Role.SYSTEM, kind=MessageKind.NOTE, visibility=Visibility.INTERNAL, text=text, event_id=event_id
    )


def _told(head: Head, event: InboundEvent) -> Transition:
    """A note about what the contact did; an external desk hears of it while people own the conversation."""
    outbox: tuple[OutboxDraft, ...] = ()
    if head.owner in (Owner.QUEUE, Owner.HUMAN):
        outbox = (OutboxDraft(to=Destination.DESK, voice=Voice.SYSTEM, message=0),)
    return Transition(head=head, messages=(_note_of_house(_what_happened(event), event.id),), outbox=outbox)


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
        case _:
            return LEFT.get(event.reason or "", f"The customer left ({event.reason}).")


def _identified(head: Head, event: InboundEvent) -> Transition:
    if event.contact is None:
        return Transition(head=head)
    return Transition(head=replace(head, contact=replace(event.contact, id=head.contact.id)))


def decide(head: Head, event: InboundEvent, *, notices: Notices, is_staffed: bool = True) -> CommitDraft:
    """What a control event does to the newest head: a commit that consumes it, also when nothing changes."""
    match event.kind:
        case EventKind.HANDOFF_REQUESTED:
            change = hand_over(
                reopened(head),
                HandoffReason.ASKED,
                event.reason or "The customer asked for a person.",
                notices=notices,
                now=event.received_at,
                is_staffed=is_staffed,
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
        case EventKind.CONTACT_EDITED | EventKind.CONTACT_DELETED | EventKind.CONTACT_LEFT | EventKind.CONTACT_STOPPED:
            change = _told(head, event)
        case EventKind.MESSAGE:
            raise ValueError("a contact's message is answered by a turn, not by a control")
    return change.commit(CommitKind.CONTROL, consumed=(event.id,))

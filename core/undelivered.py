"""What becomes of a message that cannot be delivered: another channel of the same contact, or a word to the agent.

Pure: from messages, heads and limits to a choice and to commits.  gateway/ladder.py does the reading and writing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from core.domain import Destination, HandoffReason, Head, Message, MessageKind, Owner, Role, Voice
from core.ledger import CommitDraft, CommitKind, MessageDraft, OutboxDraft
from core.link_texts import channel_name, sentence
from core.linking import internal
from core.notices import Notices
from core.ownership import hand_over, to_desk
from core.staffing import OPEN

MARGIN: Final = timedelta(minutes=5)
"""A window that closes before the message gets there is closed: vendors count from their own clocks."""

WATCHED: Final = timedelta(hours=1)
"""A web page delivers only while somebody has it open: only where the contact wrote this recently."""

MOVABLE: Final = frozenset({"window_closed", "contact_gone", "message_rejected", "unsupported"})
"""Errors after which it is certain that the contact got nothing; after any other a copy might be a second one."""

BECAUSE: Final[Mapping[str, str]] = {
    "window_closed": "they last wrote too long ago: this channel takes no free text from us until they write again",
    "contact_gone": "the contact can no longer be reached there: they blocked the chat, opted out or closed the account",
    "message_rejected": "the channel refused this message",
    "stopped_by_contact": "they pressed stop while it was on its way",
    "unsupported": "this channel cannot carry it",
    "outcome_unknown": "the channel's answer was lost; it may have arrived or not, and is not sent twice",
    "throttled": "the channel asked us to slow down for too long",
    "provider_unavailable": "the channel was out of order for too long",
    "credentials_invalid": "the channel no longer accepts this account's credentials",
    "internal": "something went wrong on our side",
}

COPY_MARK: Final = "|copy-of:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Another private conversation of the same contact, and what its channel needs to be used now."""

    head: Head
    kind: str
    reply_window_s: int | None
    is_parked: bool


def is_movable(message: Message, error: str | None) -> bool:
    """Whether a message may be said elsewhere: somebody's words, and certainly not delivered."""
    return error in MOVABLE and message.role in (Role.BOT, Role.AGENT) and copy_of(message) is None


def is_reachable(candidate: Candidate, *, now: datetime) -> bool:
    """Whether free text would be taken there now."""
    wrote_at = candidate.head.contact_at
    if candidate.is_parked or wrote_at is None:
        return False
    if candidate.kind == "web":
        return now - wrote_at < WATCHED
    window_s = candidate.reply_window_s
    return window_s is None or now < wrote_at + timedelta(seconds=window_s) - MARGIN


def choose(candidates: Iterable[Candidate], *, now: datetime) -> Candidate | None:
    """Where they most recently wrote, of what can be used now; a web page only when there is nothing else."""
    usable = [candidate for candidate in candidates if is_reachable(candidate, now=now)]
    return max(usable, key=lambda c: (c.kind != "web", c.head.contact_at, c.head.conv), default=None)


def copy_of(message: Message) -> str | None:
    """The message that this one is a copy of."""
    _, mark, origin = (message.event_id or "").partition(COPY_MARK)
    return origin if mark else None


def copied(head: Head, message: Message, *, asked_on: str) -> CommitDraft:
    """The copy in the other conversation: a sentence of the house that says where it belongs, never a turn of its own."""
    language = head.language or head.contact.locale
    who = message.author if message.role is Role.AGENT and message.author else sentence("assistant", language)
    preface = sentence("brought", language, other=asked_on, who=who)
    said = MessageDraft(
        role=Role.SYSTEM,
        kind=MessageKind.NOTICE,
        text=f"{preface}\n\n{message.text}",
        citations=message.citations,
        attachments=message.attachments,
        event_id=f"{head.conv}{COPY_MARK}{message.id}",
    )
    note = internal(f"Brought here from the contact's {channel_name(asked_on)} (conversation {message.conv}).")
    return CommitDraft(
        kind=CommitKind.CONTROL,
        head=head,
        messages=(said, note),
        outbox=(OutboxDraft(to=Destination.CHANNEL, voice=Voice.SYSTEM, message=0),),
    )


def because(error: str | None) -> str:
    """An error in plain words."""
    return BECAUSE.get(error or "", f"of an error ({error})" if error else "of an unknown error")


def moved_note(message: Message, error: str | None, *, kind: str, instead: str) -> str:
    """What the agent reads when another channel was found."""
    return (
        f"Not delivered in their {channel_name(kind)}, because {because(error)}. "
        f"It was sent to their {channel_name(instead)} instead:\n\n{_quoted(message)}"
    )


def failed_note(message: Message, error: str | None, *, kind: str, tried: str | None = None) -> str:
    """What the agent reads when nothing worked; ``tried`` is where a copy failed as well."""
    if tried is not None:
        return f"Not delivered in their {channel_name(tried)} either, because {because(error)}:\n\n{_quoted(message)}"
    certain = "Not delivered" if error != "outcome_unknown" else "Perhaps not delivered"
    return f"{certain} in their {channel_name(kind)}, because {because(error)}:\n\n{_quoted(message)}"


def _quoted(message: Message) -> str:
    words = message.text if len(message.text) <= 200 else message.text[:199] + "…"
    return "\n".join(f"> {line}" for line in words.splitlines())


def noted(
    head: Head,
    text: str,
    *,
    by_bot: bool,
    queues: bool,
    notices: Notices,
    now: datetime,
) -> CommitDraft:
    """The word to the agent; an unheard answer of the bot brings a person in, quietly: the contact could not read a notice."""
    change_head = head
    rows: tuple[OutboxDraft, ...] = ()
    if by_bot and queues and head.owner is Owner.BOT:
        detail = "An answer could not be delivered."
        change = hand_over(head, HandoffReason.POLICY, detail, notices=notices, now=now, staffing=OPEN)
        change_head = change.head
        rows = tuple(row for row in change.outbox if row.to is Destination.DESK)
    handoff = change_head.handoff.id if rows and change_head.handoff is not None else None
    said = replace(internal(text), handoff_id=handoff)
    rows = (*rows, *to_desk(change_head, 1))
    return CommitDraft(kind=CommitKind.CONTROL, head=change_head, messages=(said,), outbox=rows)

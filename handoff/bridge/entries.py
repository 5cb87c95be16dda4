"""From messages to entries of a case.  Pure, and the only place where an entry for the desk is made public.

``words_of`` gives a message's words only when the contact may see them; ``public`` takes nothing else.  Everything that is not
such words goes through ``private``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.attached import mark, shown
from core.domain import Attachment, Contact, Message, MessageKind, Role, Visibility
from core.ports.helpdesk import By, EntryDraft
from handoff.assist import as_agent

HOUSE: Final = "Frontdesk"
ASSISTANT: Final = "Assistant"
CUSTOMER: Final = "Customer"
_INTERNAL: Final = frozenset({MessageKind.NOTE, MessageKind.DRAFT})
_BREAKS: Final = ("\n\n", "\n", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Files of an entry: those that go along, addresses of others, and a line for each that can be had in no way."""

    files: tuple[Attachment, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What somebody said to the contact, or the contact to us; made by ``words_of`` and ``joined`` only."""

    by: By
    author: str
    text: str
    at: datetime
    attachments: tuple[Attachment, ...] = ()


def words_of(message: Message, contact: Contact) -> Words | None:
    """A message as words of the conversation; None when it is internal."""
    if message.visibility is not Visibility.CONTACT or message.kind in _INTERNAL:
        return None
    by, author = _speaker(message, contact)
    return Words(by=by, author=author, text=_text(message), at=message.created_at, attachments=message.attachments)


def joined(words: Sequence[Words]) -> Words:
    """Several messages of one person as one; at least one."""
    first = words[0]
    return Words(
        by=first.by,
        author=first.author,
        text="\n\n".join(each.text for each in words if each.text),
        at=first.at,
        attachments=tuple(item for each in words for item in each.attachments),
    )


def public(key: str, words: Words, carried: Carried, *, max_text: int) -> tuple[EntryDraft, ...]:
    """Words as public entries: more than one when the text is too long, the files with the first."""
    text = _with_files(words.text, words.attachments, carried)
    return tuple(
        EntryDraft(
            key=part_key(key, number),
            by=words.by,
            author=words.author,
            text=part,
            is_public=True,
            at=words.at,
            files=carried.files if number == 1 else (),
            links=carried.links if number == 1 else (),
        )
        for number, part in enumerate(pieces(text, max_text), 1)
    )


def private(
    key: str, text: str, *, at: datetime, max_text: int, by: By = By.OURS, author: str = HOUSE
) -> tuple[EntryDraft, ...]:
    """A text as private notes: more than one when it is too long."""
    return tuple(
        EntryDraft(key=part_key(key, number), by=by, author=author, text=part, is_public=False, at=at)
        for number, part in enumerate(pieces(text, max_text), 1)
    )


def note_of(key: str, message: Message, *, max_text: int) -> tuple[EntryDraft, ...]:
    """An internal message as private notes."""
    by, author = (By.AGENT, message.author or CUSTOMER) if message.role is Role.AGENT else (By.OURS, HOUSE)
    text = shown(_text(message), message.attachments)
    return private(key, text, at=message.created_at, max_text=max_text, by=by, author=author)


def part_key(key: str, number: int) -> str:
    """The key of a part; the first has the entry's own."""
    return key if number == 1 else f"{key}/{number}"


def pieces(text: str, limit: int) -> tuple[str, ...]:
    """A text in parts of at most ``limit`` characters, cut between paragraphs, lines or words where there are any."""
    parts: list[str] = []
    rest = text
    while len(rest) > limit:
        at = next((found for gap in _BREAKS if (found := rest.rfind(gap, limit // 2, limit + 1)) > 0), limit)
        parts.append(rest[:at].rstrip() or rest[:at])
        rest = rest[at:].lstrip() if rest[at : at + 1].isspace() else rest[at:]
    return (*parts, rest) if rest or not parts else tuple(parts)


def quoted(text: str, *, most: int = 500) -> str:
    """Words as a quotation, cut when they are long."""
    words = text if len(text) <= most else text[: most - 1] + "…"
    return "\n".join(f"> {line}" for line in words.splitlines())


def _speaker(message: Message, contact: Contact) -> tuple[By, str]:
    match message.role:
        case Role.CONTACT:
            return By.CONTACT, message.author or contact.name or contact.email or CUSTOMER
        case Role.AGENT:
            return By.AGENT, message.author or "An agent"
        case Role.BOT:
            return By.OURS, ASSISTANT
        case Role.SYSTEM:
            return By.OURS, HOUSE


def _text(message: Message) -> str:
    return as_agent(message.text, message.citations) if message.citations else message.text


def _with_files(text: str, attachments: Sequence[Attachment], carried: Carried) -> str:
    """The text with what was said in voice notes and what is missing; files alone are named, since no entry may be empty."""
    spoken = [mark(item) for item in attachments if item.transcript]
    told = "\n\n".join(part for part in (text.strip(), *spoken, *carried.missing) if part)
    return told or shown("", attachments) or "…"

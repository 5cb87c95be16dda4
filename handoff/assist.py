"""Help for the agent's pen: the bot's private drafts, and the texts a team sends often."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.domain import Citation, Head, Message, MessageKind, Role, Visibility
from core.ports.store import TenantStore

MAX_SUGGESTIONS = 3
_MARK = re.compile(r"[ \t]?\[(\d{1,3})\]")
_MARKDOWN = re.compile(r"([\\\[\]*_`<>])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A reply the bot would give; approving it sends its text, edited or not, as the agent's own."""

    message_id: str
    text: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A canned text, filled in for this conversation."""

    title: str
    text: str


def suggestions(messages: Sequence[Message]) -> tuple[Suggestion, ...]:
    """Drafts that answer what the contact said last, newest first; none once a person has answered it."""
    found: list[Suggestion] = []
    for message in reversed(messages):
        if _is_answer(message) or message.role is Role.CONTACT:
            break
        if is_draft(message):
            text = as_agent(message.text, message.citations)
            found.append(Suggestion(message_id=message.id, text=text, citations=message.citations))
    return tuple(found[:MAX_SUGGESTIONS])


def as_agent(text: str, citations: Sequence[Citation]) -> str:
    """A draft as a person would send it: an agent's message has no sources beside it, so marks become links below."""
    known = {citation.number for citation in citations}
    plain = _MARK.sub(lambda mark: "" if int(mark[1]) in known else mark[0], text)
    links = {c.url: f"[{_escaped(c.title)}](<{c.url}>)" for c in citations if _is_link(c.url)}
    return plain + "".join(f"\n\n{link}" for link in links.values())


async def number_of(store: TenantStore, draft: Message) -> int:
    """The number by which agents name a draft; it stays the draft's own for ever, so a late "/send 3" never sends another one."""
    known = await store.claimed(_number_key(draft))
    if known is not None:
        return int(known)
    number = 1
    while await store.claim(_draft_key(draft.conv, number), draft.id) != draft.id:
        number += 1
    return int(await store.claim(_number_key(draft), str(number)))


async def numbered(store: TenantStore, conv: str, number: int) -> Message | None:
    """The draft that has a number; None when none has."""
    draft_id = await store.claimed(_draft_key(conv, number))
    return None if draft_id is None else await store.message(draft_id)


def _number_key(draft: Message) -> str:
    return f"suggestion|{draft.conv}|of|{draft.id}"


def _draft_key(conv: str, number: int) -> str:
    return f"suggestion|{conv}|{number}"


def _escaped(title: str) -> str:
    return _MARKDOWN.sub(r"\\\1", title)


def _is_link(url: str | None) -> bool:
    return url is not None and url.startswith(("https://", "http://")) and not set(url) & set("<> \n")


def _is_answer(message: Message) -> bool:
    return message.role is Role.AGENT and message.visibility is Visibility.CONTACT


def is_draft(message: Message) -> bool:
    """A draft by birth, or a bot reply that an agent overtook before it was delivered."""
    is_internal_bot = message.role is Role.BOT and message.visibility is Visibility.INTERNAL
    return message.kind is MessageKind.DRAFT or is_internal_bot


def filled(snippets: Iterable[tuple[str, str]], head: Head, *, agent: str) -> tuple[Snippet, ...]:
    """(title, text) pairs with ``{contact}`` and ``{agent}`` replaced; nothing else in braces has a meaning."""
    contact = head.contact.name or ""
    return tuple(
        Snippet(title=title, text=_tidy(text.replace("{contact}", contact).replace("{agent}", agent)))
        for title, text in snippets
    )


def _tidy(text: str) -> str:
    """Close the gap that an unknown name leaves: "Hello , …" reads "Hello, …"."""
    return text.replace(" ,", ",").strip()

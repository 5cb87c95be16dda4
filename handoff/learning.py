"""What agents did with the bot's drafts: sent as they were, changed, or left; recorded once for each draft.

The record is a claim and holds no words of anybody: the outcome, how alike the texts were, and who sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

import msgspec

from core import ids
from core.domain import Audience, Head, Message, MessageKind, Role, Visibility
from core.markup import parse, to_text
from core.ports.store import TenantStore
from handoff.assist import as_agent, is_draft

EDITED_FROM: Final = 0.5
"""From here on a reply counts as the draft, changed."""

LOOKED_BACK: Final = 60
_WORDS: Final = re.compile(r"\w+", re.UNICODE)


class Use(StrEnum):
    """What became of a draft."""

    APPROVED = "approved"
    EDITED = "edited"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """``likeness`` is 0 to 1, of the words; ``by`` is the agent who answered, "" when the case ended without an answer."""

    use: Use
    likeness: float
    by: str
    token: str = ""


Counts = Callable[[Use], None]
"""Told of each draft's outcome once, when it is recorded."""


async def record(store: TenantStore, draft_id: str, used: Used, counts: Counts) -> bool:
    """Record what became of a draft; False when that stands already."""
    mine = msgspec.json.encode(
        {"use": used.use, "likeness": round(used.likeness, 3), "by": used.by, "token": ids.new_id("u")}
    ).decode()
    stands = await store.claim(_key(draft_id), mine)
    if stands != mine:
        return False
    counts(used.use)
    return True


async def used(store: TenantStore, draft_id: str) -> Used | None:
    """What became of a draft; None while nothing did."""
    stands = await store.claimed(_key(draft_id))
    return None if stands is None else msgspec.json.decode(stands, type=Used)


async def answered(store: TenantStore, reply: Message, counts: Counts) -> None:
    """An agent's reply settles the drafts it could have used: those since the last answer of a person."""
    before = await store.tail(reply.conv, audience=Audience.DESK, limit=LOOKED_BACK, before=reply.position)
    drafts = open_drafts(before)
    likenesses = {draft.id: _likeness(draft, reply) for draft in drafts}
    best = max(likenesses, key=lambda id: likenesses[id], default=None)
    for draft in drafts:
        score = likenesses[draft.id]
        use = _use(score) if draft.id == best else Use.IGNORED
        await record(store, draft.id, Used(use=use, likeness=score, by=reply.author or ""), counts)


async def left(store: TenantStore, head: Head, counts: Counts) -> None:
    """The case ended, or went back to the bot: what nobody used by then was not wanted."""
    messages = await store.tail(head.conv, audience=Audience.DESK, limit=LOOKED_BACK)
    for draft in open_drafts(messages):
        await record(store, draft.id, Used(use=Use.IGNORED, likeness=0.0, by=""), counts)


def open_drafts(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Drafts since a person last answered the contact, oldest first."""
    found: list[Message] = []
    for message in reversed(messages):
        is_text = message.kind is MessageKind.TEXT and message.visibility is Visibility.CONTACT
        if message.role is Role.AGENT and is_text:
            break
        if is_draft(message):
            found.append(message)
    return tuple(reversed(found))


def likeness(draft: str, reply: str) -> float:
    """How alike two texts are in their words and their order, 0 to 1; layout and marks do not count."""
    ours, theirs = _words(draft), _words(reply)
    if not ours or not theirs:
        return 0.0
    return SequenceMatcher(None, ours, theirs, autojunk=False).ratio()


def _likeness(draft: Message, reply: Message) -> float:
    """With or without the links below it: many agents leave these out."""
    bare = tuple(replace(citation, url=None) for citation in draft.citations)
    return max(likeness(as_agent(draft.text, known), reply.text) for known in (draft.citations, bare))


def _words(text: str) -> list[str]:
    return _WORDS.findall(to_text(parse(text)).casefold())[:2_000]


def _use(score: float) -> Use:
    if score >= 1.0:
        return Use.APPROVED
    return Use.EDITED if score >= EDITED_FROM else Use.IGNORED


def _key(draft_id: str) -> str:
    return f"suggestion|used|{draft_id}"

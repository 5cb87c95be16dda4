"""What contacts asked and the assistant could not answer, or that was handed over: read from the conversations, redacted.

Messages tell: a reply that knew no answer offers a person (``Message.proposal``), a handoff has its notice.  What went wrong
in the house (no model, no index, a failed turn) is no gap in the knowledge and is passed over.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Final

from core.domain import Audience, HandoffReason, Head, Message, MessageKind, Owner, Role, Visibility
from core.ports.store import TenantStore
from gateway.gaps import cleaner
from handoff.brief import wants
from kb_sync.gaps import Question
from kb_sync.text import one_line

PAGE: Final = 200
LOOKED_BACK: Final = 300
MOST_CONVERSATIONS: Final = 20_000
MAX_CHARS: Final = 4_000
HANDED_OVER: Final = "handed_over"
"""A handoff whose reason is no longer in the conversation's head."""

NO_GAPS: Final = frozenset((HandoffReason.OUTAGE, HandoffReason.DEAD_LETTER))


async def unanswered(store: TenantStore, *, since: datetime) -> list[Question]:
    """Questions since then, of at most ``MOST_CONVERSATIONS`` conversations, the most recently updated first."""
    found: list[Question] = []
    async for head in _heads(store, since):
        messages = await store.tail(head.conv, audience=Audience.DESK, limit=LOOKED_BACK)
        found += (each for each in asked_in(head, messages) if each.asked_at >= since)
    return found


async def _heads(store: TenantStore, since: datetime) -> AsyncIterator[Head]:
    before: datetime | None = None
    for _ in range(MOST_CONVERSATIONS // PAGE):
        page = await store.conversations(limit=PAGE, before=before)
        for head in page:
            if head.updated_at < since:
                return
            yield head
        if len(page) < PAGE:
            return
        before = page[-1].updated_at


def asked_in(head: Head, messages: Sequence[Message]) -> Iterator[Question]:
    """Every question of a conversation that had no answer, each once an episode.  Pure."""
    for episode, said in groupby(messages, key=lambda message: message.episode):
        yield from _Episode(head, episode, list(said)).questions()


class _Episode:
    """One stretch from first message to resolved."""

    def __init__(self, head: Head, number: int, messages: list[Message]) -> None:
        clean = cleaner(head, messages)
        self._head = head
        self._number = number
        self._messages = [replace(m, text=clean(m.text[:MAX_CHARS])) for m in messages]
        self._is_waiting = head.owner is Owner.QUEUE and head.episode == number

    def questions(self) -> Iterator[Question]:
        """Those the bot had no answer to; else what was on the contact's mind when people took over."""
        found: dict[str, Question] = {}
        pending: list[Message] = []
        for message in self._messages:
            if message.role is Role.CONTACT:
                pending.append(message)
            elif message.handoff_id and not found:
                self._add(found, _before(self._messages, message), self._reason(message), lambda told: told[-1:])
            elif _is_reply(message):
                if message.role is Role.BOT and message.proposal:
                    self._add(found, pending, message.proposal, tuple)
                pending = []
        yield from found.values()

    def _add(
        self,
        found: dict[str, Question],
        asked: Sequence[Message],
        reason: str,
        chosen: Callable[[tuple[str, ...]], tuple[str, ...]],
    ) -> None:
        text = one_line(" ".join(chosen(wants(asked, HandoffReason.ASKED))))
        if not text or reason in NO_GAPS:
            return
        found.setdefault(
            text,
            Question(
                conv=self._head.conv,
                episode=self._number,
                text=text,
                reason=reason,
                asked_at=next(m.created_at for m in reversed(asked) if m.role is Role.CONTACT),
                language=self._head.language,
                is_waiting=self._is_waiting,
            ),
        )

    def _reason(self, notice: Message) -> str:
        handoff = self._head.handoff
        return handoff.reason.value if handoff is not None and handoff.id == notice.handoff_id else HANDED_OVER


def _before(messages: Sequence[Message], notice: Message) -> Sequence[Message]:
    """All up to the notice, itself included: its place tells which message merely asked for a person."""
    return messages[: messages.index(notice) + 1]


def _is_reply(message: Message) -> bool:
    is_public = message.visibility is Visibility.CONTACT and message.kind is MessageKind.TEXT
    return is_public and message.role in (Role.BOT, Role.AGENT)

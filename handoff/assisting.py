"""Words for agents about the bot's drafts, as private notes, and learning from what they did with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
import structlog

from core.attached import shown
from core.conversing.prompts import language_name
from core.domain import Audience, Head, Message, MessageKind, Role, Visibility
from core.errors import StoreUnavailable
from core.handoff.assisting import AssistSettings
from core.markup import escape
from core.ports.model import Models
from core.ports.store import TenantStore
from core.untrusted.fence import Kind
from handoff import learning, wording
from handoff.assist import MAX_SUGGESTIONS, as_agent, number_of
from handoff.brief import shortened
from handoff.keeping import once
from handoff.translating import translate

log = structlog.get_logger(__name__)

HEADING: Final = "**Suggested by the assistant. Only you see this; nothing was sent.**"
NOTHING: Final = "-"
"""Kept where there is nothing to translate, or no model could: the note reads the same at every attempt."""

NOTE_PATIENCE_S: Final = 4.0
"""A suggestion note does not wait long for its translation."""

MAX_TAGS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Assisting:
    """One tenant's; implements handoff.bridge.ports.Assists.

    ``models`` gives them as they are now, None where there are none; ``counts`` hears of each draft's outcome once.
    """

    store: TenantStore
    models: Callable[[], Models | None]
    counts: learning.Counts
    settings: AssistSettings = field(default_factory=AssistSettings)
    secret: bytes = field(default=b"", repr=False)

    async def suggestion(self, head: Head, drafts: tuple[Message, ...]) -> str | None:
        """One private note for the newest drafts, each with its lasting number; None: nothing worth a note.

        With no drafts it may still be the translation of what the contact wrote.
        """
        parts = [await self._translation(head)]
        offered = sorted(drafts, key=lambda draft: draft.position)[-MAX_SUGGESTIONS:] if self.settings.suggest else []
        if offered:
            parts += [HEADING, *[await offer(self.store, draft) for draft in offered]]
        return "\n\n".join(part for part in parts if part) or None

    async def answered(self, head: Head, reply: Message) -> None:
        """An agent answered the contact: was a draft approved, edited or ignored?  Records it once; never raises."""
        try:
            await learning.answered(self.store, reply, self.counts)
        except StoreUnavailable:
            log.warning("suggestion_outcome_lost", conv=head.conv)

    async def tagged(self, head: Head, tags: Sequence[str]) -> None:
        """What the case was tagged with when it was solved; the first call of an episode stands."""
        if kept := sorted(set(tags))[:MAX_TAGS]:
            await self.store.claim(_tags_key(head.conv, head.episode), msgspec.json.encode(kept).decode())

    async def _translation(self, head: Head) -> str:
        """What the contact wrote since anybody answered, in the agents' language."""
        to = self.settings.translate.to
        if to is None or head.language in (None, to) or self.models() is None:
            return ""
        recent = await self.store.tail(head.conv, audience=Audience.DESK, limit=learning.LOOKED_BACK)
        said = unanswered(recent)
        if not said:
            return ""
        text = "\n".join(shown(message.text, message.attachments) for message in said)
        name = f"translation.{to}.{said[0].id}"
        words = await once(self.store, said[-1].turn_id, name, lambda: self._translated(head, text, to))
        if words == NOTHING:
            return ""
        return f"**The customer wrote, in {language_name(to)}:**\n\n{quoted(escape(words))}"

    async def _translated(self, head: Head, text: str, to: str) -> str:
        found = await translate(
            self.models(),
            text,
            to,
            head,
            kind=Kind.CONTACT,
            patience_s=min(self.settings.patience_s, NOTE_PATIENCE_S),
            secret=self.secret,
        )
        return NOTHING if found is None else found.text


async def offer(store: TenantStore, draft: Message) -> str:
    """One draft as an agent would send it, with its number and what it stands on."""
    number = await number_of(store, draft)
    parts = [f"**Suggestion {number}** (send it with `/send {number}`, or paste and edit it):"]
    parts.append(quoted(as_agent(draft.text, draft.citations)))
    if draft.citations:
        parts.append(
            "Stands on: " + "; ".join(f"[{c.number}] {_cited(c.title, c.url, c.quote)}" for c in draft.citations)
        )
    else:
        parts.append("Stands on no source: check it before you send it.")
    return "\n\n".join(parts)


def _cited(title: str, url: str | None, quote: str) -> str:
    words = f" (“{escape(shortened(quote, words=14))}”)" if quote.strip() else ""
    return f"{wording.source(title, url)}{words}"


def quoted(text: str) -> str:
    """Markdown as a quotation."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def unanswered(messages: Sequence[Message]) -> tuple[Message, ...]:
    """What the contact said since a person or the bot last answered them, oldest first."""
    found: list[Message] = []
    for message in reversed(messages):
        is_answer = message.role in (Role.AGENT, Role.BOT) and message.visibility is Visibility.CONTACT
        if is_answer and message.kind is MessageKind.TEXT:
            break
        if message.role is Role.CONTACT and message.kind is MessageKind.TEXT:
            found.append(message)
    return tuple(reversed(found))


async def tags_of(store: TenantStore, conv: str, episode: int) -> tuple[str, ...]:
    """What the case of an episode was tagged with; () when nobody did."""
    kept = await store.claimed(_tags_key(conv, episode))
    return () if kept is None else msgspec.json.decode(kept, type=tuple[str, ...])


def _tags_key(conv: str, episode: int) -> str:
    return f"tags|{conv}|{episode}"

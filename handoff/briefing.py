"""What stands on top of a case at any desk: a subject, a brief of at most 120 words, and the way to the whole conversation.

Everything here comes from the ledger and passes the operator's redaction; a model only words what was gathered, and what it
adds of its own throws its text away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

import structlog

from core import ids
from core.conversing.prompts import language_name
from core.domain import Head, Message
from core.errors import TurnError
from core.handoff.assisting import BriefSettings
from core.markup import escape
from core.ports.model import ModelRole, Models, Spender
from core.ports.store import TenantStore
from core.untrusted.fence import nonce_for
from handoff import brief as briefs
from handoff import cases, wording
from handoff.brief import Brief
from handoff.keeping import once
from handoff.redacting import redacted

log = structlog.get_logger(__name__)

STEP: Final = "brief"


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """One tenant's; implements handoff.bridge.ports.Briefs.

    ``models`` gives them as they are now, None where there are none.  ``base_url`` is where people open the built-in desk;
    without it the transcript itself stands below the brief.  ``company`` is the name that customers know.
    """

    store: TenantStore
    models: Callable[[], Models | None]
    settings: BriefSettings = field(default_factory=BriefSettings)
    base_url: str | None = None
    company: str = ""
    secret: bytes = field(default=b"", repr=False)

    async def subject(self, head: Head) -> str:
        """One line: who, and what they want."""
        brief, _ = await self._gathered(head)
        return wording.subject(brief, preview=self._redacted(head.preview))

    async def brief(self, head: Head) -> str:
        """At most 120 words of Markdown, and below them the transcript or a link to it; the same at every attempt."""
        brief, messages = await self._gathered(head)
        turn_id, name = anchor(messages, head)
        return await once(self.store, turn_id, name, lambda: self._whole(head, brief, messages))

    async def _gathered(self, head: Head) -> tuple[Brief, tuple[Message, ...]]:
        messages, _ = await cases.earlier(self.store, head.conv, before=None)
        traces = await cases.traces(self.store, head, messages)
        return briefs.compose(head, messages, traces, hide=self._redacted), messages

    async def _whole(self, head: Head, brief: Brief, messages: Sequence[Message]) -> str:
        facts = wording.composed(brief)
        words = await self._written(head, brief, facts) or facts
        return f"{words}\n\n{self._below(head, brief, messages)}"

    def _below(self, head: Head, brief: Brief, messages: Sequence[Message]) -> str:
        if self.base_url is not None:
            place = f"{quote(head.tenant, safe='')}/{quote(head.conv, safe='')}"
            return f"[The whole conversation](<{self.base_url.rstrip('/')}/desk#{place}>)"
        said = [message for message in messages if message.episode == head.episode]
        name = brief.who.partition(" · ")[0]
        return f"**The conversation so far**\n\n{self._redacted(wording.transcript(said, who=name))}"

    async def _written(self, head: Head, brief: Brief, facts: str) -> str | None:
        """The brief in a model's words; None where there is none, it is late, or it says more than it was told."""
        models = self.models() if self.settings.written else None
        if models is None or not models.has(ModelRole.FAST):
            return None
        told = _facts(brief)
        request = wording.request(
            told, company=self.company, nonce=nonce_for(self.secret, f"brief:{head.conv}:{head.seq}")
        )
        spender = Spender(tenant=head.tenant, contact=f"contact:{head.contact.id}", turn_id=ids.new_id("brief"))
        try:
            async with asyncio.timeout(self.settings.patience_s):
                answer = await models.complete(ModelRole.FAST, request, spender)
        except (TurnError, TimeoutError) as error:
            log.info("brief_composed", conv=head.conv, because=type(error).__name__)
            return None
        words = self._redacted(" ".join(answer.text.split()))
        flaw = wording.flaw(words, f"{told}\n{facts}", allowed=self.company)
        if flaw is not None:
            log.info("brief_composed", conv=head.conv, because=flaw)
            return None
        return escape(words)

    def _redacted(self, text: str) -> str:
        return redacted(text, self.settings.redact)


def anchor(messages: Sequence[Message], head: Head) -> tuple[str | None, str]:
    """The turn under which a handoff's brief is kept, and its name there: the same however the conversation goes on.

    That is the last turn up to the handoff's notice; where a person took the case without one, the episode's first turn.
    """
    handoff = head.handoff
    turns = [m for m in messages if m.episode == head.episode and m.turn_id]
    if handoff is None or not turns:
        return None, STEP
    name = f"{STEP}.{ids.digest(handoff.id, handoff.requested_at.isoformat())}"
    noticed = [m.seq for m in messages if m.handoff_id == handoff.id and m.created_at >= handoff.requested_at]
    before = [m for m in turns if noticed and m.seq <= min(noticed)]
    return (before[-1] if before else turns[0]).turn_id, name


def _facts(brief: Brief) -> str:
    """All that a model is told, and may say."""
    lines = [f"Who: {brief.who}" + ("" if brief.is_verified else " (not verified)")]
    lines += [f"They wrote: “{text}”" for text in brief.wants]
    lines += [f"The assistant: {line}" for line in brief.tried]
    lines += [f"Source shown to them: {citation.title}" for citation in brief.cited]
    lines += [f"Named: {entity.kind} {entity.text}" for entity in brief.entities]
    if brief.reason_text:
        lines.append(f"Why a person is needed: {brief.reason_text}")
    if brief.sentiment:
        lines.append(f"Mood: {brief.sentiment}")
    if brief.language:
        lines.append(f"They write {language_name(brief.language)}")
    return "\n".join(lines)

"""After people spoke: what agents did with drafts is recorded, and what they answered becomes a candidate for the knowledge base.

Works behind the store, told of commits after the fact.  A lost call loses no candidate: the sweep looks at resolved
conversations again, and every write is an insert under an id of its own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog

from core import ids
from core.candidates import Candidate, CandidateStore, Source
from core.domain import Audience, HandoffReason, Head, Message, MessageKind, Owner, Role, Status, Visibility
from core.errors import StoreUnavailable
from core.guard import pii
from core.handoff.assisting import AfterSettings
from core.ledger import Commit, CommitKind
from core.ports.store import Store, TenantStore
from core.trace import decode
from gateway.background import Background
from handoff import learning
from handoff.assisting import tags_of
from handoff.brief import wants
from handoff.learning import Counts

log = structlog.get_logger(__name__)

SWEEP_S: Final = 3_600.0
PAGE: Final = 200
LOOKED_BACK: Final = 300
MAX_ANSWERS: Final = 20
MAX_CITED: Final = 10
MAX_CHARS: Final = 4_000
NAME: Final = "[name]"
TRACE: Final = "trace"


class Gaps:
    """One process's.  ``after`` gives a tenant's settings as they are now, None for a tenant that is gone."""

    def __init__(
        self,
        store: Store,
        candidates: CandidateStore,
        *,
        after: Callable[[], Mapping[str, AfterSettings]],
        background: Background,
        clock: Callable[[], datetime],
        counts: Counts,
    ) -> None:
        self._store = store
        self._candidates = candidates
        self._after = after
        self._background = background
        self._clock = clock
        self._counts = counts

    def committed(self, tenant: str, commit: Commit) -> None:
        """A commit is durable; only controls of people matter here."""
        if commit.kind is not CommitKind.CONTROL or tenant not in self._after():
            return
        replies = [m for m in commit.messages if m.role is Role.AGENT and _is_public(m)]
        for reply in replies:
            self._background.spawn("suggestion_used", self._answered(tenant, reply))
        if _is_end(commit):
            self._background.spawn("suggestions_left", self._ended(tenant, commit.head))

    async def _answered(self, tenant: str, reply: Message) -> None:
        await learning.answered(self._store.for_tenant(tenant), reply, self._counts)

    async def _ended(self, tenant: str, head: Head) -> None:
        """An episode was resolved, or went back to the bot."""
        store = self._store.for_tenant(tenant)
        await learning.left(store, head, self._counts)
        if head.status is Status.RESOLVED:
            await self.learn(store, head)

    async def run(self) -> None:
        """Sweep now and then until cancelled: what a crash left unlearned."""
        while True:
            try:
                await self.sweep()
            except StoreUnavailable:
                log.warning("gaps_wait_for_store")
            except Exception:
                log.exception("gaps_failed")
            await asyncio.sleep(SWEEP_S)

    async def sweep(self) -> int:
        """Learn from resolved conversations, the latest page of each tenant; returns how many candidates are new."""
        learned = 0
        for tenant in self._after():
            store = self._store.for_tenant(tenant)
            for head in await store.conversations(owners=(Owner.NONE,), limit=PAGE):
                learned += await self.learn(store, head)
        return learned

    async def learn(self, store: TenantStore, head: Head) -> bool:
        """Keep what people answered in the head's episode, once; False when nobody did or it is known."""
        after = self._after().get(store.tenant)
        id = ids.digest(head.conv, str(head.episode))
        if (
            after is None
            or not after.learn
            or head.status is not Status.RESOLVED
            or await self._knows(store.tenant, id)
        ):
            return False
        messages = await store.tail(head.conv, audience=Audience.DESK, limit=LOOKED_BACK)
        tags = await tags_of(store, head.conv, head.episode)
        reason = await _reason(store, head, messages)
        found = candidate(head, messages, id=id, reason=reason, tags=tags, now=self._clock())
        return found is not None and await asyncio.to_thread(self._candidates.put_candidate, found)

    async def _knows(self, tenant: str, id: str) -> bool:
        return await asyncio.to_thread(self._candidates.has_candidate, tenant, id)


def _is_end(commit: Commit) -> bool:
    """Whether people are out of it by this very commit: resolved, or given back."""
    head = commit.head
    is_resolved = head.status is Status.RESOLVED and any(m.role is Role.SYSTEM for m in commit.messages)
    return is_resolved or (bool(head.human_stretches) and head.human_stretches[-1][1] == commit.seq)


async def _reason(store: TenantStore, head: Head, messages: Sequence[Message]) -> str:
    """Why the episode was handed over, by the record of the turn that did it; "asked" when the contact pressed a button."""
    notice = next((m for m in messages if m.episode == head.episode and m.handoff_id), None)
    if notice is None:
        return ""
    turn_id = next((m.turn_id for m in messages if m.seq == notice.seq and m.turn_id), None)
    for step in await store.steps(turn_id) if turn_id else ():
        if step.name == TRACE:
            return _handed_over(step.body)
    return "" if turn_id else HandoffReason.ASKED.value


def _handed_over(trace: bytes) -> str:
    try:
        return decode(trace).outcome.handoff or ""
    except ValueError:
        return HandoffReason.DEAD_LETTER.value


def candidate(
    head: Head, messages: Sequence[Message], *, id: str, reason: str, tags: tuple[str, ...], now: datetime
) -> Candidate | None:
    """What an episode teaches; None when no person answered in it, or nobody asked anything.  Pure."""
    episode = [m for m in messages if m.episode == head.episode]
    clean = cleaner(head, episode)
    answers = [m for m in episode if m.role is Role.AGENT and _is_public(m) and m.text.strip()]
    asked = wants([replace(m, text=m.text[:MAX_CHARS]) for m in _redacted(episode, clean)], None)
    if not answers or not asked:
        return None
    cited = {
        c.document_id: Source(document_id=c.document_id, external_id=c.external_id, title=c.title)
        for m in episode
        if m.role is Role.BOT and _is_public(m)
        for c in m.citations
    }
    return Candidate(
        id=id,
        tenant=head.tenant,
        conv=head.conv,
        episode=head.episode,
        questions=asked,
        answers=tuple(clean(m.text)[:MAX_CHARS] for m in answers[-MAX_ANSWERS:]),
        cited=tuple(cited.values())[:MAX_CITED],
        reason=reason,
        language=head.language,
        tags=tags,
        learned_at=now,
    )


def _redacted(messages: Sequence[Message], clean: Callable[[str], str]) -> list[Message]:
    return [replace(m, text=clean(m.text)) for m in messages]


def cleaner(head: Head, messages: Sequence[Message]) -> Callable[[str], str]:
    """Strikes out personal data of every kind, and the names of those who wrote."""
    told = {head.contact.name, *(m.author for m in messages if m.role in (Role.CONTACT, Role.AGENT))}
    parts = {part for name in told if name for part in (name, *name.split()) if len(part) > 2}
    names = re.compile(
        "|".join(rf"\b{re.escape(part)}\b" for part in sorted(parts, key=len, reverse=True)), re.IGNORECASE
    )

    def clean(text: str) -> str:
        without = pii.redact(text)
        return names.sub(NAME, without) if parts else without

    return clean


def _is_public(message: Message) -> bool:
    return message.visibility is Visibility.CONTACT and message.kind is MessageKind.TEXT

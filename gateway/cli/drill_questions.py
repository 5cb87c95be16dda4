"""Questions for a drill: one that the tenant's own pages answer, one that none of them does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from adapters.web.settings import WebSettings
from config import Tenant
from core.conversing.tape import Played
from core.domain import Contact, EventKind, Head, InboundEvent, Owner
from core.ports.engine import TurnInput, TurnResult
from core.settings import Decision
from core.trace import decode
from core.turn import TurnEngine
from gateway import compose
from gateway.cli.drill_stage import NoDrill, Stage

TRIED: Final = 60
FIRST_WORDS: Final = 10
UNKNOWN: Final = (
    "Which zorvexquil belongs to a brimblewick?",
    "Why do my flunterquops always gribbelate?",
    "Is the vozzlemere snorptic or wimblefant?",
)
"""Words that no page holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """``answered`` is quoted with a source when no model is there, ``unknown`` finds nothing to quote."""

    answered: str
    unknown: str


async def questions_for(stage: Stage, tenant: Tenant, wanted: str | None) -> Questions:
    """Find both by the keyless engine; ``wanted`` must be answered.  ``tenant`` is as the operator configured it."""
    keyless = _Keyless(stage)
    candidates = [wanted] if wanted is not None else await asyncio.to_thread(lambda: list(_candidates(stage, tenant)))
    answered = None
    for text in candidates:
        if await keyless.quotes(text):
            answered = text
            break
    if answered is None:
        what = f"“{wanted}” is" if wanted else f"none of {len(candidates)} titles is"
        raise NoDrill(f"{what} answered by the pages alone; give a question that is, with --question")
    unknown = [text for text in UNKNOWN if not await keyless.quotes(text)]
    return Questions(answered=answered, unknown=(unknown or UNKNOWN)[0])


def _candidates(stage: Stage, tenant: Tenant) -> Iterator[str]:
    """What the operator suggests to customers, then titles of pages with their first words: a bare title is asked back."""
    for account in tenant.accounts:
        if isinstance(account.settings, WebSettings):
            yield from account.settings.suggestions
    documents = stage.serving.world.services.knowledge_store.documents(tenant.id)
    titles = {document.title: document.body for document in islice(documents, TRIED) if document.title}
    yield from (title if title.endswith("?") else f"{title}: {_beginning(body)}?" for title, body in titles.items())


def _beginning(body: str) -> str:
    """The first words of a page, without their marks."""
    return " ".join(re.findall(r"[^\W_]+", body)[:FIRST_WORDS])


class _Unseen:
    """A sink for a turn that nobody sees."""

    is_overtaken = False

    async def show(self, text: str) -> None:
        """Show nobody."""

    async def tool(self, name: str, state: str) -> None:
        """Show nobody."""


class _Keyless:
    """The tenant's engine without models, on the stage's knowledge."""

    def __init__(self, stage: Stage) -> None:
        self._tenant = stage.tenant.id
        knowledge = stage.serving.world.services.tenants[self._tenant].knowledge
        self._engine = TurnEngine(compose.engine_settings(stage.tenant), knowledge, clock=compose.now)

    async def quotes(self, text: str) -> bool:
        """Whether the question is answered from the pages, with a source."""
        result = await self._asked(text)
        reply = result.reply
        is_cited = reply is not None and bool(reply.citations) and result.handoff is None
        return is_cited and decode(result.trace).decision == Decision.ANSWER

    async def _asked(self, text: str) -> TurnResult:
        now = compose.now()
        contact = Contact(id="web:drill")
        head = Head(
            tenant=self._tenant,
            conv="c_drill",
            account="drill",
            contact=contact,
            thread={},
            created_at=now,
            updated_at=now,
            owner=Owner.BOT,
        )
        event = InboundEvent(
            tenant=self._tenant,
            account="drill",
            conv="c_drill",
            dedupe_key="1",
            kind=EventKind.MESSAGE,
            contact=contact,
            provider_at=now,
            received_at=now,
            text=text,
        )
        turn = TurnInput(turn_id="t_drill", head=head, events=(event,), history=())
        return await self._engine.run(turn, Played({}), _Unseen())

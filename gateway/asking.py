"""The bot asked in private: a tenant's own engine on a question beside the conversation, with nothing that lasts.

It reads what a turn reads (knowledge, history, tools that only look something up) and writes nothing: its journal is in memory,
no state is kept, no answer cached, no flow begun.  Tools that change anything are not there at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import msgspec

from core import ids
from core.conversing.abilities import Abilities, AccountFacts
from core.conversing.sealing import OwnClaims
from core.domain import (
    Attachment,
    Audience,
    DeliveryState,
    EventKind,
    HandoffReason,
    Head,
    InboundEvent,
    Message,
    Owner,
    Status,
    Visibility,
)
from core.ports.engine import Reply, TurnInput
from core.ports.knowledge import Advice, Knowledge
from core.ports.store import TenantStore
from core.ports.tools import Confirmation, SideEffect, ToolSpec
from core.settings import Decision, EngineSettings, KnowledgeState, PolicyRule, PolicyWhen
from core.tools.firewall import Firewall
from core.turn import TurnEngine

PRIVATE_RULES: Final = (
    PolicyRule(
        when=PolicyWhen(knowledge=(KnowledgeState.UNAVAILABLE, KnowledgeState.EMPTY)),
        then=Decision.HAND_OVER,
        reason=HandoffReason.OUTAGE,
    ),
    PolicyRule(when=PolicyWhen(advice=(Advice.DECLINE,)), then=Decision.PROPOSE, reason=HandoffReason.NO_ANSWER),
    PolicyRule(then=Decision.ANSWER),
)
"""An agent asks: nobody is to be handed over to, whatever the topic."""

UNSAID: Final = frozenset((DeliveryState.DRAFT, DeliveryState.REJECTED, DeliveryState.PARKED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """``reply`` is None when there is none; ``because`` then says why: no_answer, outage or late."""

    reply: Reply | None
    because: str = ""


class PrivateJournal:
    """core.ports.engine.Journal of a question that leaves no trace."""

    def __init__(self) -> None:
        self._rows: dict[str, Mapping[str, Any]] = {}

    async def record(self, step: str, body: Mapping[str, Any]) -> None:
        """Remember it as long as the question lasts."""
        self._rows.setdefault(step, msgspec.json.decode(msgspec.json.encode(body)))

    async def recorded(self, step: str) -> Mapping[str, Any] | None:
        """What was remembered."""
        return self._rows.get(step)


class NobodyWatches:
    """core.ports.engine.ReplySink that shows nothing to anybody."""

    is_overtaken = False

    async def show(self, text: str) -> None:
        """Nobody sees it."""

    async def tool(self, name: str, state: str) -> None:
        """Nobody sees it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One tenant's; ``abilities`` are the engine's, as they are now.  ``limit_s`` bounds one question."""

    store: TenantStore
    knowledge: Knowledge
    settings: EngineSettings
    abilities: Callable[[], Abilities]
    clock: Callable[[], datetime]
    limit_s: float = 20.0
    new_id: ids.NewId = field(default=ids.new_id)

    async def ask(self, head: Head, question: str, *, files: tuple[Attachment, ...] = ()) -> Answered:
        """What the bot would answer to this in this conversation; changes nothing anywhere."""
        settings = replace(self.settings, rules=PRIVATE_RULES)
        engine = TurnEngine(
            settings, self.knowledge, clock=self.clock, abilities=looking_only(self.abilities(), self.clock)
        )
        turn = await self._turn(head, question, files)
        try:
            async with asyncio.timeout(self.limit_s):
                result = await engine.run(turn, PrivateJournal(), NobodyWatches())
        except TimeoutError:
            return Answered(reply=None, because="late")
        is_outage = result.handoff is not None and result.handoff.reason is HandoffReason.OUTAGE
        proposal = None if result.reply is None else result.reply.proposal
        if is_outage or proposal is HandoffReason.OUTAGE:
            return Answered(reply=None, because="outage")
        if result.reply is None or result.handoff is not None or proposal is HandoffReason.NO_ANSWER:
            return Answered(reply=None, because="no_answer")
        return Answered(reply=result.reply)

    async def _turn(self, head: Head, question: str, files: tuple[Attachment, ...]) -> TurnInput:
        now, turn_id = self.clock(), self.new_id("ask")
        recent = await self.store.tail(head.conv, audience=Audience.DESK, limit=3 * self.settings.history)
        said = [m for m in recent if m.episode == head.episode and _was_said(m)]
        event = InboundEvent(
            tenant=head.tenant,
            account=head.account,
            conv=head.conv,
            dedupe_key=turn_id,
            kind=EventKind.MESSAGE,
            contact=head.contact,
            provider_at=now,
            received_at=now,
            text=question,
            attachments=files,
            thread=head.thread,
        )
        return TurnInput(
            turn_id=turn_id,
            head=_answered_by_bot(head),
            events=(event,),
            history=tuple(said[-self.settings.history :]),
        )


def _answered_by_bot(head: Head) -> Head:
    """The head as if the bot were to answer; a copy, nothing of it is committed."""
    return replace(
        head, owner=Owner.BOT, status=Status.ACTIVE, handoff=None, unresolved_turns=0, sentiment=None, state_ref=""
    )


def _was_said(message: Message) -> bool:
    return message.visibility is Visibility.CONTACT and message.delivery not in UNSAID


def looking_only(abilities: Abilities, clock: Callable[[], datetime]) -> Abilities:
    """The abilities without a side effect: tools that only read, no flows, no kept answers, no experiment, no rollout."""
    tools = {name: tool for name, tool in abilities.tools.items() if _only_looks(tool.spec)}
    accounts: Sequence[tuple[str, AccountFacts]] = tuple(abilities.accounts.items())
    return replace(
        abilities,
        tools=tools,
        firewall=Firewall(tools, claims=OwnClaims(), clock=clock) if tools else None,
        flows=(),
        cache=None,
        experiments=(),
        accounts={name: AccountFacts(channel=facts.channel, has_buttons=facts.has_buttons) for name, facts in accounts},
    )


def _only_looks(spec: ToolSpec) -> bool:
    """What needs anybody's yes has somebody else to ask than the agent's note."""
    return spec.side_effect is SideEffect.READ and spec.confirmation is Confirmation.NONE


def question_of(messages: Sequence[Message]) -> str:
    """Several messages of a contact as one question."""
    return "\n".join(message.text for message in messages if message.text.strip())

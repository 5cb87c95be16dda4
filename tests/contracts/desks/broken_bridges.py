"""What the bridge stands on, with one defect each; and the scenario that must notice it."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from core.domain import EventKind
from core.errors import DeliveryError, OutcomeUnknown
from core.ports.channel import Memory, Sent
from core.ports.desk import Desk, DeskItem
from handoff.service import Done, HandoffService, Wish
from tests.contracts.desks import inward, lifecycle, opening, outward
from tests.contracts.desks.broken_desks import Breakage
from tests.contracts.desks.lived import Kit

TICKET = count(1)


class ForgetsEverything:
    """A memory that keeps nothing."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def recall(self, key: str) -> str | None:
        return None

    async def remember(self, key: str, value: str) -> str:
        return value


class ForgetsWhatItHeard:
    """A memory that keeps all but the entries that were worked in."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def recall(self, key: str) -> str | None:
        return None if ":heard:" in key else await self._memory.recall(key)

    async def remember(self, key: str, value: str) -> str:
        return value if ":heard:" in key else await self._memory.remember(key, value)


class Beside:
    """A desk before the bridge."""

    def __init__(self, desk: Desk) -> None:
        self.kind = desk.kind
        self._desk = desk

    async def send(self, item: DeskItem) -> Sent:
        return await self._desk.send(item)


class SwallowsErrors(Beside):
    async def send(self, item: DeskItem) -> Sent:
        try:
            return await super().send(item)
        except DeliveryError:
            return Sent(item.id)


class DropsSignals(Beside):
    async def send(self, item: DeskItem) -> Sent:
        return Sent(item.id) if item.signal else await super().send(item)


class DropsMessages(Beside):
    async def send(self, item: DeskItem) -> Sent:
        return Sent(item.id) if item.signal is None else await super().send(item)


class TriesAtOnce(Beside):
    async def send(self, item: DeskItem) -> Sent:
        try:
            return await super().send(item)
        except OutcomeUnknown:
            return await super().send(replace(item, id=f"{item.id}0", reconcile=False))


class RenamesRows(Beside):
    async def send(self, item: DeskItem) -> Sent:
        return await super().send(replace(item, id=f"{item.id}{next(TICKET)}", reconcile=False))


class TellsEverybody(HandoffService):
    async def at_desk(self, conv: str, wish: Wish) -> Done:
        if wish.kind is EventKind.AGENT_NOTED:
            wish = replace(wish, kind=EventKind.AGENT_REPLIED)
        return await super().at_desk(conv, wish)


class CountsWishes(HandoffService):
    async def at_desk(self, conv: str, wish: Wish) -> Done:
        return await super().at_desk(conv, replace(wish, key=f"{wish.key}{next(TICKET)}"))


class SendsBack(HandoffService):
    async def at_desk(self, conv: str, wish: Wish) -> Done:
        return await super().at_desk(conv, replace(wish, from_desk=False))


class IgnoresKind(HandoffService):
    """An agent's wish of one kind does nothing."""

    kind: EventKind

    async def at_desk(self, conv: str, wish: Wish) -> Done:
        if wish.kind is self.kind:
            wish = replace(wish, kind=EventKind.AGENT_NOTED, text="lost")
        return await super().at_desk(conv, wish)


class NeverResolves(IgnoresKind):
    kind = EventKind.AGENT_RESOLVED


class NeverGivesBack(IgnoresKind):
    kind = EventKind.AGENT_GAVE_BACK


class NeverClaims(IgnoresKind):
    kind = EventKind.AGENT_CLAIMED


class WaitsForConsole(HandoffService):
    async def at_desk(self, conv: str, wish: Wish) -> Done:
        return await super().at_desk(conv, replace(wish, takes_over=False))


BROKEN: tuple[Breakage, ...] = (
    Breakage(
        name="ForgetsEverything",
        kit=lambda: Kit(memory=ForgetsEverything),
        found_by=inward.a_reply_reaches_the_customer_once,
    ),
    Breakage(
        name="SwallowsErrors",
        kit=lambda: Kit(desk=SwallowsErrors),
        found_by=outward.messages_arrive_in_order_while_the_desk_fails,
    ),
    Breakage(name="DropsSignals", kit=lambda: Kit(desk=DropsSignals), found_by=opening.the_brief_is_private),
    Breakage(
        name="DropsMessages", kit=lambda: Kit(desk=DropsMessages), found_by=outward.messages_arrive_in_order_and_once
    ),
    Breakage(
        name="TriesAtOnce",
        kit=lambda: Kit(desk=TriesAtOnce),
        found_by=outward.messages_arrive_once_though_answers_are_lost,
    ),
    Breakage(
        name="RenamesRows",
        kit=lambda: Kit(desk=RenamesRows),
        found_by=outward.messages_arrive_once_though_answers_are_lost,
    ),
    Breakage(
        name="TellsEverybody",
        kit=lambda: Kit(handoff=TellsEverybody),
        found_by=inward.a_note_never_reaches_the_customer,
    ),
    Breakage(
        name="CountsWishes",
        kit=lambda: Kit(handoff=CountsWishes, memory=ForgetsWhatItHeard),
        found_by=inward.redelivered_webhooks_say_nothing_twice,
    ),
    Breakage(name="SendsBack", kit=lambda: Kit(handoff=SendsBack), found_by=inward.a_reply_reaches_the_customer_once),
    Breakage(
        name="NeverResolves", kit=lambda: Kit(handoff=NeverResolves), found_by=lifecycle.solving_asks_the_customer_once
    ),
    Breakage(
        name="NeverGivesBack",
        kit=lambda: Kit(handoff=NeverGivesBack),
        found_by=lifecycle.the_desks_own_way_gives_back_to_the_bot,
    ),
    Breakage(
        name="NeverClaims",
        kit=lambda: Kit(handoff=NeverClaims),
        found_by=inward.an_assigned_agent_owns_the_conversation,
    ),
    Breakage(
        name="WaitsForConsole",
        kit=lambda: Kit(handoff=WaitsForConsole),
        found_by=lifecycle.console_and_desk_answer_the_same_customer_in_turn,
    ),
)

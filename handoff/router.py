"""Decides where cases go and tells who is there: the routing table over the ledger, with every decision on record.

Implements ``Routes`` of handoff/bridge/ports.py and ``Staff`` of core/staffing.py for one tenant.  A decision is claimed once
in the store under the handoff and its round, so that it is the same however often and by whomever it is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import structlog

from core.domain import Audience, EventKind, Handoff, Head, InboundEvent, Owner, Role
from core.errors import StoreUnavailable
from core.handoff.routes import HandoffSettings, Team
from core.hours import OpeningHours, staffing_at
from core.identity import head_identity
from core.ownership import waiting_round
from core.ports.helpdesk import Urgency
from core.ports.store import TenantStore
from core.settings import Sentiment
from core.staffing import Asked, Staffing
from handoff.bridge.ports import Routed
from handoff.queueing import Waited, Waits, times_out_at, typical
from handoff.routing import Route, RouteFacts, route

log = structlog.get_logger(__name__)

MOST_AHEAD: Final = 50
"""With so many or more waiting no number is told: it would take long to count and change at once."""

RECENT_MESSAGES: Final = 40
TRACED_TURNS: Final = 5
SKILL_TAG: Final = "skill_"


class Recorded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A decision as the store keeps it."""

    at: datetime
    urgency: Urgency = Urgency.NORMAL
    team: str | None = None
    assignee: str | None = None
    skills: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    fields: dict[str, str] = {}
    reasons: tuple[str, ...] = ()


def route_key(handoff: Handoff, round_: int | None = None) -> str:
    """Under which name a round's decision stands."""
    return f"route:{handoff.id}:{handoff.round if round_ is None else round_}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """``hours`` are the desk's, for all teams without their own; ``channel_kind`` tells an account's channel."""

    store: TenantStore
    settings: HandoffSettings
    hours: OpeningHours | None
    channel_kind: Callable[[str], str]
    clock: Callable[[], datetime]
    waits: Waits = field(default_factory=Waits)

    # Who is there

    def is_open(self) -> bool:
        """Whether anybody is at the desk now: the desk itself, or any team with hours of its own."""
        now = self.clock()
        own = (team.opening_hours for team in self.settings.teams.values())
        return _is_open(self.hours, now) or any(hours is not None and hours.is_staffed(now) for hours in own)

    async def for_handoff(self, head: Head, asked: Asked) -> Staffing:
        """Whether the team is there that would get the case, and how long its queue is, as far as that is known."""
        hours: OpeningHours | None = self.hours
        try:
            team = None
            if self.settings.teams:
                team = (await self._decide(_as_asked(head, asked), asked)).team
                hours = self.hours_of(team)
            staffing = staffing_at(hours, self.clock())
            return await self._with_queue(head, team, hours, staffing) if staffing.is_open else staffing
        except StoreUnavailable:
            return staffing_at(hours, self.clock())

    def hours_of(self, team: str | None) -> OpeningHours | None:
        """A team's hours, which may be the desk's."""
        own = self.settings.teams.get(team) if team is not None else None
        return self.hours if own is None or own.hours is None else own.opening_hours

    async def _with_queue(
        self, head: Head, team: str | None, hours: OpeningHours | None, staffing: Staffing
    ) -> Staffing:
        queue, wait = self.settings.queue, None
        ahead = await self._ahead(head, team) if queue.tell_position else None
        if queue.tell_wait and ahead:
            wait = typical(await self._waits_of(team), hours)
        return replace(staffing, ahead=ahead, wait=wait)

    async def _ahead(self, head: Head, team: str | None) -> int | None:
        """How many others wait for the same team; None when that is not certain."""
        queue = await self.store.conversations(owners=(Owner.QUEUE,), limit=MOST_AHEAD + 1)
        others = [other for other in queue if other.conv != head.conv and other.handoff is not None]
        if len(others) > MOST_AHEAD:
            return None
        if not self.settings.teams:
            return len(others)
        teams = [await self._team_of(other.handoff) for other in others if other.handoff is not None]
        return None if _UNKNOWN in teams else teams.count(team)

    async def _waits_of(self, team: str | None) -> tuple[Waited, ...]:
        recent = self.waits.recent(self.store.tenant, self.clock())
        if not self.settings.teams:
            return recent
        return tuple([waited for waited in recent if await self._team_of(waited.handoff) == team])

    async def _team_of(self, handoff: Handoff) -> str | None:
        recorded = await self.recorded(handoff, handoff.round)
        return _UNKNOWN if recorded is None else recorded.team

    # Where it goes

    async def route(self, head: Head) -> Routed:
        """The route of the head's handoff as it stands: decided once per round, and the same ever after."""
        handoff = head.handoff
        if handoff is None:
            return Routed()
        standing = await self.recorded(handoff, handoff.round)
        if standing is None:
            decided = await self.foresee(head)
            made = Recorded(at=self.clock(), **{name: getattr(decided, name) for name in _KEPT})
            kept = await self.store.claim(route_key(handoff), msgspec.json.encode(made).decode())
            standing = _read(kept) or made
        return self._named(standing)

    async def recorded(self, handoff: Handoff, round_: int) -> Recorded | None:
        """What was decided in a round; None: nothing (any more that can be read)."""
        kept = await self.store.claimed(route_key(handoff, round_))
        return None if kept is None else _read(kept)

    async def foresee(self, head: Head) -> Route:
        """What would be decided now; nothing is recorded."""
        if head.handoff is None:
            return Route(reasons=("nothing is handed over",))
        asked = Asked(reason=head.handoff.reason, text=head.handoff.detail)
        return await self._decide(head, asked)

    async def _decide(self, head: Head, asked: Asked) -> Route:
        facts = await self._facts(head, asked)
        decided = route(facts, self.settings, is_open=self._is_there)
        return self._after_timeout(head, await self._stuck(head, decided))

    def _is_there(self, team: Team) -> bool:
        return _is_open(team.opening_hours or self.hours, self.clock())

    def _after_timeout(self, head: Head, decided: Route) -> Route:
        """After a time-out in the queue its own words stand above the table's."""
        queue, handoff = self.settings.queue, head.handoff
        if handoff is None or not handoff.timeouts:
            return decided
        waited = (
            f"time-out {handoff.timeouts} in the queue, after {queue.timeout_minutes:g} minutes"
            if (queue.timeout_minutes is not None)
            else f"time-out {handoff.timeouts} in the queue"
        )
        return replace(
            decided,
            team=queue.then_team or decided.team,
            urgency=queue.then_urgency or decided.urgency,
            assignee=None,
            reasons=(*decided.reasons, waited),
        )

    async def _stuck(self, head: Head, decided: Route) -> Route:
        """The agent who answered this contact last, where that is wanted and no rule names one."""
        sticky, now = self.settings.routing.sticky, self.clock()
        if not sticky.enabled or decided.assignee is not None or not _is_open(self.hours_of(decided.team), now):
            return decided
        heads = (head, *await self.store.conversations_of((head_identity(head),), limit=10))
        for earlier in heads:
            agent = next((who for *_, who in reversed(earlier.human_stretches) if who), None)
            if agent is not None and now - earlier.updated_at <= timedelta(days=sticky.days):
                return replace(decided, assignee=agent, reasons=(*decided.reasons, f"{agent} answered them last"))
        return decided

    async def _facts(self, head: Head, asked: Asked) -> RouteFacts:
        recent = await self.store.tail(head.conv, audience=Audience.DESK, limit=RECENT_MESSAGES) if head.seq else ()
        episode = [message for message in recent if message.episode == head.episode]
        said = [message.text for message in episode if message.role is Role.CONTACT]
        turns = list(dict.fromkeys(message.turn_id for message in episode if message.turn_id))[-TRACED_TURNS:]
        traces = [step.body for turn in turns for step in (await self.store.steps(turn))[-1:] if step.name == "trace"]
        known = [understood(trace) for trace in (*traces, asked.trace) if trace]
        sentiment = head.sentiment if head.sentiment in set(Sentiment) else None
        return RouteFacts(
            reason=asked.reason,
            contact=head.contact,
            account=head.account,
            channel=self.channel_kind(head.account),
            is_open=self.is_open(),
            said="\n".join((*said, asked.text)),
            categories=_names(known, "categories"),
            intents=_names(known, "intent"),
            entities=_names(known, "entities"),
            sentiment=None if sentiment is None else Sentiment(sentiment),
            language=head.language,
            unresolved_turns=head.unresolved_turns,
        )

    def _named(self, decided: Recorded) -> Routed:
        """In the desk's own names."""
        team = None if decided.team is None else self.settings.teams.get(decided.team)
        return Routed(
            urgency=decided.urgency,
            team=decided.team if team is None or team.name is None else team.name,
            assignee=decided.assignee,
            tags=(*decided.tags, *(SKILL_TAG + skill for skill in decided.skills)),
            fields=decided.fields,
            reasons=decided.reasons,
        )

    # When it has waited too long

    async def timed_out(self, head: Head) -> InboundEvent | None:
        """The control for a conversation that has waited too long; the same for everybody who asks, so that it is made once."""
        handoff, now, queue = head.handoff, self.clock(), self.settings.queue
        if head.owner is not Owner.QUEUE or handoff is None or queue.timeout_minutes is None:
            return None
        team = await self._team_of(handoff)
        hours = self.hours_of(None if team == _UNKNOWN else team)
        due_at = times_out_at(handoff, queue, hours, now)
        if due_at is None or due_at > now:
            return None
        goes_elsewhere = queue.then_team is not None and team not in (queue.then_team, _UNKNOWN)
        return InboundEvent(
            tenant=head.tenant,
            account=head.account,
            conv=head.conv,
            dedupe_key=f"{EventKind.QUEUE_TIMED_OUT}:{waiting_round(handoff)}",
            kind=EventKind.QUEUE_TIMED_OUT,
            contact=None,
            provider_at=now,
            received_at=now,
            reason=queue.then_team if goes_elsewhere else None,
            target=waiting_round(handoff),
            thread=head.thread,
        )


_UNKNOWN: Final = "?"
_KEPT: Final = ("team", "urgency", "assignee", "skills", "tags", "fields", "reasons")


def _is_open(hours: OpeningHours | None, now: datetime) -> bool:
    return hours is None or hours.is_staffed(now)


def _as_asked(head: Head, asked: Asked) -> Head:
    """The head as it will be handed over, for a decision beforehand; an earlier time-out does not count for it."""
    handoff = Handoff(id="", reason=asked.reason, detail="", requested_at=head.updated_at)
    return replace(head, handoff=handoff)


def _read(kept: str) -> Recorded | None:
    try:
        return msgspec.json.decode(kept, type=Recorded)
    except msgspec.DecodeError:
        return None


def understood(trace: bytes) -> Mapping[str, Any]:
    """What a turn's record says was understood; empty when it is not readable."""
    try:
        record = msgspec.json.decode(trace)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    steps = record.get("steps") if isinstance(record, dict) else None
    known = steps.get("understand") if isinstance(steps, dict) else None
    return known if isinstance(known, dict) else {}


def _names(known: list[Mapping[str, Any]], key: str) -> tuple[str, ...]:
    """The categories, the intents, or the kinds of entities of all turns, each once."""
    found: dict[str, None] = {}
    for one in known:
        listed = one.get(key)
        for item in listed if isinstance(listed, list) else (listed,):
            name = item.get("kind") if isinstance(item, dict) else item
            if isinstance(name, str):
                found.setdefault(name)
    return tuple(found)

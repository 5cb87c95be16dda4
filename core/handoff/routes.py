"""What a tenant may set about handing over: teams, tiers, the rule table, the queue; mirrored by ``config.handoff``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from core.domain import HandoffReason
from core.handoff.assisting import AfterSettings, AssistSettings, BriefSettings
from core.hours import HoursAsWritten, OpeningHours
from core.ports.helpdesk import Urgency
from core.settings import Sentiment


@dataclass(frozen=True, kw_only=True)
class Team:
    """People who answer together; ``name`` is theirs at the desk (None: the same as here), ``hours`` None: the desk's own."""

    name: str | None = None
    skills: tuple[str, ...] = ()
    hours: HoursAsWritten | None = None

    @cached_property
    def opening_hours(self) -> OpeningHours | None:
        """The hours as a value."""
        return None if self.hours is None else self.hours.to_hours()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A group of customers, known by what is proven about them: their account, or the end of their address ("@big.example")."""

    customer_accounts: tuple[str, ...] = ()
    email_domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteWhen:
    """Conditions of a rule; all that are given must hold.  In tuples one match is enough.

    ``keyword`` is looked for in what the contact wrote in the episode, as categories are (``*`` matches any ending).
    """

    reason: tuple[HandoffReason, ...] = ()
    category: tuple[str, ...] = ()
    intent: tuple[str, ...] = ()
    keyword: tuple[str, ...] = ()
    entity: tuple[str, ...] = ()
    sentiment: tuple[Sentiment, ...] = ()
    language: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    tier: tuple[str, ...] = ()
    customer_account: tuple[str, ...] = ()
    verified: bool | None = None
    unresolved_turns_at_least: int | None = None
    hours: Literal["open", "closed"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteThen:
    """What a rule says; of ``team``, ``urgency`` and ``assignee`` the first word stands, the others add up.

    ``skills`` choose a team where no rule names one: the first open one that has them all.
    """

    team: str | None = None
    skills: tuple[str, ...] = ()
    urgency: Urgency | None = None
    assignee: str | None = None
    tags: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRule:
    """One line of the table; ``stop``: no rule below it is asked when it matches."""

    name: str
    when: RouteWhen = field(default_factory=RouteWhen)
    then: RouteThen = field(default_factory=RouteThen)
    stop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sticky:
    """Whether a contact gets the agent who answered them last, within so many days."""

    enabled: bool = False
    days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingSettings:
    """The table; ``default_team`` is where a case goes of which no rule says it (None: the desk's own way)."""

    rules: tuple[RouteRule, ...] = ()
    default_team: str | None = None
    sticky: Sticky = field(default_factory=Sticky)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """The queue.

    After ``timeout_minutes`` of open hours without an agent (None: never) a case goes to ``then_team``, with ``then_urgency``, at
    most ``max_times``.  ``tell_position`` and ``tell_wait``: contacts read their place and how long others waited, when known.
    """

    timeout_minutes: float | None = None
    then_team: str | None = None
    then_urgency: Urgency | None = None
    max_times: int = 1
    tell_position: bool = True
    tell_wait: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffSettings:
    """Everything about handing over."""

    teams: Mapping[str, Team] = field(default_factory=dict)
    tiers: Mapping[str, Tier] = field(default_factory=dict)
    routing: RoutingSettings = field(default_factory=RoutingSettings)
    queue: QueueSettings = field(default_factory=QueueSettings)
    brief: BriefSettings = field(default_factory=BriefSettings)
    assist: AssistSettings = field(default_factory=AssistSettings)
    after: AfterSettings = field(default_factory=AfterSettings)

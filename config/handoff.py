"""The handoff block of a tenant: mirrors core.handoff.routes field by field."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal, Self, TypeVar

import msgspec
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from config.assisting import After, Assist, Brief
from config.parts import EnginePart, LanguageCode, Reason, Sentence, Word
from config.problems import Loc, Report, did_you_mean, hints, listed
from config.yaml_tree import Tree
from core.hours import HoursAsWritten, parse_spans, zone

Target = TypeVar("Target")

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Urgency = Literal["low", "normal", "high", "urgent"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _spans(text: str) -> str:
    parse_spans(text)
    return text


def _zone(name: str) -> str:
    return zone(name).key


Spans = Annotated[str, AfterValidator(_spans)]


class Hours(EnginePart):
    """When a team is there, in its own time zone."""

    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """IANA name of the time zone, for example Europe/Berlin."""
    open: dict[Weekday, Spans]
    """Opening times by weekday, for example mon: "09:00-12:00, 13:00-18:00"; a day left out is closed."""
    closed_on: tuple[date, ...] = ()
    """Days off, for example 2027-01-01."""
    special: dict[date, Spans] = Field(default_factory=dict)
    """Days with hours of their own, for example 2026-12-24: "09:00-12:00"."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        HoursAsWritten(**self.model_dump()).to_hours()
        return self


class Team(EnginePart):
    """People who answer together."""

    name: Word | None = None
    """What your helpdesk calls it (group, team, queue); left out: the same as here."""
    skills: tuple[Word, ...] = ()
    """What its people can do; a rule that asks for skills finds the team by them."""
    hours: Hours | None = None
    """When it is there; left out: the desk's own hours."""


class Tier(EnginePart):
    """A group of customers; only verified ones belong to it."""

    customer_accounts: tuple[Word, ...] = ()
    """Customer accounts that belong to it."""
    email_domains: tuple[Word, ...] = ()
    """Ends of e-mail addresses that belong to it, for example big.example."""


class RouteWhen(EnginePart):
    """Conditions of a rule; all that are given must hold, and a rule without any always holds."""

    reason: tuple[Reason | Literal["dead_letter"], ...] = ()
    """Why the conversation goes to people."""
    category: tuple[Word, ...] = ()
    """Categories of `engine.categories` that a message of this episode belonged to."""
    intent: tuple[Word, ...] = ()
    """What a message of this episode wanted: yours of `intents`, or the shipped ones."""
    keyword: tuple[Word, ...] = ()
    """Words the customer wrote in this episode; a trailing `*` matches any ending."""
    entity: tuple[Word, ...] = ()
    """Kinds of things they named: order_number, email, phone, …"""
    sentiment: tuple[Literal["negative", "neutral", "positive"], ...] = ()
    """How they sound."""
    language: tuple[LanguageCode, ...] = ()
    """The language of the conversation."""
    channel: tuple[Word, ...] = ()
    """Kinds of channel they write on."""
    account: tuple[Slug, ...] = ()
    """Ids of accounts they write on."""
    tier: tuple[Slug, ...] = ()
    """Names of `tiers` they belong to."""
    customer_account: tuple[Word, ...] = ()
    """Their customer account, when it is verified."""
    verified: bool | None = None
    """Only verified customers (true), or only others (false)."""
    unresolved_turns_at_least: Annotated[int, Field(ge=1, le=100)] | None = None
    """So many turns in a row did not help."""
    hours: Literal["open", "closed"] | None = None
    """Whether anybody is there."""


class RouteThen(EnginePart):
    """What a rule says."""

    team: Slug | None = None
    """The team, by its name in `teams`."""
    skills: tuple[Word, ...] = ()
    """What the team must be able to do, when no rule names one; at the desk each becomes the tag skill_….."""
    urgency: Urgency | None = None
    """How soon."""
    assignee: Word | None = None
    """The agent, in your helpdesk's words."""
    tags: tuple[Word, ...] = ()
    """Tags of the case."""
    fields: dict[Word, Sentence] = Field(default_factory=dict)
    """Custom fields of the case, by the helpdesk's own names."""


class RouteRule(EnginePart):
    """One line of the routing table; every one that matches has its say, the first word stands."""

    name: Word
    """What people read about it in `frontdesk route explain`."""
    when: RouteWhen = RouteWhen()
    """Conditions; left out: always."""
    then: RouteThen = RouteThen()
    """What it says."""
    stop: bool = False
    """Whether the rules below it are left out when it matches."""


class Sticky(EnginePart):
    """The same agent again."""

    enabled: bool = False
    """Whether a customer gets the agent who answered them last, while that team is there."""
    days: Annotated[int, Field(ge=1, le=365)] = 30
    """How long ago that may have been."""


class Routing(EnginePart):
    """Where a case goes."""

    rules: Annotated[tuple[RouteRule, ...], Field(max_length=200)] = ()
    """The table."""
    default_team: Slug | None = None
    """Where a case goes that no rule gives a team; left out: as your helpdesk decides."""
    sticky: Sticky = Sticky()
    """The same agent again."""


class Queue(EnginePart):
    """What happens while nobody has taken the case, and what customers are told."""

    timeout_minutes: Annotated[float, Field(ge=1, le=10_080)] | None = None
    """After so many open minutes without an agent the case is routed anew; left out: never."""
    then_team: Slug | None = None
    """Where it goes then; left out: it stays, and the customer is told so."""
    then_urgency: Urgency | None = None
    """How soon then; left out: as before."""
    max_times: Annotated[int, Field(ge=1, le=20)] = 1
    """How often at most."""
    tell_position: bool = True
    """Whether customers read their place in the queue, when it is known and others are before them."""
    tell_wait: bool = True
    """Whether they read how long others waited within the last hour, when enough did."""


class Handoff(EnginePart):
    """Handing over to people: teams, routing, the queue, and help for agents."""

    teams: dict[Slug, Team] = Field(default_factory=dict)
    """Teams by name."""
    tiers: dict[Slug, Tier] = Field(default_factory=dict)
    """Groups of customers by name, for rules."""
    routing: Routing = Routing()
    """Where a case goes."""
    queue: Queue = Queue()
    """While nobody has taken it."""
    brief: Brief = Brief()
    """What stands on top of a case."""
    assist: Assist = Assist()
    """Help for the agent's pen."""
    after: After = After()
    """What happens when a case is resolved."""


def convert_handoff(block: Handoff, into: type[Target]) -> Target:
    """The block as core's own frozen value (``core.handoff.routes.HandoffSettings``)."""
    return msgspec.convert(block.model_dump(), into)


def check_handoff(loc: Loc, block: Any, tree: Tree, report: Report, *, categories: set[str], intents: set[str]) -> None:
    """Names that lead nowhere: teams, tiers, categories and intents; works on the plain values."""
    if not isinstance(block, dict):
        return
    known = {
        "team": _keys(block.get("teams")),
        "tier": _keys(block.get("tiers")),
        "category": sorted(categories),
        "intent": sorted(intents),
    }
    for place, noun, name in _named(block):
        if isinstance(name, str) and name not in known[noun] and not report.is_spoilt((*loc, *place)):
            there = known[noun]
            mend = hints(did_you_mean(name, there), f"known are: {listed(there)}" if there else f"there is no {noun}")
            report.add(tree.value_place((*loc, *place)), f"the {noun} `{report.clean(name)}` does not exist", mend)
    _check_names((*loc, "routing", "rules"), block, tree, report)


def _keys(block: Any) -> list[str]:
    return sorted(str(key) for key in block) if isinstance(block, dict) else []


def _named(block: dict[str, Any]) -> Iterator[tuple[Loc, str, Any]]:
    """(place, noun, name) of everything that is called by name."""
    queue, routing = block.get("queue"), block.get("routing")
    if isinstance(queue, dict) and queue.get("then_team") is not None:
        yield ("queue", "then_team"), "team", queue["then_team"]
    if not isinstance(routing, dict):
        return
    if routing.get("default_team") is not None:
        yield ("routing", "default_team"), "team", routing["default_team"]
    rules = routing.get("rules")
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        if not isinstance(rule, dict):
            continue
        at: Loc = ("routing", "rules", index)
        then, when = rule.get("then"), rule.get("when")
        if isinstance(then, dict) and then.get("team") is not None:
            yield (*at, "then", "team"), "team", then["team"]
        for noun in ("tier", "category", "intent"):
            names = when.get(noun) if isinstance(when, dict) else None
            for number, name in enumerate(names if isinstance(names, list) else ()):
                yield (*at, "when", noun, number), noun, name


def _check_names(loc: Loc, block: dict[str, Any], tree: Tree, report: Report) -> None:
    """Two rules of one name cannot be told apart in an explanation."""
    routing = block.get("routing")
    rules = routing.get("rules") if isinstance(routing, dict) else None
    seen: set[str] = set()
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        name = rule.get("name") if isinstance(rule, dict) else None
        if isinstance(name, str) and name in seen:
            place = tree.value_place((*loc, index, "name"))
            report.add(place, f"the rule `{report.clean(name)}` stands twice", "give it a name of its own")
        seen.add(name if isinstance(name, str) else "")

"""The routing table: from what is known of a conversation to where its case goes, and why.  Pure.

Every rule that matches has its say, from top to bottom: the first to name a team, an urgency or an assignee is heard, tags,
skills and fields add up, and a rule with ``stop`` ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from core.domain import Contact, HandoffReason
from core.handoff.routes import HandoffSettings, RouteRule, RouteThen, RouteWhen, Team, Tier
from core.ports.helpdesk import Urgency
from core.settings import Category, Sentiment
from core.steps.understand import categories


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFacts:
    """What rules may ask about; ``said`` are the contact's words of the episode."""

    reason: HandoffReason
    contact: Contact
    account: str
    channel: str
    is_open: bool
    said: str = ""
    categories: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    sentiment: Sentiment | None = None
    language: str | None = None
    unresolved_turns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a case goes; ``team`` is our name of it, ``reasons`` are for people, one per rule or fact that decided."""

    team: str | None = None
    urgency: Urgency = Urgency.NORMAL
    assignee: str | None = None
    skills: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()


URGENCIES: Mapping[HandoffReason, Urgency] = {
    HandoffReason.HIGH_STAKES: Urgency.URGENT,
    HandoffReason.SENTIMENT: Urgency.HIGH,
    HandoffReason.DEAD_LETTER: Urgency.HIGH,
}
"""How soon, where no rule says it."""


def route(facts: RouteFacts, settings: HandoffSettings, *, is_open: Callable[[Team], bool]) -> Route:
    """Ask the table; ``is_open`` tells of a team whether it is there now."""
    said: list[RouteThen] = []
    reasons: list[str] = []
    for rule, because in matching(settings.routing.rules, facts, settings.tiers):
        said.append(rule.then)
        reasons.append(f"rule “{rule.name}”: {', '.join(because) or 'always'}")
        if rule.stop:
            break
    skills = _unique(skill for then in said for skill in then.skills)
    team = next((then.team for then in said if then.team), None)
    if team is None and skills:
        team = _skilled(skills, settings.teams, is_open)
        reasons.append(f"skills {', '.join(skills)}: {f'team {team}' if team else 'no team has them all'}")
    if team is None and settings.routing.default_team is not None:
        team = settings.routing.default_team
        reasons.append(f"no rule names a team: {team}")
    urgency = next((then.urgency for then in said if then.urgency is not None), None)
    if urgency is None and facts.reason in URGENCIES:
        urgency = URGENCIES[facts.reason]
        reasons.append(f"urgency {urgency}, since the reason is {facts.reason}")
    return Route(
        team=team,
        urgency=urgency or Urgency.NORMAL,
        assignee=next((then.assignee for then in said if then.assignee), None),
        skills=skills,
        tags=_unique(tag for then in said for tag in then.tags),
        fields={name: value for then in reversed(said) for name, value in then.fields.items()},
        reasons=tuple(reasons) or ("no rule matched",),
    )


def matching(
    rules: Iterable[RouteRule], facts: RouteFacts, tiers: Mapping[str, Tier]
) -> Iterator[tuple[RouteRule, tuple[str, ...]]]:
    """The rules whose conditions all hold, with the conditions in words."""
    for rule in rules:
        conditions = tuple(_conditions(rule.when, facts, tiers))
        if all(held for held, _ in conditions):
            yield rule, tuple(told for _, told in conditions)


def tiers_of(contact: Contact, tiers: Mapping[str, Tier]) -> tuple[str, ...]:
    """The tiers of a contact; what is not proven counts for nothing."""
    if not contact.verified:
        return ()
    return tuple(name for name, tier in tiers.items() if _is_in(contact, tier))


def _is_in(contact: Contact, tier: Tier) -> bool:
    domain = (contact.email or "").rpartition("@")[2].lower()
    return contact.customer_account in tier.customer_accounts or (
        bool(domain) and domain in {known.lower().lstrip("@") for known in tier.email_domains}
    )


def _conditions(when: RouteWhen, facts: RouteFacts, tiers: Mapping[str, Tier]) -> Iterator[tuple[bool, str]]:
    """One condition per key that the rule gives: whether it holds, and how it reads."""
    contact = facts.contact
    proven = contact.customer_account if contact.verified else None
    yield from _one_of("reason", when.reason, (facts.reason,))
    yield from _one_of("category", when.category, facts.categories)
    yield from _one_of("intent", when.intent, facts.intents)
    if when.keyword:
        found = tuple(word for word in when.keyword if categories(facts.said, {"": Category(words=(word,))}))
        yield bool(found), f"keyword {', '.join(found)}"
    yield from _one_of("entity", when.entity, facts.entities)
    yield from _one_of("sentiment", when.sentiment, (facts.sentiment,))
    yield from _one_of("language", when.language, (facts.language,))
    yield from _one_of("channel", when.channel, (facts.channel,))
    yield from _one_of("account", when.account, (facts.account,))
    if when.tier:
        yield from _one_of("tier", when.tier, tiers_of(contact, tiers))
    yield from _one_of("customer account", when.customer_account, (proven,))
    if when.verified is not None:
        yield contact.verified is when.verified, "verified" if contact.verified else "not verified"
    if when.unresolved_turns_at_least is not None:
        enough = facts.unresolved_turns >= when.unresolved_turns_at_least
        yield enough, f"{facts.unresolved_turns} unresolved turns (at least {when.unresolved_turns_at_least})"
    if when.hours is not None:
        yield (when.hours == "open") is facts.is_open, f"desk {when.hours}"


def _one_of(name: str, wanted: tuple[str, ...], there: tuple[str | None, ...]) -> Iterator[tuple[bool, str]]:
    if wanted:
        shared = [str(value) for value in there if value is not None and value in wanted]
        yield bool(shared), f"{name} {', '.join(shared)}"


def _skilled(skills: tuple[str, ...], teams: Mapping[str, Team], is_open: Callable[[Team], bool]) -> str | None:
    """The first open team that has every skill, else the first that has."""
    able = [name for name, team in teams.items() if set(skills) <= set(team.skills)]
    return next((name for name in able if is_open(teams[name])), able[0] if able else None)


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))

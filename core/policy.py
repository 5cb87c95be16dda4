"""The policy table: the first rule that matches decides.  Pure.

What a search would tell may not be known yet; a rule that needs it is then undecided, and so are all rules below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.ports.knowledge import Advice
from core.settings import KnowledgeState, PolicyRule, PolicyWhen, Sentiment, Smalltalk


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What rules may ask about; ``confidence``, ``advice`` and ``knowledge`` are None before the search."""

    asked_for_person: bool
    categories: tuple[str, ...]
    sentiment: Sentiment
    unresolved_turns: int
    language: str
    smalltalk: Smalltalk | None
    upset_messages: int = 0
    intent: str | None = None
    advice: Advice | None = None
    confidence: float | None = None
    knowledge: KnowledgeState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The rule that fired, its place in the table (from 1), and the conditions that held, in words."""

    rule: PolicyRule
    number: int
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Condition:
    holds: bool | None
    said: str


def first_match(rules: Sequence[PolicyRule], facts: Facts) -> Match | None:
    """The first rule whose conditions all hold; None when that cannot be said before the search, or nothing matches."""
    for number, rule in enumerate(rules, start=1):
        conditions = _held(rule.when, facts)
        if conditions is None:
            continue
        if any(condition.holds is None for condition in conditions):
            return None
        return Match(rule=rule, number=number, because=tuple(condition.said for condition in conditions) or ("always",))
    return None


def _held(when: PolicyWhen, facts: Facts) -> list[_Condition] | None:
    """The conditions of a rule that hold or cannot be told yet; None as soon as one does not hold."""
    held: list[_Condition] = []
    for condition in _conditions(when, facts):
        if condition.holds is False:
            return None
        held.append(condition)
    return held


def _conditions(when: PolicyWhen, facts: Facts) -> Iterable[_Condition]:
    """One condition per key that the rule gives."""
    if when.asked_for_person is not None:
        holds = facts.asked_for_person is when.asked_for_person
        yield _Condition(holds, f"asked for a person: {'yes' if facts.asked_for_person else 'no'}")
    if when.category:
        shared = [name for name in facts.categories if name in when.category]
        yield _Condition(bool(shared), f"category {', '.join(shared)}")
    if when.intent:
        yield _Condition(facts.intent in when.intent, f"intent {facts.intent}")
    if when.sentiment:
        yield _Condition(facts.sentiment in when.sentiment, f"sentiment {facts.sentiment}")
    if when.unresolved_turns_at_least is not None:
        enough = facts.unresolved_turns >= when.unresolved_turns_at_least
        yield _Condition(
            enough, f"{facts.unresolved_turns} unresolved turns (at least {when.unresolved_turns_at_least})"
        )
    if when.upset_messages_at_least is not None:
        often = facts.upset_messages >= when.upset_messages_at_least
        told = f"{facts.upset_messages} of the last messages upset (at least {when.upset_messages_at_least})"
        yield _Condition(often, told)
    if when.language:
        yield _Condition(facts.language in when.language, f"language {facts.language}")
    if when.smalltalk:
        yield _Condition(facts.smalltalk in when.smalltalk, f"small talk: {facts.smalltalk}")
    yield from _after_search(when, facts)


def _after_search(when: PolicyWhen, facts: Facts) -> Iterable[_Condition]:
    sure = facts.confidence
    if when.knowledge:
        holds = None if facts.knowledge is None else facts.knowledge in when.knowledge
        yield _Condition(holds, f"knowledge {facts.knowledge}")
    if when.advice:
        holds = None if facts.advice is None else facts.advice in when.advice
        yield _Condition(holds, f"advice {facts.advice}")
    if when.confidence_below is not None:
        holds = None if sure is None else sure < when.confidence_below
        yield _Condition(holds, f"confidence {_shown(sure)} below {when.confidence_below}")
    if when.confidence_at_least is not None:
        holds = None if sure is None else sure >= when.confidence_at_least
        yield _Condition(holds, f"confidence {_shown(sure)} at least {when.confidence_at_least}")


def _shown(confidence: float | None) -> str:
    return "unknown" if confidence is None else f"{confidence:.2f}"

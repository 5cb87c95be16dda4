"""Steps 3 and 8, triage and verdict: the policy table asked before the search, and again after it.  Pure."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain import HandoffReason
from core.policy import Facts, Match, first_match
from core.settings import Decision, EngineSettings, PolicyRule, Smalltalk
from core.steps.retrieve import Found
from core.steps.understand import Understanding


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to do with this turn and why: ``rule`` counts from 1 (0: no rule matched), ``because`` are its conditions.

    ``smalltalk`` is what the message is answered as, without quotes or a model.  Who answers here (``about``) is told only
    where a rule says so: a table that does not name it looks such a question up like any other.
    """

    decision: Decision
    reason: HandoffReason | None
    rule: int
    because: tuple[str, ...]
    say: str | None
    smalltalk: Smalltalk | None = None


def triage(understood: Understanding, settings: EngineSettings, *, unresolved_turns: int) -> Verdict | None:
    """The verdict, when it needs no search; None when it does."""
    return _verdict(first_match(settings.rules, _facts(understood, unresolved_turns, None)), understood)


def decide(understood: Understanding, found: Found, settings: EngineSettings, *, unresolved_turns: int) -> Verdict:
    """The verdict with everything known; a table without a last word means: answer."""
    told = _verdict(first_match(settings.rules, _facts(understood, unresolved_turns, found)), understood)
    return told or Verdict(
        decision=Decision.ANSWER,
        reason=None,
        rule=0,
        because=("no rule matched",),
        say=None,
        smalltalk=_talk(understood, PolicyRule(then=Decision.ANSWER)),
    )


def _facts(understood: Understanding, unresolved_turns: int, found: Found | None) -> Facts:
    return Facts(
        asked_for_person=understood.asked_for_person,
        categories=understood.categories,
        sentiment=understood.sentiment,
        unresolved_turns=unresolved_turns,
        upset_messages=understood.upset_messages,
        language=understood.language,
        smalltalk=understood.smalltalk,
        intent=understood.intent,
        confidence=None if found is None else found.confidence,
        advice=None if found is None else found.advice,
        knowledge=None if found is None else found.state,
    )


def _verdict(match: Match | None, understood: Understanding) -> Verdict | None:
    if match is None:
        return None
    is_for_people = match.rule.then in (Decision.HAND_OVER, Decision.PROPOSE)
    return Verdict(
        decision=match.rule.then,
        reason=(match.rule.reason or HandoffReason.POLICY) if is_for_people else None,
        rule=match.number,
        because=match.because,
        say=match.rule.say,
        smalltalk=_talk(understood, match.rule),
    )


def _talk(understood: Understanding, rule: PolicyRule) -> Smalltalk | None:
    kind = understood.smalltalk
    return None if kind is Smalltalk.ABOUT and kind not in rule.when.smalltalk else kind

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import HandoffReason
from core.policy import Facts, first_match
from core.ports.knowledge import Advice
from core.settings import DEFAULT_RULES, Decision, KnowledgeState, PolicyRule, PolicyWhen, Sentiment, Smalltalk

CALM = Facts(
    asked_for_person=False,
    categories=(),
    sentiment=Sentiment.NEUTRAL,
    unresolved_turns=0,
    language="en",
    smalltalk=None,
    confidence=0.9,
    advice=Advice.ANSWER,
    knowledge=KnowledgeState.OK,
)


@pytest.mark.parametrize(
    ("facts", "decision", "reason"),
    [
        (CALM, Decision.ANSWER, None),
        (replace(CALM, asked_for_person=True, confidence=0.9), Decision.HAND_OVER, HandoffReason.ASKED),
        (replace(CALM, categories=("high_stakes",)), Decision.HAND_OVER, HandoffReason.HIGH_STAKES),
        (replace(CALM, smalltalk=Smalltalk.THANKS, confidence=0.0), Decision.ANSWER, None),
        (replace(CALM, smalltalk=Smalltalk.ABOUT, advice=Advice.DECLINE, unresolved_turns=2), Decision.ANSWER, None),
        (replace(CALM, knowledge=KnowledgeState.UNAVAILABLE, confidence=0.0), Decision.HAND_OVER, HandoffReason.OUTAGE),
        (replace(CALM, knowledge=KnowledgeState.EMPTY, confidence=0.0), Decision.HAND_OVER, HandoffReason.OUTAGE),
        (replace(CALM, sentiment=Sentiment.NEGATIVE), Decision.PROPOSE, HandoffReason.SENTIMENT),
        (replace(CALM, sentiment=Sentiment.NEGATIVE, unresolved_turns=1), Decision.HAND_OVER, HandoffReason.SENTIMENT),
        (replace(CALM, sentiment=Sentiment.NEGATIVE, upset_messages=1), Decision.PROPOSE, HandoffReason.SENTIMENT),
        (replace(CALM, sentiment=Sentiment.NEGATIVE, upset_messages=2), Decision.HAND_OVER, HandoffReason.SENTIMENT),
        (replace(CALM, unresolved_turns=2, advice=Advice.CLARIFY), Decision.HAND_OVER, HandoffReason.UNRESOLVED),
        (replace(CALM, unresolved_turns=2, advice=Advice.DECLINE), Decision.HAND_OVER, HandoffReason.UNRESOLVED),
        (replace(CALM, unresolved_turns=2), Decision.ANSWER, None),
        (replace(CALM, advice=Advice.DECLINE), Decision.PROPOSE, HandoffReason.NO_ANSWER),
        (replace(CALM, advice=Advice.CLARIFY), Decision.CLARIFY, None),
    ],
)
def test_the_shipped_table(facts: Facts, decision: Decision, reason: HandoffReason | None) -> None:
    match = first_match(DEFAULT_RULES, facts)
    assert match is not None
    assert (match.rule.then, match.rule.reason) == (decision, reason)


def test_the_first_match_decides_and_says_why() -> None:
    rules = (
        PolicyRule(when=PolicyWhen(language=("de",)), then=Decision.CLARIFY),
        PolicyRule(when=PolicyWhen(sentiment=(Sentiment.NEUTRAL,), confidence_at_least=0.5), then=Decision.ANSWER),
        PolicyRule(then=Decision.HAND_OVER),
    )
    match = first_match(rules, CALM)
    assert match is not None
    assert match.number == 2
    assert match.because == ("sentiment neutral", "confidence 0.90 at least 0.5")


def test_a_rule_may_ask_what_a_message_wants_and_what_the_passages_are_worth() -> None:
    rules = (
        PolicyRule(
            when=PolicyWhen(intent=("refund",), advice=(Advice.DECLINE, Advice.CLARIFY)), then=Decision.HAND_OVER
        ),
        PolicyRule(then=Decision.ANSWER),
    )
    match = first_match(rules, replace(CALM, intent="refund", advice=Advice.CLARIFY))
    assert match is not None and match.because == ("intent refund", "advice clarify")
    for other in (replace(CALM, intent="refund"), replace(CALM, intent=None, advice=Advice.DECLINE)):
        match = first_match(rules, other)
        assert match is not None and match.number == 2
    assert first_match(rules, replace(CALM, intent="refund", advice=None)) is None, "not known before the search"


def test_before_the_search_a_rule_that_needs_it_decides_nothing_below_it_either() -> None:
    unknown = replace(CALM, confidence=None, advice=None, knowledge=None)
    assert first_match(DEFAULT_RULES, unknown) is None
    assert (
        first_match(
            (PolicyRule(when=PolicyWhen(confidence_below=0.1), then=Decision.CLARIFY), *DEFAULT_RULES),
            replace(unknown, asked_for_person=True),
        )
        is None
    )
    told = first_match(DEFAULT_RULES, replace(unknown, asked_for_person=True))
    assert told is not None and told.rule.reason is HandoffReason.ASKED


def test_no_rules_match_nothing() -> None:
    assert first_match((), CALM) is None


WHENS = st.builds(
    PolicyWhen,
    asked_for_person=st.none() | st.booleans(),
    category=st.sampled_from([(), ("high_stakes",)]),
    sentiment=st.sampled_from([(), (Sentiment.NEGATIVE,), (Sentiment.NEUTRAL, Sentiment.POSITIVE)]),
    unresolved_turns_at_least=st.none() | st.integers(0, 3),
    confidence_below=st.none() | st.floats(0, 1),
    confidence_at_least=st.none() | st.floats(0, 1),
    advice=st.sampled_from([(), (Advice.CLARIFY,), (Advice.DECLINE, Advice.CLARIFY)]),
    intent=st.sampled_from([(), ("refund",)]),
    knowledge=st.sampled_from([(), (KnowledgeState.OK,), (KnowledgeState.EMPTY,)]),
)
FACTS = st.builds(
    Facts,
    asked_for_person=st.booleans(),
    categories=st.sampled_from([(), ("high_stakes",)]),
    sentiment=st.sampled_from(Sentiment),
    unresolved_turns=st.integers(0, 4),
    language=st.just("en"),
    smalltalk=st.none(),
    confidence=st.floats(0, 1),
    advice=st.sampled_from(Advice),
    intent=st.sampled_from([None, "refund"]),
    knowledge=st.sampled_from(KnowledgeState),
)


@given(st.lists(WHENS, max_size=6), FACTS)
def test_what_triage_decides_the_search_would_not_have_changed(whens: list[PolicyWhen], facts: Facts) -> None:
    rules = tuple(PolicyRule(when=when, then=Decision.ANSWER) for when in whens)
    early = first_match(rules, replace(facts, confidence=None, knowledge=None))
    late = first_match(rules, facts)
    assert early is None or (late is not None and early.number == late.number)

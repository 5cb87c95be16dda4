"""The guard of one reply, rule by rule and in its order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.guard.findings import MAX_DETAIL, Checked, Evidence
from core.guard.sayings import matches
from core.guard.sentence_guard import SentenceGuard
from core.guard.settings import GuardLevels, GuardSettings, Level, SayingRule, SayingThen, Strictness

EVIDENCE = Evidence(
    sources={
        1: (
            "Items can be returned within 30 days for £3.95. See https://shop.example/returns. Write to "
            "help@shop.example or call "
            "+44 20 7946 0958. Acme Portal lets you print a label. Open Monday to Friday, 9:00-17:30."
        ),
        2: "Since 31 January 2024 the limit is 50 EUR or 7.5 %. The Zeta plan covers 3 devices.",
    },
    tools={"T1": '{"order":"A-1042","status":"shipped","eta":"2026-05-03","total":"59.90 EUR"}'},
    said="Hi, I'm Bruno. Where is order A-1042? You told me 12 days. Mail me at bruno@mail.example",
    own="Acme Robo\nI can bring in a person from our team.",
)
STRICT = GuardSettings(strictness=Strictness.STRICT)
LENIENT = GuardSettings(strictness=Strictness.LENIENT)


def check(
    sentence: str,
    settings: GuardSettings | None = None,
    *,
    backed: frozenset[str] = frozenset(),
    canaries: tuple[str, ...] = (),
    language: str = "en",
    evidence: Evidence = EVIDENCE,
) -> Checked:
    return SentenceGuard(
        settings or GuardSettings(), evidence, canaries=canaries, backed=backed, language=language
    ).check(sentence)


def rules(sentence: str, settings: GuardSettings | None = None) -> set[str]:
    checked = check(sentence, settings)
    assert checked.findings or checked.is_released
    return {one.rule for one in checked.findings}


@pytest.mark.parametrize(
    "sentence",
    [
        "Items can be returned within 30 days for 3.95 £. [1]",
        "You have thirty days to return an item. [1]",
        "Sie können Artikel innerhalb von 30 Tagen für 3,95 £ zurückgeben. [1]",
        "Vous pouvez retourner les articles sous 30 jours. [1]",
        "Your order A-1042 has shipped and arrives on 3rd of May 2026. [T1]",
        "The total is €59.90 [T1], and returns cost £3.95 [1].",
        "Hello Bruno! How can I help you with order A-1042?",
        "See [the returns page](https://shop.example/returns). [1]",
        "Call +44 20 7946 0958 or write to help@shop.example. [1]",
        "We are open from 9 am to 5:30 pm, Monday to Friday. [1]",
        "Acme Portal lets you print a label. [1]",
        "The limit has been 7,5 percent since 2024-01-31. [2]",
        "I can bring in a person from our team.",
        "**Returns**",
        "|---|---|",
        "1. Print a label in the Acme Portal. [1]",
        "  \n",
        "🙂",
    ],
)
def test_passes(sentence: str) -> None:
    checked = check(sentence)
    assert checked.is_released and checked.findings == (), checked
    assert checked.text == sentence.replace(" [T1]", "")


@pytest.mark.parametrize(
    ("sentence", "rule"),
    [
        ("Returns are free.", "no_citation"),
        ("Returns are possible within 30 days.", "no_citation"),
        ("Items can be returned. [3]", "unknown_citation"),
        ("Your order has shipped. [T2]", "unknown_citation"),
        ("Items can be returned within 14 days. [1]", "unsupported_duration"),
        ("Items can be returned within 30 weeks. [1]", "unsupported_duration"),
        ("Items can be returned for £4.95. [1]", "unsupported_price"),
        ("Items can be returned for €3.95. [1]", "unsupported_price"),
        ("The limit is 8.5 %. [2]", "unsupported_percent"),
        ("The limit is 50 EUR since 31 January 2025. [2]", "unsupported_date"),
        ("We are open until 18:30. [1]", "unsupported_time"),
        ("We are open on Saturday. [1]", "unsupported_date"),
        ("The Zeta plan covers 5 devices. [2]", "unsupported_number"),
        ("The Zeta plan covers five devices. [2]", "unsupported_number"),
        ("The limit is 50 EUR. [1]", "unsupported_price"),
        ("The Omega plan covers 3 devices. [2]", "unsupported_name"),
        ("Zorbix Portal lets you print a label. [1]", "unsupported_name"),
        ("You can print a label in the iPortal. [1]", "unsupported_name"),
        ("Use model WH-2000 for a label. [1]", "unsupported_code"),
        ("See https://shop.example/return. [1]", "unsupported_url"),
        ("See https://evil.example/returns. [1]", "link"),
        ("See [shop.example](https://evil.example). [1]", "link"),
        ("You idiot. [1]", "unsafe"),
        ("Bestellung 4711 ist unterwegs.", "no_citation"),
        ("Hello Anna!", "no_citation"),
        ("Shall I refund the £99?", "unsupported_price"),
    ],
)
def test_held_back(sentence: str, rule: str) -> None:
    checked = check(sentence)
    assert rule in {one.rule for one in checked.findings}
    assert not checked.is_released and checked.text == ""


def test_a_fact_must_stand_in_what_the_sentence_cites_not_elsewhere() -> None:
    assert rules("The limit is 50 EUR. [1]") == {"unsupported_price"}
    assert rules("The limit is 50 EUR. [2]") == set()
    assert rules("The limit is 50 EUR. [1][2]") == set()


def test_what_the_contact_said_may_be_echoed_but_proves_nothing_in_strict_mode() -> None:
    assert rules("You said 12 days.") == set()
    assert rules("Items can be returned within 12 days. [1]") == set()
    assert rules("Items can be returned within 12 days. [1]", STRICT) == {"unsupported_duration"}
    assert rules("Thanks, order A-1042 has shipped. [T1]", STRICT) == set()


def test_strict_and_lenient() -> None:
    lead = "To return an item, follow these steps:"
    assert rules(lead) == set() and rules(lead, STRICT) == {"no_citation"}
    uncited = "Items can be returned within 30 days."
    assert rules(uncited) == {"no_citation"} and rules(uncited, LENIENT) == set()
    assert "no_citation" in rules("Items can be returned within 14 days.", LENIENT)


def test_levels() -> None:
    noted = GuardSettings(levels=GuardLevels(unsupported=Level.NOTE, names=Level.OFF, no_citation=Level.OFF))
    checked = check("Zorbix gives you 14 days. [1]", noted)
    assert checked.is_released and [one.rule for one in checked.findings] == ["unsupported_duration"]
    assert check("Returns are free.", noted).findings == ()
    assert not check("Returns are free. [9]", noted).is_released


@pytest.mark.parametrize("rule", ["link", "promise", "foreign_pii", "unsafe", "ungrounded", "no_citation"])
def test_each_rule_can_be_switched_off(rule: str) -> None:
    sentence = {
        "link": "See https://evil.example/returns. [1]",
        "promise": "We will call you. [1]",
        "foreign_pii": "Write to eve@evil.example. [1]",
        "unsafe": "Print a label, idiot. [1]",
        "ungrounded": "Acme Portal lets you print a label. [1]",
        "no_citation": "Returns are free.",
    }[rule]

    def found(level: Level) -> set[str]:
        levels = replace(GuardLevels(), **{rule: level})
        guard = SentenceGuard(GuardSettings(levels=levels), EVIDENCE, grounding=lambda _, __: 0.1)
        return {one.rule for one in guard.check(sentence).findings}

    assert rule in found(Level.HOLD) and rule in found(Level.NOTE)
    assert rule not in found(Level.OFF)


def test_foreign_personal_data_is_taken_out_and_the_rest_is_said() -> None:
    checked = check("You can write to eve@evil.example or help@shop.example. [1]")
    assert checked.is_released
    assert checked.text == "You can write to [email] or help@shop.example. [1]"
    assert [(one.rule, one.detail) for one in checked.findings] == [("foreign_pii", "email")]
    assert check("Is bruno@mail.example right?").text.count("bruno@mail.example") == 1
    assert "[phone]" in check("Call +44 20 7946 0959. [1]").text
    assert "[card]" in check("Is your card 4111 1111 1111 1111?").text
    assert "[iban]" in check("Pay to DE89 3704 0044 0532 0130 00 please. [1]").text


def test_promises_become_honest_unless_backed() -> None:
    checked = check(" We will call you tomorrow.")
    assert checked.is_released and checked.text.startswith(" I can't do that")
    assert [one.rule for one in checked.findings] == ["promise"]
    assert check("Wir rufen Sie zurück.", language="de").text.startswith("Das kann ich von hier aus nicht")
    assert check("We will call you soon.", backed=frozenset(("callback",))).text != checked.text
    own = GuardSettings(promises={"en": "A person can do that."})
    assert check("I've refunded your order.", own).text == "A person can do that."


def test_sayings() -> None:
    refund = SayingRule(id="refund", when_says=("guarantee*", r"/refund.{0,20}today/"), unless=("refund",))
    sentence = "We guarantee a refund for items. [1]"
    held = check(sentence, GuardSettings(sayings=(refund,)))
    assert (
        not held.is_released
        and held.findings[0].rule == "policy"
        and held.findings[0].detail.startswith("refund: guarantee")
    )
    assert not held.hands_over
    assert check(sentence, GuardSettings(sayings=(refund,)), backed=frozenset(("refund",))).is_released
    said = replace(refund, then=SayingThen.REPLACE, say="Refunds follow our policy.")
    assert check("A refund comes today. [1]", GuardSettings(sayings=(said,))).text == "Refunds follow our policy."
    over = replace(refund, then=SayingThen.HAND_OVER)
    assert check(sentence, GuardSettings(sayings=(over,))).hands_over
    assert check("Items can be returned. [1]", GuardSettings(sayings=(refund,))).is_released


def test_words_and_phrases_of_sayings() -> None:
    assert matches("money back", "Get your MONEY-back!") == "money-back"
    assert matches("überweis*", "Wir ÜBERWEISEN das") == "uberweisen"
    assert matches("fund", "a refund") is None
    assert matches("/x{3}y/", "z" * 1_190 + "xxxy") == "xxxy"
    assert matches("/x{3}y/", "z" * 598 + "xxxy" + "z" * 500) == "xxxy"


def test_a_canary_is_held_back_and_not_written_down() -> None:
    checked = check("The word is zx81-falke.", canaries=("zx81-falke",))
    assert not checked.is_released
    assert "falke" not in repr(checked)


def test_grounding_is_asked_for_cited_sentences_only() -> None:
    asked: list[tuple[str, Sequence[str]]] = []

    def score(sentence: str, evidence: Sequence[str]) -> float:
        asked.append((sentence, evidence))
        return 0.2

    guard = SentenceGuard(GuardSettings(grounding_threshold=0.3), EVIDENCE, grounding=score)
    assert guard.check("How can I help you today, Bruno?").is_released
    assert guard.check("Print it. [1]").is_released
    assert asked == []
    held = guard.check("Acme Portal lets you print a label. [1]")
    assert [(one.rule, one.detail) for one in held.findings] == [("ungrounded", "0.20")]
    assert [(sentence, len(evidence)) for sentence, evidence in asked] == [("Acme Portal lets you print a label.", 1)]
    assert (
        SentenceGuard(GuardSettings(grounding_threshold=0.2), EVIDENCE, grounding=score)
        .check("Acme Portal prints a label. [1]")
        .is_released
    )


def test_operator_links() -> None:
    host = GuardSettings(links=("acme.example",))
    assert rules("See https://acme.example/x. [1]", host) == {"unsupported_url"}
    assert rules("See https://acme.example/x. [1]", GuardSettings(links=("https://acme.example/",))) == set()


def test_code_blocks_are_held_against_all_evidence() -> None:
    assert check("```\nprint A-1042 50 EUR\n```").is_released
    assert not check("```\nprint 77 EUR\n```").is_released


def test_too_long_a_piece_is_not_read() -> None:
    assert not check("a" * 7_000).is_released


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_gets_a_bounded_verdict(text: str) -> None:
    checked = check(text)
    assert len(checked.findings) <= 20 and all(len(one.detail) <= MAX_DETAIL for one in checked.findings)
    assert checked.is_released or checked.text == ""

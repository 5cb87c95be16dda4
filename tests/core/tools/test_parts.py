"""The pure parts: reading arguments, questions as plain text, sentences in every language, values and their JSON."""

from __future__ import annotations

import json
import string
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.markup import parse, to_text
from core.ports.tools import Confirmation, IdentityFact, ToolSpec, Verification
from core.reply import Paragraph, Text
from core.tools import confirming, firewall
from core.tools.arguments import MAX_BYTES, Unreadable, canonical
from core.tools.arguments import parse as read
from core.tools.binding import Missing, bind, drop, is_identity
from core.tools.describing import describe
from core.tools.outcomes import Denied, Done, Failed, PendingCall, Reason, ToolOutcome, Waiting, from_body, to_body
from core.tools.schema import Shape
from core.tools.wording import TEXTS, sentence
from tests.core.tools.scenarios import asked
from tests.core.tools.world import ANNA, SMS, SPECS, STRANGER, T0, WHATSAPP, Claims, Desk, Journal, World, wish

REFUND = next(spec for spec in SPECS if spec.name == "initiate_refund")
PENDING = PendingCall(
    tool="initiate_refund",
    arguments={"order_id": "1001", "amount": 60, "customer_account": "c_1"},
    key="k",
    nonce="4821",
    question="Refund 60 for order 1001?",
    by=Confirmation.CUSTOMER,
    asked_at=T0,
    expires_at=T0 + timedelta(minutes=10),
)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(st.text(max_size=300), st.binary(max_size=200).map(lambda raw: raw.decode("utf-8", "surrogateescape")))
)
def test_any_text_is_read_or_refused(raw: str) -> None:
    try:
        value = read(raw)
    except Unreadable as error:
        assert len(str(error)) < 100
    else:
        assert read(canonical(value)) == value
        canonical(value).encode()


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=6), _json, max_size=4))
def test_any_object_is_canonical_or_refused(value: dict[str, Any]) -> None:
    try:
        plain = read(json.dumps(value))
    except Unreadable:
        return
    assert canonical(plain) == canonical(read(canonical(plain)))
    assert canonical(dict(reversed(plain.items()))) == canonical(plain)


def test_reading_is_bounded() -> None:
    assert read("") == {}
    assert read('{"a": ' + "[" * 8 + "]" * 8 + "}")
    deep = "[" * 9 + "]" * 9
    with pytest.raises(Unreadable, match="nested"):
        read(f'{{"a": {deep}}}')
    for raw in ('"' + "x" * MAX_BYTES + '"', '{"a": ' + "9" * 5_000 + "}", '{"a": 9007199254740993}', "null", "NaN"):
        with pytest.raises(Unreadable):
            read(raw)


def test_identities_are_known_in_any_style() -> None:
    for name in ("customer_id", "customerId", "CUSTOMER-ID", "e-mail", "E_Mail", "Phone Number", "tenant", "userID"):
        assert is_identity(name), name
    for name in ("order_id", "amount", "reason", "product", "city"):
        assert not is_identity(name), name


def test_a_declared_name_is_the_operators_word() -> None:
    spec = ToolSpec(name="subscribe", description="", parameters={"properties": {"email": {"type": "string"}}})
    assert drop({"email": "a@b.c", "phone": "1"}, spec, Shape(spec).declared) == ({"email": "a@b.c"}, ("phone",))


@pytest.mark.parametrize(
    ("fact", "needed", "contact", "found"),
    [
        (IdentityFact.CUSTOMER_ACCOUNT, Verification.VERIFIED, ANNA, "c_1"),
        (IdentityFact.CUSTOMER_ACCOUNT, Verification.ANONYMOUS, STRANGER, None),
        (IdentityFact.EMAIL, Verification.VERIFIED, ANNA, "anna@example.com"),
        (IdentityFact.EMAIL, Verification.IDENTIFIED, STRANGER, None),
        (IdentityFact.EMAIL, Verification.ANONYMOUS, STRANGER, "anna@example.com"),
        (IdentityFact.NAME, Verification.VERIFIED, STRANGER, None),
        (IdentityFact.NAME, Verification.IDENTIFIED, WHATSAPP, "Anna"),
        (IdentityFact.PHONE, Verification.VERIFIED, WHATSAPP, "+447700900123"),
        (IdentityFact.PHONE, Verification.IDENTIFIED, SMS, None),
        (IdentityFact.PHONE, Verification.ANONYMOUS, SMS, "+447700900123"),
        (IdentityFact.PHONE, Verification.ANONYMOUS, ANNA, None),
        (IdentityFact.CONTACT, Verification.VERIFIED, ANNA, "contact:anna"),
        (IdentityFact.CONVERSATION, Verification.ANONYMOUS, STRANGER, "conv"),
        (IdentityFact.TENANT, Verification.ANONYMOUS, STRANGER, "shop"),
    ],
)
def test_facts_count_as_far_as_they_are_proven(
    fact: IdentityFact, needed: Verification, contact: Any, found: str | None
) -> None:
    spec = ToolSpec(name="t", description="", parameters={}, bound={"who": fact}, verification=needed)
    session = Desk().session(contact)
    if found is None:
        with pytest.raises(Missing):
            bind(spec, session)
    else:
        assert bind(spec, session) == {"who": found}


def test_schemas_are_closed_and_never_fetched() -> None:
    def flaws(parameters: dict[str, Any], arguments: dict[str, Any]) -> tuple[str, ...]:
        return Shape(ToolSpec(name="t", description="", parameters=parameters)).flaws(arguments)

    assert flaws({}, {}) == ()
    assert flaws({}, {"a": 1})
    assert flaws({"additionalProperties": True}, {"a": 1})
    assert flaws({"patternProperties": {".*": {}}}, {"a": 1})
    composed = {"allOf": [{"properties": {"a": {"type": "string"}}}]}
    assert flaws(composed, {"a": "x"}) == ()
    assert flaws(composed, {"b": "x"})
    listed = {"properties": {"items": {"type": "array", "items": {"properties": {"sku": {"type": "string"}}}}}}
    assert flaws(listed, {"items": [{"sku": "a"}]}) == ()
    assert flaws(listed, {"items": [{"sku": "a", "price": 0}]})
    broken: tuple[dict[str, Any], ...] = (
        {"properties": {"a": {"$ref": "http://127.0.0.1:9/schema.json"}}},
        {"properties": {"a": {"type": "numbr"}}},
        {"properties": {"a": {"pattern": "("}}},
    )
    for parameters in broken:
        assert "not a usable JSON schema" in flaws(parameters, {"a": "x"})[0]


def test_flaws_tell_the_place_and_no_value() -> None:
    told = Shape(REFUND).flaws({"order_id": "SECRET", "amount": "SECRET"})
    assert len(told) == 2
    assert "SECRET" not in " ".join(told)
    assert told[0].startswith("order_id:")
    assert Shape(REFUND).flaws({"amount": 5}) == ("arguments: lacks order_id",)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([*string.punctuation, *"a1 \n\t\u202e\u200b", "http://x.io", "a@b.io"]), max_size=40))
def test_values_in_a_question_are_plain_text(pieces: list[str]) -> None:
    value = "".join(pieces)
    asked = confirming.question(REFUND, {"amount": value, "order_id": "1001"}, "en")
    assert "\n" not in asked
    for block in parse(asked):
        assert isinstance(block, Paragraph)
        assert all(type(part) is Text for part in block.children), asked
    shown = to_text(parse(asked))
    assert "\u202e" not in shown


def test_questions_are_bounded_and_have_a_default() -> None:
    assert confirming.question(REFUND, {"amount": 60, "order_id": "1001"}, "en") == "Refund 60 for order 1001?"
    bare = replace(REFUND, confirm="")
    arguments = {"order_id": "1001", "amount": 49.9, "customer_account": "c_1"}
    told = to_text(parse(confirming.question(bare, arguments, "de")))
    assert told == "Bitte bestätigen Sie: initiate refund (order id: 1001, amount: 49.9)."
    long = confirming.question(bare, {f"a{n}": "*" * 500 for n in range(20)}, "en")
    assert len(long) <= confirming.MAX_QUESTION
    hostile = replace(REFUND, confirm="{amount.real} {missing} {amount}")
    assert to_text(parse(confirming.question(hostile, {"amount": 5}, "en"))) == "{amount.real} – 5"


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "pt", "it", "nl"])
def test_each_language_asks_and_understands_its_own_words(language: str) -> None:
    assert set(TEXTS[language]) == set(TEXTS["en"])
    yes, no = confirming.choices(PENDING, language)
    assert len(yes) <= 20, "the smallest button of our channels"
    assert confirming.heard(yes, PENDING) == confirming.Agreed()
    assert confirming.heard(no, PENDING) == confirming.Refused()
    plain = confirming.prompt(PENDING, language, has_buttons=False)
    assert PENDING.question in plain
    word = next(word for word in plain.split() if word.isupper() and len(word) > 1).strip(",.")
    assert confirming.heard(f"{word} 4821", PENDING) == confirming.Agreed(), word
    assert confirming.heard(f"{word.lower()} 4812", PENDING) == confirming.Unclear()
    assert confirming.prompt(PENDING, language, has_buttons=True) == PENDING.question
    assert "4821" in confirming.prompt(PENDING, language, has_buttons=True, is_again=True)


def test_regional_and_unknown_languages() -> None:
    assert sentence("no", "de-AT") == "Nein"
    assert sentence("no", "ja") == "No"


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("YES 4821.", "Agreed"),
        ("(4821) yes please", "Agreed"),
        ("yes - 4821", "Agreed"),
        ("４８２１ yes", "Agreed"),
        ("ok 4821", "Agreed"),
        ("yes -4821", "Unclear"),
        ("yes 4821.50", "Unclear"),
        ("yes €4821", "Unclear"),
        ("yes 48 21", "Unclear"),
        ("yes 04821", "Unclear"),
        ("4821", "Unclear"),
        ("don't 4821", "Refused"),
        ("yes 4821 for bob", "Elsewise"),
        ("please say yes 4821", "Elsewise"),
        ("4822", "Elsewise"),
        ("thanks", "Elsewise"),
    ],
)
def test_answers(said: str, heard: str) -> None:
    assert type(confirming.heard(said, PENDING)).__name__ == heard


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.integers(1_000, 9_999))
def test_nothing_without_the_number_agrees(said: str, number: int) -> None:
    for text in (said, f"yes {number}", f"{said} {number}"):
        if isinstance(confirming.heard(text, PENDING), confirming.Agreed):
            assert "4821" in text


def test_a_question_to_an_agent_is_not_answered_by_the_contact() -> None:
    pending = replace(PENDING, by=Confirmation.AGENT)
    assert confirming.heard("yes 4821", pending) == confirming.Elsewise()
    assert confirming.choices(pending, "en") == ()
    assert "approve" in confirming.prompt(pending, "en", has_buttons=True)


OUTCOMES: tuple[ToolOutcome, ...] = (
    Done(tool="t", key="k", text="x", is_cut=True, is_repeat=True, dropped=("email",)),
    Failed(tool="t", key="k", is_certain=True, detail="no", dropped=("a",)),
    Failed(tool="t", key="k", is_certain=False, detail="no", is_repeat=True),
    Waiting(pending=PENDING, dropped=("b",)),
    *(Denied(tool="t", reason=reason, detail="why") for reason in Reason),
)


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: outcome.state)
def test_outcomes_survive_json_and_have_words(outcome: Any) -> None:
    assert from_body(json.loads(json.dumps(to_body(outcome)))) == outcome
    for language in TEXTS:
        told = describe(outcome, language)
        assert told.model
        assert bool(told.contact) == (outcome.state != "done")
        assert "{" not in told.contact


def test_an_unknown_outcome_is_told_honestly() -> None:
    told = describe(OUTCOMES[2], "en")
    assert "can't tell" in told.contact
    assert "do not call it again" in told.model
    assert "not a second one" in describe(OUTCOMES[0], "en").model


def test_pending_calls_survive_their_state_and_refuse_others() -> None:
    assert PendingCall.from_state(json.loads(json.dumps(PENDING.to_state()))) == PENDING
    for state in ({}, PENDING.to_state() | {"by": "nobody"}, PENDING.to_state() | {"asked_at": 5}):
        with pytest.raises(ValueError, match=r"."):
            PendingCall.from_state(state)
    with pytest.raises(ValueError, match="not an outcome"):
        from_body({"outcome": "odd"})


async def test_nonces_are_four_digits_and_stay() -> None:
    nonces = {confirming.nonce_of(f"key{n}") for n in range(300)}
    assert all(len(nonce) == 4 and nonce[0] != "0" for nonce in nonces)
    assert len(nonces) > 250
    desk = Desk()
    assert await asked(desk) == await asked(desk)


async def test_an_approval_waits_longer_than_a_yes() -> None:
    desk = Desk()
    pending = (await desk.call("close_account", {})).pending
    desk.world.wait(hours=23)
    assert (await desk.confirm(pending, approved_by="kim")).state == "done"


async def test_a_tool_gone_from_the_configuration_leaves_an_unknown_outcome() -> None:
    world = World()
    journal = Journal(world, "turn")
    intent: dict[str, Any] = {
        "tool": "update_address",
        "arguments": {},
        "key": "k",
        "reservation": None,
        "dropped": [],
        "is_confirmed": False,
        "approved_by": None,
    }
    await journal.record("tool.1.intent", intent)
    empty = firewall.Firewall({}, claims=Claims(world), clock=lambda: T0)
    outcome = await empty.call(wish("x", {}), Desk().session(), journal, step=1)
    assert isinstance(outcome, Failed)
    assert not outcome.is_certain

"""Tokens, codes and records by themselves."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import Contact
from core.identity import (
    CODE_LIFETIME,
    MAX_TRIES,
    LinkKey,
    LinkKind,
    LinkRecord,
    Proof,
    ask_of,
    code_in,
    facts_of,
    is_stop,
    new_ask,
    standing,
    token_in,
)

KEY = LinkKey(b"k" * 32)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ASK = new_ask(bytes(range(16)))
IDENTITY = "shop-web|v_ada"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def token(tenant: str = "acme", identity: str = IDENTITY, until: datetime = NOW, key: LinkKey = KEY) -> str:
    return key.token(ASK, tenant=tenant, identity=identity, until=until)


def is_genuine(text: str, tenant: str = "acme", identity: str = IDENTITY, until: datetime = NOW) -> bool:
    return KEY.is_genuine(text, tenant=tenant, identity=identity, until=until)


def test_a_token_fits_a_telegram_deep_link_and_names_its_ask() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", token())
    assert ask_of(token()) == ASK
    assert is_genuine(token())


def test_a_token_is_bound_to_tenant_identity_time_and_key() -> None:
    assert not is_genuine(token(), tenant="rival")
    assert not is_genuine(token(), identity="shop-web|v_eve")
    assert not is_genuine(token(), until=NOW + timedelta(seconds=1))
    assert not is_genuine(token(key=LinkKey(b"x" * 32)))


def test_every_changed_character_breaks_a_token() -> None:
    whole = token()
    for place in range(len(whole)):
        for other in ALPHABET:
            if other != whole[place]:
                assert not is_genuine(whole[:place] + other + whole[place + 1 :])


@given(st.text(max_size=80))
def test_no_other_text_is_genuine(text: str) -> None:
    assert is_genuine(text) is (text == token())


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_token_is_found_among_words_and_nothing_else_is(before: str, after: str) -> None:
    assert token_in(f"{before} {token()} {after}") == token()
    assert token_in(before + after) is None


@pytest.mark.parametrize("text", ["fdl_", "fdl_short", token() + "x", "x" + token(), token() + " " + "a" * 240])
def test_what_is_no_token(text: str) -> None:
    assert token_in(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [("123456", "123456"), (" 123 456\n", "123456"), ("123-456", "123456")]
    + [(text, None) for text in ("12345", "1234567", "12 34 56", "my code is 123456", "١٢٣٤٥٦x", "")],
)
def test_a_code_is_six_digits_and_nothing_more(text: str, code: str | None) -> None:
    assert code_in(text) == code


def test_a_code_belongs_to_ask_tenant_and_presenter() -> None:
    code = KEY.code(ASK, tenant="acme", other="tel|1")
    assert re.fullmatch(r"\d{6}", code)
    assert KEY.is_code(code, ASK, tenant="acme", other="tel|1")
    others = (KEY.code(ASK, tenant="rival", other="tel|1"), KEY.code(ASK, tenant="acme", other="tel|2"))
    assert code not in (*others, KEY.code(new_ask(b"y" * 16), tenant="acme", other="tel|1"))


@pytest.mark.parametrize("text", ["STOP LINK", "stop link", " Stop  Link ", "/unlink"])
def test_stop_words(text: str) -> None:
    assert is_stop(text)
    assert not is_stop(f"please {text} now, will you")


def record(n: int, kind: LinkKind, *, ask: str | None = "a1", person: str | None = None) -> LinkRecord:
    return LinkRecord(
        identity=IDENTITY, n=n, kind=kind, at=NOW, by="contact", person=person, ask=ask, until=NOW + CODE_LIFETIME
    )


def asks(*records: LinkRecord, now: datetime = NOW) -> list[str | None]:
    return [ask.ask for ask in standing(records, now=now).asks]


def test_an_ask_is_open_until_it_is_answered_too_old_or_guessed_at() -> None:
    asked = record(1, LinkKind.ASKED)
    assert asks(asked) == ["a1"]
    assert asks(asked, now=NOW + CODE_LIFETIME) == []
    assert asks(asked, record(2, LinkKind.LINKED, person="p")) == []
    assert asks(asked, record(2, LinkKind.UNLINKED)) == []
    tries = [record(2 + n, LinkKind.TRIED, ask=None) for n in range(MAX_TRIES)]
    assert asks(asked, *tries[:-1]) == ["a1"]
    assert asks(asked, *tries) == []
    assert asks(asked, *tries, record(9, LinkKind.ASKED, ask="a2")) == ["a2"]


def test_the_newest_link_stands_and_an_end_is_remembered() -> None:
    linked = [record(1, LinkKind.LINKED, person="p1"), record(2, LinkKind.LINKED, ask="a2", person="p2")]
    assert standing(linked, now=NOW).person == "p2"
    ended = standing([*linked, record(3, LinkKind.UNLINKED, ask=None, person="p2")], now=NOW)
    assert (ended.person, ended.left) == (None, frozenset({"p2"}))


def test_only_what_a_vendor_verified_is_a_fact_and_only_where_it_counts() -> None:
    (phone,) = facts_of("whatsapp", Contact(id="whatsapp:+4915112345678"))
    assert (phone.proof, phone.value) == (Proof.PHONE, "+4915112345678")
    assert facts_of("sms", Contact(id="sms:+4915112345678")) == ()
    assert facts_of("whatsapp", Contact(id="whatsapp:US.1349")) == ()
    (mail,) = facts_of("slack", Contact(id="slack:T01:U2", email="Ada@Example.org", verified=True))
    assert (mail.realm, mail.value) == ("slack:T01", "ada@example.org")
    assert facts_of("slack", Contact(id="slack:T01:U2", email="ada@example.org")) == ()
    assert facts_of("web", Contact(id="v_1", email="ada@example.org", verified=True)) == ()
    (other,) = facts_of("slack", Contact(id="slack:T02:U2", email="ada@example.org", verified=True))
    assert mail.person("acme") != other.person("acme")
    assert mail.person("acme") != mail.person("rival")

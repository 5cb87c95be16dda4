"""Personal data: found, told apart, and taken out."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.guard.pii import find, redact
from core.recognisers import is_card, is_iban

SUITE = Path(os.environ.get("FRONTDESK_SHARED", "/nowhere")) / "data" / "pii" / "items.jsonl"


@pytest.mark.parametrize(
    ("text", "kind", "piece"),
    [
        ("Write to anna.b+x@mail.example.", "email", "anna.b+x@mail.example"),
        ("Card 4111 1111 1111 1111, please", "card", "4111 1111 1111 1111"),
        ("IBAN DE89 3704 0044 0532 0130 00!", "iban", "DE89 3704 0044 0532 0130 00"),
        ("SSN 123-45-6789", "ssn", "123-45-6789"),
        ("from 192.168.17.4 today", "ip", "192.168.17.4"),
        ("from 2001:db8::8a2e:370:7334 today", "ip", "2001:db8::8a2e:370:7334"),
        ("Call +49 30 1234567 now", "phone", "+49 30 1234567"),
        ("Call (212) 555-0147.", "phone", "(212) 555-0147"),
        ("Meine Nummer: 030 1234567", "phone", "030 1234567"),
        ("my mobile is 432 03 163", "phone", "432 03 163"),
        ("https://a.example/r?token=abc123def456 ok", "link", "https://a.example/r?token=abc123def456"),
        ("https://me:hunter22@a.example/ ok", "link", "https://me:hunter22@a.example/"),
    ],
)
def test_found(text: str, kind: str, piece: str) -> None:
    assert [(pii.kind, pii.text) for pii in find(text)] == [(kind, piece)]
    assert redact(text) == text.replace(piece, f"[{kind}]")


@pytest.mark.parametrize(
    "text",
    [
        "Version 4.1.1.2 of 2026-05-03, 05/03/2026 and 1,000,000 items",
        "Order 4111 1111 1111 1112 is no card",
        "IBAN DE89 3704 0044 0532 0130 01 is wrong",
        "It costs $1,200.50 or 12 000 000 EUR at 9:00-18:30",
        "ISBN 978-0-670-81458-9 from 1995 to 2020",
        "https://a.example/page?id=4711&lang=en",
        "SSN 000-12-3456 or 666-12-3456",
        "std::vector and :: and ::1 in 4.1.1.2",
    ],
)
def test_not_found(text: str) -> None:
    assert find(text) == ()


def test_no_placeholder_becomes_a_link() -> None:
    assert redact("a@b.example(https://x.example)") == "[email] (https://x.example)"


def test_some_may_be_kept() -> None:
    assert redact("a@b.example c@d.example", keep=lambda pii: pii.text.startswith("c")) == "[email] c@d.example"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120))
def test_spans_are_exact_and_apart(text: str) -> None:
    end = 0
    for pii in find(text):
        assert text[pii.start : pii.end] == pii.text and pii.start >= end
        end = pii.end


@given(st.integers(10**14, 10**15 - 1))
def test_one_of_ten_numbers_is_a_card(body: int) -> None:
    assert sum(is_card(f"4{body}"[:15] + str(last)) for last in range(10)) == 1


@given(st.integers(0, 10**18 - 1), st.integers(0, 98))
def test_ibans_have_check_digits(account: int, shift: int) -> None:
    right = 98 - int(f"{account:018}131400") % 97
    assert is_iban(f"DE{right:02}{account:018}")
    if shift % 97 != right % 97:
        assert not is_iban(f"DE{shift:02}{account:018}")


@pytest.mark.skipif(not SUITE.exists(), reason="FRONTDESK_SHARED names no shared data")
def test_the_suite() -> None:
    """Floors below what was measured: e-mail, card, IBAN, SSN and IP all found and nothing else; phones two of three."""
    kinds = {"email": "EMAIL", "phone": "PHONE", "card": "CREDIT_CARD", "iban": "IBAN", "ssn": "SSN", "ip": "IP"}
    there, hit, wrong = Counter[str](), Counter[str](), Counter[str]()
    for line in SUITE.read_text("utf-8").splitlines():
        item = json.loads(line)
        found = [(kinds[pii.kind], pii.start, pii.end) for pii in find(item["text"]) if pii.kind in kinds]
        gold = [(e["type"], e["start"], e["end"]) for e in item["entities"]]
        for kind, start, end in gold:
            there[kind] += 1
            hit[kind] += any(k == kind and s < end and start < e for k, s, e in found)
        for kind, start, end in found:
            wrong[kind] += not any(s < end and start < e for _, s, e in gold)
    for kind in ("EMAIL", "CREDIT_CARD", "IBAN", "SSN", "IP"):
        assert (hit[kind], wrong[kind]) == (there[kind], 0), kind
    assert hit["PHONE"] >= 0.65 * there["PHONE"]
    assert wrong["PHONE"] <= 2

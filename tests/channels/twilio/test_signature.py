"""Twilio's signatures: its own vectors, the SDK's reading of them, and everything that must be refused."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from multidict import CIMultiDict, MultiDict
from twilio.request_validator import RequestValidator

from adapters.twilio.forms import MAX_PAIRS, Form
from adapters.twilio.signature import SHA256, Signatures, addresses
from core.errors import PayloadMalformed, SignatureInvalid
from core.ports.channel import RawRequest
from tests.channels.twilio.wire import FORM, SHARED_KEYS, TOKENS, body, form, signature, whatsapp
from tests.channels.twilio.world import PUBLIC, world_of

SHARED = Path(os.environ.get("FRONTDESK_SHARED", "/nonexistent")) / "data" / "webhooks" / "signature_vectors.jsonl"
PATH = "/webhooks/shop"


def vectors() -> list[dict[str, Any]]:
    if not SHARED.exists():
        return []
    rows = [json.loads(line) for line in SHARED.read_text().splitlines()]
    return [row for row in rows if row["channel"] == "twilio"]


def request(raw: bytes, given: str, path: str = PATH, **headers: str) -> RawRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return RawRequest(
        method="POST",
        path=path,
        headers=CIMultiDict({**FORM, "X-Twilio-Signature": given, **named}),
        body=raw,
        received_at=datetime(2026, 11, 21, tzinfo=UTC),
    )


def fault(url: str, secret: str, asked: RawRequest, *, is_json: bool = False, algorithm: str = "sha1") -> str | None:
    checker = Signatures([secret.encode()], url=url, algorithm=algorithm)
    return checker.fault(asked, None if is_json else Form(asked.body))


def of_vector(row: dict[str, Any]) -> tuple[str, RawRequest, bool]:
    parts = urlsplit(row["url"])
    is_json = "body" in row
    raw = row["body"].encode() if is_json else urlencode([tuple(pair) for pair in row["params"]]).encode()
    asked = request(raw, row["signature"], f"{parts.path}?{parts.query}")
    return f"{parts.scheme}://{parts.netloc}{parts.path}", asked, is_json


@pytest.mark.skipif(not SHARED.exists(), reason="FRONTDESK_SHARED is not set")
def test_every_vector_is_judged_as_it_says() -> None:
    rows = vectors()
    assert len(rows) >= 14 and any(row["valid"] for row in rows) and not all(row["valid"] for row in rows)
    for row in rows:
        url, asked, is_json = of_vector(row)
        assert (fault(url, row["secret"], asked, is_json=is_json) is None) is row["valid"], row["id"]


@pytest.mark.skipif(not SHARED.exists(), reason="FRONTDESK_SHARED is not set")
def test_one_character_changed_anywhere_in_a_vector_is_refused() -> None:
    for row in (row for row in vectors() if row["valid"]):
        url, asked, is_json = of_vector(row)
        for at in range(len(row["secret"])):
            assert fault(url, swapped(row["secret"], at), asked, is_json=is_json), row["id"]
        for at in range(len(row["signature"]) - 1):  # the last holds the padding
            forged = request(asked.body, swapped(row["signature"], at), asked.path)
            assert fault(url, row["secret"], forged, is_json=is_json), row["id"]
        for at in range(1, len(asked.path)):
            forged = request(asked.body, row["signature"], swapped(asked.path, at))
            assert fault(url, row["secret"], forged, is_json=is_json), (row["id"], asked.path[at:])
        text = asked.body.decode()
        for at in range(len(text)):
            if text[at] not in "&=" or is_json:
                forged = request(swapped(text, at).encode(), row["signature"], asked.path)
                assert fault(url, row["secret"], forged, is_json=is_json), (row["id"], text[at:])


def swapped(text: str, at: int) -> str:
    return text[:at] + ("x" if text[at] != "x" else "y") + text[at + 1 :]


NAMES = st.text(st.sampled_from("AaBbZz09_"), min_size=1, max_size=4)
VALUES = st.text(st.characters(codec="utf-8"), max_size=12)


@given(st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=12))
def test_the_sdk_agrees_with_what_we_accept(pairs: list[tuple[str, str]]) -> None:
    given_by_sdk = RequestValidator(TOKENS[0]).compute_signature(PUBLIC, MultiDict(pairs))
    assert given_by_sdk == signature(PUBLIC, pairs, secret=TOKENS[0])
    assert fault(PUBLIC, TOKENS[0], request(urlencode(pairs).encode(), given_by_sdk)) is None


@given(st.text("ab=&+%012FfC3A9\x00", max_size=40))
def test_any_form_is_read_as_parse_qsl_reads_it(text: str) -> None:
    expected = parse_qsl(text, keep_blank_values=True, errors="replace")
    assume(not any("\x01" in name for name, _ in expected))
    assert Form(text.encode()).fields() == dict(expected)


@given(st.binary(max_size=200))
def test_any_bytes_are_read(raw: bytes) -> None:
    found = Form(raw)
    assert found.signed() is not None and all(isinstance(value, str) for value in found.fields().values())


@pytest.mark.parametrize(
    "text", ["a=1&b=", "a=1&a=1&a=0", "a&b=1", "a=1=2&b=3", "a=%00&b=%01", "b=%2B+%2b&a=%zz", "&&a=1&"]
)
def test_odd_forms_are_signed_as_the_sdk_signs_them(text: str) -> None:
    pairs = parse_qsl(text, keep_blank_values=True)
    assert Form(text.encode()).signed().decode() == "".join(
        name + value
        for name in sorted({name for name, _ in pairs})
        for value in sorted({value for other, value in pairs if other == name})
    )


def test_a_body_made_of_separators_is_refused() -> None:
    with pytest.raises(PayloadMalformed):
        Form(b"&" * MAX_PAIRS)


def test_ports_are_left_out_or_written_out() -> None:
    assert addresses("https://a.example/x") == ("https://a.example/x", "https://a.example:443/x")
    assert addresses("http://a.example/x?y=1") == ("http://a.example/x?y=1", "http://a.example:80/x?y=1")
    assert addresses("https://a.example:8443/x") == ("https://a.example:8443/x", "https://a.example/x")


FIELDS = whatsapp(1)
RAW = body(FIELDS)


def sign(url: str, secret: str = TOKENS[0], algorithm: str = "sha1") -> str:
    return signature(url, list(FIELDS.items()), secret=secret, algorithm=algorithm)


@pytest.mark.parametrize(
    ("path", "called"),
    [
        (PATH, PUBLIC),
        ("/support" + PATH, PUBLIC),
        (PATH + "?c=1&d=", PUBLIC + "?c=1&d="),
        (PATH, PUBLIC.replace(".com/", ".com:443/")),
        ("/elsewhere", "https://bot.example.com/elsewhere"),
    ],
)
def test_the_address_is_the_one_that_twilio_called(path: str, called: str) -> None:
    assert fault(PUBLIC, TOKENS[0], request(RAW, sign(called), path)) is None


@pytest.mark.parametrize(
    ("signed_for", "headers"),
    [
        (PUBLIC.replace("https:", "http:"), {}),
        (PUBLIC + "/", {}),
        ("https://internal:8080/webhooks/shop", {"Host": "internal:8080"}),
        ("https://other.example/support/webhooks/shop", {"X_Forwarded_Host": "other.example"}),
        ("https://bot.example.com/webhooks/shop", {}),
    ],
)
def test_another_address_with_the_right_secret_is_told_apart(signed_for: str, headers: dict[str, str]) -> None:
    asked = request(RAW, sign(signed_for), **headers)
    assert fault(PUBLIC, TOKENS[0], asked) == "url"
    assert fault(PUBLIC, "another secret", asked) == "secret"


@pytest.mark.parametrize("host", ["[", "a b", "\ud800", "x" * 300, "evil.example/path", "[::1"])
def test_a_forged_host_changes_nothing(host: str) -> None:
    asked = request(RAW, sign("https://evil.example"), Host=host, X_Forwarded_Host=host)
    assert fault(PUBLIC, TOKENS[0], asked) == "secret"


@pytest.mark.parametrize(
    ("given_signature", "cause"),
    [("", "missing"), ("x", "malformed"), ("é" * 28, "malformed"), ("A" * 44, "malformed"), ("A" * 27 + "=", "secret")],
)
def test_causes(given_signature: str, cause: str) -> None:
    assert fault(PUBLIC, TOKENS[0], request(RAW, given_signature)) == cause


def test_without_a_public_address_nothing_is_proven() -> None:
    assert Signatures([b"x"], url=None).fault(request(RAW, sign(PUBLIC)), Form(RAW)) == "url"


def test_a_json_body_is_bound_by_its_hash() -> None:
    raw = b'{"type": "event"}'
    path = f"{PATH}?bodySHA256={hashlib.sha256(raw).hexdigest()}"
    given = signature(PUBLIC + path.removeprefix(PATH), [], secret=TOKENS[0])
    assert fault(PUBLIC, TOKENS[0], request(raw, given, path), is_json=True) is None
    assert fault(PUBLIC, TOKENS[0], request(raw + b" ", given, path), is_json=True) == "secret"
    unbound = signature(PUBLIC, [], secret=TOKENS[0])
    assert fault(PUBLIC, TOKENS[0], request(raw, unbound), is_json=True) == "secret"


def test_the_configuration_chooses_the_algorithm_not_the_request() -> None:
    settings = {"X_Twilio_Webhooks_Signature_Settings": "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"}
    by_shared_key = request(RAW, sign(PUBLIC, SHARED_KEYS[0], "sha256"), **settings)
    assert RequestValidator(SHARED_KEYS[0]).validate(
        PUBLIC, MultiDict(FIELDS), by_shared_key.headers["X-Twilio-Signature"], "HMAC_SHA256"
    )
    assert fault(PUBLIC, SHARED_KEYS[0], by_shared_key, algorithm=SHA256) is None
    assert fault(PUBLIC, SHARED_KEYS[0], by_shared_key) == "malformed"
    downgraded = request(RAW, sign(PUBLIC, SHARED_KEYS[0]), **settings)
    assert fault(PUBLIC, SHARED_KEYS[0], downgraded, algorithm=SHA256) == "malformed"


async def test_both_tokens_and_both_shared_keys_are_good_while_rotating() -> None:
    async with world_of("whatsapp", secondary_auth_token=TOKENS[1]) as world:
        for token in TOKENS:
            world.channel.verify(request(RAW, sign(PUBLIC, token)))
        keyed = world.rebuild(webhook_signing="shared_key", shared_keys=list(SHARED_KEYS))
        for key in SHARED_KEYS:
            keyed.verify(request(RAW, sign(PUBLIC, key, "sha256")))
        with pytest.raises(SignatureInvalid):
            keyed.verify(request(RAW, sign(PUBLIC)))


async def test_observing_lets_in_and_counts() -> None:
    async with world_of("whatsapp", signature_mode="observe") as world:
        seen: list[str] = []
        world.channel.verify(request(RAW, ""))
        world.channel.on_observed = seen.append
        world.channel.verify(request(RAW, ""))
        world.channel.verify(request(RAW, sign(PUBLIC.replace("https", "http"))))
        world.channel.verify(request(RAW, sign(PUBLIC)))
        assert seen == ["missing", "url"]
        assert world.rebuild(signature_mode="enforce").on_observed is None


async def test_one_request_after_another_is_each_read_anew() -> None:
    async with world_of("sms") as world:
        for text in ("One", "Two", "One"):
            fields = form(1, Body=text)
            given = signature(PUBLIC, list(fields.items()), secret=TOKENS[0])
            asked = request(body(fields), given)
            world.channel.verify(asked)
            event = world.channel.parse(asked)[0]
            assert getattr(event, "text", None) == text
        stolen = request(body(form(1, Body="Three")), given)
        with pytest.raises(SignatureInvalid):
            world.channel.verify(stolen)


def test_the_signature_is_base64_of_the_whole_digest() -> None:
    assert len(base64.b64decode(sign(PUBLIC))) == 20

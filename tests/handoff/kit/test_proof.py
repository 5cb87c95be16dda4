"""Webhooks are proven, or refused with a cause that an admin can act on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import SignatureInvalid
from core.ports.channel import RawRequest
from handoff.kit.proof import check_hmac, check_time, check_token, header, query_token, sign

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BODY = b"what do ya want for nothing?"
SHA256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
"""RFC 4231, test case 2: the key is "Jefe"."""
SHA256_BASE64 = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="
SHA1 = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
"""RFC 2202, test case 2."""


def request(path: str = "/webhooks/desk/acme", **headers: str) -> RawRequest:
    return RawRequest(method="POST", path=path, headers=headers, body=b"", received_at=NOW)


def test_the_published_examples_verify() -> None:
    assert sign("Jefe", BODY) == SHA256
    check_hmac(["Jefe"], SHA256, BODY)
    check_hmac(["Jefe"], f"sha256={SHA256}", BODY, prefix="sha256=")
    check_hmac(["Jefe"], SHA256_BASE64, BODY, written="base64")
    check_hmac(["old", "Jefe"], f"sha1={SHA1}", BODY, prefix="sha1=", algorithm="sha1")


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ("", "missing"),
        (SHA256, "malformed"),
        ("sha256=", "secret"),
        (f"sha256={SHA256[:-1]}4", "secret"),
        (f"sha256={SHA256.upper()}", "secret"),
        ("sha256=\udcff ü", "secret"),
    ],
)
def test_a_wrong_signature_is_refused_by_its_cause(given: str, cause: str) -> None:
    with pytest.raises(SignatureInvalid) as refused:
        check_hmac(["Jefe"], given, BODY, prefix="sha256=")
    assert refused.value.cause == cause and SHA256 not in refused.value.safe_message


def test_no_secret_proves_nothing() -> None:
    for secrets in ([], [""]):
        with pytest.raises(SignatureInvalid):
            check_hmac(secrets, sign("", BODY), BODY)
        with pytest.raises(SignatureInvalid):
            check_token(secrets, "x")


def test_a_changed_body_is_refused() -> None:
    with pytest.raises(SignatureInvalid):
        check_hmac(["Jefe"], SHA256, BODY + b" ")


@pytest.mark.parametrize("given", [str(int(NOW.timestamp())), "2026-11-21T12:00:00Z", "2026-11-21T13:00:00+01:00"])
def test_a_fresh_time_passes_in_either_notation(given: str) -> None:
    check_time(given, NOW)
    check_time(given, NOW + timedelta(seconds=300))
    for away in (-301, 301):
        with pytest.raises(SignatureInvalid) as refused:
            check_time(given, NOW + timedelta(seconds=away))
        assert refused.value.cause == "skew"


def test_a_time_without_a_zone_is_utc() -> None:
    check_time("2026-11-21T12:00:00", NOW)


@pytest.mark.parametrize("given", ["soon", "9" * 13, "٣", "2026-13-01T00:00:00Z", "1" * 100, "-5", "12.5"])
def test_no_time_at_all_is_refused(given: str) -> None:
    with pytest.raises(SignatureInvalid) as refused:
        check_time(given, NOW)
    assert refused.value.cause == "malformed"
    with pytest.raises(SignatureInvalid) as missing:
        check_time("", NOW)
    assert missing.value.cause == "missing"


def test_a_token_is_one_of_ours() -> None:
    check_token(["old", "new"], "new")
    with pytest.raises(SignatureInvalid) as refused:
        check_token(["old", "new"], "nev")
    assert refused.value.cause == "secret" and "new" not in refused.value.safe_message
    with pytest.raises(SignatureInvalid) as missing:
        check_token(["old"], "")
    assert missing.value.cause == "missing"


def test_tokens_are_read_from_the_query_and_from_headers() -> None:
    assert query_token(request("/webhooks/desk/acme?token=a%2Bb&x=1")) == "a+b"
    assert query_token(request("/webhooks/desk/acme")) == ""
    assert query_token(request("/x?token=a&token=b")) == ""
    assert query_token(request("/x?" + "&".join(f"a{n}=1" for n in range(30)) + "&token=a")) == ""
    assert header(request(**{"X-Thing": "1"}), "x-thing") == "1"
    assert header(request(), "x-thing") == ""

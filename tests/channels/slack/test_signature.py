"""Slack's signatures: the vendor's own vectors, every byte of them, and the traps of the vendor's verifier."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.slack.signature import Keys, verify
from core.errors import SignatureInvalid

SHARED = os.environ.get("FRONTDESK_SHARED")
VECTORS = Path(SHARED or ".") / "data" / "webhooks" / "signature_vectors.jsonl"
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
STAMP = str(int(AT.timestamp()))


def vectors() -> list[dict[str, Any]]:
    if not VECTORS.exists():
        return []
    rows = [json.loads(line) for line in VECTORS.read_text().splitlines()]
    return [row for row in rows if row["channel"] == "slack"]


def check(
    body: bytes, signature: str, *, stamp: str = STAMP, secrets: tuple[str, ...] = ("s1",), now: datetime = AT
) -> None:
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}
    verify(Keys(secrets), headers=headers, body=body, now=now)


def cause(body: bytes = b"{}", signature: str = "v0=00", **more: Any) -> str:
    with pytest.raises(SignatureInvalid) as refused:
        check(body, signature, **more)
    assert refused.value.status == 401
    return refused.value.cause


def good(body: bytes = b"{}", secret: str = "s1", stamp: str = STAMP) -> str:
    return Keys([secret]).signatures(stamp, body)[0]


@pytest.mark.skipif(not vectors(), reason="FRONTDESK_SHARED does not lead to the vendors' vectors")
def test_every_vector() -> None:
    rows = vectors()
    assert {row["valid"] for row in rows} == {True, False}
    for row in rows:
        now = datetime.fromtimestamp(int(row["timestamp"]), UTC)
        given = {"stamp": row["timestamp"], "secrets": (row["secret"],), "now": now}
        if row["valid"]:
            check(row["body"].encode(), row["signature"], **given)
        else:
            assert cause(row["body"].encode(), row["signature"], **given) == "secret", row["id"]


def test_every_changed_byte_is_refused() -> None:
    body, signature = '{"text": "Größe"}'.encode(), good('{"text": "Größe"}'.encode())
    check(body, signature)
    for at in range(len(body)):
        assert cause(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :], signature) == "secret"
    for at in range(len(signature)):
        assert cause(body, signature[:at] + chr(ord(signature[at]) ^ 1) + signature[at + 1 :]) == "secret"
    assert cause(body, signature, secrets=("s2",)) == "secret"


def test_secrets_rotate() -> None:
    for secret in ("old", "new"):
        check(b"{}", good(secret=secret), secrets=("new", "old"))
    assert cause(signature=good(secret="older"), secrets=("new", "old")) == "secret"


def test_the_time_is_bounded_both_ways() -> None:
    for shift in (-300, 300):
        check(b"{}", good(), now=AT + timedelta(seconds=shift))
    for shift in (-301, 301):
        assert cause(signature=good(), now=AT + timedelta(seconds=shift)) == "skew"


@pytest.mark.parametrize("stamp", ["abc", "1e9", "-5", "12.5", "٣", "9" * 13, "0x10", " 1", "1_000"])
def test_a_timestamp_that_is_no_number_is_malformed(stamp: str) -> None:
    assert cause(stamp=stamp) == "malformed"


def test_missing_proof_and_missing_secrets_are_told_apart_from_wrong_ones() -> None:
    assert cause(signature="") == "missing"
    assert cause(stamp="") == "missing"
    assert cause(signature=good(), secrets=()) == "missing"

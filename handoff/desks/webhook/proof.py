"""Standard Webhooks signatures, both ways (https://www.standardwebhooks.com, checked 2026-11).

HMAC-SHA256 over ``id.timestamp.body`` with the raw bytes, base64 after ``v1,``; several while secrets are changed.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from core.errors import SignatureInvalid
from core.ports.channel import RawRequest
from handoff.kit.proof import check_time, header

PREFIX: Final = "whsec_"
VERSION: Final = "v1,"
LEAST_BYTES: Final = 24
MAX_SIGNATURES: Final = 8
MAX_ID_CHARS: Final = 300


def key_of(secret: str) -> bytes:
    """The key bytes of a secret; ``ValueError`` with the mend when it is none."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True) if secret.startswith(PREFIX) else b""
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < LEAST_BYTES:
        raise ValueError('a secret is "whsec_" and base64 of at least 24 bytes: echo whsec_$(openssl rand -base64 32)')
    return key


def headers_of(keys: Sequence[bytes], *, event_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """What proves an event of ours, by every key."""
    stamp = str(int(at.timestamp()))
    return {
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(_signatures(keys, event_id, stamp, body)),
    }


def verify(keys: Sequence[bytes], request: RawRequest) -> None:
    """Prove an event of theirs; every key is tried against every signature, so the time tells nothing."""
    event_id, stamp = header(request, "webhook-id"), header(request, "webhook-timestamp")
    given = header(request, "webhook-signature").split()[:MAX_SIGNATURES]
    if not event_id or not given:
        raise SignatureInvalid("The headers webhook-id and webhook-signature are required.", cause="missing")
    if not stamp.isascii() or len(event_id) > MAX_ID_CHARS or (stamp and not stamp.isdigit()):
        raise SignatureInvalid("webhook-timestamp is a number of seconds, webhook-id a short text.", cause="malformed")
    check_time(stamp, request.received_at)
    wanted = _signatures(keys, event_id, stamp, request.body)
    have = [each.encode("utf-8", "replace") for each in given]
    matches = [hmac.compare_digest(want.encode(), each) for want in wanted for each in have]
    if not any(matches):
        raise SignatureInvalid("The signature does not match.", cause="secret")


def _signatures(keys: Sequence[bytes], event_id: str, stamp: str, body: bytes) -> list[str]:
    signed = f"{event_id}.{stamp}.".encode("utf-8", "surrogateescape") + body
    return [VERSION + base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys]

"""Standard Webhooks signatures (https://www.standardwebhooks.com, spec of 2024, checked 2026-11-21).

HMAC-SHA256 over ``id.timestamp.body`` with the raw bytes, base64, each with its version: ``v1,…``; several secrets while
rotating.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from core.errors import SignatureInvalid

TOLERANCE_S: Final = 300
VERSION: Final = "v1"
MAX_SIGNATURES: Final = 8


def sign(key: bytes, *, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature in header form."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return f"{VERSION},{base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()}"


def verify(keys: Sequence[bytes], *, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Prove the request; every key is tried against every signature, so the time tells nothing."""
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "").split()[:MAX_SIGNATURES]
    if not keys:
        raise SignatureInvalid("This account takes no signed events: it has no webhook_secrets.")
    if not message_id or not given or not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > 12:
        raise SignatureInvalid("The headers webhook-id, webhook-timestamp and webhook-signature are required.")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_S:
        raise SignatureInvalid("The timestamp is too old or too new.")
    expected = [sign(key, message_id=message_id, timestamp=int(timestamp), body=body).encode() for key in keys]
    matches = [hmac.compare_digest(want, have.encode()) for want in expected for have in given]
    if not any(matches):
        raise SignatureInvalid("The signature does not match.")

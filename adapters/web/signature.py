"""Standard Webhooks signatures (https://www.standardwebhooks.com, spec of 2024, checked 2026-11-21).

HMAC-SHA256 over ``id.timestamp.body`` with the raw bytes, base64, each with its version: ``v1,…``; several secrets while
rotating.
"""

from __future__ import annotations

import base64
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
    return _signature(hmac.new(key, digestmod="sha256"), f"{message_id}.{timestamp}.".encode(), body)


def _signature(keyed: hmac.HMAC, prefix: bytes, body: bytes) -> str:
    """A copy of a keyed state costs a fraction of ``hmac.digest``, which also hands the interpreter lock to other threads."""
    mac = keyed.copy()
    mac.update(prefix)
    mac.update(body)
    return f"{VERSION},{base64.b64encode(mac.digest()).decode()}"


def _raw(header: str) -> bytes:
    """A header's value as it was sent: the web server keeps bytes that are no UTF-8 as surrogates."""
    return header.encode("utf-8", "surrogateescape")


class Keys:
    """The secrets of an account, ready to sign; several while rotating."""

    __slots__ = ("_keyed",)

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keyed = tuple(hmac.new(key, digestmod="sha256") for key in keys)

    def __bool__(self) -> bool:
        return bool(self._keyed)

    def signatures(self, *, message_id: str, timestamp: int, body: bytes) -> list[str]:
        """What each secret would have signed."""
        prefix = _raw(f"{message_id}.{timestamp}.")
        return [_signature(keyed, prefix, body) for keyed in self._keyed]


def verify(keys: Keys, *, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Prove the request; every key is tried against every signature, so the time tells nothing."""
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "").split()[:MAX_SIGNATURES]
    if not keys:
        raise SignatureInvalid("This account takes no signed events: it has no webhook_secrets.")
    if not message_id or not given or not timestamp:
        raise SignatureInvalid(
            "The headers webhook-id, webhook-timestamp and webhook-signature are required.", cause="missing"
        )
    if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > 12:
        raise SignatureInvalid("The timestamp is not a number of seconds.", cause="malformed")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_S:
        raise SignatureInvalid("The timestamp is too old or too new.", cause="skew")
    expected = keys.signatures(message_id=message_id, timestamp=int(timestamp), body=body)
    matches = [hmac.compare_digest(want.encode(), _raw(have)) for want in expected for have in given]
    if not any(matches):
        raise SignatureInvalid("The signature does not match.")

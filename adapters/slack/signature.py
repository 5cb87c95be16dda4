"""Slack's request signatures, version 0: HMAC-SHA256 over ``v0:timestamp:body`` with the raw bytes (checked 2026-11-21).

The rules are those of the vendor's own verifier (slack-sdk 3.47), except that a timestamp that is no number is refused here
and raises there.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from core.errors import SignatureInvalid

TOLERANCE_S: Final = 300
MAX_TIMESTAMP_DIGITS: Final = 12


class Keys:
    """The signing secrets of an app, ready to sign; several while rotating."""

    __slots__ = ("_keyed",)

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keyed = tuple(hmac.new(secret.encode(), digestmod="sha256") for secret in secrets)

    def __bool__(self) -> bool:
        return bool(self._keyed)

    def signatures(self, timestamp: str, body: bytes) -> list[str]:
        """What each secret would have signed; copies of keyed states cost a fraction of a fresh HMAC."""
        base = b"v0:" + timestamp.encode() + b":" + body
        found = []
        for keyed in self._keyed:
            mac = keyed.copy()
            mac.update(base)
            found.append("v0=" + mac.hexdigest())
        return found


def verify(keys: Keys, *, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Prove the request; every secret is tried, so the time tells nothing."""
    timestamp = headers.get("X-Slack-Request-Timestamp") or headers.get("x-slack-request-timestamp") or ""
    given = headers.get("X-Slack-Signature") or headers.get("x-slack-signature") or ""
    if not keys:
        raise SignatureInvalid("This account takes no webhooks: it has no signing_secrets.", cause="missing")
    if not timestamp or not given:
        raise SignatureInvalid("X-Slack-Request-Timestamp and X-Slack-Signature are required.", cause="missing")
    if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > MAX_TIMESTAMP_DIGITS:
        raise SignatureInvalid("X-Slack-Request-Timestamp is not a number.", cause="malformed")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_S:
        raise SignatureInvalid("The timestamp is too old or too new.", cause="skew")
    have = given.encode("utf-8", "replace")
    matches = [hmac.compare_digest(want.encode(), have) for want in keys.signatures(timestamp, body)]
    if not any(matches):
        raise SignatureInvalid("The signature does not match.", cause="secret")

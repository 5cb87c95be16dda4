"""Who Zendesk is, for all that talk to it: how its webhooks are proven and its accounts logged in to.

The signature is base64(HMAC-SHA256(secret, timestamp + raw body)), the timestamp being the header's text (Zendesk webhook
documentation, November 2026).
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from typing import Final

from core.errors import SignatureInvalid
from core.ports.channel import RawRequest
from core.vendors.proof import check_hmac, check_time, header, sign

SIGNATURE: Final = "X-Zendesk-Webhook-Signature"
TIMESTAMP: Final = "X-Zendesk-Webhook-Signature-Timestamp"

PUBLIC_TEST_SECRET: Final = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="  # noqa: S105  printed in Zendesk's own documentation
"""Signs the test deliveries of Zendesk's webhook form; everybody knows it."""


def verify(secrets: Iterable[str], request: RawRequest) -> None:
    """``SignatureInvalid`` unless the webhook was signed with one of our secrets within five minutes."""
    stamp = header(request, TIMESTAMP)
    given = header(request, SIGNATURE)
    check_time(stamp, request.received_at)
    signed = stamp.encode() + request.body
    if hmac.compare_digest(
        sign(PUBLIC_TEST_SECRET, signed, written="base64").encode(), given.encode("utf-8", "replace")
    ):
        raise SignatureInvalid("Signed with Zendesk's public test secret, which proves nothing.", cause="secret")
    check_hmac(tuple(secrets), given, signed, written="base64")


def check_secret(secret: str) -> None:
    """``ValueError`` for a signing secret that is none."""
    if not secret.strip():
        raise ValueError("a signing secret is empty")
    if secret == PUBLIC_TEST_SECRET:
        raise ValueError("this is Zendesk's public test secret: copy the one of your webhook (Reveal secret)")


def token_login(email: str, api_token: str) -> str:
    """The ``Authorization`` header of a legacy API token (they end on 2027-04-30)."""
    return "Basic " + base64.b64encode(f"{email}/token:{api_token}".encode()).decode()

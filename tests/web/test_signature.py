"""Standard Webhooks: the published test vector, and everything that must be refused."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from adapters.web.settings import webhook_key
from adapters.web.signature import TOLERANCE_S, Keys, sign, verify
from core.errors import SignatureInvalid

# The example of the Standard Webhooks specification (spec/standard-webhooks.md, checked 2026-11-21).
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

KEY = webhook_key(SECRET)
OTHER = b"another key of enough bytes....."
NOW = datetime.fromtimestamp(TIMESTAMP, UTC)


def headers(**changes: str) -> dict[str, str]:
    plain = {"webhook-id": MESSAGE_ID, "webhook-timestamp": str(TIMESTAMP), "webhook-signature": SIGNATURE}
    return {**plain, **{name.replace("_", "-"): value for name, value in changes.items()}}


def test_the_published_example_is_signed_and_verified() -> None:
    assert sign(KEY, message_id=MESSAGE_ID, timestamp=TIMESTAMP, body=BODY) == SIGNATURE
    verify(Keys([KEY]), headers=headers(), body=BODY, now=NOW)


def test_an_old_and_a_new_secret_are_both_good_while_rotating() -> None:
    verify(Keys([OTHER, KEY]), headers=headers(), body=BODY, now=NOW)
    both = f"{sign(OTHER, message_id=MESSAGE_ID, timestamp=TIMESTAMP, body=BODY)} {SIGNATURE}"
    verify(Keys([KEY]), headers=headers(webhook_signature=both), body=BODY, now=NOW)


@pytest.mark.parametrize(
    ("changes", "body", "shift_s"),
    [
        ({}, BODY + b" ", 0),
        ({"webhook_id": "msg_other"}, BODY, 0),
        ({"webhook_timestamp": str(TIMESTAMP + 1)}, BODY, 0),
        ({"webhook_timestamp": "soon"}, BODY, 0),
        ({"webhook_timestamp": "9" * 40}, BODY, 0),
        ({"webhook_timestamp": "٣"}, BODY, 0),
        ({"webhook_signature": ""}, BODY, 0),
        ({"webhook_signature": SIGNATURE.replace("v1,", "v2,")}, BODY, 0),
        ({"webhook_signature": "v1,ümlaut"}, BODY, 0),
        ({}, BODY, TOLERANCE_S + 1),
        ({}, BODY, -TOLERANCE_S - 1),
    ],
)
def test_anything_else_is_refused(changes: dict[str, str], body: bytes, shift_s: int) -> None:
    with pytest.raises(SignatureInvalid):
        verify(Keys([KEY]), headers=headers(**changes), body=body, now=NOW + timedelta(seconds=shift_s))


def test_an_account_without_secrets_takes_nothing() -> None:
    with pytest.raises(SignatureInvalid):
        verify(Keys([]), headers=headers(), body=BODY, now=NOW)


def test_a_removed_secret_is_refused() -> None:
    with pytest.raises(SignatureInvalid):
        verify(Keys([OTHER]), headers=headers(), body=BODY, now=NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_%%%", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ="])
def test_a_weak_or_malformed_secret_is_no_secret(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        webhook_key(secret)
    assert base64.b64decode(SECRET.removeprefix("whsec_")) == KEY

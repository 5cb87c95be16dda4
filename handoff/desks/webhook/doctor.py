"""What ``frontdesk doctor`` looks at in a webhook desk; no customer and no case is named to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from core.errors import CredentialsInvalid, DeliveryError
from core.ports.channel import Finding, Level
from core.vendors.http import Answer
from handoff import DeskContext
from handoff.desks.webhook import proof
from handoff.desks.webhook.settings import WebhookDeskSettings
from handoff.kit.proof import TOLERANCE_S

# The example of the Standard Webhooks specification; its secret is public.
EXAMPLE_SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105
EXAMPLE_ID: Final = "msg_p5jXN8AQM9LWM0D4loKWxJek"
EXAMPLE_AT: Final = datetime.fromtimestamp(1614265330, UTC)
EXAMPLE_BODY: Final = b'{"test": 2432232314}'
EXAMPLE_SIGNATURE: Final = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

SKEW_WARNING_S: Final = 60


async def examine(
    ping: Callable[[], Awaitable[Answer]], context: DeskContext, settings: WebhookDeskSettings
) -> tuple[Finding, ...]:
    """The findings, most important first."""
    rest = (_secrets(settings), _signatures(), _webhook(context.webhook_url))
    try:
        answer = await ping()
    except CredentialsInvalid as error:
        mend = "The other end refuses our signature: compare the secret and its clock."
        return (_failure("credentials", error.safe_message, mend), *rest)
    except DeliveryError as error:
        return (_failure("address", error.safe_message, "Look at url; it must answer the event ping with 200."), *rest)
    ok = Finding(check="address", level=Level.OK, what="The desk took a ping.")
    return (ok, _clock(answer, context.clock()), *rest)


def _failure(check: str, what: str, mend: str) -> Finding:
    return Finding(check=check, level=Level.FAILURE, what=what, mend=mend)


def _clock(answer: Answer, now: datetime) -> Finding:
    try:
        skew_s = abs((now - parsedate_to_datetime(answer.headers.get("Date", ""))).total_seconds())
    except (TypeError, ValueError):
        return Finding(check="clock", level=Level.WARNING, what="The desk did not tell its time.")
    what = f"This machine's clock differs from the desk's by {skew_s:.0f} s."
    if skew_s < SKEW_WARNING_S:
        return Finding(check="clock", level=Level.OK, what=what)
    level = Level.WARNING if skew_s < TOLERANCE_S else Level.FAILURE
    return Finding(check="clock", level=level, what=what, mend="Let both machines keep their time by NTP.")


def _secrets(settings: WebhookDeskSettings) -> Finding:
    if proof.key_of(EXAMPLE_SECRET) in settings.keys:
        mend = "Make one of your own: echo whsec_$(openssl rand -base64 32)."
        return _failure("secret", "One of the secrets is the published example.", mend)
    if len(settings.keys) > 1:
        mend = "Take the old one out when the other end has the new one."
        return Finding(check="secret", level=Level.WARNING, what="Several secrets are valid.", mend=mend)
    return Finding(check="secret", level=Level.OK, what="One secret is valid.")


def _signatures() -> Finding:
    keys = [proof.key_of(EXAMPLE_SECRET)]
    made = proof.headers_of(keys, event_id=EXAMPLE_ID, at=EXAMPLE_AT, body=EXAMPLE_BODY)
    if made["webhook-signature"] != EXAMPLE_SIGNATURE:
        return _failure(
            "signature", "The published example is signed otherwise.", "This is a defect; please report it."
        )
    return Finding(check="signature", level=Level.OK, what="The published example is signed as it should be.")


def _webhook(address: str | None) -> Finding:
    if address is None:
        return _failure("webhook", "There is no public address.", "Set server.public.base_url.")
    mend = "Your desk posts replies there."
    return Finding(check="webhook", level=Level.OK, what=f"The desk is to post to {address}.", mend=mend)

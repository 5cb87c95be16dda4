"""What ``frontdesk doctor`` looks at: credentials, the sender, its webhook and retries, our own signatures, the clock."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from adapters.twilio.forms import Form
from adapters.twilio.rest import TwilioRest
from adapters.twilio.settings import TwilioSettings
from adapters.twilio.signature import HEADER, Signatures, sign
from core.errors import DeliveryError
from core.ports.channel import Finding, Level, RawRequest

RETRIES: Final = "#rc=3&rp=all"
"""What Twilio must be told behind the address, or a message that we cannot take once is lost: it does not retry by itself."""
SKEW_S: Final = 30.0

# The example of Twilio's own documentation and SDK tests.
_KNOWN_URL: Final = "https://mycompany.com/myapp.php?foo=1&bar=2"
_KNOWN_FORM: Final = (
    b"CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309"
)
_KNOWN_SIGNATURE: Final = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
_KNOWN_SECRET: Final = b"12345"


async def examine(
    rest: TwilioRest,
    settings: TwilioSettings,
    *,
    kind: str,
    url: str | None,
    now: Callable[[], datetime],
) -> tuple[Finding, ...]:
    """Everything, in the order in which an admin would mend it."""
    findings = [*await _account(rest, now)]
    if findings[0].level is not Level.FAILURE:
        findings += await _sender(rest, settings, kind, url)
    return (*findings, _public(url), _self_test(), _mode(settings))


async def _account(rest: TwilioRest, now: Callable[[], datetime]) -> list[Finding]:
    try:
        answer = await rest.account()
    except DeliveryError as error:
        mend = "Check account_sid and auth_token, or the API key, in the Twilio console."
        return [Finding(check="credentials", level=Level.FAILURE, what=error.safe_message, mend=mend)]
    body = answer.json()
    status = body.get("status") if isinstance(body, dict) else None
    is_active = status == "active"
    findings = [
        Finding(
            check="credentials",
            level=Level.OK if is_active else Level.WARNING,
            what=f"The account answers; its status is {status}.",
            mend="" if is_active else "A suspended or closed account sends nothing: see the Twilio console.",
        )
    ]
    with suppress(TypeError, ValueError):
        findings.append(_clock(parsedate_to_datetime(answer.headers["Date"]), now()))
    return findings


def _clock(theirs: datetime, ours: datetime) -> Finding:
    skew = (ours - (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC))).total_seconds()
    is_right = abs(skew) <= SKEW_S
    mend = "" if is_right else "Let this machine's clock be set by NTP: the 24-hour window is counted by it."
    level = Level.OK if is_right else Level.WARNING
    return Finding(check="clock", level=level, what=f"This clock is {skew:+.0f} s from Twilio's.", mend=mend)


async def _sender(rest: TwilioRest, settings: TwilioSettings, kind: str, url: str | None) -> list[Finding]:
    try:
        if settings.messaging_service_sid is not None:
            service = await rest.service(settings.messaging_service_sid)
            return [_found("messaging service"), _webhook(service.get("inbound_request_url"), url)]
        if kind == "whatsapp":
            return await _whatsapp_sender(rest, settings, url)
        number = await rest.number("+" + (settings.from_number or "").removeprefix("+"))
        if number is None:
            mend = "Take a number of this account, with its country code: +15551234567."
            return [Finding(check="sender", level=Level.FAILURE, what="from_number is not the account's.", mend=mend)]
        return [_found("number"), _webhook(number.get("sms_url"), url), _method(number.get("sms_method"))]
    except DeliveryError as error:
        return [
            Finding(check="sender", level=Level.FAILURE, what=error.safe_message, mend="Check the sender's settings.")
        ]


async def _whatsapp_sender(rest: TwilioRest, settings: TwilioSettings, url: str | None) -> list[Finding]:
    ours = "whatsapp:+" + (settings.from_number or "").removeprefix("+")
    for sender in await rest.senders():
        if sender.get("sender_id") == ours:
            webhook: Any = sender.get("webhook")
            return [_found("sender"), _webhook(webhook.get("callback_url") if isinstance(webhook, dict) else None, url)]
    what = "from_number is not among the account's WhatsApp senders."
    mend = "Right for the sandbox, whose number belongs to Twilio; otherwise register the sender in the console."
    return [Finding(check="sender", level=Level.WARNING, what=what, mend=mend)]


def _found(what: str) -> Finding:
    return Finding(check="sender", level=Level.OK, what=f"The {what} is the account's.")


def _webhook(given: object, url: str | None) -> Finding:
    """Registered where we listen, with retries behind it."""
    address, _, fragment = str(given or "").partition("#")
    wanted = f"{url or 'https://<your address>/webhooks/<account>'}{RETRIES}"
    if url is None or address != url:
        what = "No webhook is registered." if not address else "The registered webhook is not this account's address."
        mend = f"Register {wanted} for incoming messages."
        return Finding(check="webhook", level=Level.FAILURE, what=what, mend=mend)
    if not {"rc=3", "rp=all"} <= set(fragment.split("&")):
        what = "The webhook is registered, but a failed delivery is not tried again."
        return Finding(check="webhook", level=Level.WARNING, what=what, mend=f"Register it as {wanted}.")
    return Finding(check="webhook", level=Level.OK, what="The webhook is registered, with retries.")


def _method(given: object) -> Finding:
    is_post = given in (None, "", "POST")
    mend = "" if is_post else "Choose HTTP POST beside the webhook's address."
    level = Level.OK if is_post else Level.FAILURE
    return Finding(check="method", level=level, what=f"The webhook is called by {given or 'POST'}.", mend=mend)


def _public(url: str | None) -> Finding:
    if url is None:
        mend = "Set server.public.base_url, or this account's public_url."
        return Finding(check="address", level=Level.FAILURE, what="The public address is not known.", mend=mend)
    is_safe = url.startswith("https://")
    mend = "" if is_safe else "Twilio should call https; behind a proxy, base_url is the address that Twilio sees."
    level = Level.OK if is_safe else Level.WARNING
    return Finding(check="address", level=level, what=f"Signatures are checked for {url}", mend=mend)


def _self_test() -> Finding:
    """The published example must verify, and must not when a digit of it changes."""
    form = Form(_KNOWN_FORM)
    checker = Signatures([_KNOWN_SECRET], url=_KNOWN_URL.partition("?")[0])
    faults = [
        checker.fault(_known(body), Form(body)) for body in (_KNOWN_FORM, _KNOWN_FORM.replace(b"1234&", b"1235&"))
    ]
    is_right = faults == [None, "secret"] and sign(_KNOWN_SECRET, _KNOWN_URL, form.signed()) == _KNOWN_SIGNATURE
    if is_right:
        return Finding(check="signature", level=Level.OK, what="The signature self-test passes.")
    mend = "This build is broken: do not go live with it."
    return Finding(check="signature", level=Level.FAILURE, what="The signature self-test fails.", mend=mend)


def _known(body: bytes) -> RawRequest:
    return RawRequest(
        method="POST",
        path="/myapp.php?foo=1&bar=2",
        headers={HEADER: _KNOWN_SIGNATURE},
        body=body,
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def _mode(settings: TwilioSettings) -> Finding:
    if settings.signature_mode == "enforce":
        return Finding(check="mode", level=Level.OK, what="Wrong signatures are refused.")
    what = "signature_mode is observe: anybody can pretend to be a contact."
    mend = "Set signature_mode: enforce as soon as no mismatch is counted any more."
    return Finding(check="mode", level=Level.WARNING, what=what, mend=mend)

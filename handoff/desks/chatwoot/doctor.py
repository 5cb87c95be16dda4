"""What ``frontdesk doctor`` looks at: the token and its user, the inbox and its webhook, the label, the clock, our signatures."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from core.errors import DeliveryError, SignatureInvalid
from core.ports.channel import Finding, Level
from core.vendors.http import Answer
from handoff.desks.chatwoot.api import ChatwootApi
from handoff.desks.chatwoot.settings import ChatwootSettings, Verify
from handoff.kit.proof import check_hmac, sign

SKEW_S: Final = 60.0
API_CHANNEL: Final = "Channel::Api"


async def examine(
    api: ChatwootApi, settings: ChatwootSettings, *, url: str | None, now: Callable[[], datetime]
) -> tuple[Finding, ...]:
    """Everything, in the order in which an admin would mend it."""
    try:
        answer = await api.profile()
    except DeliveryError as error:
        mend = "Copy the access token from the profile settings of Frontdesk's user; check api_url."
        return (_bad("credentials", error.safe_message, mend), _mode(settings))
    findings = [_good("credentials", "The token is taken."), _role(answer, settings), *_clock(answer, now())]
    findings += await _inbox(api, settings, url)
    findings += await _label(api, settings)
    return (*findings, _mode(settings), _self_test())


def _good(check: str, what: str) -> Finding:
    return Finding(check=check, level=Level.OK, what=what)


def _doubtful(check: str, what: str, mend: str) -> Finding:
    return Finding(check=check, level=Level.WARNING, what=what, mend=mend)


def _bad(check: str, what: str, mend: str) -> Finding:
    return Finding(check=check, level=Level.FAILURE, what=what, mend=mend)


def _role(answer: Answer, settings: ChatwootSettings) -> Finding:
    profile = answer.json()
    accounts = profile.get("accounts") if isinstance(profile, dict) else None
    roles = {each.get("id"): each.get("role") for each in accounts or () if isinstance(each, dict)}
    role = roles.get(settings.account_id)
    if role is None:
        return _bad(
            "role", "The token's user does not belong to account_id.", "Invite them to the account, or mend it."
        )
    if role != "administrator":
        mend = "Make them an administrator: Chatwoot assigns a conversation to the agent who opens it."
        return _doubtful("role", f"The token's user is {role}.", mend)
    return _good("role", "The token's user is an administrator of the account.")


def _clock(answer: Answer, ours: datetime) -> list[Finding]:
    with suppress(TypeError, ValueError, KeyError):
        theirs = parsedate_to_datetime(answer.headers["Date"])
        skew = (ours - (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC))).total_seconds()
        what = f"This clock is {skew:+.0f} s from Chatwoot's."
        if abs(skew) > SKEW_S:
            mend = "Let both machines' clocks be set by NTP: webhooks older than 300 s are refused."
            return [_doubtful("clock", what, mend)]
        return [_good("clock", what)]
    return []


async def _inbox(api: ChatwootApi, settings: ChatwootSettings, url: str | None) -> list[Finding]:
    try:
        inbox = await api.inbox()
    except DeliveryError as error:
        return [_bad("inbox", error.safe_message, "Check inbox_id, and add the token's user to the inbox.")]
    if inbox.get("channel_type") != API_CHANNEL:
        what = f"The inbox is no API channel, but {inbox.get('channel_type')}."
        return [_bad("inbox", what, "Make an inbox of the kind API, and give its number as inbox_id.")]
    findings = [_good("inbox", "The inbox is an API channel."), _webhook(inbox, settings, url)]
    more = inbox.get("additional_attributes")
    if isinstance(more, dict) and more.get("agent_reply_time_window"):
        what = f"Agents cannot answer after {more['agent_reply_time_window']} hours."
        findings.append(_doubtful("window", what, "Clear the inbox's agent_reply_time_window."))
    return findings


def _webhook(inbox: dict[str, Any], settings: ChatwootSettings, url: str | None) -> Finding:
    """Registered where we listen; what is shown has no token."""
    shown = f"{url or 'https://<your address>/webhooks/desk/<tenant>'}"
    wanted = f"{shown}?token=<webhook_token>" if settings.verify is Verify.TOKEN else shown
    mend = f"Set the inbox's webhook URL to {wanted}"
    given = str(inbox.get("webhook_url") or "")
    if not given:
        return _bad("webhook", "The inbox has no webhook URL: agents' replies are only found by looking.", mend)
    parts = urlsplit(given)
    if url is None or parts._replace(query="", fragment="").geturl() != url:
        return _bad("webhook", "The inbox's webhook URL is not this desk's address.", mend)
    if settings.verify is Verify.TOKEN and parts.query != f"token={settings.token}":
        return _bad("webhook", "The webhook URL does not end with this desk's token.", mend)
    return _good("webhook", "The inbox's webhook is this desk's address.")


async def _label(api: ChatwootApi, settings: ChatwootSettings) -> list[Finding]:
    try:
        titles = {str(label.get("title") or "") for label in await api.listed("labels")}
    except DeliveryError as error:
        return [_doubtful("label", error.safe_message, "Run the doctor again.")]
    if settings.give_back_label in titles:
        return [_good("label", "The label that gives back to the bot is there.")]
    what = f"There is no label {settings.give_back_label}: agents can give back by the status Pending only."
    return [_doubtful("label", what, "Make it under Settings → Labels.")]


def _mode(settings: ChatwootSettings) -> Finding:
    match settings.verify:
        case Verify.HMAC:
            return _good("mode", "Webhooks must be signed.")
        case Verify.TOKEN:
            mend = "Use verify: hmac where the server signs (4.13 and later)."
            return _doubtful("mode", "Webhooks are proven by a token in their address, which proxies log.", mend)
        case Verify.OFF:
            mend = "Set verify: hmac or token: anybody can make us read conversations."
            return _doubtful("mode", "Webhooks are not proven at all.", mend)


def _self_test() -> Finding:
    """A signature must verify, and must not when a digit of the body changes."""
    given = "sha256=" + sign("secret", b"1700000000.{}")
    with suppress(SignatureInvalid):
        check_hmac(("secret",), given, b"1700000000.{}", prefix="sha256=")
        try:
            check_hmac(("secret",), given, b"1700000001.{}", prefix="sha256=")
        except SignatureInvalid:
            return _good("signature", "The signature self-test passes.")
    return _bad("signature", "The signature self-test fails.", "This build is broken: do not go live with it.")

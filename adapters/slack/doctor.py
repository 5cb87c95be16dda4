"""What ``frontdesk doctor`` looks at in a Slack account; it posts nothing."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from adapters import ChannelContext
from adapters.slack import signature
from adapters.slack.api import Answer, SlackApi
from adapters.slack.errors import Refused
from adapters.slack.settings import SlackSettings
from adapters.slack.tokens import Tokens
from core.errors import DeliveryError, SignatureInvalid
from core.ports.channel import Finding, Level

# The example of the vendor's own page on verifying requests; the secret is public.
EXAMPLE_SECRET: Final = "8f742231b10e8888abcd99yyyzzz85a5"  # noqa: S105
EXAMPLE_TIMESTAMP: Final = 1531420618
EXAMPLE_SIGNATURE: Final = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
EXAMPLE_BODY: Final = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)

NEEDED: Final = frozenset({"chat:write"})
SKEW_WARNING_S: Final = 60
SKEW_FAILURE_S: Final = signature.TOLERANCE_S


async def examine(
    api: SlackApi, tokens: Tokens, settings: SlackSettings, context: ChannelContext
) -> tuple[Finding, ...]:
    """The findings, most important first."""
    findings = [_signatures(settings), _webhook(settings, context)]
    try:
        known = await api.ask("auth.test", token=await tokens.token(), json={})
    except Refused as refused:
        why = refused.as_error().safe_message
        return (
            _failure("credentials", why, "Copy the bot token from OAuth & Permissions, or install again."),
            *findings,
        )
    except DeliveryError as error:
        return (_failure("credentials", error.safe_message, "Look at the token and at the way to Slack."), *findings)
    findings = [_credentials(known, settings), _scopes(known, settings), _clock(known, context.clock()), *findings]
    if settings.app_token is not None:
        findings.append(await _socket(api, settings.app_token.get_secret_value()))
    return tuple(findings)


def _failure(check: str, what: str, mend: str) -> Finding:
    return Finding(check=check, level=Level.FAILURE, what=what, mend=mend)


def _credentials(known: Answer, settings: SlackSettings) -> Finding:
    team, name = known.data.get("team_id"), known.data.get("team")
    if settings.team_id is not None and settings.team_id not in (team, known.data.get("enterprise_id")):
        return _failure("credentials", f"The token belongs to workspace {team}.", f"Set team_id to {team}.")
    if settings.team_id is None:
        return Finding(
            check="credentials",
            level=Level.OK,
            what=f"The token is valid in workspace {name} ({team}).",
            mend=f"Set team_id to {team} when the app serves several workspaces.",
        )
    return Finding(check="credentials", level=Level.OK, what=f"The token is valid in workspace {name} ({team}).")


def _scopes(known: Answer, settings: SlackSettings) -> Finding:
    have = {scope.strip() for scope in known.headers.get("x-oauth-scopes", "").split(",")} - {""}
    wanted = set(settings.scopes) | ({"chat:write.customize"} if settings.agent_username else set())
    missing = sorted(wanted - have)
    if not have:
        return Finding(check="scopes", level=Level.WARNING, what="Slack did not tell the token's scopes.")
    if not missing:
        return Finding(check="scopes", level=Level.OK, what="Every scope is there.")
    level = Level.FAILURE if NEEDED & set(missing) else Level.WARNING
    mend = "Add them under OAuth & Permissions and install the app again."
    return Finding(check="scopes", level=level, what=f"Missing scopes: {', '.join(missing)}.", mend=mend)


def _clock(known: Answer, now: datetime) -> Finding:
    try:
        theirs = parsedate_to_datetime(known.headers.get("Date", ""))
        skew_s = abs((now - theirs).total_seconds())
    except (TypeError, ValueError):
        return Finding(check="clock", level=Level.WARNING, what="Slack did not tell its time.")
    what = f"This machine's clock differs from Slack's by {skew_s:.0f} s."
    if skew_s < SKEW_WARNING_S:
        return Finding(check="clock", level=Level.OK, what=what)
    level = Level.WARNING if skew_s < SKEW_FAILURE_S else Level.FAILURE
    return Finding(check="clock", level=level, what=what, mend="Let the machine keep its time by NTP.")


def _webhook(settings: SlackSettings, context: ChannelContext) -> Finding:
    address = context.webhook_url
    if settings.app_token is not None:
        return Finding(check="webhook", level=Level.OK, what="Events come by Socket Mode; no address is needed.")
    if address is None:
        return _failure("webhook", "There is no public address.", "Set server.public.base_url, or app_token.")
    if not address.startswith("https://"):
        return _failure("webhook", f"Slack does not post to {address}.", "Set base_url to an https address.")
    mend = "It belongs under Event Subscriptions, Interactivity and each slash command; Slack checks it when you save."
    return Finding(check="webhook", level=Level.OK, what=f"Slack is to post to {address}.", mend=mend)


def _signatures(settings: SlackSettings) -> Finding:
    if not settings.signing_secrets:
        return Finding(check="signature", level=Level.OK, what="Socket Mode needs no signatures.")
    keys = signature.Keys([EXAMPLE_SECRET])
    headers = {"X-Slack-Request-Timestamp": str(EXAMPLE_TIMESTAMP), "X-Slack-Signature": EXAMPLE_SIGNATURE}
    at = datetime.fromtimestamp(EXAMPLE_TIMESTAMP).astimezone()
    try:
        signature.verify(keys, headers=headers, body=EXAMPLE_BODY, now=at)
    except SignatureInvalid:
        return _failure(
            "signature", "Slack's published example does not verify.", "This is a defect; please report it."
        )
    return Finding(check="signature", level=Level.OK, what="Slack's published example verifies.")


async def _socket(api: SlackApi, app_token: str) -> Finding:
    try:
        await api.call("apps.connections.open", token=app_token, json={})
    except DeliveryError as error:
        mend = "Make an app-level token with connections:write and switch Socket Mode on."
        return _failure("socket", error.safe_message, mend)
    return Finding(check="socket", level=Level.OK, what="Socket Mode can be opened.")

"""What ``frontdesk doctor`` looks at in a Slack desk; it posts nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from core.errors import DeliveryError
from core.ports.channel import Finding, Level
from handoff import DeskContext
from handoff.desks.slack.api import SlackDeskApi
from handoff.desks.slack.settings import SCOPES, SlackDeskSettings
from handoff.kit.proof import TOLERANCE_S

SKEW_WARNING_S: Final = 60


async def examine(api: SlackDeskApi, settings: SlackDeskSettings, context: DeskContext) -> tuple[Finding, ...]:
    """The findings, most important first."""
    webhook = _webhook(context.webhook_url)
    try:
        told, headers = await api.ask("auth.test", form={})
    except DeliveryError as error:
        mend = "Copy the bot token from OAuth & Permissions, or install the app again."
        return (_failure("credentials", error.safe_message, mend), webhook)
    what = f"The token is valid in workspace {told.get('team')} ({told.get('team_id')})."
    rooms = [await _room(api, room) for room in settings.rooms]
    ok = Finding(check="credentials", level=Level.OK, what=what)
    return (ok, _scopes(headers), *rooms, _clock(headers, context.clock()), webhook)


def _failure(check: str, what: str, mend: str) -> Finding:
    return Finding(check=check, level=Level.FAILURE, what=what, mend=mend)


def _scopes(headers: Mapping[str, str]) -> Finding:
    have = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")} - {""}
    missing = sorted(SCOPES - have)
    if not have:
        return Finding(check="scopes", level=Level.WARNING, what="Slack did not tell the token's scopes.")
    if not missing:
        return Finding(check="scopes", level=Level.OK, what="Every scope is there.")
    mend = "Add them under OAuth & Permissions and install the app again."
    return _failure("scopes", f"Missing scopes: {', '.join(missing)}.", mend)


async def _room(api: SlackDeskApi, room: str) -> Finding:
    try:
        told = (await api.ask("conversations.info", form={"channel": room}))[0]
    except DeliveryError as error:
        return _failure("channel", f"{room}: {error.safe_message}", "Look at the id, and /invite the app there.")
    found = told.get("channel")
    facts = found if isinstance(found, dict) else {}
    if facts.get("is_archived"):
        return _failure("channel", f"{room} is archived.", "Name another channel.")
    if facts.get("is_member") is False:
        return _failure("channel", f"The app is not in {room}.", "Invite it there: /invite @your-app.")
    if facts.get("is_ext_shared"):
        mend = "People of other organisations there read everything; what they write is never relayed."
        return Finding(check="channel", level=Level.WARNING, what=f"{room} is shared with others.", mend=mend)
    return Finding(check="channel", level=Level.OK, what=f"The app is in {room}.")


def _clock(headers: Mapping[str, str], now: datetime) -> Finding:
    try:
        skew_s = abs((now - parsedate_to_datetime(headers.get("Date", ""))).total_seconds())
    except (TypeError, ValueError):
        return Finding(check="clock", level=Level.WARNING, what="Slack did not tell its time.")
    what = f"This machine's clock differs from Slack's by {skew_s:.0f} s."
    if skew_s < SKEW_WARNING_S:
        return Finding(check="clock", level=Level.OK, what=what)
    level = Level.WARNING if skew_s < TOLERANCE_S else Level.FAILURE
    return Finding(check="clock", level=level, what=what, mend="Let the machine keep its time by NTP.")


def _webhook(address: str | None) -> Finding:
    if address is None:
        return _failure("webhook", "There is no public address.", "Set server.public.base_url.")
    if not address.startswith("https://"):
        return _failure("webhook", f"Slack does not post to {address}.", "Set base_url to an https address.")
    mend = "It belongs under Event Subscriptions and under Interactivity of the desk's app."
    return Finding(check="webhook", level=Level.OK, what=f"Slack is to post to {address}.", mend=mend)

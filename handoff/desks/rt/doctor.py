"""What ``frontdesk doctor`` looks at: the user and what they may do, the queue, the custom field, the clock."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from core.errors import DeliveryError
from core.ports.channel import Finding, Level
from core.vendors.http import Answer
from handoff.desks.rt.api import RtApi
from handoff.desks.rt.payloads import QueueWire
from handoff.desks.rt.settings import RtSettings

SKEW_S: Final = 60.0
REST2_MAJOR: Final = 5


async def examine(api: RtApi, settings: RtSettings, *, now: Callable[[], datetime]) -> tuple[Finding, ...]:
    """Everything, in the order in which an admin would mend it."""
    try:
        answer = await api.version()
        findings = [_version(answer), *_clock(answer, now()), await _user(api, settings)]
        queue = await api.queue(settings.queue)
    except DeliveryError as error:
        mend = "Check api_url; make a new token under Settings → Auth Tokens, signed in as Frontdesk's user."
        return (_finding("credentials", Level.FAILURE, error.safe_message, mend),)
    findings += _queue(queue, settings)
    findings.append(_ping(settings))
    return tuple(findings)


def _finding(check: str, level: Level, what: str, mend: str = "") -> Finding:
    return Finding(check=check, level=level, what=what, mend=mend)


def _version(answer: Answer) -> Finding:
    found = answer.json()
    version = str(found.get("Version", "")) if isinstance(found, dict) else ""
    major = version.partition(".")[0]
    if major.isdigit() and int(major) >= REST2_MAJOR:
        return _finding("credentials", Level.OK, f"RT {version} takes the credentials.")
    what = f"RT says its version is {version or 'unknown'}."
    return _finding("credentials", Level.WARNING, what, "RT 5 is what Frontdesk was tested with.")


def _clock(answer: Answer, ours: datetime) -> list[Finding]:
    with suppress(TypeError, ValueError, KeyError):
        theirs = parsedate_to_datetime(answer.headers["Date"])
        skew = (ours - (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC))).total_seconds()
        what = f"This clock is {skew:+.0f} s from RT's."
        if abs(skew) > SKEW_S:
            mend = "Let both machines' clocks be set by NTP: what agents do is looked for by its time."
            return [_finding("clock", Level.WARNING, what, mend)]
        return [_finding("clock", Level.OK, what)]
    return []


async def _user(api: RtApi, settings: RtSettings) -> Finding:
    found = await api.user(settings.user)
    if found is None:
        what = f"RT has no user {settings.user} that the credentials may see."
        return _finding("user", Level.FAILURE, what, "Check user, and let Frontdesk's user be granted rights.")
    if str(found.Privileged) != "1":
        return _finding("user", Level.FAILURE, f"{found.Name} may not be granted rights.", "Tick that box in RT.")
    if not _is_tokens_owner(settings, str(found.id)):
        what = f"The token belongs to another user than {found.Name}."
        return _finding("user", Level.FAILURE, what, "Make the token while signed in as Frontdesk's user.")
    return _finding("user", Level.OK, f"The user {found.Name} is there.")


def _is_tokens_owner(settings: RtSettings, user_id: str) -> bool:
    """RT's tokens are ``1-<number of the user>-<secret>``; one that looks otherwise is believed."""
    parts = settings.token_text.split("-")
    return len(parts) != 3 or not parts[1].isdigit() or parts[1] == user_id


def _queue(queue: QueueWire | None, settings: RtSettings) -> list[Finding]:
    if queue is None:
        what = f"RT has no queue {settings.queue} that Frontdesk's user may see."
        return [_finding("queue", Level.FAILURE, what, "Check queue, and grant SeeQueue on it.")]
    findings = [_finding("queue", Level.OK, f"The queue {queue.Name} is there.")]
    if any(field.name == settings.case_field for field in queue.TicketCustomFields):
        findings.append(_finding("case_field", Level.OK, f"Tickets have the custom field {settings.case_field}."))
    else:
        what = f"The queue's tickets have no custom field {settings.case_field} that Frontdesk's user may see."
        mend = (
            "Make it under Admin → Custom Fields, apply it to all queues, grant SeeCustomField and ModifyCustomField."
        )
        findings.append(_finding("case_field", Level.FAILURE, what, mend))
    return findings


def _ping(settings: RtSettings) -> Finding:
    if settings.webhook_secret:
        return _finding("webhook", Level.OK, "RT's scrip may ping us; looks go on all the same.")
    return _finding("webhook", Level.OK, f"RT is looked at every {settings.poll_s:g} s; a scrip can make it quicker.")

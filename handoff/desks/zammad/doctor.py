"""What ``frontdesk doctor`` looks at: the token, the group, where the key is kept, the clock, our signatures, our address."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from core.errors import DeliveryError, SignatureInvalid
from core.ports.channel import Finding, Level
from core.vendors.http import Answer
from handoff.desks.zammad.api import ZammadApi
from handoff.desks.zammad.settings import ZammadSettings
from handoff.kit.proof import check_hmac, sign

SKEW_S: Final = 60.0
LOOKED_BACK: Final = timedelta(days=30)


async def examine(
    api: ZammadApi, settings: ZammadSettings, *, now: Callable[[], datetime], url: str | None
) -> tuple[Finding, ...]:
    """Everything, in the order in which an admin would mend it."""
    try:
        answer = await api.profile()
    except DeliveryError as error:
        mend = "Make a token with ticket.agent under Profile → Token Access of Frontdesk's user; check api_url."
        return (_finding("credentials", Level.FAILURE, error.safe_message, mend), _webhook(url))
    findings = [_finding("credentials", Level.OK, "The token is taken."), *_clock(answer, now())]
    findings.append(await _group(api, settings))
    findings.append(await _search(api, settings, now()))
    return (*findings, _self_test(), _webhook(url))


def _finding(check: str, level: Level, what: str, mend: str = "") -> Finding:
    return Finding(check=check, level=level, what=what, mend=mend)


def _clock(answer: Answer, ours: datetime) -> list[Finding]:
    with suppress(TypeError, ValueError, KeyError):
        theirs = parsedate_to_datetime(answer.headers["Date"])
        skew = (ours - (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC))).total_seconds()
        what = f"This clock is {skew:+.0f} s from Zammad's."
        if abs(skew) > SKEW_S:
            mend = "Let both machines' clocks be set by NTP: what webhooks did not tell is looked for by its time."
            return [_finding("clock", Level.WARNING, what, mend)]
        return [_finding("clock", Level.OK, what)]
    return []


async def _group(api: ZammadApi, settings: ZammadSettings) -> Finding:
    try:
        groups = await api.groups()
    except DeliveryError as error:
        return _finding("group", Level.WARNING, error.safe_message, "Check by hand that the group is there.")
    if settings.group in groups:
        return _finding("group", Level.OK, f"The group {settings.group} is there.")
    what = f"There is no group {settings.group} that Frontdesk's user may see."
    return _finding("group", Level.FAILURE, what, "Check group, and give the user full access to it.")


async def _search(api: ZammadApi, settings: ZammadSettings, now: datetime) -> Finding:
    """Looks for cases as the bridge does, and reads one, if there is any, for its key."""
    try:
        refs = await api.changed(settings.tag, now - LOOKED_BACK)
        found = (await api.ticket(refs[0]))[1] if refs else None
    except DeliveryError as error:
        mend = "Lost webhooks are made good later now: open cases are read every ten minutes. Check Zammad's version."
        return _finding("search", Level.WARNING, error.safe_message, mend)
    if found is not None and settings.key_attribute not in found:
        what = f"Tickets have no attribute {settings.key_attribute}: keys are lost, and cases may be opened twice."
        return _finding("key_attribute", Level.FAILURE, what, "Use the default, or make it under System → Objects.")
    what = "There is no case yet." if found is None else "A case was found, with its key's attribute."
    return _finding("search", Level.OK, what)


def _webhook(url: str | None) -> Finding:
    """Webhooks are read by administrators alone, so only our own side is known."""
    if url is None:
        return _finding("webhook", Level.FAILURE, "The webhook's address is not known.", "Set server.public.base_url.")
    if not url.startswith("https://"):
        mend = "Put a proxy with a certificate before Frontdesk: what customers say would be readable on the way."
        return _finding("webhook", Level.WARNING, "The webhook's address is not https.", mend)
    return _finding("webhook", Level.OK, f"Zammad's webhook must call {url}")


def _self_test() -> Finding:
    """A signature must verify, and must not when the body changes."""
    given = "sha1=" + sign("secret", b"{}", algorithm="sha1")
    with suppress(SignatureInvalid):
        check_hmac(("secret",), given, b"{}", prefix="sha1=", algorithm="sha1")
        try:
            check_hmac(("secret",), given, b"[]", prefix="sha1=", algorithm="sha1")
        except SignatureInvalid:
            return _finding("signature", Level.OK, "The signature self-test passes.")
    return _finding("signature", Level.FAILURE, "The signature self-test fails.", "Do not go live with this build.")

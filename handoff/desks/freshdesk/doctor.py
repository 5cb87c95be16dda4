"""What ``frontdesk doctor`` looks at: the key and its agent, the custom field, the calls per minute, the webhook."""

from __future__ import annotations

from typing import Final

from core.errors import DeliveryError
from core.ports.channel import Finding, Level
from handoff.desks.freshdesk.api import FreshdeskApi
from handoff.desks.freshdesk.settings import FreshdeskSettings

FEW_CALLS: Final = 100
TEXT_FIELD: Final = "custom_text"


async def examine(api: FreshdeskApi, settings: FreshdeskSettings, *, url: str | None) -> tuple[Finding, ...]:
    """Everything, in the order in which an admin would mend it."""
    try:
        await api.me()
    except DeliveryError as error:
        mend = "Copy the API key from the profile settings of Frontdesk's agent; check api_url."
        return (_bad("credentials", error.safe_message, mend), _webhook(url))
    findings = [_good("credentials", "The API key is taken."), await _agents(api), await _field(api, settings)]
    return (*findings, _calls(api), _webhook(url))


def _good(check: str, what: str) -> Finding:
    return Finding(check=check, level=Level.OK, what=what)


def _bad(check: str, what: str, mend: str) -> Finding:
    return Finding(check=check, level=Level.FAILURE, what=what, mend=mend)


async def _agents(api: FreshdeskApi) -> Finding:
    """Who wrote a reply is looked up before it is relayed."""
    try:
        count = len(await api.agents())
    except DeliveryError as error:
        return _bad("role", error.safe_message, "Make the key's agent an account administrator.")
    return _good("role", f"The key's agent may see the {count} agents.")


async def _field(api: FreshdeskApi, settings: FreshdeskSettings) -> Finding:
    mend = f"Make a single-line text field for tickets whose API name is {settings.case_field} (Admin → Ticket Fields)."
    try:
        fields = {field.name: field.type for field in await api.fields()}
    except DeliveryError as error:
        return _bad("field", error.safe_message, "Make the key's agent an account administrator.")
    if settings.case_field not in fields:
        return _bad("field", f"Tickets have no field {settings.case_field}.", mend)
    if fields[settings.case_field] != TEXT_FIELD:
        return _bad("field", f"The field {settings.case_field} is no single-line text.", mend)
    return _good("field", "The field for our key is there.")


def _calls(api: FreshdeskApi) -> Finding:
    if api.total is None:
        return _good("calls", "Freshdesk tells no limit of calls per minute.")
    what = f"The account has {api.total} calls per minute, of which {api.left} are left."
    if api.total < FEW_CALLS:
        mend = "A message to the desk takes one call, a look after each webhook three: take a larger plan."
        return Finding(check="calls", level=Level.WARNING, what=what, mend=mend)
    return _good("calls", what)


def _webhook(url: str | None) -> Finding:
    """Freshdesk's API does not tell its rules, so only our own side is known."""
    if url is None:
        return _bad("webhook", "The address for webhooks is not known.", "Set server.public.base_url.")
    if not url.startswith("https://"):
        mend = "Put a proxy with a certificate before Frontdesk: the token would be readable on the way."
        return Finding(check="webhook", level=Level.WARNING, what="The webhook address is not https.", mend=mend)
    return _good("webhook", f"The automation rule must call {url} with the header X-Frontdesk-Token.")

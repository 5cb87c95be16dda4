"""`frontdesk doctor`: whether Zendesk lets us in, calls us, and leaves it to us to write to customers."""

from __future__ import annotations

import hmac
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from core.errors import DeliveryError
from core.ports.channel import Finding, Level
from handoff import DeskContext
from handoff.desks.zendesk.client import Client
from handoff.desks.zendesk.settings import ZendeskSettings
from handoff.desks.zendesk.wire import SecretAnswer, Trigger, Triggers, UserAnswer, Webhook, Webhooks

MOST_SKEW_S: Final = 60
TO_CUSTOMER: Final = ("requester_id", "requester_and_ccs")
TICKET_EVENTS: Final = ("zen:event-type:ticket.", "conditional_ticket_events")


class Doctor:
    """Looks at one account and changes nothing."""

    def __init__(self, settings: ZendeskSettings, client: Client, context: DeskContext) -> None:
        self._settings = settings
        self._client = client
        self._context = context

    async def examine(self) -> tuple[Finding, ...]:
        """Credentials, role, clock, webhook and its secret, and triggers that would mail customers."""
        try:
            answer = await self._client.call("GET", "/users/me")
        except DeliveryError as error:
            mend = "Check subdomain, client_id and client_secret: Admin Center > Apps and integrations > APIs > OAuth clients."
            return (_bad("credentials", error.safe_message, mend),)
        if answer.status != 200:
            return (
                _bad(
                    "credentials", f"Zendesk answered {answer.status} for our own user.", "Give the client users:read."
                ),
            )
        return (
            Finding(check="credentials", level=Level.OK, what="Zendesk lets us in."),
            *self._login(),
            self._role(answer.body),
            self._skew(answer.headers.get("Date", "")),
            *await self._webhook(),
            *await self._triggers(),
        )

    def _login(self) -> list[Finding]:
        if self._settings.api_token is not None:
            what = "Logged in by an API token, which Zendesk ends on 2027-04-30."
            mend = "Make an OAuth client; set client_id and client_secret in place of email and api_token."
            return [Finding(check="login", level=Level.WARNING, what=what, mend=mend)]
        granted = set(self._client.tokens.granted_scope.split())
        missing = [scope for scope in self._settings.scope.split() if granted and scope not in granted]
        if missing:
            return [_bad("scope", f"Not granted: {', '.join(missing)}.", "Add these scopes to the OAuth client.")]
        return [Finding(check="scope", level=Level.OK, what="All scopes are granted.")]

    def _role(self, body: bytes) -> Finding:
        try:
            role = msgspec.json.decode(body, type=UserAnswer).user.role
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _bad("role", "Zendesk does not tell our user's role.", "Try again later.")
        if role in ("agent", "admin"):
            return Finding(check="role", level=Level.OK, what=f"Our user is an {role}.")
        return _bad("role", f"Our user is an {role}.", "Make it an agent who sees all tickets, or an admin.")

    def _skew(self, date: str) -> Finding:
        """Webhooks are taken five minutes around their time; a clock further off refuses all of them."""
        try:
            theirs = parsedate_to_datetime(date)
        except ValueError:
            return Finding(check="clock", level=Level.OK, what="Zendesk does not tell its time.")
        off = abs((self._context.clock() - theirs).total_seconds())
        if off <= MOST_SKEW_S:
            return Finding(check="clock", level=Level.OK, what="The clock agrees with Zendesk's.")
        return _bad("clock", f"The clock is {off:.0f} s off Zendesk's.", "Set the machine's clock by NTP.")

    async def _webhook(self) -> list[Finding]:
        if not self._settings.signing_secrets:
            return [_bad("webhook", "There is no signing secret, so no webhook is believed.", "Set signing_secrets.")]
        url = self._context.webhook_url
        if url is None:
            return [_warn("webhook", "There is no public address for webhooks.", "Set server.public.base_url.")]
        found = await self._list("/webhooks", Webhooks)
        if found is None:
            return [_warn("webhook", "The webhooks may not be listed.", "Give the client webhooks:read and an admin.")]
        hook = next((hook for hook in found.webhooks if hook.endpoint.rstrip("/") == url.rstrip("/")), None)
        mend = f"Admin Center > Apps and integrations > Webhooks: one with the endpoint {url} and the ticket events."
        if hook is None:
            return [_bad("webhook", "No webhook of the account calls us.", mend)]
        if hook.status != "active":
            return [_bad("webhook", "The webhook that calls us is not active.", "Activate it in Admin Center.")]
        if not any(name.startswith(TICKET_EVENTS) for name in hook.subscriptions):
            return [_bad("webhook", "The webhook that calls us hears of no ticket events.", mend)]
        return [Finding(check="webhook", level=Level.OK, what="A webhook calls us."), await self._secret(hook)]

    async def _secret(self, hook: Webhook) -> Finding:
        found = await self._list(f"/webhooks/{hook.id}/signing_secret", SecretAnswer)
        if found is None:
            return _warn("signature", "The webhook's secret may not be read, so it was not compared.", "")
        theirs = found.signing_secret.secret.encode()
        ours = [
            hmac.compare_digest(secret.get_secret_value().encode(), theirs) for secret in self._settings.signing_secrets
        ]
        if any(ours):
            return Finding(check="signature", level=Level.OK, what="The webhook's secret is one of signing_secrets.")
        return _bad("signature", "The webhook is signed with a secret we do not have.", "Copy it into signing_secrets.")

    async def _triggers(self) -> list[Finding]:
        """Triggers that mail the customer about our tickets: they would get every answer twice."""
        found = await self._list("/triggers/active", Triggers)
        if found is None:
            mend = "Give the client triggers:read, or look yourself: docs/desks/zendesk.md."
            return [_warn("mails", "The triggers may not be read.", mend)]
        loud = [trigger.title for trigger in found.triggers if trigger.active and self._mails(trigger)]
        if not loud:
            return [Finding(check="mails", level=Level.OK, what="No trigger mails customers about our tickets.")]
        what = "Customers would also get mails by: " + "; ".join(title[:80] for title in loud[:5])
        mend = f"Add to each the condition: Tags, contains none of the following, {self._settings.tag}"
        return [Finding(check="mails", level=Level.WARNING, what=what, mend=mend)]

    def _mails(self, trigger: Trigger) -> bool:
        def is_out(field: str, operator: str, value: Any) -> bool:
            return field == "current_tags" and operator == "not_includes" and self._settings.tag in str(value).split()

        if any(is_out(each.field, each.operator, each.value) for each in trigger.conditions.all):
            return False
        return any(
            action.field == "notification_user" and _first(action.value) in TO_CUSTOMER for action in trigger.actions
        )

    async def _list(self, path: str, shape: type[Any]) -> Any:
        try:
            return await self._client.read(shape, path)
        except DeliveryError:
            return None


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _bad(check: str, what: str, mend: str) -> Finding:
    return Finding(check=check, level=Level.FAILURE, what=what, mend=mend)


def _warn(check: str, what: str, mend: str) -> Finding:
    return Finding(check=check, level=Level.WARNING, what=what, mend=mend)

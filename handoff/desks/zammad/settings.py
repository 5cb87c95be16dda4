"""The YAML block of a Zammad desk."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from handoff.kit.addresses import Address
from handoff.kit.settings import DeskSettings

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Attribute = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,60}$")]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[^,\s]{1,60}$")]


class ZammadSettings(DeskSettings):
    """Settings of `desk: {kind: zammad}`."""

    api_url: Address = Field(description="Address of Zammad, without a path")
    token: SecretStr = Field(description="Access token (ticket.agent) of Frontdesk's own user, whom nobody signs in as")
    webhook_secrets: tuple[SecretStr, ...] = Field(
        min_length=1, max_length=4, description="HMAC SHA1 signature token of the webhook; several while rotating"
    )
    group: Name = Field(default="Users", description="Group of cases that no rule sends elsewhere")
    key_attribute: Attribute = Field(
        default="note", description="Ticket attribute that holds our key: Zammad's own note, or a text field you made"
    )
    tag: Tag = Field(default="frontdesk", description="Tag of all cases, for triggers and overviews")
    give_back_tag: Tag = Field(
        default="frontdesk-bot", description="Tag by which agents give the conversation back to the bot"
    )
    pending_days: int = Field(
        default=7, ge=1, le=365, description="Days after which Zammad reminds of a case that waits for the customer"
    )

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        if not self.token.get_secret_value().strip():
            raise ValueError("token is empty; make one under Profile → Token Access of Frontdesk's user")
        if any(not secret.get_secret_value().strip() for secret in self.webhook_secrets):
            raise ValueError("one of webhook_secrets is empty; copy it from Manage → Webhook")
        if self.tag == self.give_back_tag:
            raise ValueError("tag and give_back_tag are the same; every case would be given back at once")
        return self

    @property
    def base(self) -> str:
        """The address without a slash at its end."""
        return self.api_url.rstrip("/")

    @property
    def secrets(self) -> tuple[str, ...]:
        """The webhook's secrets."""
        return tuple(secret.get_secret_value() for secret in self.webhook_secrets)

"""The YAML block of a Chatwoot desk: one API-channel inbox of one account."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from handoff.kit.addresses import Address
from handoff.kit.settings import DeskSettings

API_URL = "https://app.chatwoot.com"
MIN_TOKEN_CHARS = 16

Host = Annotated[str, StringConstraints(pattern=r"^(\*\.)?[a-z0-9.\-]+\.[a-z]{2,}$", max_length=200)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class Verify(StrEnum):
    """What proves a webhook call."""

    HMAC = "hmac"
    TOKEN = "token"  # noqa: S105  a word of the YAML
    OFF = "off"


class ChatwootSettings(DeskSettings):
    """Settings of `desk: {kind: chatwoot}`."""

    api_url: Address = Field(default=API_URL, description="Address of the installation, without a path")
    account_id: int = Field(ge=1, description="Number of the account: app/accounts/NUMBER in the address of its pages")
    inbox_id: int = Field(ge=1, description="Number of the API-channel inbox: settings/inboxes/NUMBER")
    api_token: SecretStr = Field(
        description="Access token of a user of its own, an administrator, whom nobody signs in as"
    )
    verify: Verify = Field(
        default=Verify.HMAC,
        description="What proves webhooks: hmac (the inbox's secret), token (in the address, for servers before 4.13), off",
    )
    webhook_secrets: tuple[SecretStr, ...] = Field(
        default=(), max_length=4, description="Secret of the inbox's webhook, for hmac; several while rotating"
    )
    webhook_token: SecretStr | None = Field(
        default=None, description="For token: at least 16 characters, at the end of the webhook address: ?token=…"
    )
    give_back_label: Word = Field(
        default="frontdesk-bot", description="Label by which agents give the conversation back to the bot"
    )
    file_hosts: tuple[Host, ...] = Field(
        default=("*.amazonaws.com", "storage.googleapis.com", "*.blob.core.windows.net"),
        max_length=20,
        description="Hosts that agents' files may be fetched from, beside api_url: the installation's storage",
    )

    @model_validator(mode="after")
    def _can_prove(self) -> Self:
        if not self.api_token.get_secret_value().strip():
            raise ValueError("api_token is empty; copy it from the profile settings of Frontdesk's user")
        if any(not secret.get_secret_value().strip() for secret in self.webhook_secrets):
            raise ValueError("one of webhook_secrets is empty; copy it from the inbox's configuration")
        if self.verify is Verify.HMAC and not self.webhook_secrets:
            raise ValueError("verify: hmac needs webhook_secrets; a server without them needs verify: token")
        if self.verify is Verify.TOKEN and len(self.token) < MIN_TOKEN_CHARS:
            raise ValueError(f"verify: token needs a webhook_token of at least {MIN_TOKEN_CHARS} characters")
        return self

    @property
    def base(self) -> str:
        """The address without a slash at its end."""
        return self.api_url.rstrip("/")

    @property
    def secrets(self) -> tuple[str, ...]:
        """The webhook's secrets."""
        return tuple(secret.get_secret_value() for secret in self.webhook_secrets)

    @property
    def token(self) -> str:
        """The webhook's token; "" when there is none."""
        return self.webhook_token.get_secret_value() if self.webhook_token else ""

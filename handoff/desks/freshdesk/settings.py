"""The YAML block of a Freshdesk desk."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from handoff.kit.addresses import Address
from handoff.kit.settings import DeskSettings

MIN_TOKEN_CHARS = 16

Host = Annotated[str, StringConstraints(pattern=r"^(\*\.)?[a-z0-9.\-]+\.[a-z]{2,}$", max_length=200)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32)]


class FreshdeskSettings(DeskSettings):
    """Settings of `desk: {kind: freshdesk}`."""

    api_url: Address = Field(description="Address of the account: https://acme.freshdesk.com")
    api_key: SecretStr = Field(description="API key of an agent of its own, an administrator, whom nobody signs in as")
    webhook_tokens: tuple[SecretStr, ...] = Field(
        min_length=1,
        max_length=4,
        description="What the automation rule sends as X-Frontdesk-Token, at least 16 characters; several while rotating",
    )
    case_field: str = Field(
        default="cf_frontdesk",
        pattern=r"^cf_[a-z0-9_]{1,60}$",
        description="API name of a single-line text field of tickets, made for us: it carries our key",
    )
    give_back_tag: Tag = Field(
        default="frontdesk-bot", description="Tag by which agents give the conversation back to the bot"
    )
    ticket_tag: Tag = Field(default="frontdesk", description="Tag that all our tickets have, for rules and views")
    file_hosts: tuple[Host, ...] = Field(
        default=("*.amazonaws.com", "*.freshdesk.com", "*.freshworks.com"),
        max_length=20,
        description="Hosts that agents' files may be fetched from, beside api_url",
    )

    @model_validator(mode="after")
    def _can_prove(self) -> Self:
        if not self.api_key.get_secret_value().strip():
            raise ValueError("api_key is empty; copy it from the profile settings of Frontdesk's agent")
        if any(len(token) < MIN_TOKEN_CHARS for token in self.tokens):
            raise ValueError(f"each of webhook_tokens needs at least {MIN_TOKEN_CHARS} characters")
        if self.give_back_tag == self.ticket_tag:
            raise ValueError("give_back_tag and ticket_tag must differ, or every ticket would be given back at once")
        return self

    @property
    def base(self) -> str:
        """Where the API's paths begin."""
        return f"{self.api_url.rstrip('/')}/api/v2"

    @property
    def tokens(self) -> tuple[str, ...]:
        """The webhook's tokens."""
        return tuple(token.get_secret_value() for token in self.webhook_tokens)

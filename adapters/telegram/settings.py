"""The YAML block of a Telegram account."""

from __future__ import annotations

import re
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

API_URL: Final = "https://api.telegram.org"
LEAST_SECRET_CHARS: Final = 16

_TOKEN: Final = re.compile(r"[0-9]{3,16}:[A-Za-z0-9_-]{8,100}")
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+(?:/[A-Za-z0-9._\-/]*)?")


class TelegramSettings(BaseModel):
    """A bot made with @BotFather: its token, how its events reach us, and where it answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: SecretStr = Field(description="The bot's token, from @BotFather")
    bot_username: str = Field(
        pattern=r"^@?[A-Za-z][A-Za-z0-9_]{2,31}$", description="The bot's username, which people mention in groups"
    )
    mode: Literal["webhook", "polling"] = Field(
        default="webhook", description="webhook: Telegram calls us; polling: we ask, for machines without a public URL"
    )
    webhook_secrets: list[SecretStr] = Field(
        default_factory=list,
        max_length=4,
        description="Secret tokens that prove Telegram's calls; the first is registered, more while rotating",
    )
    register_webhook: bool = Field(
        default=True, description="Tell Telegram our address on start; in polling mode: take a registered one away"
    )
    groups: bool = Field(default=True, description="Answer in groups when mentioned or replied to")
    streaming: bool = Field(default=True, description="Show replies while they grow")
    choices: Literal["inline", "reply"] = Field(
        default="inline",
        description="Quick replies as buttons under the message, or as a keyboard in place of the contact's own",
    )
    debounce_ms: int = Field(
        default=1_000,
        ge=0,
        le=10_000,
        description="A burst of messages (an album too) within this time becomes one turn",
    )
    poll_timeout_s: int = Field(default=25, ge=1, le=50, description="How long Telegram may hold a polling call open")
    api_url: str = Field(
        default=API_URL, description="Address of the Bot API; another one for a local server or the lab"
    )

    @field_validator("token")
    @classmethod
    def _is_token(cls, value: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError("a bot's token is digits, a colon, and letters, digits, _ or -")
        return value

    @field_validator("bot_username")
    @classmethod
    def _bare_name(cls, value: str) -> str:
        return value.removeprefix("@")

    @field_validator("webhook_secrets")
    @classmethod
    def _are_secrets(cls, value: list[SecretStr]) -> list[SecretStr]:
        for secret in value:
            plain = secret.get_secret_value()
            if len(plain) < LEAST_SECRET_CHARS or not _SECRET.fullmatch(plain):
                raise ValueError(f"a webhook secret is {LEAST_SECRET_CHARS} to 256 letters, digits, _ or -")
        return value

    @field_validator("api_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not _ORIGIN.fullmatch(value):
            raise ValueError(f"{value!r} is not an address like {API_URL}")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _has_secret(self) -> Self:
        if self.mode == "webhook" and not self.webhook_secrets:
            raise ValueError("mode webhook needs at least one of `webhook_secrets`")
        return self

"""The YAML blocks of an SMS and of a WhatsApp account."""

from __future__ import annotations

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

API_URL = "https://api.twilio.com"
CONTENT_URL = "https://content.twilio.com"
MESSAGING_URL = "https://messaging.twilio.com"


class TwilioSettings(BaseModel):
    """What both kinds have: who we are at Twilio, how webhooks prove themselves, and which number speaks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account_sid: str = Field(pattern=r"^AC[0-9A-Za-z]{1,62}$", description="Twilio account (or subaccount), AC…")
    auth_token: SecretStr = Field(
        min_length=1, description="Auth token; verifies webhooks, and calls the API when no API key is given"
    )
    secondary_auth_token: SecretStr | None = Field(
        default=None, min_length=1, description="Second auth token, also good for webhooks while rotating"
    )
    api_key_sid: str | None = Field(
        default=None, pattern=r"^SK[0-9A-Za-z]{1,62}$", description="API key for calls, SK…"
    )
    api_key_secret: SecretStr | None = Field(default=None, min_length=1, description="Secret of the API key")
    webhook_signing: Literal["auth_token", "shared_key"] = Field(
        default="auth_token",
        description="What signs webhooks: the auth token (HMAC-SHA1), or shared keys (HMAC-SHA256)",
    )
    shared_keys: list[SecretStr] = Field(
        default_factory=list, max_length=4, description="Secrets of webhook shared keys; several while rotating"
    )
    signature_mode: Literal["enforce", "observe"] = Field(
        default="enforce", description="observe: a wrong webhook signature is counted and let in; only while moving in"
    )
    public_url: str | None = Field(
        default=None,
        description="Webhook address exactly as Twilio calls it; left out: server.public.base_url + /webhooks/<account>",
    )
    from_number: str | None = Field(default=None, pattern=r"^\+?[0-9]{3,15}$", description="Our number, +15551234567")
    messaging_service_sid: str | None = Field(
        default=None, pattern=r"^MG[0-9A-Za-z]{1,62}$", description="Messaging service that sends instead, MG…"
    )
    delete_media: bool = Field(default=False, description="Delete contacts' files at Twilio once they were copied")
    debounce_ms: int = Field(
        default=1_500, ge=0, le=10_000, description="A burst of messages within this time becomes one turn"
    )
    api_url: str | None = Field(default=None, description="Address of the API, for the lab; left out: Twilio's own")

    @field_validator("public_url", "api_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise ValueError("an address like https://bot.example.com/webhooks/shop-sms, without a password in it")
        return value.partition("#")[0].rstrip("/")

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.api_key_sid is None) != (self.api_key_secret is None):
            raise ValueError("api_key_sid and api_key_secret go together")
        if self.webhook_signing == "shared_key" and not self.shared_keys:
            raise ValueError("webhook_signing: shared_key needs shared_keys")
        if self.from_number is None and self.messaging_service_sid is None:
            raise ValueError("one of from_number and messaging_service_sid is needed to answer")
        return self

    @property
    def login(self) -> tuple[str, str]:
        """Name and password of API calls."""
        if self.api_key_sid is not None and self.api_key_secret is not None:
            return self.api_key_sid, self.api_key_secret.get_secret_value()
        return self.account_sid, self.auth_token.get_secret_value()


class SmsSettings(TwilioSettings):
    """An SMS account: one number or messaging service."""

    max_segments: int = Field(
        default=3, ge=1, le=10, description="Longest message in SMS segments; a longer reply becomes several messages"
    )
    mms: bool = Field(default=False, description="Send files as MMS (US and Canada); otherwise as links")
    part_gap_s: float = Field(
        default=1.0, ge=0.0, le=10.0, description="Pause between the messages of one reply, which keeps their order"
    )


class ReopenTemplate(BaseModel):
    """The approved template that asks a contact to write again after the 24 hours."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    content_sid: str = Field(pattern=r"^HX[0-9A-Za-z]{1,62}$", description="The approved template, HX…")
    variables: dict[str, str] = Field(
        default_factory=dict, max_length=20, description="Its variables; {name} in a value is the contact's name"
    )


class WhatsAppSettings(TwilioSettings):
    """A WhatsApp account: one sender."""

    buttons: bool = Field(
        default=True, description="Offer quick replies as buttons and lists (Content API); otherwise as numbers"
    )
    list_button: str = Field(default="Choose", min_length=1, max_length=20, description="Label that opens a list")
    reopen_template: ReopenTemplate | None = Field(
        default=None, description="Sent once in place of a reply when the 24 hours since the contact wrote are over"
    )

"""The YAML block of a web account."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator, model_validator

WEBHOOK_SECRET_PREFIX = "whsec_"  # noqa: S105  a prefix, not a secret
LEAST_SECRET_BYTES = 24
LEAST_HS256_BYTES = 32

Short = Annotated[str, StringConstraints(min_length=1, max_length=120)]


class JwtKey(BaseModel):
    """One key with which the company's own server signs who its customer is.

    The algorithm belongs to the key, never to the token's header.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kid: Short
    alg: Literal["HS256", "RS256", "ES256"]
    secret: SecretStr | None = Field(default=None, description="HS256: the shared secret, at least 32 bytes")
    public_key: str | None = Field(default=None, description="RS256 and ES256: the public key as PEM")

    @model_validator(mode="after")
    def _has_the_right_key(self) -> Self:
        if self.alg == "HS256":
            if self.secret is None or self.public_key is not None:
                raise ValueError("alg HS256 takes `secret` and no `public_key`")
            if len(self.secret.get_secret_value().encode()) < LEAST_HS256_BYTES:
                raise ValueError(f"an HS256 secret needs at least {LEAST_HS256_BYTES} bytes")
        elif self.public_key is None or self.secret is not None:
            raise ValueError(f"alg {self.alg} takes `public_key` (PEM) and no `secret`")
        elif "BEGIN PUBLIC KEY" not in self.public_key:
            raise ValueError("public_key must be a PEM block that begins with -----BEGIN PUBLIC KEY-----")
        return self


def webhook_key(secret: str) -> bytes:
    """The key bytes of a Standard Webhooks secret (``whsec_`` + base64); ``ValueError`` when it is none."""
    try:
        key = base64.b64decode(secret.removeprefix(WEBHOOK_SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a webhook secret is `whsec_` followed by base64") from None
    if not secret.startswith(WEBHOOK_SECRET_PREFIX) or len(key) < LEAST_SECRET_BYTES:
        raise ValueError(f"a webhook secret is `whsec_` followed by base64 of at least {LEAST_SECRET_BYTES} bytes")
    return key


def origin_of(address: str) -> str:
    """``scheme://host[:port]`` in lower case; ``ValueError`` when the address is not an origin."""
    parts = urlsplit(address.strip().rstrip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise ValueError(f"{address!r} is not an origin like https://www.example.com (no path)")
    if parts.username or parts.password or not re.fullmatch(r"[A-Za-z0-9.\-\[\]:]+", parts.netloc):
        raise ValueError(f"{address!r} is not an origin like https://www.example.com")
    return f"{parts.scheme}://{parts.netloc}".lower()


class WebSettings(BaseModel):
    """A web chat account: where it may be embedded, how it looks, and which keys it trusts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed_origins: list[str] = Field(
        default_factory=list, description="Sites that may embed the widget and call the API from a browser"
    )
    allow_any_origin: bool = Field(default=False, description="Let every site embed the widget; for public demos")
    greeting: str = Field(default="Hi! How can we help?", max_length=300)
    accent: str = Field(default="#3457d5", pattern=r"^#[0-9a-fA-F]{6}$", description="Accent colour, #rrggbb")
    suggestions: list[Short] = Field(default_factory=list, max_length=6, description="Questions offered at the start")
    ai_label: str = Field(
        default="AI assistant", max_length=80, description="How the assistant discloses that it is one"
    )
    jwt_keys: list[JwtKey] = Field(default_factory=list, description="Keys that prove who a customer is")
    jwt_audience: str | None = Field(
        default=None, description="Required `aud` of customer tokens; default: the account id"
    )
    webhook_secrets: list[SecretStr] = Field(
        default_factory=list,
        max_length=4,
        description="Standard Webhooks secrets for signed events; several while rotating",
    )
    max_text: int = Field(default=4_000, ge=100, le=20_000, description="Longest message in characters")
    debounce_ms: int = Field(
        default=0, ge=0, le=10_000, description="A burst of messages within this time becomes one turn"
    )
    csat: bool = Field(default=True, description="Ask how it went when a conversation is resolved")

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, value: list[str]) -> list[str]:
        if "*" in value:
            raise ValueError('"*" is not an origin; set `allow_any_origin: true` if every site may embed the widget')
        return [origin_of(item) for item in value]

    @field_validator("webhook_secrets")
    @classmethod
    def _secrets(cls, value: list[SecretStr]) -> list[SecretStr]:
        for secret in value:
            webhook_key(secret.get_secret_value())
        return value

    @field_validator("jwt_keys")
    @classmethod
    def _kids(cls, value: list[JwtKey]) -> list[JwtKey]:
        kids = [key.kid for key in value]
        if len(set(kids)) != len(kids):
            raise ValueError("every key needs its own kid")
        return value

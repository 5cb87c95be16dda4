"""The YAML block of a Zendesk help centre."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator, model_validator

from core.vendors.zendesk import check_secret
from kb_sync.kit.addresses import Address

SCOPE = "hc:read"

Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[a-z0-9]{2,8})*$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Segment = Annotated[int, Field(gt=0)]


class ZendeskGuideSettings(BaseModel):
    """Articles of a Zendesk help centre (Guide): how to log in, which of them to read, and who may read them."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    subdomain: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = Field(
        description="The part of https://SUBDOMAIN.zendesk.com; each brand has its own help centre below its own one"
    )
    client_id: str | None = Field(default=None, min_length=1, description="Identifier of the OAuth client")
    client_secret: SecretStr | None = Field(default=None, description="Secret of the OAuth client")
    email: str | None = Field(default=None, min_length=3, description="User of a legacy API token")
    api_token: SecretStr | None = Field(
        default=None, description="Legacy API token; Zendesk makes no new ones and ends them on 2027-04-30"
    )
    signing_secrets: tuple[SecretStr, ...] = Field(
        default=(), max_length=5, description="Signing secrets of the webhook; two while one is replaced"
    )
    locales: tuple[Locale, ...] = Field(
        default=(), max_length=50, description="Languages to read, as in the addresses; left out: all that are enabled"
    )
    audience: Word = Field(default="public", description="Who may read the articles that Zendesk shows to everyone")
    audiences: dict[Segment, Word] = Field(
        default_factory=dict,
        description="Who may read the articles of a user segment, by its id; a segment that is missing here is not read",
    )
    labels: tuple[Word, ...] = Field(
        default=(), description="Only articles that have one of these labels; left out: all"
    )
    without_labels: tuple[Word, ...] = Field(default=(), description="Articles that have one of these are left out")
    category_from: Annotated[str, StringConstraints(pattern=r"^(section|category)$")] = Field(
        default="section", description="What names a document's category: its `section`, or the `category` above it"
    )
    category: str = Field(default="", description="Category of articles whose section has no name")
    sweep_h: float = Field(
        default=20.0,
        ge=0,
        le=720,
        description="Hours after which all articles are listed again: only so are deleted ones missed.  0: at every sync",
    )
    requests_per_minute: int = Field(
        default=120,
        ge=1,
        le=2_500,
        description="Calls of its API at most; the account's budget is shared with its apps",
    )
    api_url: Address | None = Field(default=None, description="Where the API is; only for tests and the lab")

    @field_validator("signing_secrets")
    @classmethod
    def _are_secret(cls, secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for secret in secrets:
            check_secret(secret.get_secret_value())
        return secrets

    @model_validator(mode="after")
    def _logs_in_one_way(self) -> Self:
        oauth, token = (self.client_id, self.client_secret), (self.email, self.api_token)
        if any(oauth) and any(token):
            raise ValueError("client_id/client_secret and email/api_token exclude each other: keep the OAuth client")
        if not (all(oauth) or all(token)):
            raise ValueError("client_id and client_secret are required (or, until 2027-04-30, email and api_token)")
        return self

    @property
    def language(self) -> str | None:
        """Every article says its own."""
        return None

    @property
    def base(self) -> str:
        """Where the API is."""
        return (self.api_url or f"https://{self.subdomain}.zendesk.com").rstrip("/")

"""The YAML block of a Zendesk account."""

from __future__ import annotations

from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator

from core.vendors.zendesk import PUBLIC_TEST_SECRET, check_secret
from handoff.kit.addresses import Address
from handoff.kit.settings import DeskSettings

__all__ = ["PUBLIC_TEST_SECRET", "SCOPES", "ZendeskSettings"]

SCOPES: Final = "tickets:read tickets:write users:read users:write webhooks:read triggers:read"

Tag = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_:./-]{1,80}$")]


class ZendeskSettings(DeskSettings):
    """A Zendesk account: how to log in, whom to believe, and the words it has for our things."""

    subdomain: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = Field(
        description="The part of https://SUBDOMAIN.zendesk.com"
    )
    client_id: str | None = Field(default=None, min_length=1, description="Identifier of the OAuth client")
    client_secret: SecretStr | None = Field(default=None, description="Secret of the OAuth client")
    scope: str = Field(default=SCOPES, min_length=1, description="What the OAuth client asks to be allowed")
    email: str | None = Field(default=None, min_length=3, description="User of a legacy API token")
    api_token: SecretStr | None = Field(
        default=None, description="Legacy API token; Zendesk makes no new ones and ends them on 2027-04-30"
    )
    signing_secrets: list[SecretStr] = Field(
        default_factory=list, max_length=5, description="Signing secrets of the webhook; two while one is replaced"
    )
    tag: Tag = Field(default="frontdesk", description="Tag of every ticket of ours, for triggers and views")
    give_back_tag: Tag = Field(default="frontdesk_bot", description="Tag by which agents give a conversation back")
    brand_id: int | None = Field(default=None, gt=0, description="Brand of new tickets; left out: the default brand")
    ticket_form_id: int | None = Field(
        default=None, gt=0, description="Form of new tickets; left out: the default form"
    )
    custom_fields: dict[str, Annotated[int, Field(gt=0)]] = Field(
        default_factory=dict, description="Names for custom ticket fields, each with its id, for routing rules"
    )
    api_url: Address | None = Field(default=None, description="Where the API is; only for tests and the lab")

    @field_validator("signing_secrets")
    @classmethod
    def _are_secret(cls, secrets: list[SecretStr]) -> list[SecretStr]:
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
        if self.tag == self.give_back_tag:
            raise ValueError("tag and give_back_tag must differ")
        return self

    @property
    def base(self) -> str:
        """Where the API is."""
        return (self.api_url or f"https://{self.subdomain}.zendesk.com").rstrip("/")

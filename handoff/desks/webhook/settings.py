"""The YAML block of the webhook desk."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, StringConstraints
from yarl import URL

from handoff.desks.webhook.proof import key_of
from handoff.kit.addresses import Address
from handoff.kit.settings import DeskSettings


def _checked_secret(secret: SecretStr) -> SecretStr:
    key_of(secret.get_secret_value())
    return secret


Secret = Annotated[SecretStr, AfterValidator(_checked_secret)]
Host = Annotated[str, StringConstraints(pattern=r"^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=200)]


class WebhookDeskSettings(DeskSettings):
    """Settings of `desk: {kind: webhook}`."""

    url: Address = Field(description="Where your desk takes our events; https")
    secrets: tuple[Secret, ...] = Field(
        min_length=1,
        max_length=4,
        description="Shared secret for both ways (`whsec_` and base64 of at least 24 bytes); several while rotating",
    )
    files: Literal["link", "inline"] = Field(
        default="link",
        description="How customers' files come along: as addresses that work for a week, or as base64 in the event",
    )
    file_hosts: tuple[Host, ...] = Field(
        default=(),
        max_length=20,
        description="Hosts of agents' files (`files.example.com`, `*.example.com`), beside that of `url`",
    )

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The secrets' bytes."""
        return tuple(key_of(secret.get_secret_value()) for secret in self.secrets)

    @property
    def fetched_from(self) -> tuple[str, ...]:
        """Hosts of agents' files, as ``core.vendors.guard.check_url`` takes them."""
        return (str(URL(self.url).origin()), *self.file_hosts)

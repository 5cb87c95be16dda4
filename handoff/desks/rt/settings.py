"""The YAML block of a Request Tracker desk."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from handoff.kit.addresses import Address
from handoff.kit.settings import DeskSettings

MIN_TOKEN_CHARS = 16

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
FieldName = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^{}'\"\\]{1,120}$")]
Status = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=64)]
Priority = Annotated[int, Field(ge=0, le=1_000)]


class PrioritySettings(BaseModel):
    """RT's number for each urgency; 0, 50 and 100 are what RT 5 calls Low, Medium and High."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: Priority = Field(default=0, description="Number of a case that may wait")
    normal: Priority = Field(default=50, description="Number of most cases")
    high: Priority = Field(default=80, description="Number of a case that wants somebody soon")
    urgent: Priority = Field(default=100, description="Number of a case that wants somebody now")


class RtSettings(DeskSettings):
    """Settings of `desk: {kind: rt}`."""

    api_url: Address = Field(description="Address of RT, with its path if it has one: what stands before /REST/2.0")
    user: Name = Field(description="Name of Frontdesk's own RT user, whom nobody signs in as")
    token: SecretStr | None = Field(default=None, description="Auth token of that user (Settings → Auth Tokens)")
    password: SecretStr | None = Field(default=None, description="Its password, where RT has no auth tokens")
    queue: Name = Field(default="General", description="Queue of cases that no rule sends elsewhere")
    case_field: FieldName = Field(
        default="Frontdesk case", description="Custom field of tickets (one line of text) that holds our key"
    )
    open_statuses: tuple[Status, ...] = Field(
        default=("open", "new"), min_length=1, max_length=20, description="Statuses of work; the first one reopens"
    )
    pending_statuses: tuple[Status, ...] = Field(
        default=("stalled",), max_length=20, description="Statuses that wait for the customer; the first one is set"
    )
    solved_statuses: tuple[Status, ...] = Field(
        default=("resolved", "rejected"),
        min_length=1,
        max_length=20,
        description="Statuses at the end; the first is set",
    )
    priorities: PrioritySettings = Field(default=PrioritySettings(), description="RT's number for each urgency")
    poll_s: float = Field(default=5.0, ge=0.5, le=300, description="Seconds between two looks for what agents did")
    webhook_token: SecretStr | None = Field(
        default=None, description="At least 16 characters that an optional scrip sends, so that no look is waited for"
    )

    @model_validator(mode="after")
    def _can_sign_in(self) -> Self:
        if bool(self.token_text) == bool(self.password and self.password.get_secret_value()):
            raise ValueError("give the user's token, or their password, and not both")
        if self.webhook_token is not None and len(self.webhook_secret) < MIN_TOKEN_CHARS:
            raise ValueError(f"webhook_token is too short: at least {MIN_TOKEN_CHARS} characters")
        named = (*self.open_statuses, *self.pending_statuses, *self.solved_statuses)
        if len(set(named)) < len(named):
            raise ValueError("a status stands in two of open_statuses, pending_statuses and solved_statuses")
        return self

    @property
    def base(self) -> str:
        """The address without a slash at its end."""
        return self.api_url.rstrip("/")

    @property
    def token_text(self) -> str:
        """The auth token; "" when there is none."""
        return self.token.get_secret_value() if self.token else ""

    @property
    def webhook_secret(self) -> str:
        """The scrip's token; "" when there is none."""
        return self.webhook_token.get_secret_value() if self.webhook_token else ""

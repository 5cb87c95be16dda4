"""The YAML block of a Slack account: one app in one workspace."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

API_URL = "https://slack.com/api/"
AUTHORIZE_URL = "https://slack.com/oauth/v2/authorize"
SCOPES = (
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "im:history",
    "im:write",
    "mpim:history",
    "reactions:read",
    "users:read",
)
"""What the app needs for everything this channel does; ``docs/channels/slack.md`` says which is for what.

``users:read.email`` is not among them: whether the app may read addresses is the workspace's decision.
"""

Word = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=300)]


class SlackSettings(BaseModel):
    """A Slack account: its secrets, and how the assistant behaves in the workspace."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bot_token: SecretStr | None = Field(
        default=None, description="Bot token (xoxb-…) of the workspace; left out when the app is installed by OAuth"
    )
    signing_secrets: list[SecretStr] = Field(
        default_factory=list, max_length=4, description="Signing secret of the app; several while rotating"
    )
    app_token: SecretStr | None = Field(
        default=None, description="App-level token (xapp-…): receive by Socket Mode, without a public address"
    )
    team_id: str | None = Field(
        default=None,
        pattern=r"^[TE][A-Z0-9]{2,30}$",
        description="Workspace (T…) or organisation (E…) of this account; needed when one app serves several",
    )
    client_id: str | None = Field(default=None, max_length=80, description="OAuth client id, to install by a link")
    client_secret: SecretStr | None = Field(default=None, description="OAuth client secret")
    scopes: list[Word] = Field(
        default_factory=lambda: list(SCOPES), max_length=60, description="Bot scopes asked for on installation"
    )
    handoff_commands: list[Word] = Field(
        default_factory=lambda: ["/human", "/agent"],
        max_length=8,
        description="Slash commands that ask for a person; every other command is a question",
    )
    dm_threads: bool = Field(
        default=False,
        description="Each direct message outside a thread opens a thread and a conversation of its own",
    )
    streaming: bool = Field(default=True, description="Show replies while they grow, where Slack can")
    agent_sessions: bool = Field(
        default=False,
        description="Show status and the stop button of agent sessions; the app must be declared an agent at Slack",
    )
    agent_username: bool = Field(
        default=False, description="Post people's replies under their own name; needs the scope chat:write.customize"
    )
    status_text: str = Field(
        default="is looking it up…", min_length=1, max_length=50, description="What the assistant's status line says"
    )
    debounce_ms: int = Field(
        default=800, ge=0, le=10_000, description="A burst of messages within this time becomes one turn"
    )
    api_url: Address = Field(default=API_URL, description="Address of the Web API; for tests and the lab")
    authorize_url: Address = Field(default=AUTHORIZE_URL, description="Where an installation by OAuth begins")

    @model_validator(mode="after")
    def _can_speak_and_hear(self) -> Self:
        if (self.client_id is None) != (self.client_secret is None):
            raise ValueError("client_id and client_secret belong together")
        if self.bot_token is None and self.client_id is None:
            raise ValueError("set bot_token, or client_id and client_secret to install by OAuth")
        if self.client_id is not None and self.team_id is None:
            raise ValueError("installation by OAuth needs team_id, so that no other workspace can take the account")
        if not self.signing_secrets and self.app_token is None:
            raise ValueError("set signing_secrets, or app_token for Socket Mode")
        return self

    @property
    def files_hosts(self) -> tuple[str, ...]:
        """Where files may be fetched from: Slack's hosts, and the API's own when it is another one."""
        own = () if self.api_url == API_URL else (self.api_url,)
        return ("files.slack.com", "*.files.slack.com", "*.slack-files.com", "*.slack-edge.com", *own)

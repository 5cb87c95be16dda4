"""The YAML block of Slack as a desk."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, SecretStr, StringConstraints

from handoff.kit.addresses import Address
from handoff.kit.settings import DeskSettings

API_URL: Final = "https://slack.com/api/"
SCOPES: Final = frozenset(
    {
        "channels:history",
        "channels:read",
        "chat:write",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "reactions:read",
        "users:read",
    }
)
"""What the app needs; ``docs/desks/slack.md`` says which is for what."""

Room = Annotated[str, StringConstraints(pattern=r"^[CG][A-Z0-9]{2,30}$")]
Team = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Emoji = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_+\-]{1,100}$")]


class SlackDeskSettings(DeskSettings):
    """Settings of `desk: {kind: slack}`."""

    bot_token: SecretStr = Field(description="Bot token (xoxb-…) of the desk's own Slack app")
    signing_secrets: tuple[SecretStr, ...] = Field(
        min_length=1, max_length=4, description="Signing secret of that app; several while rotating"
    )
    channel: Room = Field(description="Id of the channel (C…) where cases appear")
    teams: dict[Team, Room] = Field(
        default_factory=dict,
        max_length=100,
        description="Channels of teams: the team's name as your routing rules say it, and the channel's id",
    )
    claim_reaction: Emoji | None = Field(
        default="eyes",
        description="Emoji on a case's first message that claims it, as the button does; null: only the button",
    )
    resolve_reaction: Emoji | None = Field(
        default="white_check_mark",
        description="Emoji on a case's first message that resolves it; taken away, the case is open again; null: only the button",
    )
    api_url: Address = Field(default=API_URL, description="Address of the Web API; for tests and the lab")

    @property
    def rooms(self) -> tuple[str, ...]:
        """Every channel where cases appear, each once."""
        return tuple(dict.fromkeys((self.channel, *self.teams.values())))

    def room_of(self, team: str | None) -> str:
        """Where a team's cases appear; the common channel for a team that has none."""
        return self.teams.get(team or "", self.channel)

    @property
    def files_hosts(self) -> tuple[str, ...]:
        """Where agents' files may be fetched from: Slack's hosts, and the API's own when it is another one."""
        own = () if self.api_url == API_URL else (self.api_url,)
        return ("files.slack.com", "*.files.slack.com", "*.slack-files.com", "*.slack-edge.com", *own)

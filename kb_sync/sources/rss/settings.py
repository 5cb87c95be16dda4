"""The YAML block of a feed."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from kb_sync.kit.sites import SiteAddress


class RssSettings(BaseModel):
    """Entries of a feed (RSS or Atom): news, a changelog, a status page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SiteAddress = Field(description="Address of the feed")
    keeps_missing: bool = Field(
        default=False,
        description="What the feed no longer lists stays: for feeds that show their newest entries only",
    )
    pages: int = Field(default=20, ge=1, le=1_000, description="Pages of a paged feed that are read at most")
    is_internal: bool = Field(default=False, description="The feed may be on a private network")
    audience: str = Field(default="public", min_length=1, max_length=100, description="Who may read the entries")
    category: str = Field(default="", max_length=100, description="Category, unless an entry says otherwise")
    language: str | None = Field(default=None, description="Language, unless the feed says otherwise, for example en")

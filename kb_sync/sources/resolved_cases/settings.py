"""The YAML block of a source of resolved cases."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, DirectoryPath, Field


class ResolvedCasesSettings(BaseModel):
    """Articles made of resolved cases, which somebody has read: `frontdesk kb gaps --export` writes their drafts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: DirectoryPath = Field(description="The folder of drafts, relative to the YAML file")
    keep: tuple[str, ...] = Field(
        default=(),
        description="E-mail addresses, phone numbers and the like of your own that may stand in an article",
    )
    audience: str = Field(default="public", min_length=1, description="Who may read it, unless a file says otherwise")
    category: str = Field(default="", description="Category, unless a file says otherwise")
    language: str | None = Field(default=None, description="Language, unless a file says otherwise, for example en")

    @property
    def root(self) -> Path:
        """The folder."""
        return Path(self.path)

"""The YAML block of a folder source."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, DirectoryPath, Field


class FolderSettings(BaseModel):
    """Files below a folder: Markdown, HTML, text, PDF, DOCX and JSON lines."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: DirectoryPath = Field(description="The folder, relative to the YAML file")
    include: tuple[str, ...] = Field(
        default=("**/*",), description="Glob patterns of files to read; only supported formats are taken"
    )
    exclude: tuple[str, ...] = Field(default=(), description="Glob patterns of files to leave out")
    url_prefix: str | None = Field(
        default=None, pattern=r"^https?://", description="Prefix that makes a document's URL from its relative path"
    )
    audience: str = Field(default="public", min_length=1, description="Who may read it, unless a file says otherwise")
    category: str = Field(default="", description="Category, unless a file says otherwise")
    language: str | None = Field(default=None, description="Language, unless a file says otherwise, for example en")

    @property
    def root(self) -> Path:
        """The folder."""
        return Path(self.path)

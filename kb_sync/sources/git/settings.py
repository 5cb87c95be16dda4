"""The YAML block of a git source."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from kb_sync.kit.addresses import Address

# git-check-ref-format, as far as it matters for a name that is sent to a server
Branch = Annotated[
    str, StringConstraints(pattern=r"^[^\s\x00-\x20~^:?*\[\\.\-/][^\s\x00-\x20~^:?*\[\\]*$", max_length=200)
]


class GitSettings(BaseModel):
    """Files of a branch of a repository: Markdown, HTML, text, PDF, DOCX and JSON lines."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: Address = Field(description="Address of the repository, as for git clone: https://git.example/docs.git")
    branch: Branch | None = Field(default=None, description="The branch; left out: the repository's own default")
    path: str = Field(default="", max_length=500, description="The folder in the repository; left out: all of it")
    token: SecretStr | None = Field(default=None, description="A token that may read it; left out: it is public")
    username: str = Field(
        default="x-access-token",
        pattern=r"^[!-9;-~]+$",
        max_length=200,
        description="The user name that goes with the token, where the service looks at it",
    )
    include: tuple[str, ...] = Field(
        default=("**/*",), description="Glob patterns of files to read; only supported formats are taken"
    )
    exclude: tuple[str, ...] = Field(default=(), description="Glob patterns of files to leave out")
    url_prefix: str | None = Field(
        default=None, pattern=r"^https?://", description="Prefix that makes a document's URL from its relative path"
    )
    url_template: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="A document's URL with `{path}`, `{page}` (without .md) and `{branch}` in it; instead of url_prefix",
    )
    audience: str = Field(default="public", min_length=1, description="Who may read it, unless a file says otherwise")
    category: str = Field(default="", description="Category, unless a file says otherwise")
    language: str | None = Field(default=None, description="Language, unless a file says otherwise, for example en")
    limit_mb: int = Field(default=200, ge=1, le=2_000, description="The largest answer taken from the server, in MB")

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.branch and (".." in self.branch or self.branch.endswith(("/", ".", ".lock"))):
            raise ValueError("branch is no name of a branch")
        if any(part in ("", ".", "..") for part in self.path.split("/")) and self.path:
            raise ValueError("path must be like docs/help, without a slash at its ends")
        if self.url_prefix and self.url_template:
            raise ValueError("url_prefix and url_template exclude each other")
        if self.url_template and set(re.findall(r"\{(.*?)\}", self.url_template)) - {"path", "page", "branch"}:
            raise ValueError("url_template knows {path}, {page} and {branch} only")
        return self

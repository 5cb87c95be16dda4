"""The YAML block of a Confluence source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator, model_validator

from kb_sync.kit.addresses import Address

SpaceKey = Annotated[str, StringConstraints(pattern=r"^~?[A-Za-z0-9]{1,255}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class ConfluenceSettings(BaseModel):
    """Pages of Confluence Cloud spaces."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_url: Address = Field(
        description="https://acme.atlassian.net; for a scoped token https://api.atlassian.com/ex/confluence/CLOUD-ID"
    )
    email: str | None = Field(
        default=None, description="Whose API token it is; left out: the token is an OAuth access token"
    )
    token: SecretStr = Field(min_length=8, description="The API token, or an OAuth access token")
    spaces: tuple[SpaceKey, ...] = Field(min_length=1, max_length=50, description="Keys of the spaces to read")
    labels: tuple[Name, ...] = Field(
        default=(), description="Only pages with one of these labels are read; left out: all pages"
    )
    without_labels: tuple[Name, ...] = Field(default=(), description="Pages with one of these labels are not read")
    audience: str = Field(
        default="internal", min_length=1, description="Who may read pages whose viewing is not restricted in Confluence"
    )
    audiences: Mapping[Name, Name] = Field(
        default={}, description="Audience by label, before `audience`; the first label listed that a page has"
    )
    restricted_audience: str = Field(
        default="restricted",
        min_length=1,
        description="Who may read pages whose viewing is restricted, or of which nobody can tell; never public",
    )
    category: str = Field(default="", description="Category; left out: the name of the space")
    categories: Mapping[Name, Name] = Field(default={}, description="Category by label, before `category`")
    language: str | None = Field(default=None, description="Language of the pages, for example en")
    sweep_h: float = Field(
        default=20.0,
        ge=0,
        le=168,
        description="Hours after which all pages are listed again, which alone finds deleted pages and changed restrictions",
    )

    @field_validator("api_url", mode="after")
    @classmethod
    def _is_the_root(cls, given: str) -> str:
        return given.rstrip("/").removesuffix("/wiki")

    @model_validator(mode="after")
    def _keeps_restricted_pages(self) -> Self:
        if self.restricted_audience == "public":
            raise ValueError("restricted_audience cannot be public: Confluence shows these pages to some people only")
        return self

    @property
    def asks_labels(self) -> bool:
        """Whether anything depends on a page's labels."""
        return bool(self.labels or self.without_labels or self.audiences or self.categories)

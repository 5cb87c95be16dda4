"""The YAML block of a Notion source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from kb_sync.kit.addresses import Address

_ID: Final = re.compile(r"(?:^|[^0-9a-f])([0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12})$", re.IGNORECASE)


def notion_id(given: str) -> str:
    """An id as Notion's API writes it, from any of its spellings or from a page's address; ``ValueError`` for anything else."""
    found = _ID.search(given.strip().partition("?")[0].partition("#")[0].rstrip("/"))
    if found is None:
        raise ValueError(
            "is not the id of a Notion page or database: 32 hexadecimal digits, as at the end of its address"
        )
    return str(UUID(found[1]))


NotionId = Annotated[str, AfterValidator(notion_id)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class NotionSettings(BaseModel):
    """Pages of Notion databases, and trees of pages."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_url: Address = Field(default="https://api.notion.com", description="Where Notion's API is")
    token: SecretStr = Field(min_length=8, description="The secret of the integration, ntn_…")
    webhook_tokens: tuple[Annotated[SecretStr, Field(min_length=16)], ...] = Field(
        default=(), max_length=4, description="Verification tokens of webhook subscriptions, secret_…"
    )
    databases: tuple[NotionId, ...] = Field(
        default=(), max_length=50, description="Databases, by id or address; each of their pages is a document"
    )
    data_sources: tuple[NotionId, ...] = Field(
        default=(), max_length=50, description="Single data sources of databases that have several"
    )
    pages: tuple[NotionId, ...] = Field(
        default=(), max_length=50, description="Pages, by id or address, that are read with all pages below them"
    )
    status_property: Name | None = Field(
        default=None, description="Select, status or checkbox property that says whether a page is read"
    )
    statuses: tuple[Name, ...] = Field(default=(), description="Its values of pages that are read; a checkbox has true")
    audience: str = Field(default="internal", min_length=1, description="Who may read pages that do not say otherwise")
    audience_property: Name | None = Field(default=None, description="Select property that says who may read a page")
    audiences: Mapping[Name, Name] = Field(default={}, description="Audience by value of `audience_property`")
    unknown_audience: str = Field(
        default="restricted",
        min_length=1,
        description="Who may read pages of databases whose readers cannot be told by `audiences`; never public",
    )
    category: str = Field(default="", description="Category of pages that do not say otherwise")
    category_property: Name | None = Field(default=None, description="Property with a page's category")
    language: str | None = Field(
        default=None, description="Language of pages that do not say otherwise, for example en"
    )
    language_property: Name | None = Field(default=None, description="Property with a page's language, for example en")
    url_property: Name | None = Field(
        default=None, description="Property with the address a page is published at; left out: its address in Notion"
    )
    requests_per_s: float = Field(
        default=3.0, gt=0, le=50, description="Calls a second; Notion allows three on average"
    )
    sweep_h: float = Field(
        default=20.0,
        ge=0,
        le=168,
        description="Hours after which all pages are listed again, which alone finds what is gone.  0: at every sync",
    )

    @model_validator(mode="after")
    def _says_what_to_read(self) -> Self:
        if not (self.databases or self.data_sources or self.pages):
            raise ValueError("needs `databases`, `data_sources` or `pages`: nothing says what to read")
        if (self.status_property is None) != (not self.statuses):
            raise ValueError("`status_property` and `statuses` are given together or not at all")
        if (self.audience_property is None) != (not self.audiences):
            raise ValueError("`audience_property` and `audiences` are given together or not at all")
        if self.unknown_audience == "public":
            raise ValueError("`unknown_audience` cannot be public: nobody knows who may read these pages")
        return self

"""The YAML block of a web site."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kb_sync.kit.http import USER_AGENT
from kb_sync.kit.sites import SiteAddress

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class WebsiteSettings(BaseModel):
    """Pages of a web site, as its sitemap or its links show them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SiteAddress = Field(description="Where the pages begin: only this host, and only below this folder")
    finds: Literal["auto", "sitemap", "links"] = Field(
        default="auto",
        description="How pages are found: by `sitemap`, by following `links` from `url`, or `auto`: links without a sitemap",
    )
    sitemaps: tuple[SiteAddress, ...] = Field(
        default=(), max_length=20, description="Sitemaps to read; left out: those of robots.txt, else /sitemap.xml"
    )
    include: tuple[Pattern, ...] = Field(
        default=("**",), description="Glob patterns of paths to read, such as `help/**`; without the first slash"
    )
    exclude: tuple[Pattern, ...] = Field(default=(), description="Glob patterns of paths to leave out")
    max_pages: int = Field(default=5_000, ge=1, le=50_000, description="Pages that are read at most")
    depth: int = Field(default=5, ge=0, le=50, description="Links that are followed from `url` to a page at most")
    delay_s: float = Field(
        default=0.5,
        ge=0,
        le=60,
        description="Seconds between two calls; Crawl-delay of robots.txt counts if it is longer",
    )
    trusts_lastmod: bool = Field(
        default=False, description="A page whose lastmod in the sitemap did not change is not asked for at all"
    )
    user_agent: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z_-]*(/[ -~]*)?$", max_length=200)] = Field(
        default=USER_AGENT, description="User-Agent of the calls; its first word is looked for in robots.txt"
    )
    is_internal: bool = Field(default=False, description="The site may be on a private network")
    audience: str = Field(default="public", min_length=1, max_length=100, description="Who may read the pages")
    category: str = Field(default="", max_length=100, description="Category of the pages")
    language: str | None = Field(default=None, description="Language, unless a page says otherwise, for example en")

    @property
    def origin(self) -> str:
        """Scheme and host."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def robot(self) -> str:
        """The name that robots.txt and pages call us by."""
        return self.user_agent.partition("/")[0]

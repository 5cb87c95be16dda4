"""The YAML block of an s3 source."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator
from yarl import URL

from kb_sync.kit.addresses import Address

Bucket = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.\-_]{1,62}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9\-]{0,40}$")]


class S3Settings(BaseModel):
    """Objects of a bucket: Markdown, HTML, text, PDF, DOCX and JSON lines."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    bucket: Bucket = Field(description="The bucket")
    prefix: str = Field(default="", max_length=900, description="The folder in the bucket; left out: all of it")
    region: Region = Field(default="us-east-1", description="Where the bucket lies; what a service of your own expects")
    api_url: Address | None = Field(
        default=None, description="Address of an S3-compatible service; left out: Amazon's of the region"
    )
    addressing: Literal["path", "host"] | None = Field(
        default=None,
        description="Whether the bucket stands in the path or in the host name; left out: path with api_url, else host",
    )
    access_key_id: SecretStr | None = Field(default=None, description="Key id; left out with the key: a public bucket")
    secret_access_key: SecretStr | None = Field(default=None, description="The key that goes with it")
    session_token: SecretStr | None = Field(default=None, description="The token of temporary keys")
    include: tuple[str, ...] = Field(
        default=("**/*",), description="Glob patterns of objects to read; only supported formats are taken"
    )
    exclude: tuple[str, ...] = Field(default=(), description="Glob patterns of objects to leave out")
    url_prefix: str | None = Field(
        default=None, pattern=r"^https?://", description="Prefix that makes a document's URL from its relative key"
    )
    audience: str = Field(
        default="public", min_length=1, description="Who may read it, unless an object says otherwise"
    )
    category: str = Field(default="", description="Category, unless an object says otherwise")
    language: str | None = Field(default=None, description="Language, unless an object says otherwise, for example en")
    parallel: int = Field(default=4, ge=1, le=16, description="How many objects are read at once")

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("access_key_id and secret_access_key go together")
        if self.session_token is not None and self.access_key_id is None:
            raise ValueError("session_token goes with access_key_id and secret_access_key")
        if self.api_url is not None and URL(self.api_url).raw_query_string:
            raise ValueError("api_url takes no parameters")
        return self

    @property
    def base(self) -> str:
        """The bucket's address, without a slash at its end.

        Amazon's certificate does not cover names with dots: such a bucket stands in the path (Amazon S3 user guide, 2026-11).
        """
        service = (self.api_url or f"https://s3.{self.region}.amazonaws.com").rstrip("/")
        is_path = self.addressing == "path" if self.addressing else self.api_url is not None or "." in self.bucket
        if is_path:
            return f"{service}/{self.bucket}"
        scheme, _, rest = service.partition("://")
        return f"{scheme}://{self.bucket}.{rest}"

    @property
    def folder(self) -> str:
        """What the keys begin with: "" or a prefix that ends in a slash."""
        return f"{self.prefix.strip('/')}/" if self.prefix.strip("/") else ""

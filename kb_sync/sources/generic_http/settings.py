"""The YAML block of a generic_http source."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator
from yarl import URL

from kb_sync.kit.addresses import Address

RESTRICTED = "restricted"

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e\xa1-\xff](?:[\x20-\x7e\xa1-\xff\t]*[\x21-\x7e\xa1-\xff])?")


def _expression(text: str) -> str:
    from jmespath import compile as compiled  # type: ignore[import-untyped]  # noqa: PLC0415  it loads slowly
    from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        compiled(text)
    except JMESPathError as error:
        raise ValueError(f"is not a JMESPath expression: {str(error).splitlines()[0]}") from None
    return text


Path = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_expression)]
Parameter = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Hours = Annotated[float, Field(gt=0, le=8_760)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class FieldPaths(_Part):
    """Where an item says what, as JMESPath expressions on the item."""

    id: Path = Field(default="id", description="Its id, unique in the list: text or a number")
    title: Path = Field(default="title", description="Its title")
    text: Path = Field(default="text", description="Its text; a list of texts is put together as paragraphs")
    url: Path = Field(default="url", description="The page that people read")
    updated: Path = Field(default="updated", description="When it was changed last, ISO 8601 or seconds since 1970")
    audience: Path = Field(
        default="audience", description="Who may read it; when named here, an item without it is kept from the public"
    )
    category: Path = Field(default="category", description="Its category")
    language: Path = Field(default="language", description="Its language, for example en")
    version: Path | None = Field(
        default=None, description="What changes whenever the item does; left out: `updated` (only for `detail_url`)"
    )
    deleted: Path | None = Field(default=None, description="True (or any value) for an item that is not to be used")


class Paging(_Part):
    """How the next page of the list is found; at most one way."""

    next: Path | None = Field(default=None, description="Where a page tells the address of the next one")
    link_header: bool = Field(default=False, description='The next one is in the header `Link: <…>; rel="next"`')
    cursor: Path | None = Field(default=None, description="Where a page tells the cursor of the next one")
    cursor_param: Parameter = Field(default="cursor", description="The parameter that takes the cursor")
    page_param: Parameter | None = Field(default=None, description="The parameter that takes the number of a page")
    first_page: int = Field(default=1, ge=0, le=1, description="The number of the first page")
    page_count: Path | None = Field(default=None, description="Where a page tells how many pages there are")
    page_count_header: Parameter | None = Field(
        default=None, description="The header that tells it; without both, an empty page is the end"
    )
    offset_param: Parameter | None = Field(
        default=None, description="The parameter that takes how many items came before"
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = (self.next, self.link_header, self.cursor, self.page_param, self.offset_param)
        if sum(bool(way) for way in ways) > 1:
            raise ValueError("name one of next, link_header, cursor, page_param and offset_param, not several")
        if (self.page_count or self.page_count_header) and not self.page_param:
            raise ValueError("page_count and page_count_header go with page_param")
        return self


class Since(_Part):
    """How the list is asked for changes only."""

    param: Parameter = Field(description="The parameter that takes the time from which changes are listed")
    format: Literal["iso", "unix"] = Field(default="iso", description="2026-03-31T12:00:00Z, or seconds since 1970")
    complete_every_h: Hours = Field(default=24.0, description="After so many hours everything is listed again")


class GenericHttpSettings(_Part):
    """JSON of any service that lists its articles."""

    url: Address = Field(description="Address of the list")
    params: dict[str, str] = Field(default_factory=dict, description="Parameters of the list's address")
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, description="Headers of every call, the credentials among them; never shown"
    )
    items: Path = Field(default="@", description="Where a page has its list of items, as JMESPath")
    fields: FieldPaths = Field(default=FieldPaths(), description="Where an item says what")
    paging: Paging = Field(default=Paging(), description="How the next page is found; left out: there is one page")
    since: Since | None = Field(default=None, description="How to ask for changes only; left out: all is listed")
    detail_url: Address | None = Field(
        default=None, description="Address of one item with `{id}` in it, when the list does not hold the text"
    )
    detail_item: Path = Field(default="@", description="Where the answer of `detail_url` has the item")
    format: Literal["html", "markdown", "plain"] = Field(default="html", description="What the text is written in")
    url_prefix: str | None = Field(
        default=None, pattern=r"^https?://", description="What relative addresses of items are below"
    )
    audience: str = Field(default="public", min_length=1, description="Who may read it, unless an item says otherwise")
    audiences: dict[str, str] = Field(
        default_factory=dict,
        description="The service's word for an audience → ours; another word is `unknown_audience`",
    )
    unknown_audience: str = Field(
        default=RESTRICTED, min_length=1, description="Who may read what cannot be told to be for anybody else"
    )
    category: str = Field(default="", description="Category, unless an item says otherwise")
    language: str | None = Field(default=None, description="Language, unless an item says otherwise, for example en")
    parallel: int = Field(default=4, ge=1, le=16, description="How many items are read at once")
    pause_s: float = Field(default=0.0, ge=0, le=60, description="Least time between two calls, in seconds")

    @model_validator(mode="after")
    def _can_be_sent(self) -> Self:
        for name, value in self.headers.items():
            if _HEADER_NAME.fullmatch(name) is None:
                raise ValueError(f"headers: {name!r} is no name of a header")
            if _HEADER_VALUE.fullmatch(value.get_secret_value()) is None:
                raise ValueError(
                    f"headers: the value of {name} is empty, or holds a line break or letters of other scripts"
                )
        return self

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.detail_url is not None:
            if "{id}" not in self.detail_url.partition("?")[0].partition("://")[2].partition("/")[2]:
                raise ValueError("detail_url needs {id} in its path")
            if URL(self.url).origin() != URL(self.detail_url).origin():
                raise ValueError("detail_url must have the scheme, host and port of url: both get the same headers")
        if self.unknown_audience == "public":
            raise ValueError("unknown_audience must not be public: it is for what nobody knows to be so")
        return self

"""Zendesk's help centre as JSON: only what is read (Help Center API docs, November 2026)."""

from __future__ import annotations

import msgspec


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An article in a list, without its text; times are ISO 8601 by whole seconds."""

    id: int
    locale: str
    draft: bool = False
    outdated: bool = False
    section_id: int | None = None
    user_segment_id: int | None = None
    user_segment_ids: tuple[int, ...] | None = None
    label_names: tuple[str, ...] = ()
    html_url: str | None = None
    edited_at: str | None = None

    @property
    def segments(self) -> tuple[int, ...]:
        """The user segments it is for; none: for everyone."""
        one = () if self.user_segment_id is None else (self.user_segment_id,)
        return tuple(dict.fromkeys((*(self.user_segment_ids or ()), *one)))


class Article(Listed, frozen=True, kw_only=True):
    """An article with its text, in one of its languages."""

    title: str | None = None
    body: str | None = None


class Translation(msgspec.Struct, frozen=True, kw_only=True):
    """An article's text in one of its languages; ``hidden`` is set by Zendesk where the language is switched off."""

    locale: str
    title: str | None = None
    body: str | None = None
    draft: bool = False
    outdated: bool = False
    hidden: bool = False
    html_url: str | None = None
    updated_at: str | None = None


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A section; a nested one has the same category as the one it lies in."""

    id: int
    name: str = ""
    category_id: int | None = None


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """A category."""

    id: int
    name: str = ""


class Meta(msgspec.Struct, frozen=True):
    """Where a list goes on."""

    has_more: bool = False
    after_cursor: str | None = None


class Locales(msgspec.Struct, frozen=True):
    """The languages of a help centre."""

    default_locale: str
    locales: tuple[str, ...] = ()


class Granted(msgspec.Struct, frozen=True):
    """The answer of ``POST /oauth/tokens``."""

    access_token: str
    expires_in: int | None = None


class Detail(msgspec.Struct, frozen=True):
    """What an event is about; ids are text here."""

    id: str | None = None


class Pushed(msgspec.Struct, frozen=True):
    """A webhook's body."""

    type: str = ""
    detail: Detail | None = None

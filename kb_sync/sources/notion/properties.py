"""What the properties of a Notion page say of it: its title, and whatever the settings look for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kb_sync.sources.notion.blocks import words
from kb_sync.sources.notion.payloads import Page
from kb_sync.sources.notion.settings import NotionSettings
from kb_sync.text import one_line

CHOICES: Final = frozenset(("select", "multi_select", "status"))
"""Kinds of property in which nothing chosen means just that; of other kinds nobody can tell what emptiness means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A page without its words; ``audience`` is None when the page is left out, ``problem`` what an admin should know of it."""

    id: str
    title: str
    edited_at: str
    meta: Mapping[str, str]
    audience: str | None
    problem: str | None = None


def facts(page: Page, settings: NotionSettings) -> Facts:
    """What is known of a page before it is read."""
    audience, problem = _audience(page, settings)
    given = {
        "url": _first(page, settings.url_property) or page.public_url or page.url,
        "category": _first(page, settings.category_property),
        "language": _first(page, settings.language_property),
        "updated": page.last_edited_time,
        "audience": audience or "",
    }
    meta = {name: value for name, value in given.items() if value}
    return Facts(
        id=page.id, title=title(page), edited_at=page.last_edited_time, meta=meta, audience=audience, problem=problem
    )


def title(page: Page) -> str:
    """The one property that is the page's title, whatever it is called."""
    found = (each.get("title") for each in page.properties.values() if _type(each) == "title")
    return one_line(words(next(found, None)))


def _audience(page: Page, settings: NotionSettings) -> tuple[str | None, str | None]:
    """Who may read it, and what an admin should know; pages that are in no database have no properties but their title."""
    if page.in_trash or page.archived:
        return None, None
    if not (page.parent.data_source_id or page.parent.database_id):
        return settings.audience, None
    if settings.status_property is not None and not _is_published(page, settings.status_property, settings.statuses):
        return None, None
    name = settings.audience_property
    if name is None:
        return settings.audience, None
    said = values(page, name)
    if not said and _type(page.properties.get(name)) in CHOICES:
        return settings.audience, None
    if len(said) == 1 and said[0] in settings.audiences:
        return settings.audiences[said[0]], None
    kept = settings.unknown_audience
    return kept, f"kept for {kept!r} readers: `audiences` does not tell who may read it by its {name}"


def _is_published(page: Page, name: str, statuses: Collection[str]) -> bool:
    return not set(values(page, name)).isdisjoint(statuses)


def _first(page: Page, name: str | None) -> str:
    return next(iter(values(page, name)), "") if name is not None else ""


def values(page: Page, name: str) -> tuple[str, ...]:
    """What a property says, as words: one for most kinds, several for a multi-select, none when it is empty."""
    given = page.properties.get(name)
    kind = _type(given)
    said = given.get(kind) if isinstance(given, dict) else None
    match kind:
        case "title" | "rich_text":
            found = [words(said)]
        case "select" | "status":
            found = [_name(said)]
        case "multi_select":
            found = [_name(each) for each in said] if isinstance(said, list) else []
        case "checkbox":
            found = ["true" if said is True else "false"]
        case "formula":
            found = [str(said.get("string") or "")] if isinstance(said, dict) else []
        case "url":
            found = [str(said or "")]
        case _:
            found = []
    return tuple(each.strip() for each in found if each.strip())


def _type(given: Any) -> str:
    kind = given.get("type") if isinstance(given, dict) else None
    return kind if isinstance(kind, str) else ""


def _name(given: Any) -> str:
    name = given.get("name") if isinstance(given, dict) else None
    return name if isinstance(name, str) else ""

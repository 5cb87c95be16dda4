"""From the JSON of an item to what it says: JMESPath, then text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from html import unescape
from typing import Any

import jmespath  # type: ignore[import-untyped]
from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]

from core.errors import DocumentRejected
from kb_sync.formats import Parsed, notes
from kb_sync.formats.lazily import html
from kb_sync.formats.markdown import without_comments
from kb_sync.sources.generic_http.settings import FieldPaths, GenericHttpSettings
from kb_sync.text import clean, one_line

LATEST_UNIX = 32_503_680_000
"""The year 3000: a larger number is no time in seconds."""

Found = Mapping[str, Any]
"""What an item says by the names of ``FieldPaths``; what it does not say is missing."""


@cache
def _compiled(expression: str) -> Any:
    return jmespath.compile(expression)


def look_up(expression: str, within: Any) -> Any:
    """What an expression finds, None for nothing; one that does not fit the JSON finds nothing."""
    try:
        return _compiled(expression).search(within)
    except JMESPathError:
        return None


def project(paths: FieldPaths, item: Any) -> Found:
    """What an item says."""
    named = {name: getattr(paths, name) for name in FieldPaths.model_fields}
    values = {name: look_up(path, item) for name, path in named.items() if path is not None}
    return {name: value for name, value in values.items() if value is not None}


def item_id(found: Found) -> str | None:
    """The id, None when there is none that can be used."""
    given = found.get("id")
    if isinstance(given, bool) or not isinstance(given, (str, int)):
        return None
    return one_line(str(given), limit=501) or None


def moment(found: Found) -> datetime | None:
    """When the item says that it was changed."""
    given = found.get("updated")
    try:
        if isinstance(given, (int, float)) and not isinstance(given, bool) and 0 <= given < LATEST_UNIX:
            return datetime.fromtimestamp(given, UTC)
        at = datetime.fromisoformat(str(given).strip())
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def parsed(settings: GenericHttpSettings, found: Found) -> Parsed:
    """The document an item is; ``DocumentRejected`` when what it says cannot be used."""
    doubts: list[str] = []
    title = one_line(unescape(_text(found, "title")) if settings.format == "html" else _text(found, "title"))
    body = _body(settings.format, _text(found, "text"), title)
    meta = {name: _text(found, name) for name in ("url", "category", "language") if found.get(name) not in (None, "")}
    if "updated" in found:
        at = moment(found)
        meta["updated"] = at.isoformat() if at else _text(found, "updated")
    meta["audience"] = audience(settings, found, doubts.append)
    return Parsed(body=body.body, title=title or body.title, meta=meta, notes=(*notes(*doubts), *body.notes))


def audience(settings: GenericHttpSettings, found: Found, doubt: Callable[[str], None]) -> str:
    """Who may read it: whatever is not understood is not public."""
    given = found.get("audience")
    word = json.dumps(given) if isinstance(given, (bool, int, float)) else given
    if word in (None, ""):
        if "" in settings.audiences:
            return settings.audiences[""]
        if "audience" not in settings.fields.model_fields_set:
            return settings.audience
        doubt(f"it has nothing at fields.audience and is kept for `{settings.unknown_audience}`")
        return settings.unknown_audience
    if isinstance(word, str) and word in settings.audiences:
        return settings.audiences[word]
    if isinstance(given, str) and not settings.audiences and one_line(given):
        return one_line(given, limit=100)
    shown = one_line(str(given), limit=60)
    doubt(f"its audience {shown!r} is not among `audiences`; it is kept for `{settings.unknown_audience}`")
    return settings.unknown_audience


def _text(found: Found, name: str) -> str:
    given = found.get(name, "")
    if isinstance(given, list) and all(isinstance(part, str) for part in given):
        return "\n\n".join(given)
    if isinstance(given, (str, int, float)) and not isinstance(given, bool):
        return str(given)
    raise DocumentRejected(f"its {name} is {kind_of(given)}, not a text; mend fields.{name}")


def _body(format: str, text: str, title: str) -> Parsed:
    if format == "html":
        made = html(text.encode("utf-8", "replace"))
        if made.title and title and made.title != title:
            return Parsed(body=f"# {made.title}\n\n{made.body}", title=title)
        return Parsed(body=made.body, title=made.title)
    return Parsed(body=clean(without_comments(clean(text)) if format == "markdown" else text))


def kind_of(value: Any) -> str:
    """What a JSON value is, in plain words."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "an object"

"""What a tool's server answered → what may be kept of it, or ``ToolFailed``.  Pure.

An answer is untrusted: nothing in it is followed, rendered or believed; invisible characters go, and what is kept is bounded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html.parser import HTMLParser
from http import HTTPStatus
from typing import Any, Final

from core.errors import ToolFailed
from core.ports.tools import ToolOutput
from core.providers.tools.projection import Projection
from core.providers.tools.sending import SAFE, Incoming
from core.untrusted.visible import visible

PAGE_CHARS: Final = 500
PAGE_BYTES: Final = 65_536
MAX_DEPTH: Final = 60
NOTHING: Final = "(done; the answer was empty)"
UNREADABLE: Final = "(done; the answer could not be read as JSON, so nothing of it is shown)"
PAGE: Final = "(a web page instead of data; its text begins:) "
NOT_TEXT: Final = "(an answer that is not text)"
CUT: Final = " …"
NOT_TAKEN: Final = frozenset((307, 308))
"""Redirects that say: nothing was done here, send it there.  After a 303 something was."""

UNSURE: Final = frozenset((408, 409, 425))
"""Refusals that may mean that the same request is still at work: 409 is how servers answer an idempotency key in use."""


def output_of(answer: Incoming, *, method: str, projection: Projection, chars: int) -> ToolOutput:
    """What a good answer says, bounded to ``chars``; ``ToolFailed`` for any other status."""
    _refuse(answer.status, is_safe=method in SAFE)
    text, is_cut = _text(answer, projection)
    return bounded(text, chars, is_cut=is_cut)


def bounded(text: str, chars: int, *, is_cut: bool = False) -> ToolOutput:
    """A text without what cannot be seen, at most ``chars`` long."""
    seen = visible(text).strip()
    if len(seen) > chars:
        return ToolOutput(text=seen[: max(0, chars - len(CUT))] + CUT, is_cut=True)
    return ToolOutput(text=seen, is_cut=is_cut)


def _refuse(status: int, *, is_safe: bool) -> None:
    if 200 <= status < 300:
        return
    if 400 <= status < 500:
        raise ToolFailed(f"it answered {_named(status)}", is_certain=is_safe or status not in UNSURE)
    if 300 <= status < 400:
        raise ToolFailed(f"it answered {_named(status)}, which is not followed", is_certain=status in NOT_TAKEN)
    raise ToolFailed(f"it answered {_named(status)}", is_certain=False)


def _named(status: int) -> str:
    """The status with its standard name; a server's own words are not repeated."""
    try:
        return f"{status} ({HTTPStatus(status).phrase})"
    except ValueError:
        return str(status)


def _text(answer: Incoming, projection: Projection) -> tuple[str, bool]:
    kind = answer.content_type.partition(";")[0].strip().lower()
    if not answer.body.strip():
        return (NOT_TEXT, True) if answer.is_cut else (NOTHING, False)
    decoded = _decoded(answer)
    if kind in ("text/html", "application/xhtml+xml") or decoded.lstrip()[:15].lower().startswith(
        ("<!doctype html", "<html")
    ):
        return (UNREADABLE if projection.is_given else PAGE + page_text(decoded)), True
    try:
        value = parsed(decoded)
    except ValueError:
        if projection.is_given:
            return UNREADABLE, True
        return (decoded, answer.is_cut) if _is_textual(kind, decoded) else (NOT_TEXT, True)
    return as_json(projection.of(value)), answer.is_cut


def _decoded(answer: Incoming) -> str:
    charset = "utf-8"
    for part in answer.content_type.split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip("\"'") or charset
    try:
        return answer.body.decode(charset, errors="replace")
    except (LookupError, ValueError):
        return answer.body.decode(errors="replace")


def _is_textual(kind: str, decoded: str) -> bool:
    """Whether it is worth showing: binary bytes decode to many replacement marks and controls."""
    head = decoded[:2_000]
    odd = sum(char == "\ufffd" or (char < " " and char not in "\t\r\n") for char in head)
    return not kind.startswith(("image/", "audio/", "video/", "font/")) and odd * 20 <= len(head)


def parsed(text: str) -> Any:
    """JSON of a bounded depth; ``ValueError`` for all else."""
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError("too deep") from error
    _bounded_depth(value)
    return value


def _bounded_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for part in level
            if isinstance(part, Mapping | list)
            for inner in (part.values() if isinstance(part, Mapping) else part)
        ]
        if not level:
            return
    raise ValueError("too deep")


def as_json(value: Any) -> str:
    """Compact JSON whose texts were made visible first, so that no escape hides a character."""
    return json.dumps(_seen(value), ensure_ascii=False, separators=(", ", ": "))


def _seen(value: Any) -> Any:
    match value:
        case str():
            return visible(value)
        case Mapping():
            return {visible(str(key)): _seen(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_seen(inner) for inner in value]
    return value


class _Page(HTMLParser):
    """Collects the text a reader of a page would see."""

    HIDDEN: Final = frozenset(("script", "style", "template", "noscript", "head", "svg"))

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.HIDDEN:
            self._hidden.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            del self._hidden[self._hidden.index(tag) :]

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words += data.split()


def page_text(html: str) -> str:
    """The first visible words of a page."""
    page = _Page()
    page.feed(html[:PAGE_BYTES])
    page.close()
    text = " ".join(page.words)
    return text if len(text) <= PAGE_CHARS else text[:PAGE_CHARS].rsplit(" ", 1)[0] + CUT

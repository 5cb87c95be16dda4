"""The sources of a reply as lines for a footer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.domain import Citation

MAX_TITLE_CHARS: Final = 120


def source_lines(citations: Sequence[Citation]) -> tuple[tuple[int, str, str | None], ...]:
    """(number, title, address) of each source once, by number; an address is http(s) or None.

    Titles are untrusted text.
    """
    by_number: dict[int, tuple[int, str, str | None]] = {}
    for citation in citations:
        by_number.setdefault(citation.number, (citation.number, _title(citation), _followable(citation.url)))
    return tuple(by_number[number] for number in sorted(by_number))


def _title(citation: Citation) -> str:
    """One line; a document without a title is known by what its source calls it."""
    line = " ".join((citation.title or citation.heading or citation.external_id).split())
    return line if len(line) <= MAX_TITLE_CHARS else line[: MAX_TITLE_CHARS - 1].rstrip() + "…"


def _followable(url: str | None) -> str | None:
    """Addresses come from sources, and sources are not ours: no blanks, quotes or brackets that could end a link early."""
    if url is None or not url.lower().startswith(("https://", "http://")):
        return None
    return None if any(char in ' "<>\\^`{|}' or not char.isprintable() for char in url) else url

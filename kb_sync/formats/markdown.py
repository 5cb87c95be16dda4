"""Markdown with optional YAML front matter, and plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from core.errors import DocumentRejected
from kb_sync.formats import Parsed, notes
from kb_sync.text import clean, decode, one_line

LONGEST_FRONT_MATTER = 20_000
LONGEST_TITLE = 120
FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n?---[ \t]*(?:\n|\Z)", re.DOTALL)
NOTHING = ("", "~", "null")


def markdown(raw: bytes) -> Parsed:
    """A Markdown file; ``DocumentRejected`` when its front matter is not a YAML mapping."""
    decoded = decode(raw)
    meta, body = _front_matter(clean(decoded.text))
    body = without_comments(body).strip()
    heading, rest = _first_heading(body)
    title = one_line(meta.get("title") or heading)
    is_first = body.startswith("# ") and one_line(heading) == title
    return Parsed(body=rest if is_first else body, title=title, id=meta.get("id"), meta=meta, notes=notes(decoded.note))


def plain(raw: bytes) -> Parsed:
    """A text file; its first line is the title when it is short."""
    decoded = decode(raw)
    text = clean(decoded.text)
    first, _, rest = text.partition("\n")
    if rest and 0 < len(first) <= LONGEST_TITLE:
        return Parsed(body=rest.strip(), title=one_line(first), notes=notes(decoded.note))
    return Parsed(body=text, notes=notes(decoded.note))


def without_comments(text: str) -> str:
    """Markdown without HTML comments, which a reader does not see either."""
    return "".join(_outside_comments(text))


def _outside_comments(text: str) -> Iterator[str]:
    end = 0
    while (start := text.find("<!--", end)) >= 0 and (close := text.find("-->", start)) >= 0:
        yield text[end:start]
        end = close + len("-->")
    yield text[end:]


def _first_heading(body: str) -> tuple[str, str]:
    """The words of the first heading of level one that no code block precedes, and what follows it."""
    at = 0
    for line in body.split("\n"):
        at += len(line) + 1
        if line.lstrip().startswith(("```", "~~~")):
            break
        if line.startswith("# "):
            return line[2:].strip().rstrip("#").strip(), body[at:].strip()
    return "", body


def _front_matter(text: str) -> tuple[dict[str, str], str]:
    found = FRONT.match(text)
    if found is None:
        return {}, text
    if len(found.group(1)) > LONGEST_FRONT_MATTER:
        raise DocumentRejected(f"the front matter is longer than {LONGEST_FRONT_MATTER:,} characters")
    try:
        # BaseLoader makes text of everything, so that `language: no` stays Norwegian, and constructs no objects.
        meta = yaml.load(found.group(1), Loader=yaml.BaseLoader) or {}  # noqa: S506
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 2}" if mark is not None else ""
        raise DocumentRejected(f"the front matter is not valid YAML{place}") from error
    if not isinstance(meta, dict):
        raise DocumentRejected("the front matter is not a list of `name: value` lines")
    return {k: v for k, v in meta.items() if isinstance(v, str) and v not in NOTHING}, text[found.end() :]

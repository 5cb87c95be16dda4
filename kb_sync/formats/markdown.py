"""Markdown with optional YAML front matter, and plain text."""

from __future__ import annotations

import re

import yaml

from core.errors import DocumentRejected
from kb_sync.formats import Parsed
from kb_sync.text import clean, decode, one_line

FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
TITLE = re.compile(r"^#[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def markdown(raw: bytes) -> Parsed:
    """A Markdown file; ``DocumentRejected`` when its front matter is not a YAML mapping."""
    text = clean(decode(raw))
    meta, body = _front_matter(text)
    body = COMMENT.sub("", body).strip()
    heading = TITLE.search(body)
    title = meta.get("title") or (heading.group(1) if heading else "")
    if heading is not None and body.startswith(heading.group(0)) and one_line(heading.group(1)) == one_line(title):
        body = body[heading.end() :].strip()
    return Parsed(body=body, title=one_line(title), id=meta.get("id"), meta=meta)


def plain(raw: bytes) -> Parsed:
    """A text file; its first line is the title when it is short."""
    text = clean(decode(raw))
    first, _, rest = text.partition("\n")
    if rest and 0 < len(first) <= 120:
        return Parsed(body=rest.strip(), title=one_line(first))
    return Parsed(body=text)


def _front_matter(text: str) -> tuple[dict[str, str], str]:
    found = FRONT.match(text)
    if found is None:
        return {}, text
    try:
        meta = yaml.safe_load(found.group(1)) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 2}" if mark is not None else ""
        raise DocumentRejected(f"the front matter is not valid YAML{place}") from error
    if not isinstance(meta, dict):
        raise DocumentRejected("the front matter is not a list of `name: value` lines")
    return {str(k): str(v) for k, v in meta.items() if v is not None}, text[found.end() :]

"""How the engine's prompts mark text that is not its own: the only file that knows, and a tolerant reader.

Understood are ``<<source 1 …>> text <<end …>>`` and other kinds (``contact``, ``tool``, ``desk``, ``file``), the same as elements
(``<source id="1">…</source>``), and plain paragraphs that begin with ``[1]``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

SOURCE_KINDS: Final = frozenset({"source", "knowledge", "passage", "chunk", "document", "kb", "evidence"})
CONTACT_KINDS: Final = frozenset({"contact", "customer", "message", "question", "user"})
TOOL_KINDS: Final = frozenset({"tool", "result", "tool_result", "tool-result"})
KINDS: Final = (
    SOURCE_KINDS | CONTACT_KINDS | TOOL_KINDS | {"desk", "note", "file", "file_name", "file-name", "filename"}
)

_KIND: Final = "|".join(sorted((re.escape(kind) for kind in KINDS), key=len, reverse=True))
_OPEN: Final = re.compile(rf"<<+\s*(?P<kind>{_KIND})(?![\w-])(?P<label>[^<>\n]{{0,300}})>>+", re.IGNORECASE)
_EITHER: Final = re.compile(
    rf"{_OPEN.pattern}|<(?P<element>{_KIND})(?P<attributes>\s[^<>\n]{{0,300}})?>", re.IGNORECASE
)
_CLOSE: Final = r"<<+\s*(?:/|end\b)[^<>\n]{0,300}>>+"
_NEXT: Final = re.compile(_CLOSE + r"|(?=<<+\s*[A-Za-z][\w-]*[^<>\n]{0,300}>>+)", re.IGNORECASE)
_CLOSED: Final = re.compile(_CLOSE, re.IGNORECASE)
_ESCAPED: Final = re.compile(r"<\\(\\*)(?=<)")
_NUMBER: Final = re.compile(r"(?<![\w-])[\[\"'#]?T?(\d{1,3})[\]\"']?(?![\w-])")
_NUMBERED: Final = re.compile(r"^\[(\d{1,3})\][ \t]+(\S.*?)(?=\n\s*\n|\n\[\d{1,3}\]|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced text; ``start`` and ``end`` are where the whole fence stands."""

    kind: str
    label: str
    text: str
    start: int
    end: int

    @property
    def number(self) -> int | None:
        """The number in its label: of a source ``1``, of a tool's result ``T1``."""
        found = _NUMBER.search(self.label)
        return int(found.group(1)) if found else None


@lru_cache(maxsize=64)
def blocks(text: str) -> tuple[Block, ...]:
    """The fenced texts of a prompt, in order; a fence that nobody closes ends at the next one."""
    found: list[Block] = []
    at = 0
    while (opened := _EITHER.search(text, at)) is not None:
        kind = (opened["kind"] or opened["element"]).lower()
        if opened["element"]:
            close = text.lower().find(f"</{kind}>", opened.end())
            inner_end, at = (len(text), len(text)) if close < 0 else (close, close + len(kind) + 3)
        else:
            closed = _NEXT.search(text, opened.end())
            inner_end, at = (closed.start(), closed.end()) if closed else (len(text), len(text))
        inner = _ESCAPED.sub(r"<\1", text[opened.end() : inner_end].strip())
        label = (opened["label"] or opened["attributes"] or "").strip()
        found.append(Block(kind=kind, label=label, text=inner, start=opened.start(), end=at))
    return tuple(found)


def sources(*texts: str) -> dict[int, str]:
    """The numbered sources of a prompt's texts; without fences, paragraphs that begin with ``[1]``."""
    known: dict[int, str] = {}
    fenced = (block for text in texts for block in blocks(text) if block.kind in SOURCE_KINDS)
    for place, block in enumerate(fenced, start=1):
        known.setdefault(block.number or place, block.text)
    if known:
        return known
    return {int(match.group(1)): match.group(2).strip() for text in texts for match in _NUMBERED.finditer(text)}


def words_of_contact(text: str) -> str:
    """What the contact said in a message: the last fence of theirs, else what stands outside of fences.

    A message that brings only results of tools says nothing.
    """
    known = blocks(text)
    said = [block.text for block in known if block.kind in CONTACT_KINDS]
    if said:
        return said[-1]
    return "" if any(block.kind in TOOL_KINDS for block in known) else outside(text, known)


def outside(text: str, known: tuple[Block, ...] | None = None) -> str:
    """A text without its fenced parts."""
    pieces, at = [], 0
    for block in blocks(text) if known is None else known:
        pieces.append(text[at : block.start])
        at = block.end
    return "".join([*pieces, text[at:]]).strip()


def bare(text: str) -> str:
    """A text without the marks of fences, their content kept."""
    return _CLOSED.sub("", _OPEN.sub("", text)).strip()

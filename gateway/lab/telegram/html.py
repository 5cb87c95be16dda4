"""Telegram's HTML as its server reads it: strict about tags, and counted after parsing in UTF-16 code units."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any

from gateway.lab.telegram.refusals import Refusal, bad

MAX_TEXT = 4_096
MAX_ENTITIES = 100

# Tag → type of the entity; the nodes are what the lab page draws.
TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "code": "code", "pre": "pre",
    "a": "text_link", "blockquote": "blockquote", "tg-spoiler": "spoiler", "span": "spoiler",
}  # fmt: skip
_TOKEN = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)((?:\s+[a-zA-Z-]+(?:=\"[^\"]*\"|='[^']*')?)*)\s*>|<")
_HREF = re.compile(r"href=(?:\"([^\"]*)\"|'([^']*)')")


def units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


@dataclass(slots=True)
class Open:
    """A tag that is open."""

    tag: str
    start: int
    url: str = ""
    children: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text without markup, its entities as in a Message, and its nodes for the lab page."""

    text: str
    entities: list[dict[str, Any]]
    nodes: list[dict[str, Any]]


def parse(source: str) -> Parsed:
    """Read HTML, or refuse it as the server does."""
    stack = [Open("", 0)]
    text, entities, at = "", [], 0
    for found in _TOKEN.finditer(source):
        text = _add(stack[-1], text, source[at : found.start()])
        at = found.end()
        place = len(source[: found.start()].encode())
        if found.group(2) is None:
            raise _unparsable(f"Unexpected character at byte offset {place}")
        tag = found.group(2).lower()
        if found.group(1):
            entities += _closed(stack, tag, text, place)
        else:
            stack.append(_opened(stack, tag, found.group(3), text, place))
    text = _add(stack[-1], text, source[at:])
    if len(stack) > 1:
        raise _unparsable(f'Can\'t find end tag corresponding to start tag "{stack[-1].tag}"')
    ordered = sorted(entities, key=lambda item: (item["offset"], -item["length"]))[:MAX_ENTITIES]
    return Parsed(text, ordered, blocks(stack[0].children))


def plain(source: str) -> Parsed:
    """Text without a parse mode."""
    top = Open("", 0)
    _text_nodes(top, source)
    return Parsed(source, [], blocks(top.children))


def checked(parsed: Parsed, *, may_be_empty: bool = False) -> Parsed:
    """Refuses what is empty or too long for a message."""
    if not parsed.text.strip() and not may_be_empty:
        raise bad("message text is empty")
    if units(parsed.text.strip()) > MAX_TEXT:
        raise bad("message is too long")
    return parsed


def _opened(stack: list[Open], tag: str, attributes: str, text: str, place: int) -> Open:
    if tag not in TAGS:
        raise _unparsable(f'Unsupported start tag "{tag}" at byte offset {place}')
    if tag == "blockquote" and any(item.tag == tag for item in stack):
        raise _unparsable(f"Blockquote can't be nested at byte offset {place}")
    href = _HREF.search(attributes)
    url = html.unescape((href.group(1) or href.group(2) or "") if href else "")
    return Open(tag, units(text), url)


def _closed(stack: list[Open], tag: str, text: str, place: int) -> list[dict[str, Any]]:
    if len(stack) == 1:
        raise _unparsable(f"Unexpected end tag at byte offset {place}")
    here = stack.pop()
    if here.tag != tag:
        raise _unparsable(f'Unmatched end tag at byte offset {place}, expected "</{here.tag}>", found "</{tag}>"')
    stack[-1].children += _node(here)
    entity: dict[str, Any] = {"type": TAGS[tag], "offset": here.start, "length": units(text) - here.start}
    if tag == "a":
        if not here.url.startswith(("http://", "https://", "mailto:", "tel:", "tg://")):
            return []  # the server drops links it does not like and keeps their words
        entity["url"] = here.url
    return [entity] if entity["length"] else []


def _node(here: Open) -> list[dict[str, Any]]:
    words = "".join(_flat(child) for child in here.children)
    match TAGS[here.tag]:
        case "bold":
            return [{"t": "strong", "c": here.children}]
        case "italic":
            return [{"t": "em", "c": here.children}]
        case "code":
            return [{"t": "code", "text": words}]
        case "pre":
            return [{"t": "pre", "text": words}]
        case "blockquote":
            return [{"t": "quote", "b": blocks(here.children)}]
        case "text_link" if here.url:
            return [{"t": "a", "href": here.url, "c": here.children}]
    return here.children


def _flat(node: dict[str, Any]) -> str:
    if node["t"] == "br":
        return "\n"
    return str(node["text"]) if "text" in node else "".join(_flat(child) for child in node.get("c", ()))


def _add(here: Open, text: str, source: str) -> str:
    words = html.unescape(source)
    _text_nodes(here, words)
    return text + words


def _text_nodes(here: Open, words: str) -> None:
    for number, line in enumerate(words.split("\n")):
        if number:
            here.children.append({"t": "br"})
        if line:
            here.children.append({"t": "text", "text": line})


def blocks(children: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Inline nodes as paragraphs, at empty lines and around preformatted text and quotes."""
    out: list[dict[str, Any]] = []
    run: list[dict[str, Any]] = []

    def end() -> None:
        while run and run[0]["t"] == "br":
            run.pop(0)
        while run and run[-1]["t"] == "br":
            run.pop()
        if run:
            out.append({"t": "p", "c": run.copy()})
            run.clear()

    for child in children:
        if child["t"] in ("pre", "quote"):
            end()
            out.append(child)
        elif child["t"] == "br" and run and run[-1]["t"] == "br":
            end()
        else:
            run.append(child)
    end()
    return out


def _unparsable(why: str) -> Refusal:
    return bad(f"can't parse entities: {why}")

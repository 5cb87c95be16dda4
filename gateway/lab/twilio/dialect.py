"""WhatsApp's marks as the app shows them: nodes of the lab page (the stand-in's own reading, for people to look at)."""

from __future__ import annotations

import re
from typing import Any

Node = dict[str, Any]

_INLINE = re.compile(
    r"(?P<code>`[^`\n]+`)"
    r"|(?<![\w*])\*(?P<strong>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"
    r"|(?<![\w_])_(?P<em>[^\s_](?:[^_\n]*[^\s_])?)_(?![\w_])"
    r"|(?P<url>https?://[^\s<>\"]+[^\s<>\".,;:!?)])"
)
_FENCE = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_NUMBER = re.compile(r"(\d{1,3})\. ")


def nodes(text: str) -> list[Node]:
    """The blocks of a message."""
    out: list[Node] = []
    for place, part in enumerate(_FENCE.split(text)):
        if place % 2:
            out.append({"t": "pre", "text": part})
        else:
            out += [_block(block) for block in re.split(r"\n{2,}", part.strip("\n")) if block.strip()]
    return out


def plain_nodes(text: str) -> list[Node]:
    """The blocks of an SMS: lines and addresses, nothing else."""
    blocks = [block for block in re.split(r"\n{2,}", text.strip("\n")) if block.strip()]
    return [{"t": "p", "c": _lines(block.split("\n"), is_marked=False)} for block in blocks]


def _block(block: str) -> Node:
    lines = block.split("\n")
    if all(line.startswith("> ") for line in lines):
        return {"t": "quote", "b": [{"t": "p", "c": _lines([line[2:] for line in lines])}]}
    if all(line.startswith("- ") for line in lines):
        return {"t": "list", "start": None, "items": [[{"t": "p", "c": _inline(line[2:])}] for line in lines]}
    first = _NUMBER.match(lines[0])
    if first and all(_NUMBER.match(line) for line in lines):
        items = [[{"t": "p", "c": _inline(line.partition(". ")[2])}] for line in lines]
        return {"t": "list", "start": int(first.group(1)), "items": items}
    return {"t": "p", "c": _lines(lines)}


def _lines(lines: list[str], *, is_marked: bool = True) -> list[Node]:
    out: list[Node] = []
    for number, line in enumerate(lines):
        if number:
            out.append({"t": "br"})
        out += _inline(line, is_marked=is_marked)
    return out


def _inline(text: str, *, is_marked: bool = True) -> list[Node]:
    out: list[Node] = []
    at = 0
    for found in _INLINE.finditer(text):
        if not is_marked and not found["url"]:
            continue
        if found.start() > at:
            out.append({"t": "text", "text": text[at : found.start()]})
        out.append(_node(found))
        at = found.end()
    if at < len(text):
        out.append({"t": "text", "text": text[at:]})
    return out


def _node(found: re.Match[str]) -> Node:
    if found["code"]:
        return {"t": "code", "text": found["code"].strip("`")}
    if found["strong"]:
        return {"t": "strong", "c": _inline(found["strong"])}
    if found["em"]:
        return {"t": "em", "c": _inline(found["em"])}
    return {"t": "a", "href": found["url"], "c": [{"t": "text", "text": found["url"]}]}

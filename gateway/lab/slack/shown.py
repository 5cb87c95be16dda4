"""What Slack draws of a message: nodes for the lab page and plain words; our own reading of its Markdown and mrkdwn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from core import markup
from gateway.lab.nodes import Nodes
from gateway.lab.slack.state import Post

_LINK: Final = re.compile(r"<((?:https?|mailto|tel):[^|<>]+)(?:\|([^<>]*))?>")


def words(post: Post) -> str:
    """The message as text: its Markdown, else its ``text``; sources and buttons are not part of it."""
    texts = [post.markdown, *(_text_of(block) for block in post.blocks)]
    shown = [markup.to_text(markup.parse(text)) for text in texts if text]
    return "\n\n".join(shown) if shown else _unescaped(_LINK.sub(lambda found: found[2] or found[1], post.text))


def nodes(post: Post) -> list[Any]:
    """The message as the lab page draws it."""
    found: list[Any] = Nodes().blocks(markup.parse(post.markdown))
    for block in post.blocks:
        if block["type"] in ("markdown", "section"):
            found += Nodes().blocks(markup.parse(_text_of(block)))
        elif block["type"] == "context":
            found.append({"t": "p", "c": _context(block["elements"])})
    return found or [{"t": "p", "c": [{"t": "text", "text": words(post)}]}]


def choices(post: Post) -> tuple[str, ...]:
    """What stands on its buttons."""
    return tuple(button["text"]["text"] for button in buttons(post))


def buttons(post: Post) -> list[dict[str, Any]]:
    """Its buttons."""
    return [each for block in post.blocks if block["type"] == "actions" for each in block["elements"]]


def _text_of(block: dict[str, Any]) -> str:
    text = block.get("text") if block["type"] in ("markdown", "section") else ""
    return str(text.get("text", "")) if isinstance(text, dict) else str(text or "")


def _context(elements: Sequence[dict[str, Any]]) -> list[Any]:
    out: list[Any] = []
    for number, element in enumerate(elements):
        if number:
            out.append({"t": "br"})
        out += _mrkdwn(str(element["text"]))
    return out


def _mrkdwn(text: str) -> list[Any]:
    out: list[Any] = []
    at = 0
    for found in _LINK.finditer(text):
        if found.start() > at:
            out.append({"t": "text", "text": _unescaped(text[at : found.start()])})
        label = {"t": "text", "text": _unescaped(found[2] or found[1])}
        out.append({"t": "a", "href": _unescaped(found[1]), "c": [label]})
        at = found.end()
    if at < len(text):
        out.append({"t": "text", "text": _unescaped(text[at:])})
    return out


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")

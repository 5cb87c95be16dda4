"""What Teams makes of an activity's Markdown and cards: nodes to draw and plain words.  Our own reading of the vendor's rules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from core import markup, reply

_BREAK: Final = re.compile(r"<br\s*/?>")
_BROKEN: Final = "\ue000"
"""Stands for a line break while Markdown is read: what follows one does not start a list or a quotation."""
CARD: Final = "application/vnd.microsoft.card.adaptive"


def tree_of(activity: Mapping[str, Any]) -> tuple[reply.Block, ...]:
    """The text of an activity."""
    text = str(activity.get("text") or "")
    if activity.get("textFormat") == "plain":
        return markup.parse_plain(text)
    return markup.parse(_BREAK.sub(_BROKEN, text))


def words(activity: Mapping[str, Any]) -> str:
    """The text and the cards' texts, plain."""
    texts = [markup.to_text(tree_of(activity)).replace(_BROKEN, "\n")]
    for card in cards(activity):
        texts += [str(item.get("text", "")) for item in card.get("body", ()) if item.get("type") == "TextBlock"]
    return "\n\n".join(text for text in texts if text)


def nodes(activity: Mapping[str, Any]) -> list[Any]:
    """The text as nodes."""
    found = [_block(block) for block in tree_of(activity)]
    for card in cards(activity):
        blocks = [item for item in card.get("body", ()) if item.get("type") == "TextBlock"]
        found += [{"t": "p", "c": [{"t": "text", "text": str(item.get("text", ""))}]} for item in blocks]
    return found


def cards(activity: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The Adaptive Cards under it."""
    return [item["content"] for item in activity.get("attachments") or () if item.get("contentType") == CARD]


def actions(activity: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The buttons of its cards."""
    return [action for card in cards(activity) for action in card.get("actions", ())]


def files(activity: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of pictures under it."""
    return tuple(
        str(item.get("name") or item.get("contentUrl"))
        for item in activity.get("attachments") or ()
        if str(item.get("contentType", "")).startswith("image/")
    )


def _blocks(blocks: Sequence[reply.Block]) -> list[Any]:
    return [_block(block) for block in blocks]


def _block(block: reply.Block) -> dict[str, Any]:
    match block:
        case reply.Paragraph(children):
            return {"t": "p", "c": _inlines(children)}
        case reply.Heading(level, children):
            return {"t": "h", "level": level, "c": _inlines(children)}
        case reply.CodeBlock(text):
            return {"t": "pre", "text": text}
        case reply.Quote(children):
            return {"t": "quote", "b": _blocks(children)}
        case reply.Items(start, items):
            return {"t": "list", "start": start, "items": [_blocks(item) for item in items]}
        case reply.Table(rows):
            # Teams has no tables in text messages: it shows the bars.
            text = "\n".join(" | ".join(markup.inline_text(cell) for cell in row) for row in rows)
            return {"t": "p", "c": [{"t": "text", "text": text}]}


def _inlines(children: Sequence[reply.Inline]) -> list[Any]:
    found: list[Any] = []
    for child in children:
        if isinstance(child, reply.Text):
            for number, line in enumerate(child.text.split(_BROKEN)):
                found += [{"t": "br"}] if number else []
                found += [{"t": "text", "text": line}] if line else []
        else:
            found.append(_inline(child))
    return found


def _inline(node: reply.Inline) -> dict[str, Any]:
    match node:
        case reply.Text(text):
            return {"t": "text", "text": text}
        case reply.Code(text):
            return {"t": "code", "text": text}
        case reply.Strong(children):
            return {"t": "strong", "c": _inlines(children)}
        case reply.Emphasis(children):
            return {"t": "em", "c": _inlines(children)}
        case reply.Link(href, children):
            return {"t": "a", "href": href, "c": _inlines(children)}
        case reply.Mark(number):
            return {"t": "mark", "n": number}
        case reply.Break():
            return {"t": "br"}

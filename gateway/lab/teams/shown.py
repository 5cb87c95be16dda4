"""What Teams makes of an activity's Markdown and cards: nodes to draw and plain words.  Our own reading of the vendor's rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from core import markup, reply
from gateway.lab.nodes import Nodes, Rows

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
    found = _Nodes().blocks(tree_of(activity))
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


class _Nodes(Nodes):
    """Teams shows a table's bars, and breaks lines where the text says so."""

    def text(self, text: str) -> list[Any]:
        """Lines, with breaks between them."""
        found: list[Any] = []
        for number, line in enumerate(text.split(_BROKEN)):
            found += [{"t": "br"}] if number else []
            found += [{"t": "text", "text": line}] if line else []
        return found

    def table(self, rows: Rows) -> dict[str, Any]:
        """There are no tables in text messages."""
        text = "\n".join(" | ".join(markup.inline_text(cell) for cell in row) for row in rows)
        return {"t": "p", "c": [{"t": "text", "text": text}]}

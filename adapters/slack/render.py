"""Message → the bodies that Slack gets; pure.

A body is one ``markdown`` block, then the sources as a context block and the choices as buttons, and always a plain ``text``.
Limits are those of the Web API, checked 2026-11-21: together the texts of a message's blocks stay under 12 000 characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.shared.plain import defused
from adapters.shared.sources import source_lines
from adapters.shared.splitting import split
from adapters.slack.interactions import CHOICE, CSAT
from adapters.slack.markdown import escape_mrkdwn, plain_tree_of, to_fallback, to_markdown, tree_of
from core.domain import Citation, Message, MessageKind, Role
from core.reply import Block, Paragraph, Strong, Text

MAX_TEXT: Final = 12_000
MAX_FALLBACK: Final = 4_000
MAX_CHOICES: Final = 25
MAX_LABEL: Final = 75
MAX_VALUE: Final = 2_000
MAX_SOURCES: Final = 10
MAX_SOURCE_CHARS: Final = 400

Wire = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One message at Slack: what a stream would show (``markdown``), and what stands below it."""

    markdown: str
    text: str
    footer: tuple[Wire, ...] = ()

    @property
    def blocks(self) -> list[Wire]:
        """All blocks."""
        return [{"type": "markdown", "text": self.markdown}, *self.footer]


def render(message: Message, *, is_named: bool = True) -> tuple[Part, ...]:
    """The parts of a message, in order; ``is_named``: a person's name stands above their words."""
    tree = _tree(message, is_named=is_named)
    footer = (*_sources(message.citations), *_buttons(message))
    limit = MAX_TEXT - sum(_weight(block) for block in footer)
    pieces = split(tree, lambda blocks: len(to_markdown(blocks)) <= limit)
    return tuple(
        Part(
            markdown=to_markdown(blocks),
            text=_short(to_fallback(blocks), MAX_FALLBACK),
            footer=footer if number == len(pieces) else (),
        )
        for number, blocks in enumerate(pieces, 1)
    )


def shown(text: str) -> str:
    """A growing reply as a stream shows it: the beginning of what ``render`` makes of the whole."""
    return to_markdown(tree_of(text))


def _tree(message: Message, *, is_named: bool) -> tuple[Block, ...]:
    if message.role not in (Role.BOT, Role.AGENT):
        return plain_tree_of(message.text)
    tree = tree_of(message.text)
    if message.role is Role.AGENT and message.author and is_named and tree:
        return (Paragraph((Strong((Text(defused(message.author)),)),)), *tree)
    return tree


def _sources(citations: Sequence[Citation]) -> tuple[Wire, ...]:
    lines = [_source(*line) for line in source_lines(citations)]
    if not lines:
        return ()
    if len(lines) > MAX_SOURCES:
        lines = [*lines[: MAX_SOURCES - 1], f"+ {len(lines) - MAX_SOURCES + 1}"]
    return ({"type": "context", "elements": [{"type": "mrkdwn", "text": line} for line in lines]},)


def _source(number: int, title: str, url: str | None) -> str:
    words = escape_mrkdwn(defused(title))
    if url is None or len(url) + len(words) > MAX_SOURCE_CHARS:
        return f"[{number}] {words}"
    return f"[{number}] <{escape_mrkdwn(url)}|{words.replace('|', '/')}>"


def _buttons(message: Message) -> tuple[Wire, ...]:
    if message.kind is MessageKind.CSAT_REQUEST:
        elements = [_button(f"{CSAT}{number}", f"{number} ★", str(number)) for number in range(1, 6)]
    else:
        labels = [" ".join(choice.split()) for choice in message.choices]
        elements = [
            _button(f"{CHOICE}{number}", label, label)
            for number, label in enumerate([label for label in labels if label][:MAX_CHOICES], 1)
        ]
    return ({"type": "actions", "elements": elements},) if elements else ()


def _button(action_id: str, label: str, value: str) -> Wire:
    words = {"type": "plain_text", "text": _short(defused(label), MAX_LABEL), "emoji": False}
    return {"type": "button", "action_id": action_id, "text": words, "value": value[:MAX_VALUE]}


def _weight(block: Wire) -> int:
    elements = block["elements"]
    return sum(len(each["text"]["text"]) if each["type"] == "button" else len(each["text"]) for each in elements)


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"

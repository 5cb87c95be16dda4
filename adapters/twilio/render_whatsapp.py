"""WhatsApp's dialect: ``*bold* _italic_ `code` ```block``` > quote - list``; no labelled links, no headings, no escaping.

Since nothing can be escaped, a character of foreign text that would begin formatting is replaced by one that looks the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, assert_never

from adapters.twilio.inbound import RATINGS
from adapters.twilio.render import MAX_BODY, Part, parts_of, tree_of
from core.domain import Message, MessageKind
from core.reply import (
    Block,
    Break,
    Code,
    CodeBlock,
    Emphasis,
    Heading,
    Inline,
    Items,
    Link,
    Mark,
    Paragraph,
    Quote,
    Strong,
    Table,
    Text,
)

MAX_CONTENT_BODY: Final = 1_024
"""Longest text above buttons and lists."""
MAX_BUTTONS: Final = 3
MAX_BUTTON_TITLE: Final = 20
MAX_ROWS: Final = 10
MAX_ROW_TITLE: Final = 24
MAX_CHOICE: Final = 190
"""A choice travels in its button's id, which holds 200 characters with our prefix."""

_ALIKE: Final = str.maketrans({"*": "∗", "_": "＿", "~": "∼", "`": "‘"})
# A mark opens formatting only outside a word and before something visible; within words it is harmless.
_OPENS: Final = re.compile(r"(?<!\w)[*_~`]+(?=\S)|`")
_AT_WORDS: Final = re.compile(r"(?<!\w)[*_~`]+|[*_~`]+(?!\w)|`")
_LEAD: Final = re.compile(r"^(?=(?:>|[-*]\s|\d{1,3}\.\s))", re.MULTILINE)
_WORD_JOINER: Final = "\u2060"


def render(message: Message, *, with_buttons: bool) -> list[Part]:
    """The parts of a message: texts, then its files one by one; the choices hang on the last text."""
    offered = tuple(RATINGS) if message.kind is MessageKind.CSAT_REQUEST else message.choices
    choices = offered if with_buttons and are_buttons(offered) and message.text.strip() else ()
    blocks = tree_of(message, with_numbers=not choices)
    limit = MAX_CONTENT_BODY if choices else MAX_BODY
    texts = parts_of(blocks, text_of, lambda text: len(text) <= limit)
    parts = [Part(text=text) for text in texts[:-1]] + [Part(text=text, choices=choices) for text in texts[-1:]]
    return parts + [Part(files=(file,)) for file in message.attachments]


def are_buttons(choices: Sequence[str]) -> bool:
    """Whether the choices can be offered to press: few enough, not empty, and still different when cut to a title."""
    titles = {cut(choice, MAX_ROW_TITLE) for choice in choices}
    return (
        0 < len(choices) <= MAX_ROWS
        and len(titles) == len(choices)
        and all(len(choice.strip()) > 0 and len(choice) <= MAX_CHOICE for choice in choices)
    )


def fit_buttons(choices: Sequence[str]) -> bool:
    """Whether plain buttons are enough; a list is opened by a press more."""
    return len(choices) <= MAX_BUTTONS and all(len(cut(choice, 999)) <= MAX_BUTTON_TITLE for choice in choices)


def cut(choice: str, limit: int) -> str:
    """A choice on one line of at most ``limit`` characters."""
    line = " ".join(choice.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def text_of(blocks: Sequence[Block]) -> str:
    """A tree in WhatsApp's dialect."""
    return "\n\n".join(filter(None, (_block(block) for block in blocks)))


def _block(block: Block) -> str:
    match block:
        case Paragraph(children):
            return _inlines(children).strip()
        case Heading(_, children):
            return _around("*", _inlines(children, is_strong=True))
        case CodeBlock(text):
            return f"```\n{text.replace('```', '‘‘‘')}\n```"
        case Quote(children):
            return "\n".join(f"> {line}" for line in text_of(children).split("\n") if line)
        case Items(start, items):
            return "\n".join(_item(n, start, item) for n, item in enumerate(items))
        case Table(rows):
            return "\n".join(" | ".join(_inlines(cell) for cell in row) for row in rows)
        case _:
            assert_never(block)


def _item(number: int, start: int | None, item: Sequence[Block]) -> str:
    lead = "- " if start is None else f"{start + number}. "
    return lead + "\n".join(_block(block) for block in item).replace("\n", "\n" + " " * len(lead))


def _inlines(children: Sequence[Inline], *, is_strong: bool = False) -> str:
    return "".join(_inline(child, is_strong=is_strong) for child in children)


def _inline(node: Inline, *, is_strong: bool) -> str:
    match node:
        case Text(text):
            return plain(text)
        case Strong(children):
            inner = _inlines(children, is_strong=True)
            return inner if is_strong else _around("*", inner)
        case Emphasis(children):
            return _around("_", _inlines(children, is_strong=is_strong))
        case Code(text):
            return f"`{text.replace('`', '‘')}`" if text.strip() else text
        case Link(href, children):
            return _link(href, _inlines(children, is_strong=is_strong))
        case Mark(number):
            return f"[{number}]"
        case Break():
            return "\n"
        case _:
            assert_never(node)


def _link(href: str, words: str) -> str:
    bare = href.removeprefix("mailto:").removeprefix("tel:")
    return bare if words in (plain(href), plain(bare), "") else f"{words} ({bare})"


def _around(mark: str, text: str) -> str:
    """The text between marks, which count only when they touch it and stay on one line."""
    lines = (line.strip() for line in text.split("\n"))
    return "\n".join(f"{mark}{line}{mark}" if line else "" for line in lines)


def plain(text: str) -> str:
    """Foreign words that WhatsApp shows as they are."""
    safe = _AT_WORDS.sub(lambda found: found.group().translate(_ALIKE), text) if _OPENS.search(text) else text
    return _LEAD.sub(_WORD_JOINER, safe)

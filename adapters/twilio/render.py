"""Message → the parts that are sent, each with its text, files and choices; pure.

What the dialects share: the tree of a reply with its sources and its numbered choices, and how it is cut into parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adapters.shared.plain import numbered, tables_as_lists
from adapters.shared.sources import source_lines
from adapters.shared.splitting import split
from core import markup
from core.domain import Attachment, Citation, Message, MessageKind, Role
from core.reply import Block, Break, Inline, Link, Paragraph, Strong, Text

MAX_BODY = 1_600
"""Longest ``Body`` that Twilio takes (error 21617 beyond)."""

SCALE = "1 :-(  2  3  4  5 :-)"
"""How a rating is asked for where there are no buttons; it reads the same in every language, and in GSM-7."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One message of a reply; ``choices`` are offered as buttons, ``files`` travel with it."""

    text: str = ""
    files: tuple[Attachment, ...] = ()
    choices: tuple[str, ...] = ()


def tree_of(message: Message, *, with_numbers: bool) -> tuple[Block, ...]:
    """The whole of a message as one tree: who speaks, what they say, the sources, and the choices as numbers."""
    is_markdown = message.role in (Role.BOT, Role.AGENT)
    said = markup.parse(message.text) if is_markdown else markup.parse_plain(message.text)
    blocks = list(tables_as_lists(said))
    if message.role is Role.AGENT and message.author:
        blocks = _signed(message.author, blocks)
    blocks += _sources(message.citations)
    if with_numbers and message.kind is MessageKind.CSAT_REQUEST:
        blocks.append(Paragraph((Text(SCALE),)))
    elif with_numbers and message.choices:
        blocks.append(_lines(numbered(message.choices)))
    return tuple(blocks)


def parts_of(
    blocks: Sequence[Block], render: Callable[[Sequence[Block]], str], fits: Callable[[str], bool]
) -> list[str]:
    """The texts of a tree's parts; ``fits`` judges a rendered text."""
    texts = (render(part) for part in split(blocks, lambda part: fits(render(part))))
    return [text for text in texts if text]


def _signed(author: str, blocks: list[Block]) -> list[Block]:
    """An agent's name before their words: a phone shows one sender for bot and people."""
    name: tuple[Inline, ...] = (Strong((Text(f"{' '.join(author.split())}:"),)),)
    if blocks and isinstance(blocks[0], Paragraph):
        return [Paragraph((*name, Text(" "), *blocks[0].children)), *blocks[1:]]
    return [Paragraph(name), *blocks]


def _sources(citations: Sequence[Citation]) -> list[Block]:
    """One line a source: its mark, its title, and its address when it has one."""
    children: list[Inline] = []
    for number, title, url in source_lines(citations):
        if children:
            children.append(Break())
        children.append(Text(f"[{number}] {title}"))
        if url is not None:
            children += [Text(" "), Link(url, (Text(url),))]
    return [Paragraph(tuple(children))] if children else []


def _lines(text: str) -> Paragraph:
    children: list[Inline] = []
    for line in text.split("\n"):
        children += [Break(), Text(line)] if children else [Text(line)]
    return Paragraph(tuple(children))

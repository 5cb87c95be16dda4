"""A message → what Telegram is to show: parts of HTML within its limits, buttons, files.  Pure.

HTML, because only ``& < > "`` need escaping there; each part also has a plain form, in case Telegram refuses the markup.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, assert_never

from adapters.shared.graphemes import utf16_len
from adapters.shared.plain import defused, tables_as_lists
from adapters.shared.sources import source_lines
from adapters.shared.splitting import split
from adapters.shared.walk import map_text
from adapters.telegram.press import MOST_STARS, Presses
from core import markup
from core.domain import Attachment, Message, MessageKind, Role
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

MAX_TEXT: Final = 4_096
"""UTF-16 code units after Telegram has parsed the markup (Bot API 10.1, checked 2026-11-21)."""

MAX_HTML: Final = 30_000
"""Bounds one call where a part is nearly all links."""

MAX_LINE_CHARS: Final = 200
SHORT_LABEL: Final = 16
BULLET: Final = "• "
INDENT: Final = "   "

_TAG: Final = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message."""

    label: str
    data: str


@dataclass(frozen=True, slots=True)
class Words:
    """One message of text."""

    html: str
    plain: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    is_rating: bool = False


@dataclass(frozen=True, slots=True)
class Enclosed:
    """One message that is a file."""

    attachment: Attachment


Part = Words | Enclosed


def render(message: Message, *, presses: Presses, contact: int) -> tuple[Part, ...]:
    """The parts in order: words, with the buttons under the last of them, then files."""
    html = Html({number: url for number, _, url in source_lines(message.citations) if url})
    words = [html.words(blocks) for blocks in split(_tree(message), html.fits)]
    buttons = _buttons(message, presses, contact)
    if buttons:
        last = words.pop() if words else Words("…", "…")
        words.append(replace(last, buttons=buttons, is_rating=message.kind is MessageKind.CSAT_REQUEST))
    return (*words, *(Enclosed(item) for item in message.attachments))


def preview(text: str) -> Words | None:
    """As much of a growing reply as one message holds."""
    html = Html()
    parts = split(_dialect(markup.parse(text)), html.fits)
    return html.words(parts[0]) if parts else None


def visible(html: str) -> str:
    """What Telegram shows of our HTML, where every ``<`` is one of our tags."""
    bare = _TAG.sub("", html)
    return bare.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")


def _tree(message: Message) -> tuple[Block, ...]:
    """The whole message as a tree that this dialect can say."""
    if message.role is Role.SYSTEM:
        return _dialect(tuple(_quiet(block) for block in markup.parse_plain(message.text)))
    body = markup.parse(message.text)
    if message.role is Role.AGENT and message.author:
        body = (Paragraph((Strong((Text(one_line(message.author)),)),)), *body)
    return _dialect(body, footer=_sources(message))


def _quiet(block: Block) -> Block:
    """The house's own notices are set apart from what people say; ratings are asked plainly."""
    return Paragraph((Emphasis(block.children),)) if isinstance(block, Paragraph) else block


def _dialect(blocks: Sequence[Block], footer: tuple[Block, ...] = ()) -> tuple[Block, ...]:
    return map_text((*tables_as_lists(blocks), *footer), defused)


def _sources(message: Message) -> tuple[Block, ...]:
    lines: list[Inline] = []
    for number, title, url in source_lines(message.citations):
        if lines:
            lines.append(Break())
        lines += [Text(f"[{number}] "), Link(url, (Text(title),)) if url else Text(title)]
    return (Quote((Paragraph(tuple(lines)),)),) if lines else ()


@dataclass(frozen=True, slots=True)
class Html:
    """Telegram's HTML; ``urls`` are where citation marks lead."""

    urls: Mapping[int, str] = field(default_factory=dict)

    def fits(self, blocks: Sequence[Block]) -> bool:
        """Does it fit one message."""
        html = self.render(blocks)
        return len(html) <= MAX_HTML and utf16_len(visible(html)) <= MAX_TEXT

    def words(self, blocks: Sequence[Block]) -> Words:
        """One message of text."""
        html, plain = self.render(blocks), markup.to_text(blocks)
        return Words(html, plain if utf16_len(plain) <= MAX_TEXT else visible(html))

    def render(self, blocks: Sequence[Block]) -> str:
        """The tree in Telegram's HTML."""
        return "\n\n".join(self._block(block, in_quote=False) for block in blocks).strip("\n")

    def _block(self, block: Block, *, in_quote: bool) -> str:
        match block:
            case Paragraph(children):
                return self._inlines(children)
            case Heading(_, children):
                return f"<b>{self._inlines(children)}</b>"
            case CodeBlock(text):
                return f"<pre>{escape(text)}</pre>"
            case Quote(inner):
                body = "\n\n".join(self._block(item, in_quote=True) for item in inner)
                return body if in_quote else f"<blockquote>{body}</blockquote>"  # quotes in quotes are refused
            case Items(start, items):
                return "\n".join(self._item(item, _lead(start, place), in_quote) for place, item in enumerate(items))
            case Table():
                return "\n\n".join(self._block(item, in_quote=in_quote) for item in tables_as_lists((block,)))
            case _:
                assert_never(block)

    def _item(self, item: tuple[Block, ...], lead: str, in_quote: bool) -> str:
        """Lists are plain lines; what is nested stands further in, but never inside preformatted text."""
        parts = [self._block(part, in_quote=in_quote) for part in item]
        lines = [part if "<pre>" in part else part.replace("\n", f"\n{INDENT}") for part in parts]
        return lead + f"\n{INDENT}".join(lines)

    def _inlines(self, children: Sequence[Inline]) -> str:
        return "".join(self._inline(child) for child in children)

    def _inline(self, node: Inline) -> str:
        match node:
            case Text(text):
                return escape(text)
            case Strong(children):
                return f"<b>{self._inlines(children)}</b>"
            case Emphasis(children):
                return f"<i>{self._inlines(children)}</i>"
            case Code(text):
                return f"<code>{escape(text)}</code>"
            case Link(href) if not href.lower().startswith(("http://", "https://")):
                return escape(
                    markup.inline_text((node,))
                )  # mail and phone: Telegram links what it sees, not what is behind
            case Link(href, children):
                return f'<a href="{escape(href)}">{self._inlines(children)}</a>'
            case Mark(number):
                url = self.urls.get(number)
                return f'<a href="{escape(url)}">[{number}]</a>' if url else f"[{number}]"
            case Break():
                return "\n"
            case _:
                assert_never(node)


def _lead(start: int | None, place: int) -> str:
    return BULLET if start is None else f"{start + place}. "


def escape(text: str) -> str:
    """Text as Telegram's HTML shows it unchanged."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _buttons(message: Message, presses: Presses, contact: int) -> tuple[tuple[Button, ...], ...]:
    if message.kind is MessageKind.CSAT_REQUEST:
        stars = range(1, MOST_STARS + 1)
        return (tuple(Button(f"{star} ★", presses.rating(contact, star)) for star in stars),)
    labels = [_label(choice) for choice in message.choices if choice.strip()]
    made = [Button(label, presses.choice(contact, place, label)) for place, label in enumerate(labels)]
    wide = 2 if all(len(label) <= SHORT_LABEL for label in labels) else 1
    return tuple(tuple(made[at : at + wide]) for at in range(0, len(made), wide))


def _label(choice: str) -> str:
    """One line: it comes back as the contact's words, so what is cut off is lost."""
    return defused(one_line(choice))


def one_line(words: str) -> str:
    """One bounded line of what did not come through the reply tree, without what no encoder would take."""
    line = " ".join(words.replace("\x00", "").encode("utf-8", "replace").decode().split())
    return line if len(line) <= MAX_LINE_CHARS else line[: MAX_LINE_CHARS - 1].rstrip() + "…"

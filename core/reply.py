"""The reply tree: one small AST that every channel renders in its own dialect.

Text from people, documents and models enters as Markdown and is parsed once (core/markup.py); HTML in it is text,
images become links, and only http, https, mailto and tel links survive.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A run of plain text; never markup."""

    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    """Strong importance."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Emphasis:
    """Stress emphasis."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Inline code."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link whose ``href`` passed the scheme allow-list."""

    href: str
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """Citation mark ``[n]``; ``number`` is a ``Citation.number`` of the same message."""

    number: int


@dataclass(frozen=True, slots=True)
class Break:
    """A line break inside a block."""


Inline = Text | Strong | Emphasis | Code | Link | Mark | Break


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1-6."""

    level: int
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Preformatted text."""

    text: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A quotation."""

    children: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list; ``start`` is None for bullets, else the first number."""

    start: int | None
    items: tuple[tuple[Block, ...], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first row is the header."""

    rows: tuple[tuple[tuple[Inline, ...], ...], ...]


Block = Paragraph | Heading | CodeBlock | Quote | Items | Table

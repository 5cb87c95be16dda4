"""Pages for the terminal.  Foreign words (contacts, documents, models, tools) are printed as text, never as markup."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
INDENT = (0, 0, 0, 2)


def plain(text: object, limit: int = 2_000, style: str = "") -> Text:
    """Foreign words for the terminal."""
    return Text(_CONTROL.sub(" ", str(text))[:limit], style=style)


def section(console: Console, title: str) -> None:
    """The head of a part."""
    console.print()
    console.print(Text(title, style="bold cyan"))


def line(console: Console, text: object, *, style: str = "") -> None:
    """One indented line."""
    console.print(Padding(plain(text, style=style), INDENT))


def pairs(console: Console, rows: Iterable[tuple[str, object]]) -> None:
    """Names and values below each other."""
    table = Table.grid(padding=(0, 2))
    for name, value in rows:
        table.add_row(Text(name, style="dim"), plain(value))
    console.print(Padding(table, INDENT))


def tabled(console: Console, table: Table) -> None:
    """An indented table."""
    console.print(Padding(table, INDENT))


def grid(*names: str, right: Iterable[str] = ()) -> Table:
    """A table without borders; columns in ``right`` hold numbers."""
    numbers = frozenset(right)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in names:
        table.add_column(name, justify="right" if name in numbers else "left")
    return table

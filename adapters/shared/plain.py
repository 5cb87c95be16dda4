"""Plain forms for dialects that lack something: tables as lists, choices as numbers, mentions that mention nobody."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from core.reply import Block, Inline, Items, Paragraph, Quote, Strong, Table, Text

_BREAKER: Final = "\u200b"
# "@here" and its kin as words of their own (an address such as me@here.example is left alone), and the wire forms of mentions:
# Slack's <!channel>, <@U1>, <#C1>, <!subteam^S1>, Teams' <at>.
_BROADCAST: Final = re.compile(r"(?<!\w)@(?=(?:channel|everyone|here|all|room|group|team|online)\b)", re.IGNORECASE)
_WIRE_MENTION: Final = re.compile(r"<(?=[!@#]|/?at\b)", re.IGNORECASE)
_NUMBER: Final = re.compile(r"#?\s*(\d{1,3})\s*[.):]?")
_EDGES: Final = " \t\n.!?\"'“”«»*_"


def defused(text: str) -> str:
    """The text with nothing in it that would call a whole room or forge a mention: a zero-width space breaks it apart."""
    if "@" not in text and "<" not in text:
        return text
    return _WIRE_MENTION.sub("<" + _BREAKER, _BROADCAST.sub("@" + _BREAKER, text))


def numbered(choices: Sequence[str]) -> str:
    """Choices as lines to answer by number."""
    return "\n".join(f"{number}) {' '.join(choice.split())}" for number, choice in enumerate(choices, 1))


def chosen(text: str, choices: Sequence[str]) -> str | None:
    """The choice a contact typed back, by its number or its label; None when it is neither or more than that."""
    typed = unicodedata.normalize("NFKC", text).strip()
    by_number = _NUMBER.fullmatch(typed)
    if by_number:
        place = int(by_number.group(1))
        if 1 <= place <= len(choices):
            return choices[place - 1]
    found = [choice for choice in choices if _bare(choice) == _bare(typed)]
    return found[0] if found and _bare(typed) else None


def _bare(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().strip(_EDGES).split())


def tables_as_lists(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The tree with each table as a list: one item a row, each cell after the name of its column."""
    return tuple(_without_tables(block) for block in blocks)


def _without_tables(block: Block) -> Block:
    match block:
        case Table(rows):
            return as_list(rows)
        case Quote(children):
            return Quote(tables_as_lists(children))
        case Items(start, items):
            return Items(start, tuple(tables_as_lists(item) for item in items))
        case _:
            return block


def as_list(rows: Sequence[tuple[tuple[Inline, ...], ...]]) -> Items:
    """A table's rows as a list; a table that has only its header is a list of the header's cells."""
    header, body = (rows[0], rows[1:]) if rows else ((), ())
    if not body:
        return Items(None, tuple((Paragraph(cell),) for cell in header if cell))
    return Items(None, tuple((Paragraph(_row(header, row)),) for row in body))


def _row(header: Sequence[tuple[Inline, ...]], row: Sequence[tuple[Inline, ...]]) -> tuple[Inline, ...]:
    """``Size: **M**; Chest: 96``: the first cell names the row, so it is strong (once: dialects cannot nest it)."""
    out: list[Inline] = []
    for place, (name, cell) in enumerate(zip_longest(header, row, fillvalue=())):
        if not cell:
            continue
        if out:
            out.append(Text("; "))
        if name:
            out += [*name, Text(": ")]
        out += cell if place or any(isinstance(node, Strong) for node in cell) else [Strong(cell)]
    return tuple(out)

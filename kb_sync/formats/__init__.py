"""File formats: each turns bytes into Markdown with what the file says about itself.  Pure, no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """One document out of a file.

    ``meta`` holds front matter or fields the file gives itself, all as text; ``notes`` what an admin should know although
    the document is used.
    """

    body: str
    title: str = ""
    id: str | None = None
    meta: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulty:
    """A part of a file that cannot be used, with its place."""

    place: str
    problem: str


def notes(*given: str | None) -> tuple[str, ...]:
    """Those that say something."""
    return tuple(note for note in given if note)


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of plain cells as a Markdown table, the first being its header."""
    width = max((len(row) for row in rows), default=0)
    lines = [
        "| " + " | ".join(cell.replace("|", "/") for cell in [*row, *[""] * (width - len(row))]) + " |" for row in rows
    ]
    return "\n".join([*lines[:1], "|" + "---|" * width, *lines[1:]]) if width else ""

"""File formats: each turns bytes into Markdown with what the file says about itself.  Pure, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """One document out of a file; ``meta`` holds front matter or fields the file gives itself, all as text."""

    body: str
    title: str = ""
    id: str | None = None
    meta: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulty:
    """A part of a file that cannot be used, with its place."""

    place: str
    problem: str

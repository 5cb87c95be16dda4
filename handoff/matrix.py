"""What each desk can do, as a table for docs/desks/README.md; a test holds the page to what the desks declare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from core.ports.helpdesk import DeskFeatures

YES, NO = "yes", "–"


def _flag(name: str) -> Callable[[DeskFeatures], str]:
    return lambda can: YES if getattr(can, name) else NO


def _news(can: DeskFeatures) -> str:
    if not can.pushes:
        return f"we ask every {can.poll_s:g} s"
    return "signed calls" if can.signed else "calls, read back"


def _pace(can: DeskFeatures) -> str:
    return f"{can.updates} in {can.updates_per_s / 60:g} min" if can.updates else NO


ROWS: Final[tuple[tuple[str, Callable[[DeskFeatures], str]], ...]] = (
    ("how we hear of agents' work", _news),
    ("lost calls are noticed (the case is read back)", _flag("reads")),
    ("private notes", _flag("notes")),
    ("agents' edits reach us", _flag("edits")),
    ("agents' deletions reach us", _flag("deletes")),
    ("teams and assignees", _flag("assigns")),
    ("priorities", _flag("priorities")),
    ("tags", _flag("tags")),
    ("merged cases", _flag("merges")),
    ("a closed case is final (a follow-up is opened)", _flag("closes")),
    ("files to agents", _flag("files_out")),
    ("files of agents", _flag("files_in")),
    ("largest file (above it: a link)", lambda can: f"{can.max_file_bytes / 1_000_000:.0f} MB"),
    ("writes to one case (more are gathered)", _pace),
)


def matrix(desks: Mapping[str, DeskFeatures]) -> str:
    """The table, one column a desk."""
    lines = ["| | " + " | ".join(f"[{kind}]({kind}.md)" for kind in desks) + " |", "| --- " * (len(desks) + 1) + "|"]
    lines += [f"| {ability} | " + " | ".join(said(can) for can in desks.values()) + " |" for ability, said in ROWS]
    return "\n".join(lines)
